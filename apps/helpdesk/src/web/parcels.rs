//! The packing room: staff take orders one step on, and their customers hear of it at once.

use askama::Template;
use axum::Json;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::json;

use crate::app::{App, Shared};
use crate::live;
use crate::shop::parcels::{self, Parcel, Step};
use crate::shop::{At, Page};
use crate::web::answer::{html, see};
use crate::web::failure::{Failure, Invalid};
use crate::web::input::Input;
use crate::web::orders::Paged;
use crate::web::visitor::{Frame, Visitor};

#[derive(Template)]
#[template(path = "parcels.html")]
struct ParcelsPage {
    frame: Frame,
    parcels: Page<Parcel>,
}

/// Where to take a parcel.
#[derive(Deserialize)]
pub(crate) struct Onward {
    #[serde(default)]
    state: String,
}

/// Shows what is to be packed, sent and delivered; customers find nothing here.
pub(crate) async fn list(
    State(app): State<Shared>,
    visitor: Visitor,
    Query(paged): Query<Paged>,
) -> Result<Response, Failure> {
    let frame = staff_only(&app, &visitor).await?;
    let parcels = parcels::list(&app.database, paged.number()).await?;
    if visitor.json {
        let next = parcels.next().map(|page| format!("/parcels?page={page}"));
        return Ok(Json(json!({"parcels": parcels.items, "next": next})).into_response());
    }
    Ok(html(&ParcelsPage { frame, parcels }))
}

/// Takes a parcel one step on. The news is written with it, and told once both are durable.
pub(crate) async fn advance(
    State(app): State<Shared>,
    visitor: Visitor,
    Path(id): Path<String>,
    Input(onward): Input<Onward>,
) -> Result<Response, Failure> {
    staff_only(&app, &visitor).await?;
    let step = Step::to(&onward.state)
        .ok_or(Failure::Invalid(Invalid { field: "state", message: "A parcel is packed, on its way or delivered." }))?;
    let mut tx = app.database.begin().await?;
    let moved = parcels::advance(&mut tx, &id, step, At::now()).await?;
    let (account, news) = moved.ok_or(Failure::Conflict("This parcel is not where that step begins."))?;
    tx.commit().await?;
    live::news(&app, &account, &news, Some((&id, step.to))).await;
    if visitor.json {
        return Ok(Json(json!({"id": id, "account_id": account, "state": step.to})).into_response());
    }
    Ok(see("/parcels"))
}

async fn staff_only(app: &App, visitor: &Visitor) -> Result<Frame, Failure> {
    let frame = visitor.frame(app).await?;
    if frame.is_staff() { Ok(frame) } else { Err(Failure::NotFound) }
}
