//! How an entry becomes a row, and the chain that ties the rows of one writer together.
//!
//! # The hash
//!
//! `hash` is the SHA-256 digest of these fields, in this order: `at`, `kind`, `true_user`, `current_user`,
//! `impersonation`, `request`, `method`, `route`, `path`, `status`, `reason`, `ticket`, `body`, `chain`, `chain_seq`,
//! `prev_hash`. Each field is one byte, 0 for none and 1 for some; for some, eight bytes with the length of what
//! follows (big-endian), and the value: text as UTF-8, numbers as eight bytes (big-endian, two's complement; times
//! count microseconds since 1970), digests as they are. `seq` is not part of it: the database chooses it later.
//!
//! # The chain
//!
//! Each process writes a chain of its own, named by a random identifier: `chain_seq` counts from 1 without gaps, and
//! `prev_hash` is the `hash` of the entry before, or 32 zero bytes. A host's transaction that records entries writes
//! a chain of its own, too, so that it never waits for another.

use std::borrow::Cow;
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sqlx::error::BoxDynError;
use vicarious_core::audit::{Recorded, RequestFacts};
use vicarious_core::{Entry, Kind, Person};

use crate::Error;
use crate::columns::{Columns, Hashed, Row, Text};

/// A row of `vicarious_entries`.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(crate) struct EntryRow {
    pub(crate) seq: i64,
    pub(crate) at: i64,
    pub(crate) kind: String,
    pub(crate) true_user: Option<String>,
    pub(crate) current_user: Option<String>,
    pub(crate) impersonation: Option<String>,
    pub(crate) request: Option<String>,
    pub(crate) method: Option<String>,
    pub(crate) route: Option<String>,
    pub(crate) path: Option<String>,
    pub(crate) status: Option<i64>,
    pub(crate) reason: Option<String>,
    pub(crate) ticket: Option<String>,
    pub(crate) body: String,
    pub(crate) chain: String,
    pub(crate) chain_seq: i64,
    pub(crate) prev_hash: Vec<u8>,
    pub(crate) hash: Vec<u8>,
}

/// What has no column of its own: names as they were then, and the details.
#[derive(Debug, Serialize, Deserialize)]
struct Body<'a> {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    true_user: Option<Name<'a>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    current_user: Option<Name<'a>>,
    #[serde(default, skip_serializing_if = "is_empty")]
    detail: Cow<'a, Map<String, Value>>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct Name<'a> {
    name: Cow<'a, str>,
    email: Cow<'a, str>,
}

fn is_empty(detail: &Map<String, Value>) -> bool {
    detail.is_empty()
}

/// The end of a chain.
#[derive(Clone, Debug)]
pub(crate) struct Head {
    pub(crate) chain: Arc<str>,
    pub(crate) seq: i64,
    pub(crate) hash: [u8; 32],
}

impl Head {
    /// Returns the head of a new, empty chain.
    pub(crate) fn new() -> Self {
        Self { chain: uuid::Uuid::now_v7().to_string().into(), seq: 0, hash: [0; 32] }
    }

    /// Appends an entry to the chain: adds the columns of its row, without a number as yet, to the arguments of a
    /// statement. What is bound is what is hashed.
    pub(crate) fn append<A: Columns>(
        &mut self,
        entry: &Entry,
        draft: &mut Draft,
        arguments: &mut A,
    ) -> Result<(), BoxDynError> {
        self.seq += 1;
        draft.body(entry)?;
        let body = std::str::from_utf8(&draft.body)?;
        let mut row = Row { hashed: &mut draft.hashed, arguments };
        row.hashed.clear();
        let request = entry.request.as_ref();
        let given = |text: &'_ str| !text.is_empty();
        row.number(Some(entry.at.as_microsecond()))?;
        row.text(Some(Text::Word(entry.kind.as_str())))?;
        row.text(entry.true_user.as_ref().map(|person| Text::Shared(person.id.shared())))?;
        row.text(entry.current_user.as_ref().map(|person| Text::Shared(person.id.shared())))?;
        row.text(entry.impersonation.as_ref().map(|id| Text::Shared(id.shared())))?;
        row.text(request.map(|request| Text::Shared(request.id.shared())))?;
        row.text(request.map(|request| request.method.as_str()).filter(|text| given(text)).map(Text::Word))?;
        row.text(request.and_then(|request| request.route.as_deref()).map(Text::Plain))?;
        row.text(request.map(|request| request.path.as_str()).filter(|text| given(text)).map(Text::Plain))?;
        row.number(request.and_then(|request| request.status).map(i64::from))?;
        row.text(entry.reason.as_deref().map(Text::Plain))?;
        row.text(entry.ticket.as_deref().map(Text::Plain))?;
        row.text(Some(Text::Plain(body)))?;
        row.text(Some(Text::Shared(&self.chain)))?;
        row.number(Some(self.seq))?;
        row.digest(&self.hash)?;
        self.hash = row.hashed.digest();
        arguments.bytes(&self.hash)
    }
}

/// Room to write entries in, one after the other.
#[derive(Debug, Default)]
pub(crate) struct Draft {
    body: Vec<u8>,
    hashed: Hashed,
}

impl Draft {
    fn body(&mut self, entry: &Entry) -> Result<(), serde_json::Error> {
        let body = Body {
            true_user: entry.true_user.as_ref().map(Name::of),
            current_user: entry.current_user.as_ref().map(Name::of),
            detail: Cow::Borrowed(&entry.detail),
        };
        self.body.clear();
        serde_json::to_writer(&mut self.body, &body)
    }
}

impl<'a> Name<'a> {
    fn of(person: &'a Person) -> Self {
        Self { name: Cow::Borrowed(&person.name), email: Cow::Borrowed(&person.email) }
    }
}

impl EntryRow {
    /// Returns the digest that this row must have.
    pub(crate) fn digest(&self) -> [u8; 32] {
        let mut hashed = Hashed::default();
        hashed.number(Some(self.at));
        hashed.text(Some(&self.kind));
        for text in [
            &self.true_user,
            &self.current_user,
            &self.impersonation,
            &self.request,
            &self.method,
            &self.route,
            &self.path,
        ] {
            hashed.text(text.as_deref());
        }
        hashed.number(self.status);
        hashed.text(self.reason.as_deref());
        hashed.text(self.ticket.as_deref());
        hashed.text(Some(&self.body));
        hashed.text(Some(&self.chain));
        hashed.number(Some(self.chain_seq));
        hashed.put(Some(&self.prev_hash));
        hashed.digest()
    }

    /// Returns the entry that this row stands for.
    pub(crate) fn recorded(self) -> Result<Recorded, Error> {
        let unknown = |what: &str| Error::Stored(format!("entry {}: {what}", self.seq));
        let at = Timestamp::from_microsecond(self.at).map_err(|_| unknown("at"))?;
        let kind = Kind::parse(&self.kind).ok_or_else(|| unknown("kind"))?;
        let body: Body<'_> = serde_json::from_str(&self.body).map_err(|_| unknown("body"))?;
        let status = self.status.map(u16::try_from).transpose().map_err(|_| unknown("status"))?;
        let person = |id: Option<String>, name: Option<Name<'_>>| {
            let Name { name, email } = name.unwrap_or_default();
            id.map(|id| Person { id: id.into(), name: name.into_owned(), email: email.into_owned() })
        };
        let entry = Entry {
            at,
            kind,
            true_user: person(self.true_user, body.true_user),
            current_user: person(self.current_user, body.current_user),
            impersonation: self.impersonation.map(Into::into),
            request: self.request.map(|id| RequestFacts {
                id: id.into(),
                method: self.method.unwrap_or_default(),
                route: self.route,
                path: self.path.unwrap_or_default(),
                status,
            }),
            reason: self.reason,
            ticket: self.ticket,
            detail: body.detail.into_owned(),
        };
        Ok(Recorded { seq: self.seq, entry })
    }
}
