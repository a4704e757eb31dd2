use super::Violation;
use super::mask::Mask;

/// How many bytes the longest header has: two, a length of eight, a key of four.
pub(super) const LONGEST: usize = 14;

/// The largest payload of a control frame.
pub(super) const CONTROL_AT_MOST: usize = 125;

/// The final bit of a frame's first byte.
pub(super) const FIN: u8 = 0x80;

/// The mask bit of a frame's second byte.
const MASKED: u8 = 0x80;

/// The lengths that say: the length follows in two bytes, in eight.
pub(super) const IN_TWO_BYTES: u8 = 126;
pub(super) const IN_EIGHT_BYTES: u8 = 127;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Text = 0x1,
    Binary = 0x2,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Control {
    Close = 0x8,
    Ping = 0x9,
    Pong = 0xa,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Opcode {
    Continuation,
    Data(Kind),
    Control(Control),
}

impl Opcode {
    fn from_nibble(nibble: u8) -> Result<Self, Violation> {
        match nibble {
            0x0 => Ok(Self::Continuation),
            0x1 => Ok(Self::Data(Kind::Text)),
            0x2 => Ok(Self::Data(Kind::Binary)),
            0x8 => Ok(Self::Control(Control::Close)),
            0x9 => Ok(Self::Control(Control::Ping)),
            0xa => Ok(Self::Control(Control::Pong)),
            unknown => Err(Violation::UnknownOpcode(unknown)),
        }
    }

    fn is_control(self) -> bool {
        matches!(self, Self::Control(_))
    }
}

/// The header of a client's frame.
#[derive(Debug, Clone, Copy)]
pub(super) struct Header {
    pub(super) fin: bool,
    pub(super) opcode: Opcode,
    /// The length of the payload, as claimed.
    pub(super) length: u64,
    pub(super) mask: Mask,
}

impl Header {
    /// Reads the header at the beginning of `bytes`, and says what follows it; `None` if the header is not whole.
    pub(super) fn parse(bytes: &[u8]) -> Result<Option<(Self, &[u8])>, Violation> {
        let Some((&first, rest)) = bytes.split_first() else { return Ok(None) };
        let (fin, opcode) = first_byte(first)?;
        let Some((&second, rest)) = rest.split_first() else { return Ok(None) };
        if second & MASKED == 0 {
            return Err(Violation::Unmasked);
        }
        let short = second & !MASKED;
        if opcode.is_control() && usize::from(short) > CONTROL_AT_MOST {
            return Err(Violation::LongControl);
        }
        let Some((length, rest)) = length(short, rest)? else { return Ok(None) };
        let Some((key, rest)) = rest.split_first_chunk() else { return Ok(None) };
        Ok(Some((Self { fin, opcode, length, mask: Mask::new(*key) }, rest)))
    }
}

fn first_byte(first: u8) -> Result<(bool, Opcode), Violation> {
    if first & 0x70 != 0 {
        return Err(Violation::ReservedBit);
    }
    let (fin, opcode) = (first & FIN != 0, Opcode::from_nibble(first & 0x0f)?);
    if opcode.is_control() && !fin {
        return Err(Violation::FragmentedControl);
    }
    Ok((fin, opcode))
}

/// Reads the length that begins with the seven bits of `short`.
fn length(short: u8, rest: &[u8]) -> Result<Option<(u64, &[u8])>, Violation> {
    let (length, rest, least) = match short {
        IN_TWO_BYTES => {
            let Some((bytes, rest)) = rest.split_first_chunk() else { return Ok(None) };
            (u16::from_be_bytes(*bytes).into(), rest, IN_TWO_BYTES.into())
        }
        IN_EIGHT_BYTES => {
            let Some((bytes, rest)) = rest.split_first_chunk() else { return Ok(None) };
            (u64::from_be_bytes(*bytes), rest, u64::from(u16::MAX) + 1)
        }
        short => (short.into(), rest, 0),
    };
    if length >> 63 != 0 {
        return Err(Violation::LengthOutOfRange);
    }
    if length < least {
        return Err(Violation::LengthNotMinimal);
    }
    Ok(Some((length, rest)))
}
