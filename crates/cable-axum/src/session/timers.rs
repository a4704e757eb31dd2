//! The periodic timers of a connection's subscriptions.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

#[derive(Default)]
pub(super) struct Timers(Vec<Timer>);

struct Timer {
    identifier: Arc<str>,
    name: &'static str,
    interval: Duration,
    at: Instant,
}

impl Timers {
    pub(super) fn add(&mut self, identifier: Arc<str>, name: &'static str, interval: Duration) {
        self.0.push(Timer { identifier, name, interval, at: Instant::now() + interval });
    }

    pub(super) fn remove(&mut self, identifier: &str) {
        self.0.retain(|timer| *timer.identifier != *identifier);
    }

    pub(super) fn next(&self) -> Option<Instant> {
        self.0.iter().map(|timer| timer.at).min()
    }

    /// Returns what is due, and sets it for the next time; what was missed is not made up for.
    pub(super) fn due(&mut self, now: Instant) -> Vec<(Arc<str>, &'static str)> {
        let due = self.0.iter_mut().filter(|timer| timer.at <= now);
        due.map(|timer| {
            timer.at = now + timer.interval;
            (Arc::clone(&timer.identifier), timer.name)
        })
        .collect()
    }
}
