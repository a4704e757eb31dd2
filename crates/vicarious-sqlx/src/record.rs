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
use sha2::{Digest, Sha256};
use vicarious_core::audit::{Recorded, RequestFacts};
use vicarious_core::{Entry, Kind, Person};

use crate::Error;

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

    /// Appends an entry to the chain and returns its row, without a number as yet.
    pub(crate) fn append(&mut self, entry: &Entry) -> EntryRow {
        let mut row = EntryRow::new(entry);
        self.seq += 1;
        row.chain = self.chain.to_string();
        row.chain_seq = self.seq;
        row.prev_hash = self.hash.to_vec();
        self.hash = row.digest();
        row.hash = self.hash.to_vec();
        row
    }
}

impl<'a> Name<'a> {
    fn of(person: &'a Person) -> Self {
        Self { name: Cow::Borrowed(&person.name), email: Cow::Borrowed(&person.email) }
    }
}

impl EntryRow {
    fn new(entry: &Entry) -> Self {
        let request = entry.request.as_ref();
        let given = |text: &str| (!text.is_empty()).then(|| storable(text));
        let id = |person: &Option<Person>| person.as_ref().map(|person| storable(person.id.as_str()));
        let body = Body {
            true_user: entry.true_user.as_ref().map(Name::of),
            current_user: entry.current_user.as_ref().map(Name::of),
            detail: Cow::Borrowed(&entry.detail),
        };
        Self {
            seq: 0,
            at: entry.at.as_microsecond(),
            kind: entry.kind.as_str().to_owned(),
            true_user: id(&entry.true_user),
            current_user: id(&entry.current_user),
            impersonation: entry.impersonation.as_ref().map(|id| storable(id.as_str())),
            request: request.map(|request| storable(request.id.as_str())),
            method: request.and_then(|request| given(&request.method)),
            route: request.and_then(|request| request.route.as_deref()).map(storable),
            path: request.and_then(|request| given(&request.path)),
            status: request.and_then(|request| request.status).map(i64::from),
            reason: entry.reason.as_deref().map(storable),
            ticket: entry.ticket.as_deref().map(storable),
            // Strings, numbers and maps with string keys always have a JSON form.
            body: serde_json::to_string(&body).unwrap_or_default(),
            chain: String::new(),
            chain_seq: 0,
            prev_hash: Vec::new(),
            hash: Vec::new(),
        }
    }

    /// Returns the digest that this row must have.
    pub(crate) fn digest(&self) -> [u8; 32] {
        let mut hash = Sha256::new();
        let mut put = |value: Option<&[u8]>| match value {
            None => hash.update([0]),
            Some(bytes) => {
                hash.update([1]);
                hash.update((bytes.len() as u64).to_be_bytes());
                hash.update(bytes);
            }
        };
        put(Some(&self.at.to_be_bytes()));
        put(Some(self.kind.as_bytes()));
        for text in [
            &self.true_user,
            &self.current_user,
            &self.impersonation,
            &self.request,
            &self.method,
            &self.route,
            &self.path,
        ] {
            put(text.as_deref().map(str::as_bytes));
        }
        put(self.status.map(i64::to_be_bytes).as_ref().map(<[u8; 8]>::as_slice));
        put(self.reason.as_deref().map(str::as_bytes));
        put(self.ticket.as_deref().map(str::as_bytes));
        put(Some(self.body.as_bytes()));
        put(Some(self.chain.as_bytes()));
        put(Some(&self.chain_seq.to_be_bytes()));
        put(Some(&self.prev_hash));
        hash.finalize().into()
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

/// Returns text that both engines can store: PostgreSQL refuses the character NUL, and one refused entry must not
/// hold up the others of its batch.
pub(crate) fn storable(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}
