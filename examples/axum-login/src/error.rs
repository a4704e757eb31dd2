use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};

/// Why a page could not be shown.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("there is no such page")]
    NotFound,
    #[error(transparent)]
    Database(sqlx::Error),
    #[error(transparent)]
    Session(#[from] axum_login::Error<crate::users::Backend>),
    #[error(transparent)]
    Page(#[from] askama::Error),
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        match error {
            sqlx::Error::RowNotFound => Self::NotFound,
            error => Self::Database(error),
        }
    }
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        if let Self::NotFound = self {
            return (StatusCode::NOT_FOUND, Html("<!doctype html><title>Quire</title><p>There is no such page.</p>"))
                .into_response();
        }
        eprintln!("{self:?}");
        (StatusCode::INTERNAL_SERVER_ERROR, Html("<!doctype html><title>Quire</title><p>Something went wrong.</p>"))
            .into_response()
    }
}
