use super::header::{Control, Header, Kind, LONGEST, Opcode};
use super::mask::Mask;
use super::{Message, Violation};

/// What has arrived of a message that is not whole.
#[derive(Debug, Default)]
pub(super) struct Partial {
    /// The beginning of a header.
    head: [u8; LONGEST],
    head_len: usize,
    /// The frame whose header is known, and whose payload is arriving.
    frame: Option<Frame>,
    /// The fragments of a data message so far.
    message: Option<Fragments>,
}

#[derive(Debug)]
struct Frame {
    target: Target,
    /// How many bytes of the payload are still to come.
    remaining: usize,
    mask: Mask,
}

/// What a payload belongs to.
#[derive(Debug)]
enum Target {
    /// The message in [`Partial::message`].
    Message { fin: bool },
    /// A control frame, perhaps between two fragments of a message.
    Control(Control, Vec<u8>),
}

#[derive(Debug)]
struct Fragments {
    kind: Kind,
    payload: Vec<u8>,
    /// How many bytes of a text are known to be UTF-8.
    checked: usize,
    /// How many fragments were empty.
    empty: usize,
}

impl Partial {
    /// Returns whether nothing is pending, so that this value can be thrown away.
    pub(super) fn is_done(&self) -> bool {
        self.head_len == 0 && self.frame.is_none() && self.message.is_none()
    }

    /// Takes from `input` as much as the next message needs; `None` once all is taken.
    pub(super) fn next(&mut self, input: &mut &[u8], limit: usize) -> Result<Option<Message>, Violation> {
        loop {
            let mut frame = match self.frame.take() {
                Some(frame) => frame,
                None => match self.header(input)? {
                    Some(header) => self.begin(&header, limit)?,
                    None => return Ok(None),
                },
            };
            self.receive(&mut frame, input)?;
            if frame.remaining > 0 {
                self.frame = Some(frame);
                return Ok(None);
            }
            if let Some(message) = self.end(frame.target)? {
                return Ok(Some(message));
            }
        }
    }

    /// Completes a header from `input`.
    fn header(&mut self, input: &mut &[u8]) -> Result<Option<Header>, Violation> {
        let before = self.head_len;
        let room = self.head.get_mut(before..).unwrap_or_default();
        let copied = room.len().min(input.len());
        for (to, from) in room.iter_mut().zip(*input) {
            *to = *from;
        }
        let known = self.head.get(..before + copied).unwrap_or_default();
        let Some((header, rest)) = Header::parse(known)? else {
            self.head_len = known.len();
            *input = input.get(copied..).unwrap_or_default();
            return Ok(None);
        };
        let taken = copied - rest.len();
        self.head_len = 0;
        *input = input.get(taken..).unwrap_or_default();
        Ok(Some(header))
    }

    /// Judges a frame by its header and by what came before it.
    fn begin(&mut self, header: &Header, limit: usize) -> Result<Frame, Violation> {
        let target = match (header.opcode, &self.message) {
            (Opcode::Control(control), _) => Target::Control(control, Vec::new()),
            (Opcode::Continuation, None) => return Err(Violation::NothingToContinue),
            (Opcode::Data(_), Some(_)) => return Err(Violation::MessageNotEnded),
            (Opcode::Continuation | Opcode::Data(_), _) => Target::Message { fin: header.fin },
        };
        let before = match target {
            Target::Message { .. } => self.message.as_ref().map_or(0, |message| message.payload.len()),
            Target::Control(..) => 0,
        };
        let remaining = length(header, before, limit)?;
        if let Opcode::Data(kind) = header.opcode {
            self.message = Some(Fragments { kind, payload: Vec::new(), checked: 0, empty: 0 });
        }
        if let (Target::Message { fin: false }, Some(message), 0) = (&target, &mut self.message, remaining) {
            // Only whole messages are counted by whoever reads them, so this must come to an end by itself.
            message.empty += 1;
            if message.empty > limit {
                return Err(Violation::TooLong { limit });
            }
        }
        Ok(Frame { target, remaining, mask: header.mask })
    }

    /// Takes the payload of a frame, as far as it is there.
    fn receive(&mut self, frame: &mut Frame, input: &mut &[u8]) -> Result<(), Violation> {
        match (&mut frame.target, &mut self.message) {
            (Target::Control(_, payload), _) => unmask(payload, input, &mut frame.remaining, &mut frame.mask),
            (Target::Message { .. }, Some(message)) => {
                unmask(&mut message.payload, input, &mut frame.remaining, &mut frame.mask);
                message.check()?;
            }
            (Target::Message { .. }, None) => {}
        }
        Ok(())
    }

    /// Ends a frame whose payload is complete, and with it perhaps a message.
    fn end(&mut self, target: Target) -> Result<Option<Message>, Violation> {
        match target {
            Target::Control(control, payload) => Message::control(control, payload).map(Some),
            Target::Message { fin: false } => Ok(None),
            // The whole text is checked once more, since only that makes a `String` without unsafe code.
            Target::Message { fin: true } => {
                self.message.take().map(|Fragments { kind, payload, .. }| Message::data(kind, payload)).transpose()
            }
        }
    }
}

impl Fragments {
    /// Refuses a text at its first wrong byte; a character may be cut in two by what has not arrived.
    fn check(&mut self) -> Result<(), Violation> {
        if self.kind == Kind::Binary {
            return Ok(());
        }
        match str::from_utf8(self.payload.get(self.checked..).unwrap_or_default()) {
            Ok(_) => self.checked = self.payload.len(),
            Err(error) if error.error_len().is_none() => self.checked += error.valid_up_to(),
            Err(_) => return Err(Violation::NotUtf8),
        }
        Ok(())
    }
}

/// Returns the length of a payload if it may follow `before` bytes of the same message.
pub(super) fn length(header: &Header, before: usize, limit: usize) -> Result<usize, Violation> {
    let too_long = Violation::TooLong { limit };
    let length = usize::try_from(header.length).map_err(|_| too_long)?;
    match header.opcode {
        Opcode::Control(_) => Ok(length),
        Opcode::Continuation | Opcode::Data(_) if length <= limit.saturating_sub(before) => Ok(length),
        Opcode::Continuation | Opcode::Data(_) => Err(too_long),
    }
}

/// Moves the next bytes of a payload from `input` to `payload`, and unmasks them there.
pub(super) fn unmask(payload: &mut Vec<u8>, input: &mut &[u8], remaining: &mut usize, mask: &mut Mask) {
    let (here, rest) = input.split_at(input.len().min(*remaining));
    if payload.capacity() - payload.len() < here.len() {
        // INVARIANT: a claimed length reserves nothing; a buffer is at most twice as large as what has arrived.
        payload.reserve_exact(here.len().max(payload.len().min(*remaining)));
    }
    let start = payload.len();
    payload.extend_from_slice(here);
    mask.apply(payload.get_mut(start..).unwrap_or_default());
    *remaining -= here.len();
    *input = rest;
}

#[cfg(test)]
mod tests {
    use super::Partial;
    use crate::frame::{Message, Violation};

    /// The beginning of a binary frame that claims 60,000 bytes, under a key of zeros.
    const HEADER: &[u8] = &[0x82, 0xfe, 0xea, 0x60, 0, 0, 0, 0];

    fn held(partial: &Partial) -> usize {
        partial.message.as_ref().map_or(0, |message| message.payload.capacity())
    }

    /// Frames are not counted before they make a message, so a message must not go on for ever without growing.
    #[test]
    fn a_message_of_empty_fragments_comes_to_an_end() {
        let mut partial = Partial::default();
        assert_eq!(partial.next(&mut &[0x01, 0x80, 0, 0, 0, 0][..], 100), Ok(None));
        let continuation = [0x00, 0x80, 0, 0, 0, 0];
        let violation = (0..200).find_map(|_| partial.next(&mut &continuation[..], 100).err());
        assert_eq!(violation, Some(Violation::TooLong { limit: 100 }));
    }

    #[test]
    fn empty_fragments_are_no_part_of_the_message() {
        let mut partial = Partial::default();
        let bytes = b"\x01\x81\0\0\0\0a\0\x80\0\0\0\0\0\x80\0\0\0\0\x80\x81\0\0\0\0b";
        assert_eq!(partial.next(&mut &bytes[..], 10), Ok(Some(Message::Text("ab".to_owned()))));
    }

    #[test]
    fn a_claimed_length_reserves_nothing() {
        let mut partial = Partial::default();
        assert_eq!(partial.next(&mut &HEADER[..], 65_536), Ok(None));
        assert_eq!(held(&partial), 0);
    }

    #[test]
    fn a_buffer_grows_with_what_arrives_and_not_beyond_the_claim() {
        for piece in [1, 7, 1_000, 59_999] {
            let mut partial = Partial::default();
            assert_eq!(partial.next(&mut &HEADER[..], 65_536), Ok(None));
            let mut arrived = 0;
            while arrived + piece < 60_000 {
                assert_eq!(partial.next(&mut &vec![b'x'; piece][..], 65_536), Ok(None));
                arrived += piece;
                assert!(held(&partial) <= (2 * arrived).min(60_000), "{} held of {arrived}", held(&partial));
            }
            assert!(partial.next(&mut &vec![b'x'; piece][..], 65_536).is_ok_and(|message| message.is_some()));
            assert!(partial.is_done());
        }
    }
}
