use std::sync::{Arc, Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};

/// A clock that stands still until it is moved; clones show the same time.
///
/// # Examples
///
/// ```
/// use jiff::SignedDuration;
/// use testkit::ManualClock;
///
/// let clock = ManualClock::default();
/// let before = clock.now();
/// clock.clone().advance(SignedDuration::from_mins(30));
/// assert_eq!(clock.now().duration_since(before), SignedDuration::from_mins(30));
/// ```
#[derive(Clone, Debug)]
pub struct ManualClock(Arc<Mutex<Timestamp>>);

impl ManualClock {
    /// Returns a clock that shows `now`.
    pub fn at(now: Timestamp) -> Self {
        Self(Arc::new(Mutex::new(now)))
    }

    /// Returns the time it shows.
    pub fn now(&self) -> Timestamp {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sets the time it shows.
    pub fn set(&self, now: Timestamp) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = now;
    }

    /// Moves it forward, or back with a negative duration.
    pub fn advance(&self, by: SignedDuration) {
        let mut now = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *now = now.saturating_add(by).unwrap_or(*now);
    }
}

impl Default for ManualClock {
    /// Returns a clock that shows [`people::MONDAY`](crate::people::MONDAY).
    fn default() -> Self {
        Self::at(crate::people::MONDAY)
    }
}
