use argon2::password_hash::PasswordVerifier;
use argon2::password_hash::phc::PasswordHash;
use askama::Template;
use axum::extract::{Form, FromRef, FromRequestParts, State};
use axum::http::header::{COOKIE, SET_COOKIE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{Html, IntoResponse, Redirect, Response};
use rusqlite::params;
use serde::Deserialize;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::database::{Database, User};
use crate::error::Error;

/// Whoever is signed in: what every handler takes.
pub struct Me(pub User);

impl<S: Send + Sync> FromRequestParts<S> for Me
where
    Database: FromRef<S>,
{
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Error> {
        let digest = digest(&parts.headers).ok_or(Error::SignedOut)?;
        let session = Database::from_ref(state).session(digest).await?;
        Ok(Self(session.ok_or(Error::SignedOut)?.user))
    }
}

/// Returns the digest of the secret in the session's cookie; the table knows the secret by nothing else.
pub fn digest(headers: &HeaderMap) -> Option<String> {
    let cookies = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    let secret = cookies.flat_map(|cookies| cookies.split("; ")).find_map(|pair| pair.strip_prefix("session="))?;
    Some(digest_of(secret))
}

fn digest_of(secret: &str) -> String {
    Sha256::digest(secret).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[derive(Template)]
#[template(path = "home.html")]
struct Home {
    me: Option<User>,
}

#[derive(Template)]
#[template(path = "sign_in.html")]
struct SignIn {
    me: Option<User>,
    email: String,
    failed: bool,
}

#[derive(Deserialize)]
pub struct Credentials {
    email: String,
    password: String,
}

pub async fn home(me: Result<Me, Error>) -> Result<Html<String>, Error> {
    Ok(Html(Home { me: me.ok().map(|Me(user)| user) }.render()?))
}

pub async fn form() -> Result<Html<String>, Error> {
    Ok(Html(SignIn { me: None, email: String::new(), failed: false }.render()?))
}

pub async fn sign_in(State(database): State<Database>, Form(given): Form<Credentials>) -> Result<Response, Error> {
    let user = database.user_by_email(given.email.clone()).await?;
    let checked = tokio::task::spawn_blocking(move || user.filter(|user| fits(user, &given.password))).await;
    let Some(user) = checked.unwrap_or_default() else {
        let page = SignIn { me: None, email: given.email, failed: true };
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, Html(page.render()?)).into_response());
    };
    let secret = format!("{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple());
    let digest = digest_of(&secret);
    let sql = "INSERT INTO sessions (digest, user, started_at) VALUES (?1, ?2, unixepoch())";
    database.run(move |connection| connection.execute(sql, params![digest, user.id])).await?;
    let cookie = format!("session={secret}; Path=/; HttpOnly; SameSite=Lax");
    Ok(([(SET_COOKIE, cookie)], Redirect::to("/")).into_response())
}

pub async fn sign_out(State(database): State<Database>, headers: HeaderMap) -> Result<Redirect, Error> {
    if let Some(digest) = digest(&headers) {
        database.run(move |connection| connection.execute("DELETE FROM sessions WHERE digest = ?1", [digest])).await?;
    }
    Ok(Redirect::to("/"))
}

fn fits(user: &User, password: &str) -> bool {
    PasswordHash::new(&user.password_hash)
        .is_ok_and(|hash| argon2::Argon2::default().verify_password(password.as_bytes(), &hash).is_ok())
}
