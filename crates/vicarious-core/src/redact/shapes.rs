//! Finds secrets by their shape, however they are spelled.

mod canvas;
mod credentials;
mod numbers;
mod people;
mod tokens;

use canvas::Canvas;

use super::decode::{self, Percent};

/// How many encodings may lie around each other.
const NESTED_AT_MOST: usize = 3;

/// Returns `text` with every secret replaced by `[redacted:…]`, which names its shape.
///
/// A text that hides something behind percent-encoding comes back decoded, or else as it was written.
pub(super) fn masked(text: &str) -> String {
    match decode::percent(text) {
        Percent::TooOften(_) => "[redacted:encoded]".to_owned(),
        Percent::Decoded(decoded) => {
            let canvas = judged(&decoded, 0);
            if canvas.has_secret() { canvas.masked() } else { judged(text, 0).masked() }
        }
        Percent::Plain => judged(text, 0).masked(),
    }
}

/// Returns whether a text that was found inside another one holds a secret.
fn holds_secret(text: &str, depth: usize) -> bool {
    if depth > NESTED_AT_MOST {
        return true;
    }
    match decode::percent(text) {
        Percent::TooOften(_) => true,
        Percent::Decoded(decoded) => judged(&decoded, depth).has_secret() || judged(text, depth).has_secret(),
        Percent::Plain => judged(text, depth).has_secret(),
    }
}

/// Looks at a text from every side: what has a name or a frame first, then what is harmless, then the rest.
fn judged(text: &str, depth: usize) -> Canvas<'_> {
    let mut canvas = Canvas::new(text);
    credentials::find(&mut canvas);
    people::find_email(&mut canvas);
    tokens::keep_uuids(&mut canvas);
    numbers::keep_dates(&mut canvas);
    people::find_iban(&mut canvas);
    people::find_national_id(&mut canvas);
    tokens::find_encoded(&mut canvas, depth);
    numbers::find(&mut canvas);
    tokens::find(&mut canvas);
    canvas
}
