//! PUT, PATCH and DELETE for forms.

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use http::{Method, StatusCode};

use crate::input::{self, Form, Kind, Read};

/// Lets forms reach PUT, PATCH and DELETE by a `_method` field in the body of a POST; never by the query.
///
/// It goes around the finished application, the layer included, because a router chooses a handler by method before
/// any layer of its own runs. Forms longer than 2 MiB are left as they are.
///
/// # Examples
///
/// ```
/// use axum::Router;
/// use axum::routing::patch;
///
/// let app = Router::new().route("/profile", patch(async || "saved"));
/// let app: Router = vicarious_axum::method_override(app);
/// ```
pub fn method_override(application: Router) -> Router {
    // A router that matches nothing, so that the method is settled before the application's own routing begins.
    Router::new().fallback_service(application).layer(middleware::from_fn(settle))
}

async fn settle(request: Request, next: Next) -> Response {
    if request.method() != Method::POST || Kind::of(request.headers()) != Kind::Form {
        return next.run(request).await;
    }
    let (mut parts, body) = request.into_parts();
    let read = match input::read(body, input::FORM_AT_MOST).await {
        Ok(read) => read,
        Err(_) => return StatusCode::BAD_REQUEST.into_response(),
    };
    if let Read::Whole(bytes) = &read
        && let Some(method) = input::overridden(&parts.method, &Form::parse(bytes))
    {
        parts.method = method;
    }
    let body: Body = read.into_body();
    next.run(Request::from_parts(parts, body)).await
}
