//! What names a person: e-mail addresses, bank accounts, national identifiers.

use super::canvas::Canvas;

/// Hides e-mail addresses, with or without a dot in their domain.
pub(super) fn find_email(canvas: &mut Canvas<'_>) {
    let in_local = |c: char| c.is_alphanumeric() || "!#$%'*+-.^_{|}~`".contains(c);
    let in_domain = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '[' | ']' | ':');
    for at in 0..canvas.len() {
        if canvas.at(at) != Some('@') {
            continue;
        }
        let start = match canvas.before(at) {
            // A quoted local part: "very unusual"@example.com
            Some('"') => canvas.run_back(at - 1, |c| !matches!(c, '"' | '\n')).saturating_sub(1),
            _ => canvas.run_back(at, in_local),
        };
        let end = canvas.run(at + 1, in_domain);
        if start < at && canvas.at(at + 1).is_some_and(|c| c.is_alphanumeric() || c == '[') {
            let full_stop = usize::from(matches!(canvas.before(end), Some('.' | ':')));
            canvas.hide(start..end - full_stop, "email");
        }
    }
}

/// Hides bank account numbers whose check digits are right (ISO 13616).
pub(super) fn find_iban(canvas: &mut Canvas<'_>) {
    let mut place = 0;
    while place < canvas.len() {
        let begins = canvas.is_unknown(place) && !canvas.before(place).is_some_and(|c| c.is_ascii_alphanumeric());
        match iban_end(canvas, place).filter(|_| begins) {
            Some(end) => {
                canvas.hide(place..end, "iban");
                place = end;
            }
            None => place += 1,
        }
    }
}

fn iban_end(canvas: &Canvas<'_>, start: usize) -> Option<usize> {
    if !fits(canvas.slice(start..start + 4), "AA99") {
        return None;
    }
    let mut chars = Vec::new();
    let mut found = None;
    for place in start..canvas.len() {
        let c = canvas.at(place)?;
        match c.to_digit(36).filter(|_| chars.len() < 34) {
            Some(value) => chars.push(value),
            None if matches!(c, ' ' | '-' | '.' | '+') => continue,
            None => break,
        }
        let ends = !canvas.at(place + 1).is_some_and(|c| c.is_ascii_alphanumeric());
        if ends && chars.len() >= 15 && is_iban(&chars) {
            found = Some(place + 1);
        }
    }
    found
}

fn is_iban(chars: &[u32]) -> bool {
    let (front, back) = chars.split_at(4.min(chars.len()));
    let remainder = back.iter().chain(front).fold(0, |rest, &value| {
        let shift = if value < 10 { 10 } else { 100 };
        (rest * shift + value) % 97
    });
    remainder == 1
}

/// National identifiers that mix letters and digits; those of digits alone are long numbers. `A` stands for a
/// letter, `9` for a digit.
const NATIONAL: &[&str] = &[
    "AA999999A",        // United Kingdom
    "99999999A",        // Spain, nationals
    "A9999999A",        // Spain, residents
    "AAAAA9999A",       // India
    "AAAAAA99A99A999A", // Italy
];

/// Hides national identifiers.
pub(super) fn find_national_id(canvas: &mut Canvas<'_>) {
    for run in canvas.unknown_runs(|c| c.is_ascii_alphanumeric()) {
        if NATIONAL.iter().any(|pattern| fits(canvas.slice(run.clone()), pattern)) {
            canvas.hide(run, "national-id");
        }
    }
    find_spaced_british(canvas);
}

/// Hides British numbers written in pairs: `AB 12 34 56 C`.
fn find_spaced_british(canvas: &mut Canvas<'_>) {
    for start in 0..canvas.len() {
        let begins = canvas.is_unknown(start) && !canvas.before(start).is_some_and(|c| c.is_ascii_alphanumeric());
        let separated = canvas.slice(start..start + 2).iter().all(char::is_ascii_alphabetic)
            && canvas.at(start + 2).is_some_and(|c| " -.+".contains(c));
        let mut chars = Vec::new();
        let mut place = start;
        while begins && separated && chars.len() < 9 {
            match canvas.at(place) {
                Some(c) if c.is_ascii_alphanumeric() => chars.push(c),
                Some(' ' | '-' | '.' | '+') => {}
                _ => break,
            }
            place += 1;
        }
        let ends = !canvas.at(place).is_some_and(|c| c.is_ascii_alphanumeric());
        if ends && fits(&chars, "AA999999A") {
            canvas.hide(start..place, "national-id");
        }
    }
}

fn fits(chars: &[char], pattern: &str) -> bool {
    chars.len() == pattern.len()
        && chars.iter().zip(pattern.chars()).all(|(c, wanted)| match wanted {
            '9' => c.is_ascii_digit(),
            _ => c.is_ascii_alphabetic(),
        })
}
