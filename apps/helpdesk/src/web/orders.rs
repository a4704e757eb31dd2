//! What was sent.

use askama::Template;
use axum::Json;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::json;

use crate::app::Shared;
use crate::shop::Page;
use crate::shop::orders::{self, Line, Order};
use crate::web::answer::html;
use crate::web::failure::Failure;
use crate::web::visitor::{Frame, Visitor};

/// Which page of a list.
#[derive(Deserialize)]
pub(crate) struct Paged {
    page: Option<String>,
}

impl Paged {
    /// Returns the page's number; what is no number is the first page.
    pub(crate) fn number(&self) -> i64 {
        let asked = self.page.as_deref().and_then(|page| page.parse().ok());
        asked.unwrap_or(1).clamp(1, 1_000_000)
    }
}

#[derive(Template)]
#[template(path = "orders.html")]
struct OrdersPage {
    frame: Frame,
    orders: Page<Order>,
}

#[derive(Template)]
#[template(path = "order.html")]
struct OrderPage {
    frame: Frame,
    order: Order,
    lines: Vec<Line>,
}

/// Shows a page of orders.
pub(crate) async fn list(
    State(app): State<Shared>,
    visitor: Visitor,
    Query(paged): Query<Paged>,
) -> Result<Response, Failure> {
    let orders = orders::list(&app.database, &visitor.user.id, paged.number()).await?;
    if visitor.json {
        let next = orders.next().map(|page| format!("/orders?page={page}"));
        return Ok(Json(json!({"orders": orders.items, "next": next})).into_response());
    }
    Ok(html(&OrdersPage { frame: visitor.frame(&app).await?, orders }))
}

/// Shows one order.
pub(crate) async fn show(
    State(app): State<Shared>,
    visitor: Visitor,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let found = orders::find(&app.database, &visitor.user.id, &id).await?;
    let (order, lines) = found.ok_or(Failure::NotFound)?;
    if visitor.json {
        return Ok(Json(json!({"order": order, "lines": lines})).into_response());
    }
    Ok(html(&OrderPage { frame: visitor.frame(&app).await?, order, lines }))
}
