//! What the parts of an adapter share: the application's store, the keys, and which impersonations are over.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use vicarious_axum::KeyRing;
use vicarious_core::{Impersonation, ImpersonationId};

use super::tower_sessions::session::Id;

/// How long after its hard end an impersonation is remembered to be over: longer than any request lasts.
const REMEMBERED: SignedDuration = SignedDuration::from_hours(1);
/// How many bytes an identifier of a session has.
pub(super) const ID: usize = size_of::<i128>();

pub(super) struct Shared<S> {
    pub(super) store: Arc<S>,
    pub(super) keys: KeyRing,
    /// Impersonations that have ended, so that no request that is still running brings their sessions back.
    over: Mutex<HashMap<ImpersonationId, Timestamp>>,
}

impl<S> Shared<S> {
    pub(super) fn new(store: Arc<S>, keys: KeyRing) -> Arc<Self> {
        Arc::new(Self { store, keys, over: Mutex::default() })
    }

    pub(super) fn is_over(&self, id: &ImpersonationId) -> bool {
        self.over.lock().unwrap_or_else(PoisonError::into_inner).contains_key(id)
    }

    pub(super) fn ended(&self, row: &Impersonation) {
        let mut over = self.over.lock().unwrap_or_else(PoisonError::into_inner);
        let now = row.end.as_ref().map_or(row.started_at, |end| end.at);
        over.retain(|_, ends_at| now.duration_since(*ends_at) < REMEMBERED);
        over.insert(row.id.clone(), row.ends_at);
    }

    /// The same for an impersonation on every node, and not to be guessed.
    pub(super) fn id_for(&self, what: &str, id: &ImpersonationId) -> Id {
        let secret = self.keys.secret_for(&format!("session {what} of {id}"));
        let mut bytes = [0; ID];
        bytes.copy_from_slice(&secret[..ID]);
        Id(i128::from_le_bytes(bytes))
    }
}
