//! Style sheet, script and picture, built into the program.

use axum::body::Body;
use axum::extract::Path;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};

use crate::web::failure::Failure;

const FILES: [(&str, &str, &str); 3] = [
    ("helpdesk.css", "text/css; charset=utf-8", include_str!("../../assets/helpdesk.css")),
    ("helpdesk.js", "text/javascript; charset=utf-8", include_str!("../../assets/helpdesk.js")),
    ("crane.svg", "image/svg+xml", include_str!("../../assets/crane.svg")),
];

/// Serves a file; a browser that has it already is told so.
pub(crate) async fn serve(Path(name): Path<String>, headers: HeaderMap) -> Result<Response, Failure> {
    let file = FILES.iter().find(|(known, ..)| *known == name);
    let (_, kind, text) = file.ok_or(Failure::NotFound)?;
    let tag = tag_of(text);
    let known = headers.get_all(IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    let is_known = known.flat_map(|value| value.split(',')).any(|one| one.trim().trim_start_matches("W/") == tag);
    let (status, body) = match is_known {
        true => (StatusCode::NOT_MODIFIED, Body::empty()),
        false => (StatusCode::OK, Body::from(*text)),
    };
    Ok((status, [(CONTENT_TYPE, *kind), (CACHE_CONTROL, "public, no-cache"), (ETAG, &tag)], body).into_response())
}

/// Serves the picture to browsers that ask for it without having been told where it is.
pub(crate) async fn icon(headers: HeaderMap) -> Result<Response, Failure> {
    serve(Path("crane.svg".to_owned()), headers).await
}

fn tag_of(text: &str) -> String {
    let digest = Sha256::digest(text.as_bytes());
    let tag: String = digest.iter().take(12).map(|byte| format!("{byte:02x}")).collect();
    format!("\"{tag}\"")
}
