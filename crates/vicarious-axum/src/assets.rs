//! The banner's and the pages' style sheets and scripts, and the component of pages that draw themselves.

use std::io::Read as _;
use std::sync::LazyLock;

use axum::body::Body;
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use flate2::Compression;
use flate2::read::GzEncoder;
use http::header::{
    ACCEPT_ENCODING, ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, VARY,
    X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderMap, HeaderValue, Method};

use crate::banner::{BANNER_CSS, BANNER_JS};
use crate::engine::Engine;
use crate::page::PAGES_CSS;

const COMPONENT_JS: &str = include_str!("assets/component.js");
const COMPONENT_DE: &str = include_str!("assets/component.de.json");

/// The scripts as they travel: their source is readable, and nothing builds it.
static BANNER_GZIP: LazyLock<Option<Bytes>> = LazyLock::new(|| compressed(BANNER_JS));
static COMPONENT_GZIP: LazyLock<Option<Bytes>> = LazyLock::new(|| compressed(COMPONENT_JS));

fn compressed(script: &str) -> Option<Bytes> {
    let mut compressed = Vec::new();
    let mut encoder = GzEncoder::new(script.as_bytes(), Compression::best());
    encoder.read_to_end(&mut compressed).ok().map(|_| compressed.into())
}

/// Serves a file of ours; none when the path is another.
pub(crate) fn serve(engine: &Engine, request: &Request) -> Option<Response> {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return None;
    }
    let (kind, text) = match request.uri().path() {
        "/impersonation/banner.css" => ("text/css; charset=utf-8", BANNER_CSS),
        "/impersonation/banner.js" => return Some(script(request.headers(), BANNER_JS, &BANNER_GZIP)),
        "/impersonation/pages.css" => {
            return Some(file("text/css; charset=utf-8", format!("{}{PAGES_CSS}", engine.mounted.imports())));
        }
        "/impersonation/component.js" => {
            return Some(to_anybody(script(request.headers(), COMPONENT_JS, &COMPONENT_GZIP)));
        }
        "/impersonation/component.de.json" => return Some(to_anybody(file("application/json", COMPONENT_DE))),
        _ => return None,
    };
    Some(file(kind, text))
}

fn file(kind: &'static str, body: impl Into<Body>) -> Response {
    // Short, so that a new version of the application never draws an old banner for long.
    let headers = [(CONTENT_TYPE, kind), (CACHE_CONTROL, "public, max-age=300"), (X_CONTENT_TYPE_OPTIONS, "nosniff")];
    (headers, body.into()).into_response()
}

fn script(asked: &HeaderMap, source: &'static str, compressed: &Option<Bytes>) -> Response {
    let compressed = compressed.clone().filter(|_| takes_gzip(asked));
    let is_compressed = compressed.is_some();
    let body = compressed.map_or_else(|| Body::from(source), Body::from);
    let mut response = file("text/javascript; charset=utf-8", body);
    response.headers_mut().insert(VARY, HeaderValue::from_static("accept-encoding"));
    if is_compressed {
        response.headers_mut().insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    response
}

/// The page may be on another origin than what it asks; what is the same for everybody is no secret.
fn to_anybody(mut response: Response) -> Response {
    response.headers_mut().insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    response
}

fn takes_gzip(asked: &HeaderMap) -> bool {
    let all = asked.get_all(ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    let mut codings = all.flat_map(|value| value.split(','));
    codings.any(|coding| {
        let mut parts = coding.split(';').map(str::trim);
        let refused =
            |quality: &str| quality.strip_prefix("q=").is_some_and(|q| q.trim_end_matches(['0', '.']).is_empty());
        parts.next().is_some_and(|name| name.eq_ignore_ascii_case("gzip")) && !parts.any(refused)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a page loads has to stay small, without anything that builds it.
    #[test]
    fn both_scripts_are_less_than_5_kb_on_the_wire() {
        for (script, compressed) in [(BANNER_JS, &BANNER_GZIP), (COMPONENT_JS, &COMPONENT_GZIP)] {
            let compressed = compressed.as_ref().expect("it can be compressed");
            assert!(compressed.len() < 5 * 1024, "{} bytes", compressed.len());
            assert!(script.contains("\n  "), "what is served is the source, as it is read");
        }
    }

    #[test]
    fn they_are_compressed_for_those_who_take_that() {
        for (accept, takes) in [
            ("gzip, deflate, br", true),
            ("br;q=1.0, GZIP;q=0.8", true),
            ("", false),
            ("br", false),
            ("gzip;q=0", false),
            ("gzip; q=0.0", false),
            ("xgzip", false),
        ] {
            let mut asked = HeaderMap::new();
            asked.insert(ACCEPT_ENCODING, accept.parse().expect("a header"));
            let response = script(&asked, COMPONENT_JS, &COMPONENT_GZIP);
            assert_eq!(response.headers().contains_key(CONTENT_ENCODING), takes, "{accept}");
            assert_eq!(response.headers()[VARY], "accept-encoding");
        }
    }

    #[test]
    fn the_german_texts_are_complete_and_name_what_the_english_ones_name() {
        let german: serde_json::Value = serde_json::from_str(COMPONENT_DE).expect("JSON");
        let (_, english) = COMPONENT_JS.split_once("const texts = {").expect("texts");
        let (english, _) = english.split_once("};").expect("the end of the texts");
        for line in english.lines().filter(|line| !line.trim().is_empty()) {
            let (name, text) = line.trim().split_once(": ").expect("a name and a text");
            let translated = german[name].as_str().unwrap_or_else(|| panic!("{name}"));
            for value in ["{agent}", "{customer}", "{email}", "{time}"] {
                assert_eq!(text.contains(value), translated.contains(value), "{name}");
            }
        }
    }
}
