//! Reads HTML as far as it must be understood here: where its tags are, and what is text that is shown.
//!
//! The states are those of the standard's tokenizer (HTML, 13.2.5), less what makes no difference to where a tag begins
//! or ends.

mod attributes;
mod foreign;
mod name;
mod text;

use std::ops::Range;

use memchr::memchr;

pub(super) use attributes::Attributes;
use foreign::Parts;
pub(super) use foreign::TEMPLATE;
pub(super) use name::{Name, names};
use text::{Script, Written};

/// Reads a document that arrives in pieces.
///
/// What is read is the text given to [`Tokenizer::next`]; between two pieces its beginning may be let go of, with
/// [`Tokenizer::forget`], but for what [`Tokenizer::unfinished`] still needs.
pub(super) struct Tokenizer {
    state: State,
    mode: Mode,
    /// The next byte to look at.
    at: usize,
    /// The tag that is being read.
    tag: Tag,
    /// Whether that tag is needed whole.
    is_kept: bool,
    wants: fn(Name) -> bool,
    /// Whether text is told of.
    shows_text: bool,
    parts: Parts,
}

pub(super) enum Token {
    /// Text that is shown; what is one text may be several of these.
    Text(Range<usize>),
    Tag(Tag),
}

/// A tag, and where it stands. Of one that is not wanted the place may be lost.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tag {
    pub(super) name: Name,
    pub(super) is_end: bool,
    pub(super) is_self_closing: bool,
    pub(super) start: usize,
    pub(super) end: usize,
    /// How long its name is, in bytes.
    length: usize,
}

impl Tag {
    fn at(start: usize) -> Self {
        Self { name: Name::EMPTY, is_end: false, is_self_closing: false, start, end: start, length: 0 }
    }

    /// Returns the attributes of this start tag.
    pub(super) fn attributes<'a>(&self, text: &'a [u8]) -> Attributes<'a> {
        let within = text.get(self.start + "<".len() + self.length..self.end.saturating_sub(">".len()));
        Attributes::of(within.unwrap_or_default())
    }
}

/// How text is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    /// As HTML.
    Data,
    /// As text up to the end tag of this name.
    Raw(Name),
    /// As text up to `</script>`, which a script may hide.
    Script,
    /// As text to the end.
    Plain,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Between tags, read in the current mode.
    Text,
    /// After `<`.
    Open,
    /// After `</`.
    EndOpen,
    TagName,
    BeforeAttribute,
    AttributeName,
    AfterAttributeName,
    BeforeValue,
    Quoted(u8),
    Unquoted,
    /// After `/` in a tag.
    Slash,
    /// After `<!`.
    Declaration,
    /// After `<!-`.
    DeclarationDash,
    /// After this much of `<![CDATA[`.
    DeclarationOfCdata(usize),
    /// A comment that ends at the first `>`; so does a doctype, whatever is in it.
    Bogus,
    Comment(Dashes),
    /// Text up to `]]>`, after this many `]`.
    Cdata(usize),
    Written(Written),
    Script(Script),
}

/// What of the end of a comment has been read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Dashes {
    /// Nothing has been read but its beginning, which also serves as `--`.
    Begun,
    BegunOne,
    None,
    One,
    Two,
    /// `--!`
    Bang,
}

const CDATA: &[u8] = b"[CDATA[";

impl Tokenizer {
    /// Returns a tokenizer that tells of everything, and needs every tag whole.
    pub(super) fn of_everything() -> Self {
        Self { shows_text: true, ..Self::of(|_| true) }
    }

    /// Returns a tokenizer that tells of tags only, and needs those of elements that it `wants` whole.
    pub(super) fn of(wants: fn(Name) -> bool) -> Self {
        let (tag, parts) = (Tag::at(0), Parts::default());
        Self { state: State::Text, mode: Mode::Data, at: 0, tag, is_kept: true, wants, shows_text: false, parts }
    }

    /// Returns what comes next, or none when the text is read as far as there is any.
    pub(super) fn next(&mut self, text: &[u8]) -> Option<Token> {
        while let Some(byte) = text.get(self.at) {
            let token = match self.state {
                State::Text => self.text(text),
                State::Quoted(quote) => {
                    self.skip_to(quote, text, self.state, State::BeforeAttribute);
                    None
                }
                State::Bogus => {
                    self.skip_to(b'>', text, self.state, State::Text);
                    None
                }
                State::Open => self.open(*byte),
                State::Written(written) => self.written(written, *byte, text),
                State::Script(script) => {
                    self.state = self.script(script, *byte);
                    None
                }
                State::TagName
                | State::BeforeAttribute
                | State::AttributeName
                | State::AfterAttributeName
                | State::BeforeValue
                | State::Unquoted
                | State::Slash => self.in_tag(text),
                _ => {
                    self.state = self.in_markup(*byte);
                    None
                }
            };
            if token.is_some() {
                return token;
            }
        }
        None
    }

    /// Returns where the tag begins that is being read and is needed whole.
    pub(super) fn unfinished(&self) -> Option<usize> {
        let may_be_text = self.state == State::Open;
        (may_be_text || (self.is_in_start_tag() && self.is_kept)).then_some(self.tag.start)
    }

    /// Counts positions from here on without the first `length` bytes.
    pub(super) fn forget(&mut self, length: usize) {
        self.at = self.at.saturating_sub(length);
        self.tag.start = self.tag.start.saturating_sub(length);
    }

    /// Returns how many templates are open; whatever is inside one is not shown.
    pub(super) fn templates(&self) -> usize {
        self.parts.templates()
    }

    /// Returns whether this is no document but an attack.
    pub(super) fn is_too_deep(&self) -> bool {
        self.parts.is_too_deep()
    }

    fn is_in_start_tag(&self) -> bool {
        let is_in_tag = matches!(
            self.state,
            State::TagName
                | State::BeforeAttribute
                | State::AttributeName
                | State::AfterAttributeName
                | State::BeforeValue
                | State::Quoted(_)
                | State::Unquoted
                | State::Slash
        );
        is_in_tag && !self.tag.is_end
    }

    /// Goes on behind the next such byte, or in this text to its end.
    fn skip_to(&mut self, byte: u8, text: &[u8], until: State, behind: State) {
        (self.at, self.state) = match memchr(byte, text.get(self.at..).unwrap_or_default()) {
            Some(length) => (self.at + length + 1, behind),
            None => (text.len(), until),
        };
    }

    fn text(&mut self, text: &[u8]) -> Option<Token> {
        let from = self.at;
        if self.mode == Mode::Plain {
            self.at = text.len();
            return None;
        }
        let until = match text.get(from) {
            // As behind most tags.
            Some(b'<') => from,
            _ => memchr(b'<', text.get(from..).unwrap_or_default()).map_or(text.len(), |length| from + length),
        };
        self.at = until;
        if self.shows_text && self.mode == Mode::Data && from < until {
            return Some(Token::Text(from..until));
        }
        // Most of what begins with `<` is a tag, and is here to its end.
        match text.get(until..).unwrap_or_default() {
            [] => None,
            [_, b'/', letter, ..] if letter.is_ascii_alphabetic() && self.mode == Mode::Data => {
                self.begin(until, until + "</".len());
                self.tag.is_end = true;
                self.in_tag(text)
            }
            [_, letter, ..] if letter.is_ascii_alphabetic() && self.mode == Mode::Data => {
                self.begin(until, until + "<".len());
                self.in_tag(text)
            }
            _ => {
                self.begin(until, until + "<".len());
                self.state = if self.mode == Mode::Data { State::Open } else { State::Written(Written::Open) };
                None
            }
        }
    }

    /// Begins a tag, the name of which is the next to be read.
    fn begin(&mut self, start: usize, name: usize) {
        self.tag = Tag::at(start);
        (self.state, self.is_kept, self.at) = (State::TagName, true, name);
    }

    fn open(&mut self, byte: u8) -> Option<Token> {
        self.state = match byte {
            b'!' => State::Declaration,
            b'/' => State::EndOpen,
            b'?' => State::Bogus,
            _ if byte.is_ascii_alphabetic() => {
                self.begin(self.tag.start, self.at);
                return None;
            }
            _ => {
                // It is looked at again, as text.
                self.state = State::Text;
                return self.shows_text.then_some(Token::Text(self.tag.start..self.at));
            }
        };
        self.at += 1;
        None
    }

    /// Reads on in a tag; most are read to their end at once.
    fn in_tag(&mut self, text: &[u8]) -> Option<Token> {
        if self.state == State::TagName && !self.read_name(text) {
            return None;
        }
        let mut state = self.state;
        while let Some(byte) = text.get(self.at) {
            self.at += 1;
            state = match (state, *byte) {
                (State::Slash, b'>') => {
                    self.tag.is_self_closing = true;
                    return Some(self.finish(text));
                }
                (_, b'>') => return Some(self.finish(text)),
                (State::BeforeValue, quote @ (b'"' | b'\'')) => {
                    self.skip_to(quote, text, State::Quoted(quote), State::BeforeAttribute);
                    self.state
                }
                (State::BeforeValue, byte) => {
                    if is_white(byte) {
                        State::BeforeValue
                    } else {
                        State::Unquoted
                    }
                }
                (State::Unquoted, byte) => {
                    if is_white(byte) {
                        State::BeforeAttribute
                    } else {
                        State::Unquoted
                    }
                }
                (_, b'/') => State::Slash,
                (State::AttributeName | State::AfterAttributeName, b'=') => State::BeforeValue,
                (State::AttributeName | State::AfterAttributeName, byte) if is_white(byte) => State::AfterAttributeName,
                (_, byte) if is_white(byte) => State::BeforeAttribute,
                _ => State::AttributeName,
            };
        }
        self.state = state;
        None
    }

    /// Reads on in a tag's name, and returns whether that has ended.
    fn read_name(&mut self, text: &[u8]) -> bool {
        let (mut name, begun) = (self.tag.name, self.at);
        let end = loop {
            match text.get(self.at) {
                None => break None,
                // Nothing that ends a name comes after `>`.
                Some(byte) if *byte <= b'>' && (is_white(*byte) || matches!(byte, b'/' | b'>')) => break Some(*byte),
                Some(letter) => (name, self.at) = (name.and(*letter), self.at + 1),
            }
        };
        (self.tag.name, self.tag.length) = (name, self.tag.length + self.at - begun);
        if end.is_none() {
            return false;
        }
        if self.tag.is_end {
            self.state = State::BeforeAttribute;
            return true;
        }
        self.is_kept = (self.wants)(self.tag.name) || self.parts.asks_for_attributes(self.tag.name);
        self.state = State::BeforeAttribute;
        true
    }

    /// Ends the tag, of which the last byte has just been read.
    fn finish(&mut self, text: &[u8]) -> Token {
        self.tag.end = self.at;
        let tag = self.tag;
        (self.state, self.mode) = (State::Text, Mode::Data);
        if tag.is_end {
            self.parts.end(tag.name);
        } else {
            let attributes = if self.is_kept { tag.attributes(text) } else { Attributes::of(&[]) };
            self.mode = self.parts.start(&tag, attributes);
        }
        Token::Tag(tag)
    }

    /// Follows what is neither text nor a tag, and an end tag that may not be one.
    fn in_markup(&mut self, byte: u8) -> State {
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

/// White space, as HTML counts it.
pub(super) fn is_white(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | 0x0c | b'\r')
}
