//! Tickets: for a cable that runs on another host than the pages, where their cookies do not go.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::HeaderMap;
use http::header::{CACHE_CONTROL, SEC_WEBSOCKET_PROTOCOL};
use serde_json::json;
use vicarious_axum::{Connected, Vicarious};

/// What a subprotocol begins with that is a ticket: not in the address, because addresses are logged.
const PREFIX: &str = "vicarious-ticket.";

/// Returns the ticket that a request presents among its subprotocols.
pub(crate) fn presented(headers: &HeaderMap) -> Option<&str> {
    let lines = headers.get_all(SEC_WEBSOCKET_PROTOCOL).into_iter().filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.split(',')).find_map(|name| name.trim().strip_prefix(PREFIX))
}

/// Serves a ticket for the identity of the request. The page asks for another at two thirds of its life, and before
/// each new connection, because a ticket is good for one.
pub(crate) async fn issue(State(vicarious): State<Vicarious>, connected: Connected) -> Response {
    let ticket = vicarious.cable_ticket(&connected);
    let body = json!({
        "ticket": ticket.ticket,
        "protocol": format!("{PREFIX}{}", ticket.ticket),
        "expires_at": ticket.expires_at.to_string(),
    });
    ([(CACHE_CONTROL, "no-store")], Json(body)).into_response()
}
