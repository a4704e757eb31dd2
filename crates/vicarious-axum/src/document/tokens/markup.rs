//! Comments and their like.

use super::{State, Tokenizer};

const CDATA: &[u8] = b"[CDATA[";

/// What of the end of a comment has been read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dashes {
    /// Nothing has been read but its beginning, which also serves as `--`.
    Begun,
    BegunOne,
    None,
    One,
    Two,
    /// `--!`
    Bang,
}

impl Tokenizer {
    /// Follows what is neither text nor a tag, and an end tag that may not be one.
    pub(super) fn in_markup(&mut self, byte: u8) -> State {
        self.at += 1;
        match (self.state, byte) {
            (State::EndOpen, b'>') => State::Text,
            (State::EndOpen, _) if byte.is_ascii_alphabetic() => {
                self.at -= 1;
                self.tag.is_end = true;
                State::TagName
            }
            (State::Declaration, b'-') => State::DeclarationDash,
            (State::Declaration, b'[') if self.parts.is_foreign() => State::DeclarationOfCdata(1),
            (State::DeclarationDash, b'-') => State::Comment(Dashes::Begun),
            (State::DeclarationOfCdata(length), _) if CDATA.get(length) == Some(&byte) => {
                if length + 1 == CDATA.len() {
                    State::Cdata(0)
                } else {
                    State::DeclarationOfCdata(length + 1)
                }
            }
            (State::Cdata(brackets), b']') => State::Cdata(brackets.saturating_add(1)),
            (State::Cdata(2..), b'>') => State::Text,
            (State::Cdata(_), _) => State::Cdata(0),
            (State::Comment(dashes), _) => dashes.then(byte).map_or(State::Text, State::Comment),
            // Nothing else begins with `<!`: it is looked at again, for its `>`.
            _ => {
                self.at -= 1;
                State::Bogus
            }
        }
    }
}

impl Dashes {
    /// Returns how a comment goes on, or none when it has ended.
    fn then(self, byte: u8) -> Option<Self> {
        match (self, byte) {
            (Self::Begun | Self::BegunOne | Self::Two | Self::Bang, b'>') => None,
            (Self::Begun, b'-') => Some(Self::BegunOne),
            (Self::BegunOne | Self::One | Self::Two, b'-') => Some(Self::Two),
            (Self::None | Self::Bang, b'-') => Some(Self::One),
            (Self::Two, b'!') => Some(Self::Bang),
            _ => Some(Self::None),
        }
    }
}
