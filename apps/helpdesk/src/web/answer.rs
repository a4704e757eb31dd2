//! How requests are answered: a page for people, a problem (RFC 9457) for programs.

use askama::Template;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::header::{ALLOW, LOCATION};
use axum::middleware::Next;
use axum::response::{Html, IntoResponse, Response};
use vicarious::wants_json;

use crate::app::Shared;
use crate::web::failure::Failure;
use crate::web::visitor::{Frame, Seen};

#[derive(Template)]
#[template(path = "failure.html")]
struct FailurePage<'a> {
    frame: Frame,
    title: &'a str,
    detail: &'a str,
    status: u16,
}

/// Turns a failure into what the client wants: JSON, a page, or the way to the sign-in page.
pub(crate) async fn negotiate(State(app): State<Shared>, request: Request, next: Next) -> Response {
    let json = wants_json(request.headers());
    let seen = Seen::of(&request);
    let headers = request.headers().clone();
    let response = next.run(request).await;
    let Some(failure) = response.extensions().get::<Failure>().cloned() else { return response };
    if let Failure::Broken(error) = &failure {
        tracing::error!(error = ?error, path = seen.path, "a request failed");
    }
    let mut answer = match &failure {
        Failure::NotSignedIn if !json => {
            return (StatusCode::SEE_OTHER, [(LOCATION, seen.sign_in_first())]).into_response();
        }
        _ if json => failure.problem().respond(&headers),
        _ => {
            let (_, title, detail) = failure.words();
            let frame = Frame::without_news(&app, &seen).await;
            let page = FailurePage { frame, title, detail, status: failure.status().as_u16() };
            (failure.status(), html(&page)).into_response()
        }
    };
    if let Some(allow) = response.headers().get(ALLOW) {
        answer.headers_mut().insert(ALLOW, allow.clone());
    }
    answer
}

/// Renders a page; a template that fails is a plain sentence, and logged.
pub(crate) fn html(page: &impl Template) -> Response {
    match page.render() {
        Ok(text) => Html(text).into_response(),
        Err(error) => {
            tracing::error!(%error, "a page cannot be rendered");
            (StatusCode::INTERNAL_SERVER_ERROR, "This page cannot be shown.").into_response()
        }
    }
}

/// Sends a browser to another page after it has changed something.
pub(crate) fn see(location: &str) -> Response {
    (StatusCode::SEE_OTHER, [(LOCATION, location)]).into_response()
}
