//! Rewrites HTML on its way out: the banner goes in, and forms learn whose they are.

mod decode;
mod forms;
mod held;
mod place;
mod stream;
mod tags;
#[cfg(test)]
mod tests;
mod tokens;

use std::fmt::Write as _;
use std::sync::Arc;

use http::HeaderMap;
use http::header::CONTENT_TYPE;

use crate::page::hidden;

pub(crate) use decode::decode;
pub(crate) use stream::rewrite;

/// What to put into a document.
#[derive(Clone, Debug)]
pub(crate) struct Rewrite {
    /// The banner's HTML; none for a fragment.
    pub(crate) banner: Option<String>,
    /// What is put into forms.
    pub(crate) tagging: Arc<Tagging>,
}

/// What is put into the forms of all documents of an identity.
#[derive(Clone, Debug)]
pub(crate) struct Tagging {
    /// The hidden field with the identity's tag.
    field: String,
    /// The origins that are ours, as `scheme://host:port`; forms that post to them by absolute address are tagged too.
    own_origins: Vec<String>,
}

impl Tagging {
    pub(crate) fn new(tag: &str, own_origins: &[String]) -> Self {
        Self { field: ascii(hidden("_identity", tag).to_string()), own_origins: own_origins.to_vec() }
    }
}

/// Returns whether an answer is called HTML.
pub(crate) fn is_html(headers: &HeaderMap) -> bool {
    // Of several, in one header or in many, browsers believe the last one that they can read.
    let is_html = |kind: &[u8]| {
        let essence = kind.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii();
        [&b"text/html"[..], b"application/xhtml+xml"].iter().any(|html| essence.eq_ignore_ascii_case(html))
    };
    headers.get_all(CONTENT_TYPE).iter().any(|value| value.as_bytes().split(|byte| *byte == b',').any(is_html))
}

/// Writes HTML in pure ASCII, so that it reads the same in every encoding a document may have.
pub(crate) fn ascii(html: String) -> String {
    if html.is_ascii() {
        return html;
    }
    let mut text = String::with_capacity(html.len());
    for letter in html.chars() {
        if letter.is_ascii() {
            text.push(letter);
        } else {
            // Writing to a string cannot fail.
            let _ = write!(text, "&#x{:x};", u32::from(letter));
        }
    }
    text
}
