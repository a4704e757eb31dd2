//! Random-looking text, and text that is an encoding of a secret; UUIDs are kept.

use std::ops::Range;

use super::canvas::Canvas;
use crate::redact::decode;

/// How many letters and digits make a token.
const TOKEN: usize = 20;
/// How many letters and digits of one part are no word, whatever stands around it.
const LONG_PART: usize = 12;
/// How many characters an encoding of a secret has at least.
const ENCODED: usize = 10;

/// Keeps UUIDs: they are record identifiers.
pub(super) fn keep_uuids(canvas: &mut Canvas<'_>) {
    let runs = canvas.unknown_runs(|c| c.is_ascii_alphanumeric() || c == '-');
    for run in runs {
        if is_uuid(canvas.slice(run.clone())) {
            canvas.keep(run);
        }
    }
}

fn is_uuid(chars: &[char]) -> bool {
    chars.len() == 36
        && chars.iter().enumerate().all(|(index, c)| match index {
            8 | 13 | 18 | 23 => *c == '-',
            _ => c.is_ascii_hexdigit(),
        })
}

/// Hides what reads as a secret once base64 or hexadecimal is undone.
pub(super) fn find_encoded(canvas: &mut Canvas<'_>, depth: usize) {
    let mut runs = canvas.unknown_runs(|c| c.is_ascii_alphanumeric() || "+/-_".contains(c));
    runs.extend(canvas.unknown_runs(|c| c.is_ascii_alphanumeric() || "+-_".contains(c)));
    runs.extend(canvas.unknown_runs(|c| c.is_ascii_alphanumeric()));
    for run in runs {
        if run.len() < ENCODED || !canvas.is_unknown(run.start) {
            continue;
        }
        let chars = canvas.slice(run.clone());
        let decoded = [decode::hex(chars), decode::base64(chars)];
        if decoded.into_iter().flatten().any(|text| super::holds_secret(&text, depth + 1)) {
            let padding = canvas.run(run.end, |c| c == '=');
            canvas.hide(run.start..padding, "encoded");
        }
    }
}

/// Hides long runs of letters and digits that are not words.
pub(super) fn find(canvas: &mut Canvas<'_>) {
    let in_token = |c: char| c.is_ascii_alphanumeric() || "+/-_".contains(c);
    for run in canvas.unknown_runs(in_token) {
        let random = is_random(canvas.slice(run.clone()));
        if random {
            let padding = canvas.run(run.end, |c| c == '=');
            canvas.hide(without_edges(canvas, run.start..padding), "token");
        }
    }
}

/// Returns whether most of a run consists of parts that no word and no number looks like.
fn is_random(chars: &[char]) -> bool {
    let parts = || chars.split(|c| !c.is_ascii_alphanumeric());
    let all: usize = parts().map(<[char]>::len).sum();
    let odd: usize = parts().filter(|part| is_odd(part)).map(<[char]>::len).sum();
    // One long odd part is enough: chance may put a separator into a token, and only letters behind it.
    all >= TOKEN && (odd * 2 >= all || parts().any(|part| part.len() >= LONG_PART && is_odd(part)))
}

/// Returns whether a part mixes letters with digits, or capitals with small letters as no name does.
fn is_odd(part: &[char]) -> bool {
    let letters = part.iter().filter(|c| c.is_ascii_alphabetic()).count();
    let mixed = letters > 0 && letters < part.len();
    let capitals = part.iter().filter(|c| c.is_ascii_uppercase()).count();
    let changes = part.windows(2).filter(|pair| pair.iter().filter(|c| c.is_ascii_uppercase()).count() == 1).count();
    let restless = part.len() >= 12 && capitals * 10 >= part.len() * 3 && changes * 3 >= part.len();
    (mixed && part.len() > 3) || restless
}

/// Leaves the separators around a token readable.
fn without_edges(canvas: &Canvas<'_>, run: Range<usize>) -> Range<usize> {
    let start = canvas.run(run.start, |c| "+/-_".contains(c));
    start.min(run.end)..run.end
}
