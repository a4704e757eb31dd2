mod decoding;
mod forms;
mod oracle;
mod placing;
mod soup;
mod streaming;

use std::sync::Arc;

use axum::body::Body;
use bytes::Bytes;
use futures_util::stream;
use http_body_util::BodyExt as _;

use super::place::CLOSERS;
use super::{Rewrite, Tagging, rewrite};

const BANNER: &str = "<aside>B</aside>";
const FIELD: &str = "<input type=\"hidden\" name=\"_identity\" value=\"t4g\">";

fn options(banner: Option<&str>) -> Rewrite {
    Rewrite {
        banner: banner.map(str::to_owned),
        tagging: Arc::new(Tagging::new("t4g", &["https://app.example".to_owned()])),
    }
}

/// Returns a body that arrives in these pieces.
fn pieces(pieces: impl IntoIterator<Item = Vec<u8>>) -> Body {
    let pieces: Vec<Result<Bytes, std::io::Error>> = pieces.into_iter().map(|piece| Ok(piece.into())).collect();
    Body::from_stream(stream::iter(pieces))
}

async fn collected(body: Body) -> Result<Bytes, axum::Error> {
    body.collect().await.map(http_body_util::Collected::to_bytes)
}

async fn rewritten(html: &[u8], length: usize, banner: Option<&str>) -> Vec<u8> {
    let body = pieces(html.chunks(length).map(<[u8]>::to_vec));
    collected(rewrite(body, options(banner))).await.expect("a document").to_vec()
}

/// Checks a document with the banner, whole, byte by byte, and split at every place.
///
/// `{B}` marks where the banner belongs, `{C}` and `{T}` what closes the head before it, `{F}` a form's tag.
async fn check(marked: &str) {
    check_bytes(marked.as_bytes()).await;
}

async fn check_bytes(marked: &[u8]) {
    let marks = [("{B}", BANNER), ("{C}", CLOSERS), ("{F}", FIELD), ("{T}", "</template>")];
    let (mut html, mut expected) = (marked.to_vec(), marked.to_vec());
    for (mark, text) in marks {
        html = replaced(&html, mark.as_bytes(), b"");
        expected = replaced(&expected, mark.as_bytes(), text.as_bytes());
    }
    let shown = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    for length in [usize::MAX, 1, 2, 3, 7] {
        let found = rewritten(&html, length, Some(BANNER)).await;
        assert_eq!(shown(&found), shown(&expected), "in pieces of {length}");
        assert_eq!(found, expected, "in pieces of {length}");
    }
    for at in 0..=html.len().min(400) {
        let (before, after) = html.split_at(at);
        let body = pieces([before.to_vec(), Vec::new(), after.to_vec()]);
        let found = collected(rewrite(body, options(Some(BANNER)))).await.expect("a document");
        assert_eq!(shown(&found), shown(&expected), "split at {at}");
    }
}

fn replaced(bytes: &[u8], mark: &[u8], by: &[u8]) -> Vec<u8> {
    let mut rest = bytes;
    let mut all = Vec::new();
    while let Some(at) = rest.windows(mark.len()).position(|window| window == mark) {
        all.extend_from_slice(&rest[..at]);
        all.extend_from_slice(by);
        rest = &rest[at + mark.len()..];
    }
    all.extend_from_slice(rest);
    all
}
