use askama::Template;
use axum::extract::{Form, State};
use axum::response::{Html, Redirect};
use serde::Deserialize;
use sqlx::PgPool;

use crate::error::Error;
use crate::users::{AuthSession, User};

#[derive(Template)]
#[template(path = "profile.html")]
struct Page {
    user: Option<User>,
    name: String,
}

#[derive(Deserialize)]
pub struct Profile {
    name: String,
}

pub async fn show(auth: AuthSession) -> Result<Html<String>, Error> {
    let user = auth.user.ok_or(Error::NotFound)?;
    Ok(Html(Page { name: user.name.clone(), user: Some(user) }.render()?))
}

pub async fn save(
    auth: AuthSession,
    State(database): State<PgPool>,
    Form(profile): Form<Profile>,
) -> Result<Redirect, Error> {
    let user = auth.user.ok_or(Error::NotFound)?;
    sqlx::query("UPDATE users SET name = $1 WHERE id = $2").bind(profile.name).bind(user.id).execute(&database).await?;
    Ok(Redirect::to("/profile"))
}
