//! News. Looking at it changes nothing; marking it as read is a change of its own.

use askama::Template;
use axum::Json;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::json;

use crate::app::Shared;
use crate::live;
use crate::shop::notifications::{self, Notification};
use crate::shop::{At, Page};
use crate::web::answer::{html, see};
use crate::web::failure::Failure;
use crate::web::input::Input;
use crate::web::orders::Paged;
use crate::web::visitor::{Frame, Visitor};

#[derive(Template)]
#[template(path = "notifications.html")]
struct NotificationsPage {
    frame: Frame,
    news: Page<Notification>,
}

/// Which news to mark as read; all of it when nothing is named.
#[derive(Deserialize)]
pub(crate) struct Which {
    id: Option<String>,
}

/// Shows a page of news.
pub(crate) async fn list(
    State(app): State<Shared>,
    visitor: Visitor,
    Query(paged): Query<Paged>,
) -> Result<Response, Failure> {
    let news = notifications::list(&app.database, &visitor.user.id, paged.number()).await?;
    if visitor.json {
        let next = news.next().map(|page| format!("/notifications?page={page}"));
        return Ok(Json(json!({"notifications": news.items, "next": next})).into_response());
    }
    Ok(html(&NotificationsPage { frame: visitor.frame(&app).await?, news }))
}

/// Marks news as read.
pub(crate) async fn mark_read(
    State(app): State<Shared>,
    visitor: Visitor,
    Input(which): Input<Which>,
) -> Result<Response, Failure> {
    let only = which.id.as_deref().filter(|id| !id.is_empty());
    let mut tx = app.database.begin().await?;
    let marked = notifications::mark_read(&mut tx, &visitor.user.id, only, At::now()).await?;
    if marked > 0 {
        let now_read = format!("{marked} marked as read");
        tx.changed(&visitor.identity, visitor.request.as_ref(), "notifications", ("unread", &now_read)).await?;
    }
    tx.commit().await?;
    if marked > 0 {
        live::unread(&app, &visitor.user.id).await;
    }
    if visitor.json {
        return Ok(Json(json!({"marked": marked})).into_response());
    }
    Ok(see("/notifications"))
}
