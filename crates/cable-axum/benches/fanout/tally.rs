//! What the clients have seen.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

#[derive(Default)]
pub(crate) struct Tally {
    seen: Mutex<Seen>,
    changed: Notify,
}

#[derive(Default)]
struct Seen {
    clients: Vec<Received>,
    confirmed: usize,
    duplicated: u64,
    /// When the messages of this round arrived, in nanoseconds after they were sent.
    arrivals: Vec<u64>,
    ended: Vec<End>,
}

/// What one client got.
#[derive(Clone, Default)]
struct Received {
    /// The number of the last message.
    last: u64,
    messages: u64,
}

/// How a connection ended.
#[derive(Clone, Debug)]
pub(crate) struct End {
    pub(crate) client: usize,
    /// The reason in the last frame, if one came.
    pub(crate) reason: Option<String>,
    /// When, in nanoseconds since 1970.
    pub(crate) at: u64,
}

impl Tally {
    pub(crate) fn new(clients: usize) -> Self {
        let tally = Self::default();
        tally.seen().clients = vec![Received::default(); clients];
        tally
    }

    pub(crate) fn confirm(&self) {
        self.seen().confirmed += 1;
        self.changed.notify_waiters();
    }

    /// Takes note of a message, and how long after it was made it arrived.
    pub(crate) fn message(&self, client: usize, number: u64, after: u64) {
        let mut seen = self.seen();
        let received = &mut seen.clients[client];
        if number <= received.last {
            seen.duplicated += 1;
        } else {
            received.last = number;
            received.messages += 1;
            seen.arrivals.push(after);
        }
        drop(seen);
        self.changed.notify_waiters();
    }

    pub(crate) fn end(&self, end: End) {
        self.seen().ended.push(end);
        self.changed.notify_waiters();
    }

    /// Returns how many messages have arrived at the clients from a number on.
    pub(crate) fn received(&self, from: usize) -> u64 {
        self.seen().clients.iter().skip(from).map(|received| received.messages).sum()
    }

    pub(crate) fn duplicated(&self) -> u64 {
        self.seen().duplicated
    }

    pub(crate) fn ended(&self) -> Vec<End> {
        self.seen().ended.clone()
    }

    pub(crate) fn arrivals(&self) -> usize {
        self.seen().arrivals.len()
    }

    /// Returns the arrivals since the last time.
    pub(crate) fn take_arrivals(&self) -> Vec<u64> {
        std::mem::take(&mut self.seen().arrivals)
    }

    pub(crate) async fn all_confirmed(&self, clients: usize) -> bool {
        self.until(Duration::from_secs(120), |seen| seen.confirmed + seen.ended.len() >= clients).await;
        self.seen().confirmed == clients
    }

    /// Waits until so many messages have arrived, but not for ever.
    pub(crate) async fn all_arrived(&self, messages: usize) {
        self.until(Duration::from_secs(10), |seen| seen.arrivals.len() >= messages).await;
    }

    /// Waits until so many connections have ended, but not for ever.
    pub(crate) async fn all_ended(&self, connections: usize) {
        self.until(Duration::from_secs(10), |seen| seen.ended.len() >= connections).await;
    }

    async fn until(&self, at_most: Duration, is_so: impl Fn(&Seen) -> bool) {
        let waiting = async {
            loop {
                let changed = self.changed.notified();
                if is_so(&self.seen()) {
                    return;
                }
                changed.await;
            }
        };
        // What is missing then is counted.
        let _ = tokio::time::timeout(at_most, waiting).await;
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
