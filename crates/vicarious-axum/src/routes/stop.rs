//! Stopping: always works, takes no parameter, gives back no more than there is.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode};
use serde_json::json;
use tower::Service;
use vicarious_core::decide::{acknowledge, end};
use vicarious_core::ports::{ApplyError, Unavailable};
use vicarious_core::{EndCause, HandleHash, Impersonation, ImpersonationId, SignInKey, Words};

use super::{as_json, no_store, see_other};
use crate::cookies;
use crate::engine::Engine;
use crate::extract::Acting;
use crate::incoming::Incoming;
use crate::inner::Inner;
use crate::mark::MARK;
use crate::presented::{HandleIn, Presented};
use crate::record;
use crate::refusals;
use crate::resolve::{Resolution, Standing};

/// How long a stop waits for the unsafe requests that were already running.
const PATIENCE: Duration = Duration::from_secs(2);
/// How long a stop waits for the ledger, which may be locked by somebody else, before the journal takes it.
const LEDGER_PATIENCE: Duration = Duration::from_secs(2);
/// How often a stop is tried again when somebody else changed the row at the same moment.
const TRIES: usize = 4;

/// Stops what runs, or acknowledges what has ended; also fine when there is nothing.
pub(crate) async fn stop(engine: &Arc<Engine>, incoming: &Incoming, resolution: &Resolution) -> Response {
    let stopped = match settle_in_time(engine, incoming, resolution).await {
        Ok(stopped) => stopped,
        Err(outage) => {
            tracing::error!(error = ?outage, "stopping by the journal, because the ledger cannot answer");
            let row = match &resolution.standing {
                Standing::Pair { row, .. } => Some(&**row),
                Standing::Own | Standing::Dead(_) => None,
            };
            return by_journal(engine, incoming, resolution.presented.handle(), row).await;
        }
    };
    if let Some(row) = &stopped {
        engine.in_flight.drained(&row.id, PATIENCE).await;
    }
    answer(engine, incoming, stopped.as_ref())
}

/// Stops while not even the identity can be resolved: the sealed handle is proof enough to end what it opens.
pub(crate) async fn during_an_outage(engine: &Engine, incoming: &Incoming) -> Response {
    if engine.is_cross_site(&incoming.parts.headers) {
        return refusals::cross_site(engine, &incoming.parts.headers);
    }
    let presented = cookies::presented(engine, &incoming.parts.headers);
    by_journal(engine, incoming, presented.handle(), None).await
}

/// Serves the host's sign-out while not even the identity can be resolved, as the stop that it most likely is.
pub(crate) async fn sign_out_during_an_outage(engine: &Engine, incoming: &Incoming) -> Response {
    let response = during_an_outage(engine, incoming).await;
    as_sign_out(engine, incoming, None, response)
}

/// Serves the host's sign-out: while impersonating it is a stop and nothing else; otherwise the host signs out, and
/// what this sign-in has left open ends with it.
pub(crate) async fn sign_out<S>(
    engine: &Arc<Engine>,
    inner: Inner<S>,
    incoming: Incoming,
    resolution: Resolution,
) -> Response
where
    S: Service<Request, Error = Infallible> + Send,
    S::Response: IntoResponse,
    S::Future: Send,
{
    if engine.is_cross_site(&incoming.parts.headers) {
        return super::cross_site(engine, &incoming, &resolution).await;
    }
    if let Standing::Pair { row, .. } = &resolution.standing {
        let response = stop(engine, &incoming, &resolution).await;
        return as_sign_out(engine, &incoming, Some(&row.id), response);
    }
    if let Err(outage) = settle_in_time(engine, &incoming, &resolution).await {
        // Nobody has to stay signed in because of our ledger; what is left open ends with the sign-in.
        tracing::error!(error = ?outage, "signing out although the ledger cannot answer");
        if let Some(handle) = resolution.presented.handle()
            && let Err(outage) = engine.journal_stop(handle).await
        {
            tracing::error!(error = ?outage, "nor can the journal");
        }
    }
    let mut response = match &resolution.standing {
        Standing::Own => inner.run(engine, incoming.into_untouched_request(), Acting::of(&resolution)).await,
        Standing::Pair { .. } | Standing::Dead(_) => inner.run(engine, incoming.into_request(), Acting::nobody()).await,
    };
    if let Some(signed_in) = &resolution.signed_in {
        engine.tell_sign_out(&signed_in.key).await;
    }
    if resolution.presented != Presented::Nothing {
        cookies::add(response.headers_mut(), cookies::take_back(engine));
    }
    response
}

/// Does what [`settle`] does, unless it takes too long: what it has begun then goes on by itself.
async fn settle_in_time(
    engine: &Engine,
    incoming: &Incoming,
    resolution: &Resolution,
) -> Result<Option<Impersonation>, Unavailable> {
    let settled = tokio::time::timeout(LEDGER_PATIENCE, settle(engine, incoming, resolution)).await;
    settled.unwrap_or_else(|late| Err(Unavailable::new(late)))
}

/// Ends or acknowledges everything that this sign-in and this handle have open; returns the latest of it.
async fn settle(
    engine: &Engine,
    incoming: &Incoming,
    resolution: &Resolution,
) -> Result<Option<Impersonation>, Unavailable> {
    let key = resolution.signed_in.as_ref().map(|signed_in| &signed_in.key);
    let mut latest = None;
    for _ in 0..TRIES {
        let Some(row) = open(engine, resolution.presented.handle(), key).await? else { return Ok(latest) };
        let now = engine.now();
        let mut transitions: Vec<_> = end(&row, EndCause::Stopped, None, now).into_iter().collect();
        if transitions.is_empty() {
            transitions.extend(acknowledge(&row, now));
        }
        let stamped = transitions
            .into_iter()
            .map(|transition| transition.on(|entry| record::stamp(engine, &incoming.parts, entry)));
        match engine.apply(stamped.collect()).await {
            Ok(()) => latest = Some(row),
            Err(ApplyError::Conflict) => {}
            Err(ApplyError::Unavailable(outage)) => return Err(outage),
        }
    }
    Ok(latest)
}

/// Returns an impersonation that is neither stopped nor acknowledged: that of the handle, if it is this sign-in's,
/// otherwise the latest of the sign-in.
async fn open(
    engine: &Engine,
    handle: Option<&HandleHash>,
    key: Option<&SignInKey>,
) -> Result<Option<Impersonation>, Unavailable> {
    if let Some(handle) = handle {
        let row = engine.ledger.by_handle(handle).await?;
        let own = row.filter(|row| row.acknowledged_at.is_none() && key.is_none_or(|key| row.sign_in == *key));
        if own.is_some() {
            return Ok(own);
        }
    }
    match key {
        Some(key) => engine.ledger.open_of(key).await,
        None => Ok(None),
    }
}

async fn by_journal(
    engine: &Engine,
    incoming: &Incoming,
    handle: Option<&HandleHash>,
    stopped: Option<&Impersonation>,
) -> Response {
    if let Some(handle) = handle
        && let Err(outage) = engine.journal_stop(handle).await
    {
        return refusals::outage(&incoming.parts.headers, &outage);
    }
    answer(engine, incoming, stopped)
}

/// Returns whether the answer is for a program: also where the handle travels in a header, which no form can send.
fn is_program(engine: &Engine, incoming: &Incoming) -> bool {
    as_json(&incoming.parts.headers) || engine.handle_in == HandleIn::Header
}

fn answer(engine: &Engine, incoming: &Incoming, stopped: Option<&Impersonation>) -> Response {
    let location = stopped.map_or("/", |row| row.return_to.as_str());
    let is_json = is_program(engine, incoming);
    let words = if is_json { &Words::english() } else { engine.languages.of(&incoming.parts.headers) };
    let notice = stopped.map(|row| {
        let customer = &row.current_user;
        let email = if customer.email.is_empty() { &customer.name } else { &customer.email };
        words.fill("You are logged out as {email}", &[("email", email)])
    });
    let mut response = if is_json {
        no_store(Json(json!({ "location": location, "notice": notice })).into_response())
    } else {
        see_other(location)
    };
    let headers = response.headers_mut();
    if let Some(notice) = notice.filter(|_| !is_json) {
        cookies::add(headers, cookies::leave_notice(engine, &notice));
    }
    // Last, because curl 7.88 keeps a cookie whose removal is followed by another cookie.
    cookies::add(headers, cookies::take_back(engine));
    response
}

/// A program that signs out expects 204 and no body; a header tells it that an impersonation has ended, and no sign-in.
fn as_sign_out(
    engine: &Engine,
    incoming: &Incoming,
    stopped: Option<&ImpersonationId>,
    response: Response,
) -> Response {
    if !is_program(engine, incoming) || !response.status().is_success() {
        return response;
    }
    let id = stopped.map(|id| format!("id={id}, ")).unwrap_or_default();
    let (mut parts, _) = response.into_parts();
    parts.status = StatusCode::NO_CONTENT;
    parts.headers.remove(http::header::CONTENT_TYPE);
    parts.headers.remove(http::header::CONTENT_LENGTH);
    if let Ok(ended) = HeaderValue::try_from(format!("{id}ended")) {
        parts.headers.insert(MARK, ended);
    }
    (parts, axum::body::Body::empty()).into_response()
}
