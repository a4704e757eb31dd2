//! Within a tag.

use super::{Attributes, Mode, State, Token, Tokenizer, is_white};

impl Tokenizer {
    /// Reads on in a tag; most are read to their end at once.
    pub(super) fn in_tag(&mut self, text: &[u8]) -> Option<Token> {
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
    pub(super) fn read_name(&mut self, text: &[u8]) -> bool {
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
        self.is_kept = self.wanted.is_none_or(|few| few.names.contains(&self.tag.name))
            || self.parts.asks_for_attributes(self.tag.name);
        self.state = State::BeforeAttribute;
        true
    }

    /// Ends the tag, of which the last byte has just been read.
    pub(super) fn finish(&mut self, text: &[u8]) -> Token {
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
}
