use askama::Template;
use axum::extract::{Query, State};
use axum::response::Html;
use serde::Deserialize;

use crate::database::{Database, User};
use crate::error::Error;
use crate::session::Me;

#[derive(Template)]
#[template(path = "customers.html")]
struct Page {
    me: Option<User>,
    customers: Vec<User>,
    total: u64,
    q: String,
}

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
) -> Result<Html<String>, Error> {
    if !me.is_support {
        return Err(Error::NotFound);
    }
    let (customers, total) = database.customers(q.clone(), 1, 50).await?;
    Ok(Html(Page { me: Some(me), customers, total, q }.render()?))
}
