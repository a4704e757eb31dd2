//! How the console answers: pages, JSON, redirects and problems, with the headers that protect them.

use std::sync::Arc;

use askama::Template;
use axum::Json;
use axum::extract::Request;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, LOCATION, REFERRER_POLICY, VARY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{Html, IntoResponse, Response};
use serde_json::Value;
use vicarious_axum::{Problem, Refused};
use vicarious_core::Refusal;
use vicarious_core::ports::Unavailable;

const CSS: &str = include_str!("../assets/console.css");
const BAR: &str = include_str!("../assets/bar.css");

/// Scripts are allowed for the banner, which a page gets while impersonating, and for the application's.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; \
                      form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

/// Why a request was not done; becomes a page or a problem once it is known what the client wants.
#[derive(Clone, Debug)]
pub(crate) struct Failure(Arc<Problem>);

pub(crate) type Answer = Result<Response, Failure>;

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        Self(Arc::new(problem))
    }
}

impl From<Refused> for Failure {
    fn from(refused: Refused) -> Self {
        refused.problem().into()
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Refused::from(refusal).into()
    }
}

impl From<Unavailable> for Failure {
    fn from(outage: Unavailable) -> Self {
        Refused::from(outage).into()
    }
}

impl IntoResponse for Failure {
    /// Leaves the problem where [`finish`] finds it.
    fn into_response(self) -> Response {
        let mut response = self.0.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// Writes out failures in the form that was asked for, and adds the headers that every answer has.
pub(crate) async fn finish(request: Request, next: Next) -> Response {
    let asked = request.headers().clone();
    let response = next.run(request).await;
    let mut response = match response.extensions().get::<Failure>() {
        Some(Failure(problem)) => problem.respond(&asked),
        // The router adds afterwards what is allowed.
        None if response.status() == StatusCode::METHOD_NOT_ALLOWED => method_not_allowed().respond(&asked),
        None => response,
    };
    let headers = response.headers_mut();
    for (name, value) in [
        (CACHE_CONTROL, "no-store"),
        (CONTENT_SECURITY_POLICY, POLICY),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (REFERRER_POLICY, "same-origin"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (VARY, "accept, accept-language"),
    ] {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    response
}

/// Answers with a page; one that cannot be rendered is an outage.
pub(crate) fn html(status: StatusCode, page: &impl Template) -> Answer {
    match page.render() {
        Ok(text) => Ok((status, Html(text)).into_response()),
        Err(error) => {
            tracing::error!(%error, "a page of the console cannot be rendered");
            Err(Refused::Unavailable.into())
        }
    }
}

/// Answers with JSON.
pub(crate) fn json(status: StatusCode, body: Value) -> Answer {
    Ok((status, Json(body)).into_response())
}

/// Sends a browser to the page that follows.
pub(crate) fn see(path: &str) -> Answer {
    let location = HeaderValue::try_from(path).unwrap_or(HeaderValue::from_static("/"));
    Ok((StatusCode::SEE_OTHER, [(LOCATION, location)]).into_response())
}

/// Serves the style sheet.
pub(crate) async fn css() -> Response {
    style_sheet(CSS)
}

/// Serves the style sheet of the bar, which the application's own pages have too.
pub(crate) async fn bar_css() -> Response {
    style_sheet(BAR)
}

fn style_sheet(text: &'static str) -> Response {
    let headers = [(CONTENT_TYPE, "text/css; charset=utf-8"), (CACHE_CONTROL, "public, max-age=300")];
    (headers, text).into_response()
}

fn method_not_allowed() -> Problem {
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed", "This cannot be done here")
}

/// Returns what was refused, with a way back.
pub(crate) fn failed(href: String, refused: &Refused) -> Failure {
    refused.problem().offer(vicarious_axum::Next::Link { href, label: "Back".to_owned() }).into()
}
