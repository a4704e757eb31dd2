use axum::Json;
use axum::extract::{Query, State};
use serde::Deserialize;

use crate::database::{Database, User};
use crate::error::Error;
use crate::session::Me;

#[derive(Deserialize)]
pub struct Search {
    #[serde(default)]
    q: String,
}

/// For support agents; nobody else is to know that this exists.
pub async fn list(
    Me(me): Me,
    State(database): State<Database>,
    Query(Search { q }): Query<Search>,
) -> Result<Json<Vec<User>>, Error> {
    if !me.is_support {
        return Err(Error::NotFound);
    }
    let (customers, _) = database.customers(q, 1, 50).await?;
    Ok(Json(customers))
}
