use argon2::password_hash::PasswordVerifier;
use argon2::password_hash::phc::PasswordHash;
use axum::Json;
use axum::extract::{FromRef, FromRequestParts, State};
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::database::{Database, User, tokens, users};
use crate::error::Error;

/// Whose token a request has: what every handler takes.
pub struct Me(pub User);

impl<S: Send + Sync> FromRequestParts<S> for Me
where
    Database: FromRef<S>,
{
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Error> {
        let digest = digest(&parts.headers).ok_or(Error::SignedOut)?;
        let token = Database::from_ref(state).token(digest).await?;
        Ok(Self(token.ok_or(Error::SignedOut)?.user))
    }
}

/// Returns the digest of the bearer token; the table knows the token by nothing else.
pub fn digest(headers: &HeaderMap) -> Option<String> {
    Some(digest_of(headers.get(AUTHORIZATION)?.to_str().ok()?.strip_prefix("Bearer ")?))
}

fn digest_of(token: &str) -> String {
    Sha256::digest(token).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[derive(Deserialize)]
pub struct Credentials {
    email: String,
    password: String,
}

#[derive(Serialize)]
pub struct Issued {
    token: String,
}

pub async fn sign_in(State(database): State<Database>, Json(given): Json<Credentials>) -> Result<Json<Issued>, Error> {
    let of_email = users::table.filter(users::email.eq(given.email)).select(User::as_select());
    let user = database.run(move |connection| of_email.first(connection).optional()).await?;
    let user = tokio::task::spawn_blocking(move || user.filter(|user| fits(user, &given.password))).await?;
    let user = user.ok_or(Error::WrongPassword)?;
    let token = format!("{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple());
    let now = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default().as_secs().cast_signed();
    let row = (tokens::digest.eq(digest_of(&token)), tokens::user_id.eq(user.id), tokens::created_at.eq(now));
    database.run(move |connection| diesel::insert_into(tokens::table).values(row).execute(connection)).await?;
    Ok(Json(Issued { token }))
}

pub async fn sign_out(State(database): State<Database>, headers: HeaderMap) -> Result<StatusCode, Error> {
    if let Some(digest) = digest(&headers) {
        database.run(move |connection| diesel::delete(tokens::table.find(digest)).execute(connection)).await?;
    }
    Ok(StatusCode::NO_CONTENT)
}

fn fits(user: &User, password: &str) -> bool {
    PasswordHash::new(&user.password_hash)
        .is_ok_and(|hash| argon2::Argon2::default().verify_password(password.as_bytes(), &hash).is_ok())
}
