//! For those who run the shop: is it alive, is it ready, what does it do.

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};

use crate::app::Shared;

/// Answers as long as the process can answer at all.
pub(crate) async fn healthz() -> &'static str {
    "ok\n"
}

/// Answers 503 while the database does not answer, and once the process is about to stop.
pub(crate) async fn readyz(State(app): State<Shared>) -> Response {
    if app.is_draining() {
        return (StatusCode::SERVICE_UNAVAILABLE, "stopping\n").into_response();
    }
    match app.database.answers().await {
        true => "ready\n".into_response(),
        false => (StatusCode::SERVICE_UNAVAILABLE, "the database does not answer\n").into_response(),
    }
}

/// Answers in Prometheus' text format.
pub(crate) async fn metrics(State(app): State<Shared>) -> Response {
    ([(CONTENT_TYPE, "text/plain; version=0.0.4")], app.metrics.render()).into_response()
}
