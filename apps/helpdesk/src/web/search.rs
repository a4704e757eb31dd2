//! Finds orders and invoices of the current customer.

use askama::Template;
use axum::Json;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::json;

use crate::app::Shared;
use crate::shop::At;
use crate::shop::invoices::{self, Invoice};
use crate::shop::orders::{self, Order};
use crate::web::answer::html;
use crate::web::failure::Failure;
use crate::web::visitor::{Frame, Visitor};

/// How many of each kind are found at most.
const AT_MOST: i64 = 20;
/// How much of what is typed is searched for, in characters.
const LONGEST: usize = 100;

#[derive(Template)]
#[template(path = "search.html")]
struct SearchPage {
    frame: Frame,
    q: String,
    orders: Vec<Order>,
    invoices: Vec<Invoice>,
    now: At,
}

/// What to look for.
#[derive(Deserialize)]
pub(crate) struct Sought {
    #[serde(default)]
    q: String,
}

/// Shows what was found.
pub(crate) async fn show(
    State(app): State<Shared>,
    visitor: Visitor,
    Query(sought): Query<Sought>,
) -> Result<Response, Failure> {
    let q: String = sought.q.trim().chars().take(LONGEST).collect();
    let account = visitor.user.id.as_str();
    let (orders, invoices) = match q.is_empty() {
        true => (Vec::new(), Vec::new()),
        false => (
            orders::search(&app.database, account, &q, AT_MOST).await?,
            invoices::search(&app.database, account, &q, AT_MOST).await?,
        ),
    };
    if visitor.json {
        return Ok(Json(json!({"orders": orders, "invoices": invoices, "next": null})).into_response());
    }
    Ok(html(&SearchPage { frame: visitor.frame(&app).await?, q, orders, invoices, now: At::now() }))
}
