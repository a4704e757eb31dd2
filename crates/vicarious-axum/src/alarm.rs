//! When the next impersonation ends, idles out or falls back to reading, so that it does so on time.

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::Notify;
use vicarious_core::{Impersonation, Mode};

/// Short enough to be on time, and no busy loop when the clock stands still.
const SHORTEST: Duration = Duration::from_millis(5);

/// The earliest time at which something is due; setting a later one costs one atomic comparison.
pub(crate) struct Alarm {
    /// In microseconds since the epoch.
    due: AtomicI64,
    look: AtomicBool,
    changed: Notify,
}

impl Default for Alarm {
    fn default() -> Self {
        Self { due: AtomicI64::new(i64::MAX), look: AtomicBool::new(false), changed: Notify::new() }
    }
}

impl Alarm {
    /// Rings no later than when something of `row` is due next.
    pub(crate) fn set_for(&self, row: &Impersonation, now: Timestamp) {
        let Some(due) = next_due(row, now) else { return };
        let due = due.as_microsecond();
        if due < self.due.load(Ordering::Relaxed) && due < self.due.fetch_min(due, Ordering::Relaxed) {
            self.changed.notify_one();
        }
    }

    /// Forgets when it was to ring; whoever calls this sets it anew for everything that runs.
    pub(crate) fn clear(&self) {
        self.due.store(i64::MAX, Ordering::Relaxed);
    }

    /// Asks for a look at everything that runs, now.
    pub(crate) fn look_now(&self) {
        self.look.store(true, Ordering::Relaxed);
        self.changed.notify_one();
    }

    /// Returns whether a look was asked for since this was last called.
    pub(crate) fn take_look(&self) -> bool {
        self.look.swap(false, Ordering::Relaxed)
    }

    /// Returns whether something is due.
    pub(crate) fn is_due(&self, now: Timestamp) -> bool {
        self.due.load(Ordering::Relaxed) <= now.as_microsecond()
    }

    /// Waits until something is due by the given clock, or a look is asked for, but at most for `limit`.
    pub(crate) async fn rings(&self, now: Timestamp, limit: Duration) {
        let left = self.due.load(Ordering::Relaxed).saturating_sub(now.as_microsecond());
        let left = Duration::from_micros(u64::try_from(left).unwrap_or(0)).max(SHORTEST);
        // Something earlier may become due meanwhile.
        let _ = tokio::time::timeout(left.min(limit), self.changed.notified()).await;
    }
}

/// Returns when an impersonation ends, idles out or falls back next; what has passed is not due any more.
fn next_due(row: &Impersonation, now: Timestamp) -> Option<Timestamp> {
    if row.end.is_some() {
        return None;
    }
    let falls_back = match row.mode {
        Mode::Write { until } => Some(until),
        Mode::Read => None,
    };
    [Some(row.ends_at), Some(row.idle_ends_at()), falls_back].into_iter().flatten().filter(|due| *due > now).min()
}
