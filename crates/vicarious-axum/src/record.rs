//! What an audit entry says about a request.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::{Instant, SystemTime};

use axum::extract::{ConnectInfo, MatchedPath};
use http::header::{ACCEPT_LANGUAGE, CONTENT_LENGTH, CONTENT_TYPE, REFERER, USER_AGENT};
use http::request::Parts;
use http::{HeaderName, StatusCode};
use jiff::Timestamp;
use serde_json::{Map, Value};
use vicarious_core::Impersonation;
use vicarious_core::audit::{Entry, Kind, RequestFacts, RequestId};
use vicarious_core::ports::{Admission, Unavailable};

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

/// Mints a request identifier: a UUID of version 7, unique but no secret. Its random part is drawn once for this
/// process, and a counter makes it differ, because drawing takes a system call.
pub(crate) fn new_request_id() -> RequestId {
    static DRAWN: LazyLock<[u8; 16]> = LazyLock::new(|| uuid::Uuid::new_v4().into_bytes());
    static COUNTED: AtomicU32 = AtomicU32::new(0);
    let [a, b, c, d, e, f, ..] = *DRAWN;
    let [w, x, y, z] = COUNTED.fetch_add(1, Ordering::Relaxed).to_be_bytes();
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let millis = u64::try_from(since.as_millis()).unwrap_or_default();
    let id = uuid::Builder::from_unix_timestamp_millis(millis, &[a, b, c, d, e, f, w, x, y, z]).into_uuid();
    RequestId::new(id.hyphenated().encode_lower(&mut uuid::Uuid::encode_buffer()))
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

/// Returns the outcome that is expected of the request with this intent.
pub(crate) fn outcome(intent: &Entry) -> Entry {
    Entry {
        true_user: intent.true_user.clone(),
        current_user: intent.current_user.clone(),
        impersonation: intent.impersonation.clone(),
        request: intent.request.clone(),
        reason: intent.reason.clone(),
        ticket: intent.ticket.clone(),
        ..Entry::bare(Kind::Outcome, intent.at)
    }
}

/// Adds to an entry which request it belongs to and where that came from.
pub(crate) fn stamp(engine: &Engine, parts: &Parts, entry: &mut Entry) {
    entry.request = Some(facts(engine, parts));
    if let Some(address) = address(parts) {
        entry.detail.insert("address".to_owned(), address.into());
    }
}

/// What all entries about one request say.
pub(crate) struct About {
    row: Arc<Impersonation>,
    request: Option<RequestFacts>,
    address: Option<Value>,
}

impl About {
    /// Returns what the intent of a request of `row` says.
    pub(crate) fn of(row: &Arc<Impersonation>, intent: &Entry) -> Self {
        let address = intent.detail.get("address").cloned();
        Self { row: Arc::clone(row), request: intent.request.clone(), address }
    }

    /// Returns an entry about this request.
    pub(crate) fn entry(&self, kind: Kind, at: Timestamp) -> Entry {
        Entry { request: self.request.clone(), ..Entry::of(&self.row, kind, at) }
    }

    /// Records that a handler ran whose answer never leaves, unless it was admitted.
    pub(crate) fn note_if_withheld(&self, engine: &Engine, admission: &Result<Admission, Unavailable>) {
        let (status, word, cause) = match admission {
            Ok(Admission::Admitted) => return,
            Ok(Admission::Over(cause)) => (StatusCode::GONE, "ended", Some(cause)),
            Err(_) => (StatusCode::SERVICE_UNAVAILABLE, "unavailable", None),
        };
        let mut entry = self.entry(Kind::RequestRefused, engine.now()).with("refusal", word).with("ran", true);
        if let Some(request) = entry.request.as_mut() {
            request.status = Some(status.as_u16());
        }
        if let Some(cause) = cause {
            entry = entry.with("cause", cause.as_str());
        }
        if let Some(address) = &self.address {
            entry = entry.with("address", address.clone());
        }
        // Nobody is shown anything, so nobody has to wait for the record; it outlasts an outage.
        engine.ledger.append_later(entry);
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
            let value = if name == REFERER { engine.redactor.path(value) } else { engine.redacted(value) };
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
    /// Expects the outcome of a request that begins now.
    pub(crate) fn of(engine: &Arc<Engine>, expected: Entry) -> Self {
        Self::since(Instant::now(), engine, expected)
    }

    /// Expects the outcome of a request that began a while ago.
    pub(crate) fn since(began: Instant, engine: &Arc<Engine>, expected: Entry) -> Self {
        Self { engine: Arc::clone(engine), entry: Some(expected), began }
    }

    /// Records how the request ended.
    pub(crate) fn is(mut self, status: StatusCode) {
        if let Some(request) = self.entry.as_mut().and_then(|entry| entry.request.as_mut()) {
            request.status = Some(status.as_u16());
        }
        self.write(None);
    }

    fn write(&mut self, outcome: Option<&str>) {
        let Some(mut entry) = self.entry.take() else { return };
        entry.at = self.engine.now();
        entry = entry.lasted(self.began.elapsed());
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
