//! What a request brings along: who asks, for what, in which form.

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{FromRequest, FromRequestParts, OriginalUri, Path, Request};
use axum::http::header::CONTENT_TYPE;
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::Value;
use vicarious_axum::{ExtractRefused, Next, Notice, Problem, Refused, RequestIdentity, Staff, Vicarious, wants_json};
use vicarious_core::{Identity, Person, Refusal, Timestamp, Words};

use crate::answer::Failure;
use crate::settings::Shared;
use crate::when::When;

/// Where Vicarious asks why somebody wants to start.
pub(crate) const START_PAGE: &str = "/impersonation/new";

/// A request that changes nothing.
pub(crate) struct Asked {
    pub(crate) desk: Shared,
    pub(crate) identity: Identity,
    pub(crate) query: Fields,
    pub(crate) json: bool,
    pub(crate) now: Timestamp,
    /// What the answer is said in: the language of the person, or English for a program.
    pub(crate) words: Words,
    /// The part of the path in the route's braces; empty where there is none.
    pub(crate) id: String,
    /// The path within the console.
    pub(crate) path: String,
    pub(crate) notice: Option<String>,
    prefix: String,
}

/// A request that may change something, and is not another site's.
pub(crate) struct Sent {
    pub(crate) asked: Asked,
    pub(crate) fields: Fields,
}

impl FromRequestParts<Shared> for Asked {
    type Rejection = ExtractRefused;

    async fn from_request_parts(parts: &mut Parts, desk: &Shared) -> Result<Self, ExtractRefused> {
        let RequestIdentity(identity) = RequestIdentity::from_request_parts(parts, desk).await?;
        let Ok(Notice(notice)) = Notice::from_request_parts(parts, desk).await;
        let id = Path::<String>::from_request_parts(parts, desk).await.map(|Path(id)| id).unwrap_or_default();
        let path = parts.uri.path().to_owned();
        let whole = parts.extensions.get::<OriginalUri>().map(|OriginalUri(uri)| uri.path());
        let json = wants_json(&parts.headers);
        Ok(Self {
            desk: desk.clone(),
            identity,
            query: Fields::of_form(parts.uri.query().unwrap_or_default().as_bytes()),
            words: if json { Words::english() } else { desk.vicarious.words(&parts.headers).clone() },
            json,
            now: desk.vicarious.now(),
            id,
            prefix: whole.and_then(|whole| whole.strip_suffix(path.as_str())).unwrap_or_default().to_owned(),
            path,
            notice,
        })
    }
}

impl FromRequest<Shared> for Sent {
    type Rejection = Response;

    async fn from_request(request: Request, desk: &Shared) -> Result<Self, Response> {
        let (mut parts, body) = request.into_parts();
        if desk.vicarious.is_cross_site(&parts.headers) {
            let problem = Problem::new(StatusCode::FORBIDDEN, "cross-site", "This request came from another site");
            return Err(Failure::from(problem.detail("Nothing was carried out.")).into_response());
        }
        let asked = Asked::from_request_parts(&mut parts, desk).await.map_err(IntoResponse::into_response)?;
        let headers = parts.headers.clone();
        let body = Bytes::from_request(Request::from_parts(parts, body), desk).await;
        let fields = Fields::of_body(&headers, body).map_err(IntoResponse::into_response)?;
        Ok(Self { asked, fields })
    }
}

impl Asked {
    pub(crate) fn vicarious(&self) -> &Vicarious {
        &self.desk.vicarious
    }

    /// Returns a time as it is told now.
    pub(crate) fn when(&self, at: Timestamp) -> When {
        When::new(&self.words, at, self.now)
    }

    /// Returns a path of the console as a browser sees it.
    pub(crate) fn link(&self, path: &str) -> String {
        format!("{}{path}", self.prefix)
    }

    /// Returns whose data applies.
    pub(crate) fn person(&self) -> Result<&Person, Failure> {
        self.identity.current_user().ok_or_else(|| {
            let problem = Problem::new(StatusCode::UNAUTHORIZED, "not-signed-in", "Please sign in")
                .detail("Nobody is signed in in this browser.");
            let page = self.desk.sign_in.clone();
            Failure::from(match page {
                Some(href) => problem.offer(Next::Link { href, label: "Sign in".to_owned() }),
                None => problem,
            })
        })
    }

    /// Returns the person who asks, as themselves; a pair finds nothing.
    pub(crate) fn themselves(&self) -> Result<&Person, Failure> {
        let person = self.person()?;
        if self.identity.is_impersonating() { Err(Refusal::NoSuchAccount.into()) } else { Ok(person) }
    }

    /// Returns the agent or administrator who asks; everybody else finds nothing.
    pub(crate) async fn staff(&self, at_least: Staff) -> Result<(&Person, Staff), Failure> {
        let staff = self.vicarious().staff(&self.identity).await?;
        let person = self.identity.current_user().filter(|_| staff >= at_least && staff > Staff::No);
        Ok((person.ok_or_else(|| self.nothing_here())?, staff))
    }

    /// Returns that there is nothing here; whoever is not signed in may find something once they are.
    fn nothing_here(&self) -> Failure {
        let problem = Refused::from(Refusal::NoSuchAccount).problem();
        match &self.desk.sign_in {
            Some(href) if self.identity.is_anonymous() => {
                problem.offer(Next::Link { href: href.clone(), label: "Sign in".to_owned() }).into()
            }
            _ => problem.into(),
        }
    }
}

/// Named texts, from a query, a form or a JSON object.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Fields(Vec<(String, String)>);

impl Fields {
    /// Returns a field's text without space around it; empty counts as absent.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.trim());
        found.filter(|value| !value.is_empty())
    }

    fn of_form(text: &[u8]) -> Self {
        Self(form_urlencoded::parse(text).into_owned().collect())
    }

    fn of_body(headers: &HeaderMap, body: Result<Bytes, BytesRejection>) -> Result<Self, Failure> {
        let body = body.map_err(|rejection| match rejection.status() {
            StatusCode::PAYLOAD_TOO_LARGE => failure(StatusCode::PAYLOAD_TOO_LARGE, "too-large", "That was too much"),
            _ => failure(StatusCode::BAD_REQUEST, "unreadable", "The request could not be read"),
        })?;
        let kind = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        match kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase().as_str() {
            _ if body.is_empty() => Ok(Self::default()),
            "application/x-www-form-urlencoded" => Ok(Self::of_form(&body)),
            "application/json" => Self::of_json(&body).ok_or_else(|| {
                failure(StatusCode::BAD_REQUEST, "unparsable", "The request is not a JSON object of texts")
            }),
            _ => Err(failure(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported", "Send a form or JSON")),
        }
    }

    fn of_json(body: &[u8]) -> Option<Self> {
        let Value::Object(object) = serde_json::from_slice(body).ok()? else { return None };
        let text = |value: Value| match value {
            Value::Null => Some(String::new()),
            Value::String(text) => Some(text),
            Value::Number(number) => Some(number.to_string()),
            Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
        };
        object.into_iter().map(|(name, value)| Some((name, text(value)?))).collect::<Option<_>>().map(Self)
    }
}

fn failure(status: StatusCode, kind: &'static str, title: &str) -> Failure {
    Problem::new(status, kind, title).into()
}

/// Returns a path with a query; empty values are left out.
pub(crate) fn with_query(path: &str, pairs: &[(&str, &str)]) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    for (name, value) in pairs.iter().filter(|(_, value)| !value.is_empty()) {
        query.append_pair(name, value);
    }
    match query.finish() {
        query if query.is_empty() => path.to_owned(),
        query => format!("{path}?{query}"),
    }
}
