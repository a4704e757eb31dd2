//! What was read and is still needed: a tag that began in one piece and ends in another.

use super::tokens::Tokenizer;

/// The most that one tag may take, in bytes: an image within an attribute fits, a memory attack does not.
const MEMORY: usize = 8 * 1024 * 1024;

/// Why a document cannot be rewritten.
#[derive(Debug, thiserror::Error)]
#[error("a document that cannot be read within bounds")]
pub(super) struct Unbounded;

/// A tokenizer, and the beginning of what it has not finished.
pub(super) struct Held {
    tokens: Tokenizer,
    text: Vec<u8>,
}

impl Held {
    pub(super) fn new(tokens: Tokenizer) -> Self {
        Self { tokens, text: Vec::new() }
    }

    pub(super) fn tokens(&self) -> &Tokenizer {
        &self.tokens
    }

    /// Returns what is held, and holds it no more.
    pub(super) fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.text)
    }

    /// Lets `look` read on in what is held and the next piece, up to where the answer says.
    pub(super) fn read(
        &mut self,
        piece: &[u8],
        look: impl FnOnce(&mut Tokenizer, &[u8]) -> usize,
    ) -> Result<(), Unbounded> {
        if self.text.is_empty() {
            let done = look(&mut self.tokens, piece);
            self.text.extend_from_slice(piece.get(done..).unwrap_or_default());
            self.tokens.forget(done);
        } else {
            self.text.extend_from_slice(piece);
            let done = look(&mut self.tokens, &self.text).min(self.text.len());
            self.text.drain(..done);
            self.tokens.forget(done);
        }
        if self.text.len() > MEMORY || self.tokens.is_too_deep() { Err(Unbounded) } else { Ok(()) }
    }
}
