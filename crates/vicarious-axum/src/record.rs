//! What an audit entry says about a request.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use axum::extract::{ConnectInfo, MatchedPath};
use http::header::{ACCEPT_LANGUAGE, CONTENT_LENGTH, CONTENT_TYPE, REFERER, USER_AGENT};
use http::request::Parts;
use http::{HeaderName, StatusCode};
use serde_json::{Map, Value};
use vicarious_core::Impersonation;
use vicarious_core::audit::{Entry, Kind, RequestFacts, RequestId};

use crate::engine::Engine;
use crate::input::{self, Form};

/// The headers that may be recorded; everything else never is.
pub(crate) const RECORDED: [HeaderName; 5] = [USER_AGENT, REFERER, ACCEPT_LANGUAGE, CONTENT_TYPE, CONTENT_LENGTH];

/// Returns what is recorded of a request, before anything ran.
pub(crate) fn facts(engine: &Engine, parts: &Parts) -> RequestFacts {
    let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
    RequestFacts {
        id: request_id(parts),
        method: parts.method.as_str().chars().take(16).collect(),
        route: route(parts).map(str::to_owned),
        path: engine.redactor.path(path),
        status: None,
    }
}

/// Returns the route template that the router matched.
pub(crate) fn route(parts: &Parts) -> Option<&str> {
    parts.extensions.get::<MatchedPath>().map(MatchedPath::as_str)
}

/// Returns the identifier that the layer gave this request.
pub(crate) fn request_id(parts: &Parts) -> RequestId {
    parts.extensions.get::<RequestId>().cloned().unwrap_or_else(new_request_id)
}

/// Mints a request identifier.
pub(crate) fn new_request_id() -> RequestId {
    RequestId::new(uuid::Uuid::now_v7().to_string())
}

/// Returns the intent of a request: who, as whom, what, from where, with which parameters.
pub(crate) fn intent(engine: &Engine, row: &Impersonation, parts: &Parts, parameters: Option<Value>) -> Entry {
    let mut entry = Entry::of(row, Kind::Intent, engine.now());
    entry.request = Some(facts(engine, parts));
    let headers = headers(engine, parts);
    if !headers.is_empty() {
        entry = entry.with("headers", headers);
    }
    if let Some(address) = address(parts) {
        entry = entry.with("address", address);
    }
    match parameters {
        Some(parameters) => entry.with("parameters", parameters),
        None => entry,
    }
}

/// Adds to an entry which request it belongs to and where that came from.
pub(crate) fn stamp(engine: &Engine, parts: &Parts, entry: &mut Entry) {
    entry.request = Some(facts(engine, parts));
    if let Some(address) = address(parts) {
        entry.detail.insert("address".to_owned(), address.into());
    }
}

/// Returns the parameters of a form as they may be recorded.
pub(crate) fn form_parameters(engine: &Engine, form: &Form) -> Value {
    let mut recorded = Map::new();
    for (name, value) in form.fields().filter(|(name, _)| !input::OUR_FIELDS.contains(name)).take(100) {
        // Names come from outside as well as values.
        recorded.insert(engine.redactor.text(name), engine.redactor.parameter(name, value));
    }
    Value::Object(recorded)
}

/// Returns the parameters of a JSON body as they may be recorded; none when it is no JSON.
pub(crate) fn json_parameters(engine: &Engine, body: &[u8]) -> Option<Value> {
    serde_json::from_slice(body).ok().map(|value| engine.redactor.json(&value))
}

fn headers(engine: &Engine, parts: &Parts) -> Map<String, Value> {
    RECORDED
        .iter()
        .filter_map(|name| Some((name, parts.headers.get(name)?.to_str().ok()?)))
        .map(|(name, value)| {
            let redactor = &engine.redactor;
            let value = if name == REFERER { redactor.path(value) } else { redactor.text(value) };
            (name.as_str().to_owned(), value.into())
        })
        .collect()
}

fn address(parts: &Parts) -> Option<String> {
    let ConnectInfo(address) = parts.extensions.get::<ConnectInfo<SocketAddr>>()?;
    Some(address.ip().to_string())
}

/// Appends a request's outcome exactly once, however it ends.
pub(crate) struct Outcome {
    engine: Arc<Engine>,
    entry: Option<Entry>,
    began: Instant,
}

impl Outcome {
    /// Expects the outcome of the request with this intent.
    pub(crate) fn of(engine: &Arc<Engine>, intent: &Entry) -> Self {
        let entry = Entry {
            true_user: intent.true_user.clone(),
            current_user: intent.current_user.clone(),
            impersonation: intent.impersonation.clone(),
            request: intent.request.clone(),
            reason: intent.reason.clone(),
            ticket: intent.ticket.clone(),
            ..Entry::bare(Kind::Outcome, intent.at)
        };
        Self { engine: Arc::clone(engine), entry: Some(entry), began: Instant::now() }
    }

    /// Records how the request ended.
    pub(crate) fn is(mut self, status: StatusCode) {
        if let Some(request) = self.entry.as_mut().and_then(|entry| entry.request.as_mut()) {
            request.status = Some(status.as_u16());
        }
        self.write(None);
    }

    /// Records nothing, because nothing was admitted.
    pub(crate) fn never(mut self) {
        self.entry = None;
    }

    fn write(&mut self, outcome: Option<&str>) {
        let Some(mut entry) = self.entry.take() else { return };
        entry.at = self.engine.now();
        let micros = u64::try_from(self.began.elapsed().as_micros()).unwrap_or(u64::MAX);
        entry = entry.with("duration_us", micros);
        if let Some(outcome) = outcome {
            entry = entry.with("outcome", outcome);
        }
        self.engine.ledger.append_later(entry);
    }
}

impl Drop for Outcome {
    /// The client went away or the handler panicked: nobody saw an answer, and that is recorded too.
    fn drop(&mut self) {
        self.write(Some("aborted"));
    }
}
