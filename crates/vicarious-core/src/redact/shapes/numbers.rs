//! Digits: payment cards and other long numbers; dates are kept.

use super::canvas::Canvas;

/// So many digits, whatever separates them, are somebody's number.
const DIGITS: usize = 9;
/// How many separators in a row still separate two parts of one number.
const GAP: usize = 2;

/// Hides every run of nine or more digits, ignoring separators between them.
pub(super) fn find(canvas: &mut Canvas<'_>) {
    let mut place = 0;
    while place < canvas.len() {
        if !is_digit(canvas, place) {
            place += 1;
            continue;
        }
        let (digits, end) = number(canvas, place);
        if digits.len() >= DIGITS {
            let label = if (13..=19).contains(&digits.len()) && luhn(&digits) { "card" } else { "number" };
            canvas.hide(place..end, label);
        }
        place = end;
    }
}

fn is_digit(canvas: &Canvas<'_>, place: usize) -> bool {
    canvas.is_unknown(place) && canvas.at(place).is_some_and(|c| c.is_ascii_digit())
}

/// Returns the digits of the number that begins at `start`, and where it ends.
fn number(canvas: &Canvas<'_>, start: usize) -> (Vec<u32>, usize) {
    let (mut digits, mut end, mut gap) = (Vec::new(), start, 0);
    let mut place = start;
    while let Some(c) = canvas.at(place).filter(|_| canvas.is_unknown(place)) {
        match c.to_digit(10) {
            Some(digit) => {
                digits.push(digit);
                (gap, end) = (0, place + 1);
            }
            None if " -./+_()".contains(c) && gap < GAP => gap += 1,
            None => break,
        }
        place += 1;
    }
    (digits, end)
}

/// Returns whether the check digit of a payment card is right (ISO/IEC 7812-1, annex B).
fn luhn(digits: &[u32]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(index, &digit)| match index % 2 {
            0 => digit,
            _ => digit * 2 / 10 + digit * 2 % 10,
        })
        .sum();
    sum.is_multiple_of(10)
}

/// Keeps dates and times, so that they do not count as somebody's number.
pub(super) fn keep_dates(canvas: &mut Canvas<'_>) {
    let mut place = 0;
    while place < canvas.len() {
        let begins = !canvas.before(place).is_some_and(|c| c.is_ascii_digit());
        match date(canvas, place).filter(|_| begins) {
            Some(end) => {
                canvas.keep(place..end);
                place = end;
            }
            None => place += 1,
        }
    }
}

/// Returns the end of the date that begins here: `2024-11-22` or `22.11.2024`, perhaps with a time of day.
fn date(canvas: &Canvas<'_>, start: usize) -> Option<usize> {
    let separator = |at: usize| canvas.at(at).filter(|c| matches!(c, '-' | '/' | '.'));
    let plausible = |year: u32, one: u32, two: u32| {
        (1900..2100).contains(&year) && (1..=31).contains(&one) && (1..=31).contains(&two) && one.min(two) <= 12
    };
    let year_first = || {
        let (year, one, two) = (value(canvas, start, 4)?, value(canvas, start + 5, 2)?, value(canvas, start + 8, 2)?);
        (separator(start + 4)? == separator(start + 7)? && plausible(year, one, two)).then_some(())
    };
    let year_last = || {
        let (one, two, year) = (value(canvas, start, 2)?, value(canvas, start + 3, 2)?, value(canvas, start + 6, 4)?);
        (separator(start + 2)? == separator(start + 5)? && plausible(year, one, two)).then_some(())
    };
    year_first().or_else(year_last)?;
    let end = time(canvas, start + 10).unwrap_or(start + 10);
    (!canvas.at(end).is_some_and(|c| c.is_ascii_digit())).then_some(end)
}

/// Returns the end of the time of day that follows a date: `T14:02:33.123456Z`, ` 14:02`, `T14:02+01:00`.
fn time(canvas: &Canvas<'_>, start: usize) -> Option<usize> {
    let clock = |start: usize| {
        let (hour, minute) = (value(canvas, start, 2)?, value(canvas, start + 3, 2)?);
        (canvas.at(start + 2)? == ':' && hour < 24 && minute < 60).then_some(start + 5)
    };
    canvas.at(start).filter(|c| matches!(c, 'T' | 't' | ' '))?;
    let mut end = clock(start + 1)?;
    if canvas.at(end) == Some(':') && value(canvas, end + 1, 2).is_some_and(|second| second <= 60) {
        end += 3;
        if canvas.at(end) == Some('.') {
            let fraction = canvas.run(end + 1, |c| c.is_ascii_digit());
            end = if fraction - end <= 10 { fraction } else { end };
        }
    }
    match canvas.at(end) {
        Some('Z' | 'z') => Some(end + 1),
        Some('+' | '-') => clock(end + 1).or(Some(end)),
        _ => Some(end),
    }
}

fn value(canvas: &Canvas<'_>, start: usize, long: usize) -> Option<u32> {
    let digits = canvas.slice(start..start + long);
    if digits.len() != long {
        return None;
    }
    digits.iter().try_fold(0, |value, c| Some(value * 10 + c.to_digit(10)?))
}
