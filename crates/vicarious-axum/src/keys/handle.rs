//! The handle: the secret that one browser holds while it impersonates.

use std::fmt;

use jiff::Timestamp;
use vicarious_core::HandleHash;

use super::{KeyRing, PLAIN_AT, Purpose, TAG, random};

const HANDLE: usize = 32;
const PAYLOAD: usize = HANDLE + size_of::<i64>();

/// 256 random bits; the database knows only their digest.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Handle([u8; HANDLE]);

impl Handle {
    /// Returns a fresh handle.
    pub(crate) fn random() -> Self {
        Self(random())
    }

    /// Returns the digest that the impersonation's row is found by.
    pub(crate) fn hash(&self) -> HandleHash {
        HandleHash::of(&self.0)
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Handle(…)")
    }
}

/// Returns the text of the cookie: the handle and its hard end, sealed.
pub(crate) fn seal_handle(ring: &KeyRing, handle: &Handle, ends_at: Timestamp) -> String {
    let mut payload = [0; PAYLOAD];
    let (secret, end) = payload.split_at_mut(HANDLE);
    secret.copy_from_slice(&handle.0);
    end.copy_from_slice(&ends_at.as_microsecond().to_be_bytes());
    ring.seal(Purpose::Handle, &payload)
}

/// Returns the handle and its hard end, or none when the text was not sealed as a handle by this ring.
pub(crate) fn open_handle(ring: &KeyRing, text: &str) -> Option<(Handle, Timestamp)> {
    // Handles have one length, so there is nothing to allocate, and anything longer is refused undecoded.
    let mut buffer = [0; PLAIN_AT + PAYLOAD + TAG];
    let payload = ring.open_into(Purpose::Handle, text, &mut buffer)?;
    let (secret, end) = payload.split_first_chunk::<HANDLE>()?;
    let end = i64::from_be_bytes(end.try_into().ok()?);
    Some((Handle(*secret), Timestamp::from_microsecond(end).ok()?))
}
