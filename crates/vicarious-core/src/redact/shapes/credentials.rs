//! Secrets with a name or a frame: keys, headers, `name=value`, bearer tokens, JWTs.

use super::canvas::Canvas;
use crate::redact::names;

pub(super) fn find(canvas: &mut Canvas<'_>) {
    find_pem(canvas);
    find_named(canvas);
    find_userinfo(canvas);
    find_schemes(canvas);
    find_jwt(canvas);
}

fn starts_with(canvas: &Canvas<'_>, place: usize, word: &str) -> bool {
    word.chars().enumerate().all(|(offset, c)| canvas.at(place + offset).is_some_and(|at| at.eq_ignore_ascii_case(&c)))
}

/// Hides armoured keys and certificates, to their end or to the end of the text.
fn find_pem(canvas: &mut Canvas<'_>) {
    let mut place = 0;
    while place < canvas.len() {
        if !starts_with(canvas, place, "-----BEGIN") {
            place += 1;
            continue;
        }
        let end = (place..canvas.len())
            .find(|&at| starts_with(canvas, at, "-----END"))
            .map_or(canvas.len(), |at| canvas.run(canvas.run(at + 8, |c| c != '-'), |c| c == '-'));
        canvas.hide(place..end, "key");
        place = end;
    }
}

/// Hides what follows a secret name and a colon or an equals sign.
fn find_named(canvas: &mut Canvas<'_>) {
    let mut place = 0;
    while let Some(sign) = (place..canvas.len()).find(|&at| matches!(canvas.at(at), Some(':' | '='))) {
        place = sign + 1;
        if let Some(quoted) = secret_name_before(canvas, sign) {
            let (start, end) = value_after(canvas, sign, quoted);
            canvas.hide(start..end, "named");
            place = end.max(place);
        }
    }
}

/// Returns whether the name before a sign was quoted, if it is a secret one.
fn secret_name_before(canvas: &Canvas<'_>, sign: usize) -> Option<bool> {
    let is_quote = |c| matches!(c, '"' | '\'' | '`' | '\\');
    let in_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '[' | ']');
    let unquoted = canvas.run_back(canvas.run_back(sign, |c| c == ' '), is_quote);
    let quoted = canvas.before(sign).is_some_and(is_quote);
    let start = canvas.run_back(unquoted, in_name);
    let one = canvas.string(start..unquoted);
    // "Card number: …", "api key = …"
    let two = canvas.string(canvas.run_back(canvas.run_back(start, |c| c == ' '), in_name)..unquoted);
    (!one.is_empty() && (names::is_secret(&one) || names::is_secret(&two.replace(' ', "")))).then_some(quoted)
}

fn value_after(canvas: &Canvas<'_>, sign: usize, name_was_quoted: bool) -> (usize, usize) {
    let start = canvas.run(sign + 1, |c| matches!(c, ' ' | '>' | '=' | '\\'));
    let end = match canvas.at(start) {
        Some(quote @ ('"' | '\'' | '`')) => quoted_end(canvas, start + 1, quote),
        _ if name_was_quoted => canvas.run(start, |c| !matches!(c, ',' | '}' | ']' | '\n')),
        _ if canvas.at(sign) == Some('=') => canvas.run(start, |c| !matches!(c, ' ' | '&' | ';' | ',' | '\n')),
        _ => canvas.run(start, |c| c != '\n'),
    };
    (start, end)
}

fn quoted_end(canvas: &Canvas<'_>, mut place: usize, quote: char) -> usize {
    while let Some(c) = canvas.at(place) {
        match c {
            '\\' => place += 2,
            _ if c == quote => return place + 1,
            _ => place += 1,
        }
    }
    canvas.len()
}

/// Hides user and password in `scheme://user:password@host`.
fn find_userinfo(canvas: &mut Canvas<'_>) {
    for place in 0..canvas.len() {
        if starts_with(canvas, place, "://") {
            let start = place + 3;
            let authority = canvas.run(start, |c| !matches!(c, '/' | '?' | '#' | ' ' | '\n'));
            if let Some(at) = canvas.slice(start..authority).iter().rposition(|&c| c == '@') {
                canvas.hide(start..start + at, "credential");
            }
        }
    }
}

/// Hides what follows `Bearer` and `Basic`, unless it is an ordinary word.
fn find_schemes(canvas: &mut Canvas<'_>) {
    let mut place = 0;
    while place < canvas.len() {
        let scheme = ["bearer", "basic"].into_iter().find(|scheme| starts_with(canvas, place, scheme));
        let begins = !canvas.before(place).is_some_and(char::is_alphanumeric);
        let Some(scheme) = scheme.filter(|_| begins) else {
            place += 1;
            continue;
        };
        let after = place + scheme.len();
        let start = canvas.run(after, |c| matches!(c, ' ' | '+' | ':' | '='));
        let end = canvas.run(start, |c| c.is_ascii_alphanumeric() || "-._~+/=".contains(c));
        if start > after && !is_word(canvas.slice(start..end)) {
            canvas.hide(start..end, "credential");
            place = end;
        } else {
            place = start;
        }
    }
}

/// Returns whether these are a word's letters, perhaps with a capital and the full stop of a sentence.
fn is_word(chars: &[char]) -> bool {
    let mut letters = chars.iter().copied().skip(1).peekable();
    chars.first().is_none_or(|first| first.is_alphabetic())
        && letters.all(|c| c.is_lowercase() || matches!(c, '-' | '.' | '/'))
}

/// Hides JSON web tokens, whole or cut short: `eyJ` is how base64 spells `{"`.
fn find_jwt(canvas: &mut Canvas<'_>) {
    let mut place = 0;
    while place < canvas.len() {
        let spelled = ['e', 'y', 'J'].into_iter().enumerate().all(|(offset, c)| canvas.at(place + offset) == Some(c));
        if !spelled || canvas.before(place).is_some_and(|c| c.is_ascii_alphanumeric()) {
            place += 1;
            continue;
        }
        let end = canvas.run(place, |c| c.is_ascii_alphanumeric() || "-_.=".contains(c));
        if end - place >= 16 {
            canvas.hide(place..end, "jwt");
        }
        place = end;
    }
}
