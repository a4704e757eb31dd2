//! Paying: the one thing that nobody ever does for a customer.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::json;
use vicarious::AsThemselves;

use crate::app::Shared;
use crate::shop::accounts::User;
use crate::shop::{At, invoices, payment_methods};
use crate::web::answer::see;
use crate::web::failure::{Failure, Invalid};
use crate::web::input::Input;
use crate::web::visitor::Visitor;

/// What to pay, and with what.
#[derive(Deserialize)]
pub(crate) struct Payment {
    #[serde(default)]
    invoice_id: String,
    #[serde(default)]
    payment_method_id: String,
}

/// Pays an invoice. The rule says `never` while impersonating, and the extractor says it once more.
pub(crate) async fn pay(
    State(app): State<Shared>,
    visitor: Visitor,
    _: AsThemselves<User>,
    Input(payment): Input<Payment>,
) -> Result<Response, Failure> {
    let account = visitor.user.id.as_str();
    let invalid = |field, message| Failure::Invalid(Invalid { field, message });
    let invoice = invoices::find(&app.database, account, &payment.invoice_id).await?;
    let invoice = invoice.ok_or_else(|| invalid("invoice_id", "You have no such invoice."))?;
    let methods = payment_methods::list(&app.database, account).await?;
    let method = methods.iter().find(|method| method.id == payment.payment_method_id);
    let method = method.ok_or_else(|| invalid("payment_method_id", "Please choose one of your cards."))?;
    let mut tx = app.database.begin().await?;
    if !invoices::pay(&mut tx, account, &invoice.id, &method.label(), At::now()).await? {
        return Err(Failure::Conflict("This invoice has been paid already."));
    }
    tx.commit().await?;
    let location = format!("/invoices/{}", invoice.id);
    if visitor.json {
        let paid = invoices::find(&app.database, account, &invoice.id).await?;
        return Ok((StatusCode::CREATED, Json(json!({"invoice": paid}))).into_response());
    }
    Ok(see(&location))
}
