use std::{fmt, io};

use bytes::Bytes;

use super::CloseCode;
use super::header::{CONTROL_AT_MOST, Control, FIN, IN_EIGHT_BYTES, IN_TWO_BYTES, Kind};

/// How many bytes the longest header of a frame without a mask has.
const LONGEST: usize = 10;

/// Returns the frame of a text message.
///
/// ```
/// assert_eq!(cable_axum::frame::text("hello"), &b"\x81\x05hello"[..]);
/// ```
#[must_use]
pub fn text(payload: &str) -> Bytes {
    whole(Kind::Text as u8, payload.as_bytes())
}

/// Returns the frame of a binary message.
#[must_use]
pub fn binary(payload: &[u8]) -> Bytes {
    whole(Kind::Binary as u8, payload)
}

/// Returns a ping frame with the first 125 bytes of `payload`: a control frame holds no more.
#[must_use]
pub fn ping(payload: &[u8]) -> Bytes {
    whole(Control::Ping as u8, at_most(payload, CONTROL_AT_MOST))
}

/// Returns a pong frame with the first 125 bytes of `payload`, which a ping never exceeds.
#[must_use]
pub fn pong(payload: &[u8]) -> Bytes {
    whole(Control::Pong as u8, at_most(payload, CONTROL_AT_MOST))
}

/// Returns a close frame. Of `reason` as many whole characters are kept as fit into 123 bytes.
///
/// ```
/// use cable_axum::frame::{CloseCode, close};
///
/// assert_eq!(close(CloseCode::NORMAL, ""), &b"\x88\x02\x03\xe8"[..]);
/// ```
#[must_use]
pub fn close(code: CloseCode, reason: &str) -> Bytes {
    let code = code.get().to_be_bytes();
    let kept = reason.floor_char_boundary(CONTROL_AT_MOST - code.len());
    let reason = at_most(reason.as_bytes(), kept);
    whole(Control::Close as u8, &[&code, reason].concat())
}

/// Returns the close frame without a code, the answer to one that had none.
#[must_use]
pub fn close_empty() -> Bytes {
    whole(Control::Close as u8, &[])
}

/// A text frame in the making: what is written to it is not copied again.
///
/// Only text must be written through [`io::Write`], as JSON serializers do.
///
/// ```
/// use std::fmt::Write;
/// use cable_axum::frame::TextFrame;
///
/// let mut frame = TextFrame::with_capacity(16);
/// write!(frame, "ping {}", 1)?;
/// assert_eq!(frame.finish(), &b"\x81\x06ping 1"[..]);
/// # Ok::<(), std::fmt::Error>(())
/// ```
#[derive(Debug)]
pub struct TextFrame {
    /// Room for the longest header, and the text.
    bytes: Vec<u8>,
}

impl TextFrame {
    /// Creates an empty frame with room for a text of `capacity` bytes.
    #[must_use]
    pub fn with_capacity(capacity: usize) -> Self {
        let mut bytes = Vec::with_capacity(LONGEST + capacity);
        bytes.resize(LONGEST, 0);
        Self { bytes }
    }

    /// Appends to the text.
    pub fn push_str(&mut self, text: &str) {
        self.bytes.extend_from_slice(text.as_bytes());
    }

    /// Returns the frame, to be shared by all who receive it.
    #[must_use]
    pub fn finish(mut self) -> Bytes {
        let text = self.bytes.get(LONGEST..).unwrap_or_default();
        debug_assert!(str::from_utf8(text).is_ok(), "a text frame must hold UTF-8");
        let (header, header_len) = header(Kind::Text as u8, text.len());
        // The header stands directly before the text, behind the room that it does not need.
        let start = LONGEST - header_len;
        for (to, from) in self.bytes.iter_mut().skip(start).zip(at_most(&header, header_len)) {
            *to = *from;
        }
        Bytes::from(self.bytes).slice(start..)
    }
}

impl io::Write for TextFrame {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        self.bytes.extend_from_slice(text);
        Ok(text.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl fmt::Write for TextFrame {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.push_str(text);
        Ok(())
    }
}

/// Returns an unfragmented frame, in one allocation.
fn whole(opcode: u8, payload: &[u8]) -> Bytes {
    let (header, header_len) = header(opcode, payload.len());
    let mut frame = Vec::with_capacity(header_len + payload.len());
    frame.extend_from_slice(at_most(&header, header_len));
    frame.extend_from_slice(payload);
    Bytes::from(frame)
}

/// Returns the header of an unfragmented frame, and how many bytes of it count.
fn header(opcode: u8, payload: usize) -> ([u8; LONGEST], usize) {
    let [a, b, c, d, e, f, g, h] = (payload as u64).to_be_bytes();
    let first = FIN | opcode;
    match payload {
        0..=CONTROL_AT_MOST => ([first, h, 0, 0, 0, 0, 0, 0, 0, 0], 2),
        126..=0xffff => ([first, IN_TWO_BYTES, g, h, 0, 0, 0, 0, 0, 0], 4),
        _ => ([first, IN_EIGHT_BYTES, a, b, c, d, e, f, g, h], LONGEST),
    }
}

fn at_most(bytes: &[u8], length: usize) -> &[u8] {
    bytes.get(..length).unwrap_or(bytes)
}
