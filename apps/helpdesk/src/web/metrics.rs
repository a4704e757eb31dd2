//! Counts requests.

use std::time::Instant;

use axum::extract::{MatchedPath, Request};
use axum::middleware::Next;
use axum::response::Response;

/// Counts a request and how long it took, by route and never by path: paths come from outside and are endless.
pub(crate) async fn count(request: Request, next: Next) -> Response {
    let began = Instant::now();
    let route = request.extensions().get::<MatchedPath>().map_or("(none)", MatchedPath::as_str).to_owned();
    let method = match request.method().as_str() {
        known @ ("GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE" | "OPTIONS") => known.to_owned(),
        _ => "(other)".to_owned(),
    };
    metrics::gauge!("helpdesk_requests_in_flight").increment(1);
    let response = next.run(request).await;
    metrics::gauge!("helpdesk_requests_in_flight").decrement(1);
    metrics::histogram!("helpdesk_request_seconds", "route" => route.clone()).record(began.elapsed().as_secs_f64());
    let status = response.status().as_u16().to_string();
    metrics::counter!("helpdesk_requests_total", "method" => method, "route" => route, "status" => status).increment(1);
    response
}
