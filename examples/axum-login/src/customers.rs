use askama::Template;
use axum::extract::Query;
use axum::response::Html;
use serde::Deserialize;

use crate::error::Error;
use crate::users::{AuthSession, User};

#[derive(Template)]
#[template(path = "customers.html")]
struct Page {
    user: Option<User>,
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
pub async fn list(auth: AuthSession, Query(search): Query<Search>) -> Result<Html<String>, Error> {
    let user = auth.user.filter(|user| user.is_support).ok_or(Error::NotFound)?;
    let (customers, total) = auth.backend.customers(&search.q, 1, 50).await?;
    Ok(Html(Page { user: Some(user), customers, total, q: search.q }.render()?))
}
