//! What may be known from a moment ago.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};

/// A small map whose values are good for a moment, by the engine's clock.
///
/// It never decides that an impersonation goes on: that is asked of the ledger with every intent.
pub(crate) struct Cache<K, V> {
    good_for: SignedDuration,
    entries: Mutex<Entries<K, V>>,
}

struct Entries<K, V> {
    map: HashMap<K, (Timestamp, V)>,
    /// With this many, the stale ones are dropped: about twice as many as were left the last time.
    sweep_at: usize,
}

/// Fewer entries than this are not worth looking through.
const SWEPT_FROM: usize = 64;
/// With this many that are not stale, all are dropped.
const AT_MOST: usize = 20_000;

impl<K: Hash + Eq + Clone, V: Clone> Cache<K, V> {
    pub(crate) fn new(good_for: SignedDuration) -> Self {
        Self { good_for, entries: Mutex::new(Entries { map: HashMap::new(), sweep_at: SWEPT_FROM }) }
    }

    pub(crate) fn get<Q: Hash + Eq + ?Sized>(&self, key: &Q, now: Timestamp) -> Option<V>
    where
        K: Borrow<Q>,
    {
        let entries = self.entries();
        let (since, value) = entries.map.get(key)?;
        self.is_fresh(*since, now).then(|| value.clone())
    }

    pub(crate) fn put(&self, key: K, value: V, now: Timestamp) {
        if self.good_for.is_zero() {
            return;
        }
        let mut entries = self.entries();
        if entries.map.len() >= entries.sweep_at {
            entries.map.retain(|_, (since, _)| self.is_fresh(*since, now));
            if entries.map.len() >= AT_MOST {
                entries.map.clear();
            }
            entries.sweep_at = (2 * entries.map.len()).clamp(SWEPT_FROM, AT_MOST);
        }
        entries.map.insert(key, (now, value));
    }

    pub(crate) fn forget(&self, key: &K) {
        self.entries().map.remove(key);
    }

    pub(crate) fn forget_all(&self) {
        self.entries().map.clear();
    }

    fn entries(&self) -> MutexGuard<'_, Entries<K, V>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_fresh(&self, since: Timestamp, now: Timestamp) -> bool {
        let age = now.duration_since(since);
        // A clock that went backwards makes nothing fresh.
        !age.is_negative() && age < self.good_for
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("a time")
    }

    #[test]
    fn what_is_stale_does_not_stay_until_the_cache_is_full() {
        let cache = Cache::new(SignedDuration::from_secs(1));
        for second in 0..5_000 {
            cache.put(second, (), at(second));
        }
        assert!(cache.entries().map.len() <= SWEPT_FROM + 1);
        assert_eq!(cache.get(&4_999, at(4_999)), Some(()));
    }

    #[test]
    fn what_is_fresh_stays_until_there_is_too_much_of_it() {
        let cache = Cache::new(SignedDuration::from_secs(1));
        for key in 0..AT_MOST {
            cache.put(key, (), at(0));
        }
        assert!((0..AT_MOST).all(|key| cache.get(&key, at(0)) == Some(())));
        cache.put(AT_MOST, (), at(0));
        assert_eq!(cache.entries().map.len(), 1);
    }
}
