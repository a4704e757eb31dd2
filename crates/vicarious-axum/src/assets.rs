//! The banner's and the pages' style sheet and script.

use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use http::Method;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};

use crate::banner::{BANNER_CSS, BANNER_JS};
use crate::page::PAGES_CSS;

/// Serves a file of ours; none when the path is another.
pub(crate) fn serve(request: &Request) -> Option<Response> {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return None;
    }
    let (kind, text) = match request.uri().path() {
        "/impersonation/banner.css" => ("text/css; charset=utf-8", BANNER_CSS),
        "/impersonation/banner.js" => ("text/javascript; charset=utf-8", BANNER_JS),
        "/impersonation/pages.css" => ("text/css; charset=utf-8", PAGES_CSS),
        _ => return None,
    };
    // Short, so that a new version of the application never draws an old banner for long.
    let headers = [(CONTENT_TYPE, kind), (CACHE_CONTROL, "public, max-age=300"), (X_CONTENT_TYPE_OPTIONS, "nosniff")];
    Some((headers, text).into_response())
}
