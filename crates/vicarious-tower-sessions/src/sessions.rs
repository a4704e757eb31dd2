//! The application's session store: finding a sign-in by its key, and keeping what is an impersonation's own.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::Value;
use vicarious_axum::{Event, HostError, KeyRing, Watch};
use vicarious_core::{AccountId, Impersonation, SignInKey};

use super::own::{OwnSession, OwnStore};
use super::shared::{ID, Shared};
use super::tower_sessions::session::Id;
use super::tower_sessions::{Session, SessionStore};
use crate::timestamp;

/// An application's session store, as far as impersonation needs it; what an adapter is made of.
///
/// [`TowerSessions`](super::TowerSessions) is one. An adapter for another library that keeps sign-ins in tower-sessions
/// calls these from its [`Host`](vicarious_axum::Host).
pub struct Sessions<S>(Arc<Shared<S>>);

/// A sign-in, as the store has it.
#[derive(Clone, Debug)]
pub struct SignedIn {
    /// Whose sign-in the key was made for. Whether the session still says so, look it up in `data`.
    pub account: AccountId,
    /// What the session holds.
    pub data: HashMap<String, Value>,
}

impl SignedIn {
    /// Returns when it began, from the value named `key`: RFC 3339, or seconds since 1970.
    ///
    /// Without one it is long ago, so that whatever asks for a recent sign-in refuses.
    pub fn since(&self, key: Option<&str>) -> Timestamp {
        key.and_then(|key| self.data.get(key)).and_then(timestamp::read).unwrap_or(Timestamp::UNIX_EPOCH)
    }
}

impl<S: SessionStore> Sessions<S> {
    /// Returns the sessions of a store: the one that the application's session layer has.
    pub fn new(store: S) -> Self {
        // Keys of its own open nothing; `attach` brings those that do.
        Self(Shared::new(Arc::new(store), KeyRing::generate()))
    }

    /// Takes the keys; for [`Host::attach`](vicarious_axum::Host::attach).
    ///
    /// What it returns deletes the session of an impersonation that has ended.
    pub fn attach(&mut self, keys: &KeyRing) -> Arc<dyn Watch> {
        self.0 = Shared::new(Arc::clone(&self.0.store), keys.clone());
        Arc::new(Deleting(Arc::clone(&self.0)))
    }

    /// Returns the key of the sign-in of `account` in this session; none when the session is not in the store yet.
    ///
    /// A session whose identifier is cycled is another sign-in, and so is one in which somebody else signs in.
    pub fn key(&self, session: &Session, account: &AccountId) -> Option<SignInKey> {
        let mut found_by = session.id()?.0.to_le_bytes().to_vec();
        found_by.extend_from_slice(account.as_str().as_bytes());
        Some(self.0.keys.sign_in_key(&found_by))
    }

    /// Returns what the store has under a key; none when the session is gone or has expired.
    ///
    /// # Errors
    ///
    /// When the store cannot answer.
    pub async fn signed_in(&self, key: &SignInKey) -> Result<Option<SignedIn>, HostError> {
        let Some((id, account)) = self.0.keys.sign_in_found_by(key).and_then(|found_by| split(&found_by)) else {
            return Ok(None);
        };
        let record = self.0.store.load(&id).await.map_err(HostError::new)?;
        Ok(record.map(|record| SignedIn { account, data: record.data }))
    }

    /// Returns the session that belongs to an impersonation and to nothing else.
    ///
    /// In it is `value` under `name`, by which handlers find who is signed in. That is never kept, whatever they make of
    /// it. What else they put there is kept in the store until the impersonation ends, under an identifier that nobody
    /// can find out, and at the latest lapses there at its hard end.
    pub fn own(&self, impersonation: &Impersonation, name: impl Into<String>, value: Value) -> OwnSession {
        OwnSession::of(OwnStore {
            shared: Arc::clone(&self.0),
            impersonation: impersonation.id.clone(),
            shown: self.0.id_for("shown", &impersonation.id),
            kept: self.0.id_for("kept", &impersonation.id),
            planted: (name.into(), value),
            lapses: timestamp::expiry(impersonation.ends_at),
        })
    }
}

/// Returns an identifier and an account from what [`Sessions::key`] sealed.
fn split(found_by: &[u8]) -> Option<(Id, AccountId)> {
    let (id, account) = found_by.split_first_chunk::<ID>()?;
    Some((Id(i128::from_le_bytes(*id)), AccountId::from(std::str::from_utf8(account).ok()?)))
}

struct Deleting<S>(Arc<Shared<S>>);

impl<S: SessionStore> Watch for Deleting<S> {
    fn seen(&self, event: &Event<'_>) {
        let Event::Ended(row, _) = event else { return };
        self.0.ended(row);
        // Without a runtime the process is ending, and the session lapses at the hard end.
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        let (shared, kept) = (Arc::clone(&self.0), self.0.id_for("kept", &row.id));
        runtime.spawn(async move {
            if let Err(error) = shared.store.delete(&kept).await {
                tracing::warn!(%error, "the session of an impersonation that has ended stays until its hard end");
            }
        });
    }
}
