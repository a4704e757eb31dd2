//! Going up to write mode and down again.

use std::sync::Arc;

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde_json::json;
use vicarious_core::decide::{lower, raise};
use vicarious_core::ports::ApplyError;
use vicarious_core::{Impersonation, Refusal, Rule};

use super::{Fields, as_json, no_store, see_other};
use crate::confirm::{self, Held, Subject};
use crate::engine::Engine;
use crate::impersonated::check_tag;
use crate::incoming::Incoming;
use crate::mark::{self, Asked};
use crate::page::{self, ResumePage};
use crate::problem::Problem;
use crate::resolve::{Resolution, Standing};
use crate::{back, record, refusals};

/// How often a change is decided afresh when the row changed under it.
const TRIES: usize = 3;

/// Changes the mode of what runs.
pub(crate) async fn change(engine: &Arc<Engine>, mut incoming: Incoming, resolution: Resolution) -> Response {
    let headers = incoming.parts.headers.clone();
    let mut row = match &resolution.standing {
        Standing::Pair { row, .. } => (**row).clone(),
        Standing::Dead(dead) => return refusals::dead(engine, &incoming, &resolution, dead),
        Standing::Own => {
            return Problem::new(StatusCode::CONFLICT, "not-impersonating", "No impersonation is running")
                .respond(&headers);
        }
    };
    if let Err(refused) = check_tag(&row, &incoming) {
        return refusals::refuse(engine, &row, &incoming, refused).await;
    }
    let fields = match Fields::read(&mut incoming).await {
        Ok(fields) => fields,
        Err(response) => return response,
    };
    let held = fields.get("_held").and_then(|sealed| Held::open(engine, &row, sealed));
    let came_from = || back::path(&headers, &engine.own_origins).to_string();
    let back = held.as_ref().map_or_else(came_from, |held| held.back.clone());
    match set(engine, &mut row, &incoming, &fields).await {
        Ok(()) => {}
        Err(ChangeError::Refused(refusal @ Refusal::Invalid { .. })) if !as_json(&headers) => {
            tracing::debug!(%refusal, "asking for a reason again");
            let page = refusals::switch(engine, &headers, &row, held.as_ref(), &back, "");
            let response = page::respond_html(StatusCode::UNPROCESSABLE_ENTITY, page);
            return mark::answer(engine, &row, &Asked::of(&incoming.parts), response);
        }
        Err(ChangeError::Refused(refusal)) => return refusals::of_refusal(&refusal).respond(&headers),
        Err(ChangeError::Outage(outage)) => return refusals::outage(&headers, &outage),
    }
    if as_json(&headers) {
        let mut response = no_store(Json(json!({ "impersonation": row.to_json(engine.now()) })).into_response());
        mark::headers(engine, &row, response.headers_mut());
        return response;
    }
    match held {
        Some(held) => resume(engine, &row, &incoming, &held),
        None => {
            let mut response = see_other(&back);
            mark::headers(engine, &row, response.headers_mut());
            response
        }
    }
}

enum ChangeError {
    Refused(Refusal),
    Outage(vicarious_core::ports::Unavailable),
}

async fn set(
    engine: &Engine,
    row: &mut Impersonation,
    incoming: &Incoming,
    fields: &Fields,
) -> Result<(), ChangeError> {
    let outage = ChangeError::Outage;
    for _ in 0..TRIES {
        if let Some(fresh) = engine.fresh_row(&row.handle).await.map_err(outage)? {
            *row = fresh;
        }
        let now = engine.now();
        let transition = match fields.get("mode") {
            Some("write") => {
                let reason = fields.get("reason").unwrap_or_default();
                Some(raise(row, reason, &engine.terms, now).map_err(ChangeError::Refused)?)
            }
            Some("read" | "read-only" | "read_only") => lower(row, now).map_err(ChangeError::Refused)?,
            _ => {
                let problem = "must be `write` or `read`";
                return Err(ChangeError::Refused(Refusal::Invalid { field: "mode", problem }));
            }
        };
        let stamped = transition.map(|transition| transition.on(|entry| record::stamp(engine, &incoming.parts, entry)));
        match engine.apply(stamped.into_iter().collect()).await {
            Ok(()) => {
                if let Some(fresh) = engine.fresh_row(&row.handle).await.map_err(outage)? {
                    *row = fresh;
                }
                return Ok(());
            }
            Err(ApplyError::Conflict) => {}
            Err(ApplyError::Unavailable(error)) => return Err(outage(error)),
        }
    }
    let cause = row.over_at(engine.now()).unwrap_or(vicarious_core::EndCause::Stopped);
    Err(ChangeError::Refused(Refusal::Ended(cause)))
}

/// Goes on with what was typed before the switch: asks its question, or offers to send it.
fn resume(engine: &Engine, row: &Impersonation, incoming: &Incoming, held: &Held) -> Response {
    let verdict = engine.rules.verdict(&held.method, held.route.as_deref());
    let response = if verdict.rule == Rule::Confirm {
        let subject = Subject { row, method: &held.method, path: &held.path, body: &held.body };
        let confirmation = confirm::mint(engine, &subject);
        refusals::confirm(
            engine,
            row,
            &incoming.parts.headers,
            verdict.phrase.unwrap_or("do this"),
            &confirmation,
            held,
        )
    } else {
        let page = page::resume_page(&ResumePage {
            words: engine.languages.of(&incoming.parts.headers),
            customer: &row.current_user,
            method: &held.method,
            path: &held.path,
            held: &held.seal(engine),
            typed: &refusals::typed(held),
            back: &held.back,
        });
        page::respond_html(StatusCode::OK, page)
    };
    mark::answer(engine, row, &Asked::of(&incoming.parts), response)
}
