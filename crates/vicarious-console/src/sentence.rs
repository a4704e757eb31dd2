//! Sentences with other people's words in them.

use std::fmt::Display;

use askama::Template;
use vicarious_core::Words;
use vicarious_core::words::{self, pieces};

use crate::when::When;

/// A sentence, kept in pieces until it is written, so that each piece is escaped and isolated as what it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Template)]
#[template(
    source = "{% for piece in pieces %}{% match piece %}{% when Piece::Ours with (text) %}{{ text }}\
              {% when Piece::Slot with (_) %}\
              {% when Piece::Theirs with (text) %}<bdi>{{ text }}</bdi>\
              {% when Piece::Strong with (text) %}<strong><bdi>{{ text }}</bdi></strong>\
              {% when Piece::Standout with (sentence) %}<strong>{{ sentence }}</strong>\
              {% when Piece::Stressed with (text) %}<em>{{ text }}</em>\
              {% when Piece::Code with (text) %}<code>{{ text }}</code>\
              {% when Piece::Time with (when) %}{% if loop.first %}{{ when }}{% else %}{{ when.within() }}{% endif %}\
              {% when Piece::Link with { href, label } %}<a href=\"{{ href }}\">{{ label }}</a>\
              {% when Piece::Value with (text) %}<q><bdi>{{ text }}</bdi></q>{% endmatch %}{% endfor %}",
    ext = "html"
)]
pub(crate) struct Sentence {
    pieces: Vec<Piece>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Ours(String),
    /// What nothing has been put into yet.
    Slot(String),
    Theirs(String),
    Strong(String),
    /// A sentence that stands out.
    Standout(Sentence),
    Stressed(String),
    Code(String),
    Time(When),
    Link {
        href: String,
        label: String,
    },
    Value(String),
}

/// Its template escapes every piece.
impl askama::filters::HtmlSafe for Sentence {}

/// Words that become sentences.
pub(crate) trait Say {
    /// Returns a sentence of ours, into whose names in braces something has to be put.
    fn say(&self, english: &str) -> Sentence;
}

impl Say for Words {
    fn say(&self, english: &str) -> Sentence {
        let piece = |piece: words::Piece<'_>| match piece {
            words::Piece::Text(text) => Piece::Ours(text.to_owned()),
            words::Piece::Slot(slot) => Piece::Slot(slot.to_owned()),
        };
        Sentence { pieces: pieces(self.text(english)).map(piece).collect() }
    }
}

impl Sentence {
    /// Returns a text as it is, whatever is in it.
    pub(crate) fn raw(text: impl Into<String>) -> Self {
        Self { pieces: vec![Piece::Ours(text.into())] }
    }

    /// Returns a name alone.
    pub(crate) fn named(text: impl Display) -> Self {
        Self { pieces: vec![Piece::Theirs(text.to_string())] }
    }

    /// Returns something in quotes alone.
    pub(crate) fn quoted(text: impl Display) -> Self {
        Self { pieces: vec![Piece::Value(text.to_string())] }
    }

    /// Puts words of ours where `slot` is.
    pub(crate) fn plain(self, slot: &str, text: impl Display) -> Self {
        self.put(slot, Piece::Ours(text.to_string()))
    }

    /// Puts a name there, kept from turning the text around it.
    pub(crate) fn name(self, slot: &str, text: impl Display) -> Self {
        self.put(slot, Piece::Theirs(text.to_string()))
    }

    /// Puts a name there that stands out.
    pub(crate) fn strong(self, slot: &str, text: impl Display) -> Self {
        self.put(slot, Piece::Strong(text.to_string()))
    }

    /// Puts a word of ours there that is stressed.
    pub(crate) fn stressed(self, slot: &str, text: impl Display) -> Self {
        self.put(slot, Piece::Stressed(text.to_string()))
    }

    /// Puts something there in quotes.
    pub(crate) fn quote(self, slot: &str, text: impl Display) -> Self {
        self.put(slot, Piece::Value(text.to_string()))
    }

    /// Puts a path there.
    pub(crate) fn code(self, slot: &str, text: impl Display) -> Self {
        self.put(slot, Piece::Code(text.to_string()))
    }

    /// Puts a time there.
    pub(crate) fn time(self, slot: &str, when: &When) -> Self {
        self.put(slot, Piece::Time(when.clone()))
    }

    /// Puts a link there.
    pub(crate) fn link(self, slot: &str, href: impl Display, label: impl Display) -> Self {
        self.put(slot, Piece::Link { href: href.to_string(), label: label.to_string() })
    }

    /// Puts another sentence there that stands out.
    pub(crate) fn strongly(self, slot: &str, other: &Self) -> Self {
        self.put(slot, Piece::Standout(other.clone()))
    }

    /// Puts another sentence's pieces there.
    pub(crate) fn with(self, slot: &str, other: &Self) -> Self {
        let is_slot = |piece: &Piece| matches!(piece, Piece::Slot(name) if name == slot);
        let pieces = self.pieces.into_iter().flat_map(|piece| match is_slot(&piece) {
            true => other.pieces.clone(),
            false => vec![piece],
        });
        Self { pieces: pieces.collect() }
    }

    fn put(self, slot: &str, piece: Piece) -> Self {
        self.with(slot, &Self { pieces: vec![piece] })
    }

    /// Returns these as one list: `a, b and c`.
    pub(crate) fn list(words: &Words, mut items: Vec<Self>) -> Self {
        let Some(last) = items.pop() else { return Self::default() };
        let mut items = items.into_iter();
        let Some(first) = items.next() else { return last };
        let list = items.fold(first, |list, item| list.then(Self::raw(", ")).then(item));
        words.say("{list} and {last}").with("list", &list).with("last", &last)
    }

    /// Goes on with another sentence's pieces.
    pub(crate) fn then(mut self, other: Self) -> Self {
        self.pieces.extend(other.pieces);
        self
    }
}
