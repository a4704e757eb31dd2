use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;

/// Why a request was not answered.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("sign in first")]
    SignedOut,
    #[error("this is not the password of this account")]
    WrongPassword,
    #[error("there is no such thing")]
    NotFound,
    #[error(transparent)]
    Database(diesel::result::Error),
    #[error(transparent)]
    Connection(#[from] diesel::r2d2::PoolError),
    #[error(transparent)]
    Stopped(#[from] tokio::task::JoinError),
}

impl From<diesel::result::Error> for Error {
    fn from(error: diesel::result::Error) -> Self {
        match error {
            diesel::result::Error::NotFound => Self::NotFound,
            error => Self::Database(error),
        }
    }
}

#[derive(Serialize)]
struct Body {
    error: String,
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let error = self.to_string();
        let status = match self {
            Self::SignedOut => StatusCode::UNAUTHORIZED,
            Self::WrongPassword => StatusCode::UNPROCESSABLE_ENTITY,
            Self::NotFound => StatusCode::NOT_FOUND,
            error => {
                eprintln!("{error:?}");
                return StatusCode::INTERNAL_SERVER_ERROR.into_response();
            }
        };
        (status, Json(Body { error })).into_response()
    }
}
