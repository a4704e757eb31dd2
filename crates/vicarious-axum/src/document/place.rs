//! Finds the place in a document where the banner belongs.

use bytes::BytesMut;

use super::held::{Held, Unbounded};
use super::tokens::{Name, TEMPLATE, Token, Tokenizer, is_white, names};

/// Closes whatever a document that ended in its head may have left open, and shows nothing where nothing is open:
/// a tag, a quoted attribute, a comment, raw text.
pub(super) const CLOSERS: &str = "<!-- \"'> --></script></style></title></noscript></noframes>";

const BODY: Name = Name::of("body");

/// What stands in a head, or around it.
const HEAD_MATERIAL: [Name; 12] = names([
    "html", "head", "title", "meta", "link", "style", "script", "base", "noscript", "noframes", "basefont", "bgsound",
]);

/// Reads a document up to the place of the banner, which comes exactly once: ahead of everything that a customer may
/// have written into the body.
///
/// It is the first thing in the body, and the body begins at its tag, or where a browser begins it by itself: at the
/// first element or text that does not belong into a head.
pub(super) struct Search(Held);

impl Search {
    pub(super) fn new() -> Self {
        Self(Held::new(Tokenizer::of_everything()))
    }

    /// Reads the next piece, and writes what stands before the place for sure. Returns what stands behind it, once it
    /// is found; nothing may be read after that.
    pub(super) fn read(&mut self, piece: &[u8], output: &mut BytesMut) -> Result<Option<Vec<u8>>, Unbounded> {
        let mut is_found = false;
        self.0.read(piece, |tokens, text| {
            let place = place(tokens, text);
            is_found = place.is_some();
            let passed = place.or(tokens.unfinished()).unwrap_or(text.len());
            output.extend_from_slice(text.get(..passed).unwrap_or_default());
            passed
        })?;
        Ok(is_found.then(|| self.0.take()))
    }

    /// Writes what stands before the place in a document that ends without one: all of it, and what closes it.
    pub(super) fn end(mut self, output: &mut BytesMut) {
        output.extend_from_slice(&self.0.take());
        output.extend_from_slice(CLOSERS.as_bytes());
        for _ in 0..self.0.tokens().templates() {
            output.extend_from_slice(b"</template>");
        }
    }
}

/// Returns where in this text the banner belongs, if that is in it.
fn place(tokens: &mut Tokenizer, text: &[u8]) -> Option<usize> {
    while let Some(token) = tokens.next(text) {
        if tokens.templates() > 0 {
            continue;
        }
        match token {
            Token::Text(shown) => {
                let from = shown.start;
                if let Some(white) = text.get(shown)?.iter().position(|byte| !is_white(*byte)) {
                    return Some(from + white);
                }
            }
            Token::Tag(tag) if tag.is_end || tag.name == TEMPLATE || HEAD_MATERIAL.contains(&tag.name) => {}
            // Where anything but its tag begins the body, a later `<body>` begins nothing.
            Token::Tag(tag) => return Some(if tag.name == BODY { tag.end } else { tag.start }),
        }
    }
    None
}
