use super::header::{Header, Opcode};
use super::partial::{Partial, length, unmask};
use super::{Message, Violation};

/// Turns a client's bytes into messages.
///
/// Between messages it holds no memory of its own, so that idle connections are cheap; while a message arrives, at most
/// twice as much as has arrived of it.
#[derive(Debug)]
pub struct Decoder {
    limit: usize,
    state: State,
}

#[derive(Debug)]
enum State {
    /// Between two messages.
    Idle,
    /// Within a message.
    Within(Box<Partial>),
    /// After the client's close frame.
    Closed,
    /// After a violation.
    Failed(Violation),
}

impl Decoder {
    /// Creates a decoder for a new connection, on which a message may have `limit` bytes over all its fragments.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self { limit, state: State::Idle }
    }

    /// Takes from the front of `input` what the next message needs, and returns it once it is whole.
    ///
    /// `None` means that all of `input` is taken. After a [`Message::Close`] the rest is taken and not looked at, as
    /// RFC 6455, section 1.4, asks.
    ///
    /// # Errors
    ///
    /// The first violation, and the same one ever after: the connection is to be closed.
    pub fn next(&mut self, input: &mut &[u8]) -> Result<Option<Message>, Violation> {
        let result = self.advance(input);
        match &result {
            Ok(Some(Message::Close(_))) => self.state = State::Closed,
            Err(violation) => self.state = State::Failed(*violation),
            Ok(_) => {}
        }
        result
    }

    fn advance(&mut self, input: &mut &[u8]) -> Result<Option<Message>, Violation> {
        let partial = match &mut self.state {
            State::Within(partial) => partial,
            State::Idle => {
                let message = whole(input, self.limit)?;
                if message.is_some() || input.is_empty() {
                    return Ok(message);
                }
                self.state = State::Within(Box::default());
                return self.advance(input);
            }
            State::Closed => {
                *input = &[];
                return Ok(None);
            }
            State::Failed(violation) => return Err(*violation),
        };
        let message = partial.next(input, self.limit)?;
        if partial.is_done() {
            self.state = State::Idle;
        }
        Ok(message)
    }
}

/// Takes a message of one frame that is there as a whole, which nearly all are, without keeping any state.
fn whole(input: &mut &[u8], limit: usize) -> Result<Option<Message>, Violation> {
    let Some((header, mut rest)) = Header::parse(input)? else { return Ok(None) };
    if header.opcode == Opcode::Continuation {
        return Err(Violation::NothingToContinue);
    }
    let mut remaining = length(&header, 0, limit)?;
    if !header.fin || rest.len() < remaining {
        return Ok(None);
    }
    let mut payload = Vec::new();
    let mut mask = header.mask;
    unmask(&mut payload, &mut rest, &mut remaining, &mut mask);
    *input = rest;
    match header.opcode {
        Opcode::Data(kind) => Message::data(kind, payload).map(Some),
        Opcode::Control(control) => Message::control(control, payload).map(Some),
        Opcode::Continuation => Err(Violation::NothingToContinue),
    }
}

#[cfg(test)]
mod tests {
    use super::{Decoder, State};
    use crate::frame::Message;

    /// A text message in two fragments, and a ping between them.
    const BYTES: &[u8] = b"\x01\x81\0\0\0\0a\x89\x80\0\0\0\0\x80\x81\0\0\0\0b";

    #[test]
    fn between_messages_nothing_is_held() {
        let mut decoder = Decoder::new(10);
        let mut messages = Vec::new();
        for byte in BYTES {
            messages.extend(decoder.next(&mut &[*byte][..]).unwrap());
        }
        assert_eq!(messages, [Message::Ping(Vec::new()), Message::Text("ab".to_owned())]);
        assert!(matches!(decoder.state, State::Idle));
    }

    #[test]
    fn a_message_that_is_there_as_a_whole_needs_no_state() {
        let mut decoder = Decoder::new(10);
        let mut input = &b"\x81\x81\0\0\0\0a\x81\x81\0\0\0\0b"[..];
        for text in ["a", "b"] {
            assert_eq!(decoder.next(&mut input), Ok(Some(Message::Text(text.to_owned()))));
            assert!(matches!(decoder.state, State::Idle));
        }
    }

    #[test]
    fn a_violation_frees_what_had_arrived() {
        let mut decoder = Decoder::new(10);
        assert!(decoder.next(&mut &b"\x01\x81\0\0\0\0a\xff"[..]).is_err());
        assert!(matches!(decoder.state, State::Failed(_)));
    }
}
