use super::header::{Control, Kind};
use super::{Close, Violation};

/// What a client has sent, whole and unmasked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    /// A text message.
    Text(String),
    /// A binary message.
    Binary(Vec<u8>),
    /// A ping, to be answered with a pong that holds the same bytes, at most 125.
    Ping(Vec<u8>),
    /// A pong, asked for or not.
    Pong(Vec<u8>),
    /// The end: to be answered with the same code. Nothing follows.
    Close(Option<Close>),
}

impl Message {
    /// Makes a data message of its payload.
    pub(super) fn data(kind: Kind, payload: Vec<u8>) -> Result<Self, Violation> {
        match kind {
            Kind::Text => String::from_utf8(payload).map(Self::Text).map_err(|_| Violation::NotUtf8),
            Kind::Binary => Ok(Self::Binary(payload)),
        }
    }

    /// Makes a control message of its payload.
    pub(super) fn control(control: Control, payload: Vec<u8>) -> Result<Self, Violation> {
        match control {
            Control::Close => Close::parse(&payload).map(Self::Close),
            Control::Ping => Ok(Self::Ping(payload)),
            Control::Pong => Ok(Self::Pong(payload)),
        }
    }
}
