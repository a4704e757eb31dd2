//! Parcels on their way, for staff: moving one on is news for its customer.

use askama::Template;
use axum::Json;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::json;
use uuid::Uuid;

use crate::live;
use crate::shop::notifications::{self, Notification};
use crate::shop::orders::{self, Parcel};
use crate::shop::{At, Page};
use crate::web::Shared;
use crate::web::answer::{Failure, html, see};
use crate::web::input::Input;
use crate::web::orders::Paged;
use crate::web::visitor::{Frame, Visitor};

#[derive(Template)]
#[template(path = "parcels.html")]
struct ParcelsPage {
    frame: Frame,
    parcels: Page<Parcel>,
}

/// The state that the sender saw, so that two clicks are one step.
#[derive(Deserialize)]
pub(crate) struct From {
    from: String,
}

/// Shows a page of the parcels that have not arrived.
pub(crate) async fn list(
    State(app): State<Shared>,
    visitor: Visitor,
    Query(paged): Query<Paged>,
) -> Result<Response, Failure> {
    let frame = staff(&app, &visitor).await?;
    let parcels = orders::underway(&app.database, paged.number()).await?;
    if visitor.json {
        let next = parcels.next().map(|page| format!("/parcels?page={page}"));
        return Ok(Json(json!({"parcels": parcels.items, "next": next})).into_response());
    }
    Ok(html(&ParcelsPage { frame, parcels }))
}

/// Moves a parcel on, and tells its customer; a parcel that is further already stays where it is.
pub(crate) async fn move_on(
    State(app): State<Shared>,
    visitor: Visitor,
    Path(id): Path<String>,
    Input(From { from }): Input<From>,
) -> Result<Response, Failure> {
    staff(&app, &visitor).await?;
    let mut tx = app.database.begin().await?;
    let moved = orders::move_on(&mut tx, &id, &from).await?;
    let news = moved.as_ref().map(|parcel| Notification {
        id: Uuid::now_v7().to_string(),
        at: At::now(),
        title: format!("Order {} is {}", parcel.id, parcel.next()),
        body: match parcel.next() {
            "delivered" => "We hope that it smells as it should.".to_owned(),
            _ => "The post has it. You will read here when it arrives.".to_owned(),
        },
        read_at: None,
    });
    if let (Some(parcel), Some(news)) = (&moved, &news) {
        notifications::insert(&mut tx, &parcel.account_id, news).await?;
    }
    tx.commit().await?;
    if let (Some(parcel), Some(news)) = (&moved, &news) {
        live::tell_news(&app.cable, &parcel.account_id, news).await;
    }
    if visitor.json {
        return Ok(Json(json!({ "moved": moved.is_some() })).into_response());
    }
    Ok(see("/parcels"))
}

/// Returns the frame for staff as themselves; everybody else finds nothing here.
async fn staff(app: &Shared, visitor: &Visitor) -> Result<Frame, Failure> {
    let frame = visitor.frame(app).await?;
    if frame.is_staff() { Ok(frame) } else { Err(Failure::NotFound) }
}
