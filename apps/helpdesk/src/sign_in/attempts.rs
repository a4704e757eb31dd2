//! How often something may go wrong: a bucket of attempts that refills by itself.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// When there are more buckets than this, the full ones are thrown away.
const SWEEP_ABOVE: usize = 10_000;

/// Counts wrong attempts by key.
pub(super) struct Attempts<Key> {
    /// How many may go wrong at once.
    burst: u32,
    /// How long until one more may.
    refill: Duration,
    // A mutex, because it is held for nanoseconds and never across an await.
    debts: Mutex<HashMap<Key, Instant>>,
}

/// Each key's debt is kept as the moment when it is paid off: an attempt moves it `refill` further away.
impl<Key: Clone + Eq + Hash> Attempts<Key> {
    pub(super) fn new(burst: u32, refill: Duration) -> Self {
        Self { burst, refill, debts: Mutex::default() }
    }

    /// Returns how long to wait before the next attempt, if at all.
    pub(super) fn wait(&self, key: &Key, now: Instant) -> Option<Duration> {
        let paid_off = *self.debts().get(key)?;
        let allowed = self.refill * (self.burst - 1);
        paid_off.saturating_duration_since(now).checked_sub(allowed).filter(|wait| !wait.is_zero())
    }

    /// Counts an attempt as wrong until it is pardoned.
    pub(super) fn count(&self, key: Key, now: Instant) {
        let mut debts = self.debts();
        if debts.len() > SWEEP_ABOVE {
            debts.retain(|_, paid_off| *paid_off > now);
        }
        let paid_off = debts.entry(key).or_insert(now);
        *paid_off = (*paid_off).max(now) + self.refill;
    }

    /// Takes one attempt back: it was right.
    pub(super) fn pardon(&self, key: &Key) {
        if let Some(paid_off) = self.debts().get_mut(key) {
            *paid_off = paid_off.checked_sub(self.refill).unwrap_or(*paid_off);
        }
    }

    /// Forgets all wrong attempts of a key.
    pub(super) fn forget(&self, key: &Key) {
        self.debts().remove(key);
    }

    fn debts(&self) -> MutexGuard<'_, HashMap<Key, Instant>> {
        self.debts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    #[test]
    fn a_burst_is_allowed_and_then_one_attempt_for_each_refill() {
        let attempts = Attempts::new(3, MINUTE);
        let start = Instant::now();
        for _ in 0..3 {
            assert_eq!(attempts.wait(&"bob", start), None);
            attempts.count("bob", start);
        }
        assert_eq!(attempts.wait(&"bob", start), Some(MINUTE));
        assert_eq!(attempts.wait(&"eve", start), None);
        assert_eq!(attempts.wait(&"bob", start + MINUTE), None);
        attempts.count("bob", start + MINUTE);
        assert_eq!(attempts.wait(&"bob", start + MINUTE), Some(MINUTE));
    }

    #[test]
    fn right_attempts_leave_nothing_behind() {
        let attempts = Attempts::new(1, MINUTE);
        let start = Instant::now();
        for _ in 0..10 {
            assert_eq!(attempts.wait(&"bob", start), None);
            attempts.count("bob", start);
            attempts.pardon(&"bob");
        }
        attempts.count("bob", start);
        attempts.forget(&"bob");
        assert_eq!(attempts.wait(&"bob", start), None);
    }
}
