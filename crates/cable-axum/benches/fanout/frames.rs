//! The wire as a client sees it, written anew: the load generator shall not trust the server's own code.

/// What came from the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Frame<'a> {
    Text(&'a str),
    Close,
}

/// Takes a whole frame from the front of `bytes`; none when it has not arrived.
///
/// # Errors
///
/// What no server sends here.
pub(crate) fn next<'a>(bytes: &mut &'a [u8]) -> anyhow::Result<Option<Frame<'a>>> {
    let (opcode, start, length) = match **bytes {
        [first, length @ 0..=125, ..] => (first, 2, usize::from(length)),
        [first, 126, high, low, ..] => (first, 4, usize::from(u16::from_be_bytes([high, low]))),
        [_, 127..=255, ..] => anyhow::bail!("a frame that is masked or very long"),
        _ => return Ok(None),
    };
    let Some(payload) = bytes.get(start..start + length) else { return Ok(None) };
    *bytes = &bytes[start + length..];
    match opcode {
        0x81 => Ok(Some(Frame::Text(std::str::from_utf8(payload)?))),
        0x88 => Ok(Some(Frame::Close)),
        _ => anyhow::bail!("a frame that begins with {opcode:#x}"),
    }
}

/// Returns a text frame under a key of zeros, which masks nothing.
pub(crate) fn masked(text: &str) -> Vec<u8> {
    let mut frame = vec![0x81];
    match u8::try_from(text.len()) {
        Ok(length) if length <= 125 => frame.push(0x80 | length),
        _ => {
            frame.push(0xfe);
            frame.extend(u16::try_from(text.len()).unwrap_or(u16::MAX).to_be_bytes());
        }
    }
    frame.extend([0; 4]);
    frame.extend(text.as_bytes());
    frame
}

/// Returns the number behind a key of a flat JSON object, in a message that is known to have it.
pub(crate) fn number(text: &str, key: &str) -> Option<u64> {
    let (_, rest) = text.split_once(key)?;
    let end = rest.find(|digit: char| !digit.is_ascii_digit()).unwrap_or(rest.len());
    rest.get(..end)?.parse().ok()
}
