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
/// How long the shortest secret is, in characters, that nothing but its shape gives away.
const SHORTEST: usize = 9;

/// Returns `text` with every secret replaced by `[redacted:…]`, which names its shape.
///
/// A text that hides something behind percent-encoding comes back decoded, or else as it was written.
pub(super) fn masked(text: &str) -> String {
    if is_short(text) {
        return text.to_owned();
    }
    match decode::percent(text) {
        Percent::TooOften(_) => "[redacted:encoded]".to_owned(),
        Percent::Decoded(decoded) => {
            let canvas = judged(&decoded, 0);
            if canvas.has_secret() { canvas.masked() } else { judged(text, 0).masked() }
        }
        Percent::Plain => judged(text, 0).masked(),
    }
}

/// Returns whether a text is too short for every shape, and has nothing in it that frames or hides one: the shortest
/// are a national identifier and nine digits.
fn is_short(text: &str) -> bool {
    text.len() < SHORTEST && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{is_short, judged};

    proptest! {
        #[test]
        fn what_counts_as_short_has_no_secret(text in "[0-9A-Za-z_.-]{0,9}", digits in "[0-9]{0,9}", id in "[A-Z]{2}[0-9]{6}[A-Z]?") {
            for text in [text, digits, id] {
                prop_assert_eq!(is_short(&text), text.len() < 9);
                prop_assert!(!is_short(&text) || !judged(&text, 0).has_secret(), "{}", text);
            }
        }
    }

    #[test]
    fn what_frames_or_hides_a_secret_is_never_short() {
        for text in ["a@b", "pin=1", "pin: 1", "%61", "a b", "\u{ff11}", "a/b", "a+b"] {
            assert!(!is_short(text), "{text}");
        }
    }
}
