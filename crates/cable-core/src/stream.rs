use std::fmt;
use std::fmt::Write as _;
use std::sync::Arc;

/// What a subscription listens to and a broadcast is sent to.
///
/// Two streams are the same only if they were made in the same way from the same parts: parts are never joined by a
/// separator that could occur in them, and a missing part is no part at all, so that no call can end up on a stream that
/// everybody shares.
///
/// # Examples
///
/// ```
/// use cable_core::Stream;
///
/// assert_ne!(Stream::of("ChatChannel", ["a", "b"]), Stream::of("ChatChannel", ["a:b"]));
/// assert_ne!(Stream::of("ChatChannel", ["a", "b"]), Stream::of("ChatChannel", ["b", "a"]));
/// assert_ne!(Stream::of("ChatChannel", ["a"]), Stream::named("ChatChannel:a"));
/// ```
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Stream(Arc<str>);

impl Stream {
    /// Returns the stream of this very name, whatever the channel.
    pub fn named(name: &str) -> Self {
        Self(format!("={name}").into())
    }

    /// Returns the stream of a channel for some parts, in this order; typically the identifiers of records.
    pub fn of<P: AsRef<str>>(channel: &str, parts: impl IntoIterator<Item = P>) -> Self {
        let mut name = String::from("+");
        push(&mut name, channel);
        for part in parts {
            push(&mut name, part.as_ref());
        }
        Self(name.into())
    }

    /// Returns a text that is different for every stream; an adapter may use it as a key.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the stream that [`Self::as_str`] returned this text for, if any did.
    pub fn from_key(key: &str) -> Option<Self> {
        matches!(key.as_bytes().first(), Some(b'=' | b'+')).then(|| Self(key.into()))
    }
}

fn push(name: &mut String, part: &str) {
    // Writing to a string does not fail.
    let _ = write!(name, "{}:{part}", part.len());
}

impl fmt::Debug for Stream {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl fmt::Display for Stream {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}
