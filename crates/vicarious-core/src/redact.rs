//! Keeps secrets out of the record: by name, by shape, by digest.
//!
//! What is recognised: names such as `password` or `card_number`; payment cards, any nine or more digits, national
//! identifiers, e-mail addresses, IBANs, tokens, credentials and keys by their shape, also when they are
//! percent-encoded, base64 or hexadecimal. What is kept: words, dates, short numbers and UUIDs, so that the record
//! still tells which order or invoice a request was about.
//!
//! A limit, stated plainly: a short secret in prose ("my password is hunter2") has neither a name nor a shape.

mod decode;
mod names;
mod shapes;
mod visible;

use std::collections::BTreeSet;

use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

pub(crate) use visible::is_deceptive;

/// Stands for a value that its name gave away.
const REDACTED: &str = "[redacted]";
/// The longest value recorded, in characters; a longer one ends in `…`.
const VALUE_AT_MOST: usize = 200;
/// The longest name of a member recorded, in characters.
const NAME_AT_MOST: usize = 64;
/// The longest path and query recorded, in characters.
const PATH_AT_MOST: usize = 600;
/// How many members a JSON value may have in the record, over all its levels.
const MEMBERS_AT_MOST: usize = 200;
/// How deep a JSON value may go in the record.
const DEPTH_AT_MOST: usize = 8;

/// Decides what of a request's input may enter the audit log.
///
/// # Examples
///
/// ```
/// use vicarious_core::redact::Redactor;
///
/// let redactor = Redactor::new([7; 32]).private("nickname");
/// assert_eq!(redactor.parameter("colour", "blue"), "blue");
/// assert_eq!(redactor.parameter("user[newPassword]", "blue"), "[redacted]");
/// assert_eq!(redactor.path("/orders/17?mail=alice%40example.com"), "/orders/17?mail=[redacted:email]");
/// assert_eq!(redactor.parameter("nickname", "Al"), redactor.parameter("nickname", "Al"));
/// assert_ne!(redactor.parameter("nickname", "Al"), redactor.parameter("nickname", "Bo"));
/// ```
#[derive(Clone, Default)]
pub struct Redactor {
    private: BTreeSet<String>,
    digest_key: [u8; 32],
}

impl std::fmt::Debug for Redactor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Redactor").field("private", &self.private).finish_non_exhaustive()
    }
}

impl Redactor {
    /// Returns a redactor; `digest_key` keys the digests of fields marked private.
    pub fn new(digest_key: [u8; 32]) -> Self {
        Self { private: BTreeSet::new(), digest_key }
    }

    /// Marks a field as private: instead of its value the log holds a keyed digest, so that equal values can be told.
    ///
    /// Case, underscores and dashes of the name do not matter.
    #[must_use]
    pub fn private(mut self, field: &str) -> Self {
        self.private.insert(names::normalised(field));
        self
    }

    /// Returns what may be recorded of a named parameter.
    pub fn parameter(&self, name: &str, value: &str) -> Value {
        Value::String(self.by_name(name, value).unwrap_or_else(|| self.text(value)))
    }

    /// Returns what may be shown of a named parameter to whoever has just typed it, so that they can see a typo: all of it,
    /// unless its name says that it is a secret, such as a password, a card or a token. Nothing of this is for a record.
    ///
    /// ```
    /// # use vicarious_core::redact::Redactor;
    /// let redactor = Redactor::default();
    /// assert_eq!(redactor.typed("email", "alice@exampel.com"), "alice@exampel.com");
    /// assert_eq!(redactor.typed("password", "hunter2"), "[redacted]");
    /// ```
    pub fn typed(&self, name: &str, value: &str) -> String {
        if self.is_hidden(name) { REDACTED.to_owned() } else { visible::capped(value, VALUE_AT_MOST) }
    }

    /// Returns as much of a named parameter as [`typed`](Self::typed) does, in all its length and lines: for a page from which
    /// it has to be copied, because it is kept nowhere else.
    ///
    /// ```
    /// # use vicarious_core::redact::Redactor;
    /// let (redactor, letter) = (Redactor::default(), "Dear Alice,\r\n".repeat(100));
    /// assert_eq!(redactor.typed_whole("letter", &letter).lines().count(), 100);
    /// assert_eq!(redactor.typed_whole("password", "hunter2"), "[redacted]");
    /// ```
    pub fn typed_whole(&self, name: &str, value: &str) -> String {
        if self.is_hidden(name) {
            return REDACTED.to_owned();
        }
        // No byte is spelled out with more characters.
        let lines: Vec<_> = value.lines().map(|line| visible::capped(line, line.len() * 8)).collect();
        lines.join("\n")
    }

    fn is_hidden(&self, name: &str) -> bool {
        self.private.contains(&names::normalised(name)) || names::is_hidden(name)
    }

    /// Returns what may be recorded of free text.
    pub fn text(&self, text: &str) -> String {
        visible::capped(&shapes::masked(text), VALUE_AT_MOST)
    }

    /// Returns what may be recorded of a path and query.
    ///
    /// Each segment and each query value is judged on its own, after percent-decoding; what is harmless stays as
    /// it was written.
    pub fn path(&self, path_and_query: &str) -> String {
        let (path, query) = match path_and_query.split_once('?') {
            Some((path, query)) => (path, Some(query)),
            None => (path_and_query, None),
        };
        let mut text = String::with_capacity(path_and_query.len());
        for (index, segment) in path.split('/').take(PATH_AT_MOST).enumerate() {
            text.push_str(if index == 0 { "" } else { "/" });
            text.push_str(&part(segment));
        }
        if let Some(query) = query {
            for (index, pair) in query.split('&').take(MEMBERS_AT_MOST).enumerate() {
                text.push(if index == 0 { '?' } else { '&' });
                text.push_str(&self.query_pair(pair));
            }
        }
        visible::capped(&text, PATH_AT_MOST)
    }

    /// Returns what may be recorded of a JSON value, to any depth.
    ///
    /// Below a secret name nothing is recorded; deep, long and numerous values are cut short.
    pub fn json(&self, value: &Value) -> Value {
        self.level(value, 0, &mut MEMBERS_AT_MOST.clone())
    }

    fn by_name(&self, name: &str, value: &str) -> Option<String> {
        if self.private.contains(&names::normalised(name)) {
            Some(self.digest(name, value))
        } else {
            names::is_secret(name).then(|| REDACTED.to_owned())
        }
    }

    fn digest(&self, name: &str, value: &str) -> String {
        let mut hash = Sha256::new();
        hash.update(self.digest_key);
        for part in [names::normalised(name).as_str(), value] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part.as_bytes());
        }
        let hex: String = hash.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        format!("digest:{hex}")
    }

    fn query_pair(&self, pair: &str) -> String {
        let Some((name, value)) = pair.split_once('=') else { return part(pair) };
        let plain = |text: &str| {
            let text = text.replace('+', " ");
            decode::percent(&text).or(&text)
        };
        match self.by_name(&plain(name), &plain(value)) {
            Some(instead) => format!("{}={instead}", part(name)),
            None => format!("{}={}", part(name), part(value)),
        }
    }

    fn level(&self, value: &Value, depth: usize, left: &mut usize) -> Value {
        match value {
            Value::Null | Value::Bool(_) => value.clone(),
            Value::Number(number) if number.is_f64() => value.clone(),
            Value::Number(number) => {
                let text = number.to_string();
                let masked = self.text(&text);
                if masked == text { value.clone() } else { Value::String(masked) }
            }
            Value::String(text) => Value::String(self.text(text)),
            Value::Array(_) | Value::Object(_) if depth >= DEPTH_AT_MOST => Value::String("[too deep]".to_owned()),
            Value::Array(items) => self.array(items, depth, left),
            Value::Object(members) => self.object(members, depth, left),
        }
    }

    fn array(&self, items: &[Value], depth: usize, left: &mut usize) -> Value {
        let mut kept = Vec::new();
        for (index, item) in items.iter().enumerate() {
            if !take(left) {
                kept.push(Value::String(format!("… {} more", items.len() - index)));
                break;
            }
            kept.push(self.level(item, depth + 1, left));
        }
        Value::Array(kept)
    }

    fn object(&self, members: &Map<String, Value>, depth: usize, left: &mut usize) -> Value {
        let mut kept = Map::new();
        for (index, (name, value)) in members.iter().enumerate() {
            if !take(left) {
                kept.insert("…".to_owned(), Value::String(format!("{} more", members.len() - index)));
                break;
            }
            // A name is input too. Names that look alike once redacted must not replace each other.
            let mut shown = visible::capped(&shapes::masked(name), NAME_AT_MOST);
            if kept.contains_key(&shown) {
                shown = format!("{shown} ({index})");
            }
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            let value = match self.by_name(name, &text) {
                Some(instead) => Value::String(instead),
                None => self.level(value, depth + 1, left),
            };
            kept.insert(shown, value);
        }
        Value::Object(kept)
    }
}

/// Returns what may be recorded of one segment, name or value of a URL: as written, unless something was found.
fn part(text: &str) -> String {
    let masked = shapes::masked(text);
    if masked == text {
        return visible::capped(text, VALUE_AT_MOST);
    }
    let masked = masked.replace(' ', "%20").replace('/', "%2F").replace('?', "%3F").replace('&', "%26");
    visible::capped(&masked, VALUE_AT_MOST)
}

/// Takes one from what is left, and returns whether there was one.
fn take(left: &mut usize) -> bool {
    let any = *left > 0;
    *left = left.saturating_sub(1);
    any
}
