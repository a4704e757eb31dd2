//! Requests that have begun and not ended.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

use vicarious_core::audit::RequestId;
use vicarious_core::{Entry, Kind, Timestamp};

/// The intents of this process that have no outcome yet.
#[derive(Debug, Default)]
pub(crate) struct Open(Mutex<Beats>);

#[derive(Debug, Default)]
struct Beats {
    /// During which beat each request was admitted.
    requests: HashMap<RequestId, u32>,
    /// The last entry of all at the beginning of a beat: an intent of that beat has a larger number.
    marks: BTreeMap<u32, i64>,
    beat: u32,
}

impl Open {
    pub(crate) fn open(&self, intent: &Entry) {
        if let Some(request) = intent.request.as_ref().filter(|_| intent.is_open()) {
            let mut beats = self.beats();
            let beat = beats.beat;
            beats.requests.insert(request.id.clone(), beat);
        }
    }

    pub(crate) fn close(&self, entry: &Entry) {
        if let (Kind::Outcome | Kind::Intent, Some(request)) = (entry.kind, &entry.request) {
            self.beats().requests.remove(&request.id);
        }
    }

    /// Begins a new beat, and returns the entry after which all open intents are.
    pub(crate) fn beat(&self, last: i64) -> i64 {
        let mut beats = self.beats();
        beats.beat += 1;
        let now = beats.beat;
        beats.marks.insert(now, last);
        let oldest = beats.requests.values().copied().min().unwrap_or(now);
        beats.marks = beats.marks.split_off(&oldest);
        beats.marks.values().next().copied().unwrap_or(last)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.beats().requests.is_empty()
    }

    fn beats(&self) -> MutexGuard<'_, Beats> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns the outcome of a request that did not end by itself.
pub(crate) fn closing(intent: Entry, outcome: &str, at: Option<Timestamp>) -> Entry {
    let at = at.unwrap_or(intent.at);
    Entry { kind: Kind::Outcome, at, detail: serde_json::Map::new(), ..intent }.with("outcome", outcome)
}
