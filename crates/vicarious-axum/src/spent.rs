//! Which tickets this process has redeemed.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};

/// How long tickets last, and which were used on this process and have not lapsed.
pub(crate) struct Tickets {
    pub(crate) lasts: SignedDuration,
    used: Mutex<BTreeSet<(i64, uuid::Uuid)>>,
}

impl Tickets {
    pub(crate) fn new(lasts: SignedDuration) -> Self {
        Self { lasts, used: Mutex::default() }
    }

    /// Returns whether a ticket that is good until then is used for the first time.
    pub(crate) fn spend(&self, until: i64, nonce: uuid::Uuid, now: Timestamp) -> bool {
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        while used.first().is_some_and(|(until, _)| *until <= now.as_microsecond()) {
            used.pop_first();
        }
        used.insert((until, nonce))
    }
}
