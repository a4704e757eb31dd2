//! Other people's services, linked to the customer's account.

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
use crate::shop::linked_accounts::{self, LinkedAccount, PROVIDERS};
use crate::shop::{At, new_id};
use crate::web::answer::{html, see};
use crate::web::failure::{Failure, Invalid};
use crate::web::input::Input;
use crate::web::visitor::{Frame, Visitor};

/// How many links somebody may have.
const AT_MOST: usize = 12;

#[derive(Template)]
#[template(path = "linked_accounts.html")]
struct LinkedAccountsPage {
    frame: Frame,
    links: Vec<LinkedAccount>,
    providers: [&'static str; 3],
    refused: Option<&'static str>,
    problem: Option<Invalid>,
    handle: String,
}

/// A link as it is typed.
#[derive(Deserialize)]
pub(crate) struct Link {
    #[serde(default)]
    provider: String,
    #[serde(default)]
    handle: String,
}

/// Shows the links.
pub(crate) async fn list(State(app): State<Shared>, visitor: Visitor) -> Result<Response, Failure> {
    if visitor.json {
        let links = linked_accounts::list(&app.database, &visitor.user.id).await?;
        return Ok(Json(json!({"linked_accounts": links, "next": null})).into_response());
    }
    Ok(html(&page(&app, &visitor, None, String::new()).await?))
}

/// Adds a link.
pub(crate) async fn add(
    State(app): State<Shared>,
    visitor: Visitor,
    _: AsThemselves<User>,
    Input(typed): Input<Link>,
) -> Result<Response, Failure> {
    let kept = linked_accounts::list(&app.database, &visitor.user.id).await?;
    let link = match read(&typed, kept.len()) {
        Ok(link) => link,
        Err(invalid) if visitor.json => return Err(Failure::Invalid(invalid)),
        Err(invalid) => {
            let page = page(&app, &visitor, Some(invalid), typed.handle).await?;
            return Ok((StatusCode::UNPROCESSABLE_ENTITY, html(&page)).into_response());
        }
    };
    let mut tx = app.database.begin().await?;
    linked_accounts::insert(&mut tx, &visitor.user.id, &link).await?;
    tx.commit().await?;
    if visitor.json {
        return Ok((StatusCode::CREATED, Json(json!({"linked_account": link}))).into_response());
    }
    Ok(see("/linked-accounts"))
}

/// Removes a link.
pub(crate) async fn remove(
    State(app): State<Shared>,
    visitor: Visitor,
    _: AsThemselves<User>,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let mut tx = app.database.begin().await?;
    if !linked_accounts::delete(&mut tx, &visitor.user.id, &id).await? {
        return Err(Failure::NotFound);
    }
    tx.commit().await?;
    match visitor.json {
        true => Ok(StatusCode::NO_CONTENT.into_response()),
        false => Ok(see("/linked-accounts")),
    }
}

async fn page(
    app: &Shared,
    visitor: &Visitor,
    problem: Option<Invalid>,
    handle: String,
) -> Result<LinkedAccountsPage, Failure> {
    Ok(LinkedAccountsPage {
        frame: visitor.frame(app).await?,
        links: linked_accounts::list(&app.database, &visitor.user.id).await?,
        providers: PROVIDERS,
        refused: visitor.why_not(app, "POST", "/linked-accounts"),
        problem,
        handle,
    })
}

fn read(typed: &Link, kept: usize) -> Result<LinkedAccount, Invalid> {
    if kept >= AT_MOST {
        return Err(Invalid { field: "provider", message: "You have twelve links already. Remove one first." });
    }
    let provider = PROVIDERS.into_iter().find(|provider| *provider == typed.provider);
    let provider = provider.ok_or(Invalid { field: "provider", message: "Please choose one of the services." })?;
    let handle = typed.handle.trim();
    if handle.is_empty() || handle.chars().count() > 100 || handle.chars().any(char::is_control) {
        return Err(Invalid { field: "handle", message: "Please write your name there, in at most 100 characters." });
    }
    Ok(LinkedAccount { id: new_id(), provider: provider.to_owned(), handle: handle.to_owned(), linked_at: At::now() })
}
