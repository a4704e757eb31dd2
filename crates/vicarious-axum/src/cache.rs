//! What may be known from a moment ago.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};

/// A small map whose values are good for a moment, by the engine's clock.
///
/// It never decides that an impersonation goes on: that is asked of the ledger with every intent.
pub(crate) struct Cache<K, V> {
    good_for: SignedDuration,
    entries: Mutex<HashMap<K, (Timestamp, V)>>,
}

/// Above this many entries the stale ones are dropped, and if none is stale, all.
const AT_MOST: usize = 20_000;

impl<K: Hash + Eq + Clone, V: Clone> Cache<K, V> {
    pub(crate) fn new(good_for: SignedDuration) -> Self {
        Self { good_for, entries: Mutex::default() }
    }

    pub(crate) fn get<Q: Hash + Eq + ?Sized>(&self, key: &Q, now: Timestamp) -> Option<V>
    where
        K: Borrow<Q>,
    {
        let entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        let (since, value) = entries.get(key)?;
        self.is_fresh(*since, now).then(|| value.clone())
    }

    pub(crate) fn put(&self, key: K, value: V, now: Timestamp) {
        if self.good_for.is_zero() {
            return;
        }
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        if entries.len() >= AT_MOST {
            entries.retain(|_, (since, _)| self.is_fresh(*since, now));
            if entries.len() >= AT_MOST {
                entries.clear();
            }
        }
        entries.insert(key, (now, value));
    }

    pub(crate) fn forget(&self, key: &K) {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner).remove(key);
    }

    pub(crate) fn forget_all(&self) {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    fn is_fresh(&self, since: Timestamp, now: Timestamp) -> bool {
        let age = now.duration_since(since);
        // A clock that went backwards makes nothing fresh.
        !age.is_negative() && age < self.good_for
    }
}
