use thiserror::Error;

use super::CloseCode;

/// What a client did that RFC 6455, or the limit on messages, does not allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Violation {
    /// A reserved bit is set, although no extension was negotiated.
    #[error("a reserved bit is set")]
    ReservedBit,
    /// An opcode that RFC 6455 reserves.
    #[error("opcode `{0:#x}` is not defined")]
    UnknownOpcode(u8),
    /// A frame that is not masked.
    #[error("a frame from a client must be masked")]
    Unmasked,
    /// A control frame without the final bit.
    #[error("a control frame must not be fragmented")]
    FragmentedControl,
    /// A control frame with more than 125 bytes.
    #[error("a control frame holds at most 125 bytes")]
    LongControl,
    /// A length in more bytes than it needs.
    #[error("a length must be encoded in as few bytes as possible")]
    LengthNotMinimal,
    /// A length with its highest bit set.
    #[error("a length must be less than 2^63")]
    LengthOutOfRange,
    /// A continuation without a beginning.
    #[error("there is no message to continue")]
    NothingToContinue,
    /// A new message in the middle of a fragmented one.
    #[error("the message before has not ended")]
    MessageNotEnded,
    /// A message longer than the decoder allows.
    #[error("a message holds at most {limit} bytes")]
    TooLong {
        /// How many bytes a message may have, over all its fragments.
        limit: usize,
    },
    /// A text message or a close reason that is not UTF-8.
    #[error("text must be UTF-8")]
    NotUtf8,
    /// A close frame with half a code.
    #[error("a close frame must hold a code of two bytes, or nothing")]
    HalfCloseCode,
    /// A close code that must not be sent.
    #[error("close code `{0}` must not be sent")]
    InvalidCloseCode(u16),
}

impl Violation {
    /// Returns the code with which the connection is to be closed: 1002, 1007 or 1009.
    #[must_use]
    pub fn close_code(self) -> CloseCode {
        match self {
            Self::NotUtf8 => CloseCode::INVALID_PAYLOAD,
            Self::TooLong { .. } => CloseCode::TOO_BIG,
            _ => CloseCode::PROTOCOL_ERROR,
        }
    }
}
