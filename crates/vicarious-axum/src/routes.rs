//! The layer's own routes: `/impersonation` and its start page.

pub(crate) mod mode;
pub(crate) mod start;
pub(crate) mod stop;

use std::sync::Arc;

use axum::Json;
use axum::response::{IntoResponse, Redirect, Response};
use http::header::{ALLOW, CACHE_CONTROL, LOCATION};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use serde_json::json;

use crate::engine::Engine;
use crate::incoming::Incoming;
use crate::input::{Form, Kind};
use crate::mark::{self, Asked};
use crate::paths::{OWN_PATH, START_PAGE};
use crate::problem::{Filled, Problem};
use crate::refusals::{self, Refused};
use crate::resolve::{Resolution, Standing};
use crate::site;

/// The largest JSON body of these routes, in bytes.
const JSON_AT_MOST: usize = 16 * 1024;

/// Serves a request for one of the layer's own routes.
pub(crate) async fn serve(engine: &Arc<Engine>, incoming: Incoming, mut resolution: Resolution) -> Response {
    if incoming.is_safe() && incoming.parts.uri.path() == OWN_PATH {
        look_again(engine, &mut resolution.standing).await;
    }
    let Standing::Pair { row, .. } = &resolution.standing else { return route(engine, incoming, resolution).await };
    let (row, asked) = ((**row).clone(), Asked::of(&incoming.parts));
    let ends_or_replaces = matches!(incoming.parts.method, Method::POST | Method::DELETE);
    let response = route(engine, incoming, resolution).await;
    let status = response.status();
    let is_over = status == StatusCode::GONE || (ends_or_replaces && !is_refusal(status));
    if is_over { response } else { mark::unless_marked(engine, &row, &asked, response) }
}

/// Looks at what runs as the ledger has it now: whoever asks may have been told by another tab that it has changed, perhaps
/// by way of another process.
async fn look_again(engine: &Engine, standing: &mut Standing) {
    let Standing::Pair { row, .. } = standing else { return };
    // While the ledger is away, what is remembered is the answer.
    let Ok(Some(fresh)) = engine.fresh_row(&row.handle).await else { return };
    match fresh.over_at(engine.now()) {
        None => *row = Arc::new(fresh),
        Some(cause) => {
            if let Ok(over) = engine.ended(fresh, cause).await {
                *standing = over;
            }
        }
    }
}

fn is_refusal(status: StatusCode) -> bool {
    status.is_client_error() || status.is_server_error()
}

/// Refuses what another site caused, and records it where somebody's name was to be used.
pub(crate) async fn cross_site(engine: &Engine, incoming: &Incoming, resolution: &Resolution) -> Response {
    if let Standing::Pair { row, .. } = &resolution.standing {
        return refusals::refuse(engine, row, incoming, Refused::CrossSite).await;
    }
    let is_start = incoming.parts.method == Method::POST && incoming.parts.uri.path() == OWN_PATH;
    if let Some(signed_in) = resolution.signed_in.as_ref().filter(|_| is_start)
        && let Err(outage) = start::record_cross_site(engine, incoming, signed_in).await
    {
        return refusals::outage(&incoming.parts.headers, &outage);
    }
    refusals::cross_site(engine, &incoming.parts.headers)
}

async fn route(engine: &Arc<Engine>, incoming: Incoming, resolution: Resolution) -> Response {
    let headers = &incoming.parts.headers;
    let is_start_page = incoming.parts.uri.path() == START_PAGE;
    if !incoming.is_safe() && engine.is_cross_site(headers) {
        return cross_site(engine, &incoming, &resolution).await;
    }
    match (incoming.parts.method.clone(), is_start_page) {
        (Method::GET | Method::HEAD, true) => start::page(engine, &incoming, &resolution).await,
        (Method::GET | Method::HEAD, false) => status(engine, &resolution),
        (Method::POST, false) => start::start(engine, incoming, resolution).await,
        (Method::PATCH, false) => mode::change(engine, incoming, resolution).await,
        (Method::DELETE, false) => stop::stop(engine, &incoming, &resolution).await,
        _ => {
            let allowed = if is_start_page { "GET, HEAD" } else { "GET, HEAD, POST, PATCH, DELETE" };
            let title = "This method is not supported here";
            let mut response = Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed", title)
                .says("What can be done here: {methods}.", vec![("methods", Filled::Theirs(allowed.to_owned()))])
                .respond(headers);
            response.headers_mut().insert(ALLOW, HeaderValue::from_static(allowed));
            response
        }
    }
}

/// Answers what runs: the impersonation or null, and what a page that draws its own banner has to know.
fn status(engine: &Engine, resolution: &Resolution) -> Response {
    let now = engine.now();
    let body = match &resolution.standing {
        Standing::Own => json!({ "impersonation": null }),
        Standing::Pair { row, .. } => json!({
            "impersonation": row.to_json(now),
            "identity": row.tag(),
            "true_user": row.true_user,
            "current_user": row.current_user,
            "now": now.to_string(),
        }),
        Standing::Dead(dead) => json!({
            "impersonation": null,
            "cause": dead.cause.as_str(),
            "detail": dead.cause.sentence(),
            "true_user": resolution.true_user().map(|user| &user.account.person),
        }),
    };
    no_store(Json(body).into_response())
}

/// The fields of a request of ours, from a form or from JSON.
pub(crate) struct Fields(Vec<(String, String)>);

impl Fields {
    /// Reads them.
    ///
    /// # Errors
    ///
    /// The answer 400 for JSON that is none, 413 for more than a few kilobytes.
    pub(crate) async fn read(incoming: &mut Incoming) -> Result<Self, Response> {
        if let Some(form) = &incoming.form {
            return Ok(Self(form.fields().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()));
        }
        let bad = |status, kind, title| Problem::new(status, kind, title).respond(&incoming.parts.headers.clone());
        if incoming.kind == Kind::Multipart {
            return Err(bad(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported", "Send a form or JSON"));
        }
        let body = incoming.whole(JSON_AT_MOST).await;
        let headers = &incoming.parts.headers;
        let bad = |status, kind, title| Problem::new(status, kind, title).respond(headers);
        match body {
            Err(_) => Err(bad(StatusCode::BAD_REQUEST, "unreadable", "The request could not be read")),
            Ok(None) => Err(bad(StatusCode::PAYLOAD_TOO_LARGE, "too-large", "The request is too large")),
            Ok(Some(body)) if body.is_empty() => Ok(Self(Vec::new())),
            Ok(Some(body)) => Self::from_json(&body)
                .ok_or_else(|| bad(StatusCode::BAD_REQUEST, "unparsable", "The request is not a JSON object of texts")),
        }
    }

    pub(crate) fn of_query(query: Option<&str>) -> Self {
        let form = Form::parse(query.unwrap_or_default().as_bytes());
        Self(form.fields().map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
    }

    /// Returns a field's text; empty counts as absent.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
    }

    fn from_json(body: &[u8]) -> Option<Self> {
        let serde_json::Value::Object(object) = serde_json::from_slice(body).ok()? else { return None };
        let text = |value: serde_json::Value| match value {
            serde_json::Value::Null => Some(String::new()),
            serde_json::Value::String(text) => Some(text),
            serde_json::Value::Number(number) => Some(number.to_string()),
            serde_json::Value::Bool(_) | serde_json::Value::Array(_) | serde_json::Value::Object(_) => None,
        };
        object.into_iter().map(|(name, value)| Some((name, text(value)?))).collect::<Option<_>>().map(Self)
    }
}

/// Returns whether to answer as JSON: asked for, or sent without asking for anything else.
pub(crate) fn as_json(headers: &HeaderMap) -> bool {
    site::wants_json(headers)
}

/// Redirects a form to the page that follows.
pub(crate) fn see_other(path: &str) -> Response {
    let mut response = Redirect::to("/").into_response();
    if let Ok(location) = HeaderValue::try_from(path) {
        response.headers_mut().insert(LOCATION, location);
    }
    no_store(response)
}

pub(crate) fn no_store(mut response: Response) -> Response {
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
