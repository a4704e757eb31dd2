//! Undoes the encodings that a secret may hide in.

/// How often percent-encoding is undone before giving up.
const LEVELS: usize = 4;

/// What percent-decoding made of a text.
pub(super) enum Percent {
    /// There was nothing to undo.
    Plain,
    /// This is what it says.
    Decoded(String),
    /// It was encoded more often than anybody does honestly.
    TooOften(String),
}

impl Percent {
    /// Returns what the text says: `plain` itself if there was nothing to undo.
    pub(super) fn or(self, plain: &str) -> String {
        match self {
            Self::Plain => plain.to_owned(),
            Self::Decoded(text) | Self::TooOften(text) => text,
        }
    }
}

/// Undoes percent-encoding until nothing changes.
pub(super) fn percent(text: &str) -> Percent {
    let Some(mut decoded) = percent_once(text) else { return Percent::Plain };
    for _ in 1..LEVELS {
        match percent_once(&decoded) {
            Some(further) => decoded = further,
            None => return Percent::Decoded(decoded),
        }
    }
    Percent::TooOften(decoded)
}

fn percent_once(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    let mut any = false;
    while let Some((&first, after)) = rest.split_first() {
        let byte = match after {
            [high, low, ..] if first == b'%' => nibble(*high).zip(nibble(*low)).map(|(high, low)| high << 4 | low),
            _ => None,
        };
        any |= byte.is_some();
        decoded.push(byte.unwrap_or(first));
        rest = if byte.is_some() { after.get(2..).unwrap_or_default() } else { after };
    }
    any.then(|| String::from_utf8_lossy(&decoded).into_owned())
}

/// Returns the text that hexadecimal digits stand for, if it is text.
pub(super) fn hex(text: &[char]) -> Option<String> {
    let (pairs, odd) = text.as_chunks::<2>();
    if !odd.is_empty() {
        return None;
    }
    let bytes = pairs.iter().map(|[high, low]| Some(nibble_of(*high)? << 4 | nibble_of(*low)?));
    readable(bytes.collect::<Option<Vec<u8>>>()?)
}

/// Returns the text that base64 stands for, in either alphabet, with or without padding, if it is text.
pub(super) fn base64(text: &[char]) -> Option<String> {
    let digits = text.iter().map(|&c| sextet(c)).collect::<Option<Vec<u32>>>()?;
    let mut bytes = Vec::with_capacity(digits.len() * 3 / 4);
    for group in digits.chunks(4) {
        if group.len() == 1 {
            return None;
        }
        let bits = group.iter().fold(0, |bits, digit| bits << 6 | digit) << (6 * (4 - group.len()));
        let [_, one, two, three] = bits.to_be_bytes();
        bytes.extend([one, two, three].into_iter().take(group.len() - 1));
    }
    readable(bytes)
}

fn readable(bytes: Vec<u8>) -> Option<String> {
    let text = String::from_utf8(bytes).ok()?;
    (!text.chars().any(|c| c.is_control() && !c.is_whitespace())).then_some(text)
}

fn sextet(c: char) -> Option<u32> {
    let value = match c {
        'A'..='Z' => u32::from(c) - u32::from('A'),
        'a'..='z' => u32::from(c) - u32::from('a') + 26,
        '0'..='9' => u32::from(c) - u32::from('0') + 52,
        '+' | '-' => 62,
        '/' | '_' => 63,
        _ => return None,
    };
    Some(value)
}

fn nibble(byte: u8) -> Option<u8> {
    nibble_of(char::from(byte))
}

fn nibble_of(c: char) -> Option<u8> {
    c.to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}
