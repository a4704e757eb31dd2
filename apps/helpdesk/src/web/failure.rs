//! Why a request was not done, and in which words that is told.

use std::sync::Arc;

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use vicarious::Problem;

/// Why a request was not done.
#[derive(Clone, Debug)]
pub(crate) enum Failure {
    /// Nobody is signed in.
    NotSignedIn,
    /// There is no such thing, or not for this customer.
    NotFound,
    /// There is such a page, but not for this method.
    MethodNotAllowed,
    /// The request could not be understood.
    Unreadable(&'static str),
    /// Neither a form nor JSON.
    UnknownFormat,
    /// More than anybody needs to send.
    TooLarge,
    /// A field is missing or wrong.
    Invalid(Invalid),
    /// It is too late: somebody or something was quicker.
    Conflict(&'static str),
    /// Something that should work does not. The cause is logged, not told.
    Broken(Arc<anyhow::Error>),
}

/// What is wrong with a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Invalid {
    /// The field's name on the wire.
    pub(crate) field: &'static str,
    /// A sentence for whoever typed it.
    pub(crate) message: &'static str,
}

impl<E: Into<anyhow::Error>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::Broken(Arc::new(error.into()))
    }
}

impl IntoResponse for Failure {
    /// Leaves the failure where [`negotiate`](super::answer::negotiate) finds it, which knows what the client wants.
    fn into_response(self) -> Response {
        let mut response = self.status().into_response();
        response.extensions_mut().insert(self);
        response
    }
}

impl Failure {
    pub(super) fn status(&self) -> StatusCode {
        match self {
            Self::NotSignedIn => StatusCode::UNAUTHORIZED,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::Unreadable(_) => StatusCode::BAD_REQUEST,
            Self::UnknownFormat => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Invalid(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Conflict(_) => StatusCode::CONFLICT,
            Self::Broken(_) => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// Returns the problem's type, title and detail.
    pub(super) fn words(&self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::NotSignedIn => ("not-signed-in", "Please sign in", "Nobody is signed in in this browser."),
            Self::NotFound => ("not-found", "There is nothing here", "The page may have moved, or the link is wrong."),
            Self::MethodNotAllowed => {
                ("method-not-allowed", "This cannot be done here", "The page knows other methods.")
            }
            Self::Unreadable(detail) => ("unreadable", "The request could not be read", detail),
            Self::UnknownFormat => ("unknown-format", "The request could not be read", "Send a form or JSON."),
            Self::TooLarge => ("too-large", "That was too much", "Nobody’s name is that long."),
            Self::Invalid(invalid) => ("invalid", "Something is not right yet", invalid.message),
            Self::Conflict(detail) => ("conflict", "That has changed meanwhile", detail),
            Self::Broken(_) => (
                "unavailable",
                "The kettle is off",
                "Something on our side does not work. Please try again in a moment.",
            ),
        }
    }

    pub(super) fn problem(&self) -> Problem {
        let (kind, title, detail) = self.words();
        let problem = Problem::new(self.status(), kind, title).detail(detail);
        match self {
            Self::Invalid(invalid) => problem.with("field", invalid.field),
            _ => problem,
        }
    }
}

/// Answers where there is no route.
pub(crate) async fn not_found() -> Failure {
    Failure::NotFound
}

/// Answers where there is a route, but not for this method.
pub(crate) async fn method_not_allowed() -> Failure {
    Failure::MethodNotAllowed
}
