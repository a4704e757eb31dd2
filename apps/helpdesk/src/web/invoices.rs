//! What was asked to be paid.

use askama::Template;
use axum::Json;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::app::Shared;
use crate::shop::invoices::{self, Invoice};
use crate::shop::payment_methods::{self, PaymentMethod};
use crate::shop::{At, Page};
use crate::web::answer::html;
use crate::web::failure::Failure;
use crate::web::orders::Paged;
use crate::web::visitor::{Frame, Visitor};

#[derive(Template)]
#[template(path = "invoices.html")]
struct InvoicesPage {
    frame: Frame,
    invoices: Page<Invoice>,
    now: At,
}

#[derive(Template)]
#[template(path = "invoice.html")]
struct InvoicePage {
    frame: Frame,
    invoice: Invoice,
    methods: Vec<PaymentMethod>,
    now: At,
    pay_refused: Option<&'static str>,
}

/// Shows a page of invoices.
pub(crate) async fn list(
    State(app): State<Shared>,
    visitor: Visitor,
    Query(paged): Query<Paged>,
) -> Result<Response, Failure> {
    let invoices = invoices::list(&app.database, &visitor.user.id, paged.number()).await?;
    if visitor.json {
        let next = invoices.next().map(|page| format!("/invoices?page={page}"));
        return Ok(Json(json!({"invoices": invoices.items, "next": next})).into_response());
    }
    Ok(html(&InvoicesPage { frame: visitor.frame(&app).await?, invoices, now: At::now() }))
}

/// Shows one invoice, and how to pay it.
pub(crate) async fn show(
    State(app): State<Shared>,
    visitor: Visitor,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let account = visitor.user.id.as_str();
    let invoice = invoices::find(&app.database, account, &id).await?.ok_or(Failure::NotFound)?;
    if visitor.json {
        return Ok(Json(json!({"invoice": invoice})).into_response());
    }
    let page = InvoicePage {
        methods: payment_methods::list(&app.database, account).await?,
        pay_refused: visitor.why_not(&app, "POST", "/payments"),
        frame: visitor.frame(&app).await?,
        now: At::now(),
        invoice,
    };
    Ok(html(&page))
}
