//! A client's frames, right and wrong ones.

use cable_axum::frame::{Decoder, Message, Violation};

pub(crate) const CONTINUATION: u8 = 0x0;
pub(crate) const TEXT: u8 = 0x1;
pub(crate) const BINARY: u8 = 0x2;
pub(crate) const CLOSE: u8 = 0x8;
pub(crate) const PING: u8 = 0x9;
pub(crate) const PONG: u8 = 0xa;

const FIN: u8 = 0x80;

/// A frame; what a field says is sent, whether it is allowed or not.
#[derive(Debug, Clone)]
pub(crate) struct Frame {
    pub(crate) fin: bool,
    /// The three reserved bits.
    pub(crate) reserved: u8,
    pub(crate) opcode: u8,
    pub(crate) mask: Option<[u8; 4]>,
    pub(crate) payload: Vec<u8>,
}

pub(crate) fn frame(opcode: u8, payload: impl AsRef<[u8]>) -> Frame {
    Frame { fin: true, reserved: 0, opcode, mask: Some([7, 1, 250, 99]), payload: payload.as_ref().to_vec() }
}

impl Frame {
    /// The same, with more to follow.
    pub(crate) fn open(self) -> Self {
        Self { fin: false, ..self }
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut bytes = self.header(self.payload.len() as u64);
        let mask = self.mask.unwrap_or_default();
        bytes.extend(self.payload.iter().zip(mask.iter().cycle()).map(|(byte, key)| byte ^ key));
        bytes
    }

    /// Only the header, with a claim about the length.
    pub(crate) fn header(&self, length: u64) -> Vec<u8> {
        let (bytes, short) = match length {
            0..=125 => (0, length as u8),
            126..=0xffff => (2, 126),
            _ => (8, 127),
        };
        self.header_with(short, &length.to_be_bytes()[8 - bytes..])
    }

    /// Only the header, with these seven bits and these bytes as its length.
    pub(crate) fn header_with(&self, short: u8, length: &[u8]) -> Vec<u8> {
        let first = self.opcode | self.reserved << 4 | if self.fin { FIN } else { 0 };
        let second = short | if self.mask.is_some() { 0x80 } else { 0 };
        [&[first, second][..], length, self.mask.as_ref().map_or(&[][..], |mask| mask)].concat()
    }
}

/// Gives `pieces` to `decoder` one after the other; what came of them, and the violation that ended it.
pub(crate) fn feed<'a>(
    decoder: &mut Decoder,
    pieces: impl IntoIterator<Item = &'a [u8]>,
) -> (Vec<Message>, Option<Violation>) {
    let mut messages = Vec::new();
    for mut piece in pieces {
        loop {
            match decoder.next(&mut piece) {
                Ok(Some(message)) => messages.push(message),
                Ok(None) => break assert!(piece.is_empty(), "bytes were left"),
                Err(violation) => return (messages, Some(violation)),
            }
        }
    }
    (messages, None)
}
