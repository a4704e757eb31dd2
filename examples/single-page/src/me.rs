use axum::Json;
use axum::extract::State;
use diesel::prelude::*;
use serde::Deserialize;

use crate::database::{Database, User, users};
use crate::error::Error;
use crate::session::Me;

#[derive(Deserialize)]
pub struct Profile {
    name: String,
}

pub async fn show(Me(me): Me) -> Json<User> {
    Json(me)
}

pub async fn save(
    Me(me): Me,
    State(database): State<Database>,
    Json(profile): Json<Profile>,
) -> Result<Json<User>, Error> {
    let named = users::name.eq(profile.name);
    let saved = move |connection: &mut PgConnection| {
        diesel::update(users::table.find(me.id)).set(named).returning(User::as_returning()).get_result(connection)
    };
    Ok(Json(database.run(saved).await?))
}
