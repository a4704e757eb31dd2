//! Sentences with other people's words in them.

use askama::Template;

/// A sentence, kept in pieces until it is written, so that each piece is escaped and isolated as what it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Template)]
#[template(
    source = "{% for piece in pieces %}{% match piece %}{% when Piece::Ours with (text) %}{{ text }}\
              {% when Piece::Theirs with (text) %}<bdi>{{ text }}</bdi>\
              {% when Piece::Value with (text) %}<q><bdi>{{ text }}</bdi></q>{% endmatch %}{% endfor %}",
    ext = "html"
)]
pub(crate) struct Sentence {
    pieces: Vec<Piece>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Ours(String),
    Theirs(String),
    Value(String),
}

/// Its template escapes every piece.
impl askama::filters::HtmlSafe for Sentence {}

impl Sentence {
    /// Returns a sentence that begins with words of ours.
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self::default().say(text)
    }

    /// Goes on with words of ours.
    pub(crate) fn say(mut self, text: impl Into<String>) -> Self {
        self.pieces.push(Piece::Ours(text.into()));
        self
    }

    /// Goes on with a name, kept from turning the text around it.
    pub(crate) fn name(mut self, text: impl Into<String>) -> Self {
        self.pieces.push(Piece::Theirs(text.into()));
        self
    }

    /// Goes on with something in quotes.
    pub(crate) fn quote(mut self, text: impl Into<String>) -> Self {
        self.pieces.push(Piece::Value(text.into()));
        self
    }

    /// Goes on with another sentence's pieces.
    pub(crate) fn then(mut self, other: Self) -> Self {
        self.pieces.extend(other.pieces);
        self
    }

    /// Returns these as one list: `a, b and c`.
    pub(crate) fn list(items: Vec<Self>) -> Self {
        let count = items.len();
        items.into_iter().enumerate().fold(Self::default(), |list, (index, item)| match index {
            0 => list.then(item),
            _ if index + 1 == count => list.say(" and ").then(item),
            _ => list.say(", ").then(item),
        })
    }
}
