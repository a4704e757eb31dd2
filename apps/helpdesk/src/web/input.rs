//! What a request brings: a form or JSON, whichever it says it is.

use axum::Form;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{FromRequest, Request};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use serde::de::DeserializeOwned;

use crate::web::failure::Failure;

/// The fields of a form or of a JSON object.
pub(crate) struct Input<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Input<T> {
    type Rejection = Failure;

    async fn from_request(request: Request, state: &S) -> Result<Self, Failure> {
        let kind = request.headers().get(CONTENT_TYPE).map(|value| value.to_str().unwrap_or_default().to_owned());
        let essence = kind.as_deref().and_then(|kind| kind.split(';').next()).map(|kind| kind.trim().to_lowercase());
        match essence.as_deref() {
            Some("application/json") => {
                let body = Bytes::from_request(request, state).await.map_err(|error| unread(&error))?;
                let parsed = serde_json::from_slice(&body)
                    .map_err(|_| Failure::Unreadable("this is not the JSON that is expected"))?;
                Ok(Self(parsed))
            }
            Some("application/x-www-form-urlencoded") => match Form::from_request(request, state).await {
                Ok(Form(parsed)) => Ok(Self(parsed)),
                Err(axum::extract::rejection::FormRejection::BytesRejection(error)) => Err(unread(&error)),
                Err(_) => Err(Failure::Unreadable("this is not the form that is expected")),
            },
            None => {
                let body = Bytes::from_request(request, state).await.map_err(|error| unread(&error))?;
                match body.is_empty() {
                    // No body at all has no fields.
                    true => serde_json::from_str("{}").map(Self).map_err(|_| Failure::Unreadable("fields are missing")),
                    false => Err(Failure::UnknownFormat),
                }
            }
            Some(_) => Err(Failure::UnknownFormat),
        }
    }
}

fn unread(error: &BytesRejection) -> Failure {
    match error.status() {
        StatusCode::PAYLOAD_TOO_LARGE => Failure::TooLarge,
        _ => Failure::Unreadable("the request ended before it was whole"),
    }
}
