//! Reads HTML as far as it must be understood here: where its tags are, and what is text that is shown.
//!
//! The states are those of the standard's tokenizer (HTML, 13.2.5), less what makes no difference to where a tag begins
//! or ends.

mod attributes;
mod foreign;
mod inert;
mod markup;
mod name;
mod tag;
mod text;

use std::ops::Range;

use memchr::memchr;

pub(super) use attributes::Attributes;
use foreign::Parts;
pub(super) use foreign::TEMPLATE;
use inert::Beginnings;
use markup::Dashes;
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
    /// None wants everything, text too.
    wanted: Option<&'static Few>,
    parts: Parts,
}

/// The few elements whose tags are needed whole, where not all are.
pub(super) struct Few {
    names: &'static [Name],
    beginnings: Beginnings,
}

impl Few {
    /// Returns these elements, named twice.
    pub(super) const fn of(names: &'static [Name], texts: &[&str]) -> Self {
        Self { names, beginnings: Beginnings::of(texts) }
    }
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

impl Tokenizer {
    /// Returns a tokenizer that tells of everything, and needs every tag whole.
    pub(super) fn of_everything() -> Self {
        Self::new(None)
    }

    /// Returns a tokenizer that tells of tags only, and needs those of the `wanted` elements whole.
    pub(super) fn of(wanted: &'static Few) -> Self {
        Self::new(Some(wanted))
    }

    fn new(wanted: Option<&'static Few>) -> Self {
        let (tag, parts) = (Tag::at(0), Parts::default());
        Self { state: State::Text, mode: Mode::Data, at: 0, tag, is_kept: true, wanted, parts }
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
        let until = match self.wanted {
            Some(few) if self.mode == Mode::Data && self.parts.is_plain() => few.beginnings.pass(text, from),
            _ => next_tag(text, from),
        };
        self.at = until;
        if self.mode == Mode::Data && self.wanted.is_none() && from < until {
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
                return self.wanted.is_none().then_some(Token::Text(self.tag.start..self.at));
            }
        };
        self.at += 1;
        None
    }
}

/// Returns where the next `<` is, from a place on; the length of the text when there is none.
fn next_tag(text: &[u8], from: usize) -> usize {
    match text.get(from..) {
        // As behind most tags.
        Some([b'<', ..]) => from,
        Some(rest) => memchr(b'<', rest).map_or(text.len(), |length| from + length),
        None => text.len(),
    }
}

/// White space, as HTML counts it.
pub(super) fn is_white(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | 0x0c | b'\r')
}
