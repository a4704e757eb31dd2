//! The columns of a row on their way into a statement: hashed and bound in one go.

use std::borrow::Cow;
use std::sync::Arc;
#[cfg(feature = "sqlite")]
use std::sync::LazyLock;

use sha2::{Digest, Sha256};
use sqlx::Arguments as _;
use sqlx::error::BoxDynError;
#[cfg(feature = "postgres")]
use sqlx::postgres::PgArguments;
#[cfg(feature = "sqlite")]
use sqlx::sqlite::SqliteArguments;

/// Text for a column.
#[derive(Clone, Copy)]
pub(crate) enum Text<'a> {
    /// What others hold as well.
    Shared(&'a Arc<str>),
    /// One of few words: a kind, a method.
    Word(&'a str),
    /// Anything else.
    Plain(&'a str),
}

impl<'a> Text<'a> {
    fn as_str(self) -> &'a str {
        match self {
            Self::Shared(text) => text,
            Self::Word(text) | Self::Plain(text) => text,
        }
    }

    /// Returns the same text in a form that a statement may keep.
    #[cfg(feature = "sqlite")]
    fn kept(self) -> Arc<str> {
        match self {
            Self::Shared(text) => text.clone(),
            Self::Word(word) => WORDS.iter().find(|known| ***known == *word).map_or_else(|| word.into(), Arc::clone),
            Self::Plain(text) => text.into(),
        }
    }
}

/// What stands in almost every row.
#[cfg(feature = "sqlite")]
static WORDS: LazyLock<[Arc<str>; 4]> =
    LazyLock::new(|| ["request.intent", "request.outcome", "GET", "POST"].map(Arc::from));

/// The arguments of a statement.
pub(crate) trait Columns {
    fn number(&mut self, number: Option<i64>) -> Result<(), BoxDynError>;
    fn text(&mut self, text: Option<Text<'_>>) -> Result<(), BoxDynError>;
    fn bytes(&mut self, bytes: &[u8]) -> Result<(), BoxDynError>;
}

#[cfg(feature = "sqlite")]
impl Columns for SqliteArguments {
    fn number(&mut self, number: Option<i64>) -> Result<(), BoxDynError> {
        self.add(number)
    }

    fn text(&mut self, text: Option<Text<'_>>) -> Result<(), BoxDynError> {
        self.add(text.map(Text::kept))
    }

    fn bytes(&mut self, bytes: &[u8]) -> Result<(), BoxDynError> {
        self.add(bytes)
    }
}

#[cfg(feature = "postgres")]
impl Columns for PgArguments {
    fn number(&mut self, number: Option<i64>) -> Result<(), BoxDynError> {
        self.add(number)
    }

    fn text(&mut self, text: Option<Text<'_>>) -> Result<(), BoxDynError> {
        self.add(text.map(Text::as_str))
    }

    fn bytes(&mut self, bytes: &[u8]) -> Result<(), BoxDynError> {
        self.add(bytes)
    }
}

/// The bytes that a row's hash is of; see [`record`](crate::record).
#[derive(Debug, Default)]
pub(crate) struct Hashed(Vec<u8>);

impl Hashed {
    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    pub(crate) fn put(&mut self, value: Option<&[u8]>) {
        match value {
            None => self.0.push(0),
            Some(bytes) => {
                self.0.push(1);
                self.0.extend_from_slice(&(bytes.len() as u64).to_be_bytes());
                self.0.extend_from_slice(bytes);
            }
        }
    }

    pub(crate) fn number(&mut self, number: Option<i64>) {
        self.put(number.map(i64::to_be_bytes).as_ref().map(<[u8; 8]>::as_slice));
    }

    pub(crate) fn text(&mut self, text: Option<&str>) {
        self.put(text.map(str::as_bytes));
    }

    pub(crate) fn digest(&self) -> [u8; 32] {
        Sha256::digest(&self.0).into()
    }
}

/// A row that is being written: each column is hashed as it is bound.
pub(crate) struct Row<'a, A> {
    pub(crate) hashed: &'a mut Hashed,
    pub(crate) arguments: &'a mut A,
}

impl<A: Columns> Row<'_, A> {
    pub(crate) fn number(&mut self, number: Option<i64>) -> Result<(), BoxDynError> {
        self.hashed.number(number);
        self.arguments.number(number)
    }

    pub(crate) fn text(&mut self, text: Option<Text<'_>>) -> Result<(), BoxDynError> {
        let Some(plain) = text.map(Text::as_str) else {
            self.hashed.text(None);
            return self.arguments.text(None);
        };
        if let Cow::Owned(mended) = storable(plain) {
            self.hashed.text(Some(&mended));
            return self.arguments.text(Some(Text::Plain(&mended)));
        }
        self.hashed.text(Some(plain));
        self.arguments.text(text)
    }

    pub(crate) fn digest(&mut self, digest: &[u8]) -> Result<(), BoxDynError> {
        self.hashed.put(Some(digest));
        self.arguments.bytes(digest)
    }
}

/// Returns text that both engines can store: PostgreSQL refuses the character NUL, and one refused entry must not
/// hold up the others of its batch.
pub(crate) fn storable(text: &str) -> Cow<'_, str> {
    if text.as_bytes().contains(&0) { text.replace('\0', "\u{fffd}").into() } else { text.into() }
}
