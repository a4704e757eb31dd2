//! The customer's cards.

use askama::Template;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::json;
use vicarious::AsThemselves;

use crate::app::Shared;
use crate::shop::accounts::User;
use crate::shop::payment_methods::{self, AT_MOST, PaymentMethod};
use crate::shop::{At, new_id};
use crate::web::answer::{html, see};
use crate::web::failure::{Failure, Invalid};
use crate::web::input::Input;
use crate::web::visitor::{Frame, Visitor};

#[derive(Template)]
#[template(path = "payment_methods.html")]
struct PaymentMethodsPage {
    frame: Frame,
    methods: Vec<PaymentMethod>,
    refused: Option<&'static str>,
    problem: Option<Invalid>,
    expires: String,
}

/// A card as it is typed. The number is read once and never kept.
#[derive(Deserialize)]
pub(crate) struct Card {
    #[serde(default)]
    number: String,
    #[serde(default)]
    expires: String,
}

/// Shows the cards.
pub(crate) async fn list(State(app): State<Shared>, visitor: Visitor) -> Result<Response, Failure> {
    if visitor.json {
        let methods = payment_methods::list(&app.database, &visitor.user.id).await?;
        return Ok(Json(json!({"payment_methods": methods, "next": null})).into_response());
    }
    Ok(html(&page(&app, &visitor, None, String::new()).await?))
}

/// Adds a card.
pub(crate) async fn add(
    State(app): State<Shared>,
    visitor: Visitor,
    _: AsThemselves<User>,
    Input(card): Input<Card>,
) -> Result<Response, Failure> {
    let kept = payment_methods::list(&app.database, &visitor.user.id).await?;
    let method = match read(&card, kept.len()) {
        Ok(method) => method,
        Err(invalid) if visitor.json => return Err(Failure::Invalid(invalid)),
        Err(invalid) => {
            let page = page(&app, &visitor, Some(invalid), card.expires).await?;
            return Ok((StatusCode::UNPROCESSABLE_ENTITY, html(&page)).into_response());
        }
    };
    let mut tx = app.database.begin().await?;
    payment_methods::insert(&mut tx, &visitor.user.id, &method).await?;
    tx.commit().await?;
    if visitor.json {
        return Ok((StatusCode::CREATED, Json(json!({"payment_method": method}))).into_response());
    }
    Ok(see("/payment-methods"))
}

/// Removes a card.
pub(crate) async fn remove(
    State(app): State<Shared>,
    visitor: Visitor,
    _: AsThemselves<User>,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let mut tx = app.database.begin().await?;
    if !payment_methods::delete(&mut tx, &visitor.user.id, &id).await? {
        return Err(Failure::NotFound);
    }
    tx.commit().await?;
    match visitor.json {
        true => Ok(StatusCode::NO_CONTENT.into_response()),
        false => Ok(see("/payment-methods")),
    }
}

async fn page(
    app: &Shared,
    visitor: &Visitor,
    problem: Option<Invalid>,
    expires: String,
) -> Result<PaymentMethodsPage, Failure> {
    Ok(PaymentMethodsPage {
        frame: visitor.frame(app).await?,
        methods: payment_methods::list(&app.database, &visitor.user.id).await?,
        refused: visitor.why_not(app, "POST", "/payment-methods"),
        problem,
        expires,
    })
}

fn read(card: &Card, kept: usize) -> Result<PaymentMethod, Invalid> {
    if kept >= AT_MOST {
        return Err(Invalid { field: "number", message: "You keep eight cards already. Remove one first." });
    }
    let number = payment_methods::read_number(&card.number);
    let (brand, last_four) = number.ok_or(Invalid { field: "number", message: "This is not the number of a card." })?;
    let expires = card.expires.trim();
    if !is_month(expires) {
        return Err(Invalid { field: "expires", message: "Please write month and year, as in 09/28." });
    }
    let added_at = At::now();
    Ok(PaymentMethod { id: new_id(), brand: brand.to_owned(), last_four, expires: expires.to_owned(), added_at })
}

fn is_month(text: &str) -> bool {
    let two_digits = |part: &str| part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit());
    text.split_once('/').is_some_and(|(month, year)| {
        two_digits(month) && two_digits(year) && month.parse().is_ok_and(|month: u8| (1..=12).contains(&month))
    })
}

#[cfg(test)]
mod tests {
    use super::is_month;

    #[test]
    fn a_card_expires_in_a_month() {
        assert!(is_month("09/28"));
        for wrong in ["", "9/28", "13/28", "00/28", "09/2028", "09-28", "aa/bb"] {
            assert!(!is_month(wrong), "{wrong}");
        }
    }
}
