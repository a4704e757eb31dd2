use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Redirect, Response};

/// Why a page could not be shown.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("nobody is signed in")]
    SignedOut,
    #[error("there is no such page")]
    NotFound,
    #[error(transparent)]
    Database(rusqlite::Error),
    #[error(transparent)]
    Page(#[from] askama::Error),
}

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        match error {
            rusqlite::Error::QueryReturnedNoRows => Self::NotFound,
            error => Self::Database(error),
        }
    }
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let page = |status, text| (status, Html(format!("<!doctype html><title>Hedgerow</title><p>{text}</p>")));
        match self {
            Self::SignedOut => Redirect::to("/session").into_response(),
            Self::NotFound => page(StatusCode::NOT_FOUND, "There is no such page.").into_response(),
            error => {
                eprintln!("{error:?}");
                page(StatusCode::INTERNAL_SERVER_ERROR, "Something went wrong.").into_response()
            }
        }
    }
}
