//! A session of an impersonation's own: what handlers get instead of the true user's.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use http::StatusCode;
use serde_json::Value;
use time::OffsetDateTime;
use vicarious_axum::{Dressed, HostError};
use vicarious_core::ImpersonationId;

use super::shared::Shared;
use super::tower_sessions::session::{Id, Record};
use super::tower_sessions::{Expiry, Session, SessionStore, session_store};

/// A session for one request that runs as somebody else, kept like any other when the request is answered.
pub struct OwnSession(Session);

impl OwnSession {
    /// Returns a session that is empty and is not kept: for a request that runs as nobody.
    pub fn of_nobody() -> Self {
        Self(Session::new(None, Arc::new(Nowhere), None))
    }

    /// Returns the session to put into the request.
    pub fn session(&self) -> Session {
        self.0.clone()
    }

    pub(super) fn of<S: SessionStore>(store: OwnStore<S>) -> Self {
        let (shown, lapses) = (store.shown, store.lapses);
        Self(Session::new(Some(shown), Arc::new(store), Some(Expiry::AtDateTime(lapses))))
    }
}

#[async_trait]
impl Dressed for OwnSession {
    /// Saves it when it was changed, as the application's session layer would.
    async fn answered(self: Box<Self>, status: StatusCode) -> Result<(), HostError> {
        if status.is_server_error() || !self.0.is_modified() || self.0.is_empty().await {
            return Ok(());
        }
        self.0.save().await.map_err(HostError::new)
    }
}

/// A part of the application's store that holds the session of one impersonation and nothing else.
///
/// Whatever identifier a handler asks for or makes up (a session that is cycled has a new one), it is this session. A
/// handler sees another identifier than the store, so that what it shows of it opens nothing.
pub(super) struct OwnStore<S> {
    pub(super) shared: Arc<Shared<S>>,
    pub(super) impersonation: ImpersonationId,
    pub(super) shown: Id,
    pub(super) kept: Id,
    /// By which handlers find who is signed in: there whenever the session is loaded, and never kept.
    pub(super) planted: (String, Value),
    pub(super) lapses: OffsetDateTime,
}

impl<S> fmt::Debug for OwnStore<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OwnStore").field("impersonation", &self.impersonation).finish_non_exhaustive()
    }
}

#[async_trait]
impl<S: SessionStore> SessionStore for OwnStore<S> {
    async fn create(&self, record: &mut Record) -> session_store::Result<()> {
        record.id = self.shown;
        self.save(record).await
    }

    async fn save(&self, record: &Record) -> session_store::Result<()> {
        if self.shared.is_over(&self.impersonation) {
            return Ok(());
        }
        let mut kept = record.clone();
        kept.id = self.kept;
        kept.data.remove(&self.planted.0);
        kept.expiry_date = record.expiry_date.min(self.lapses);
        self.shared.store.save(&kept).await?;
        // It may have ended meanwhile, and been deleted before it was saved.
        if self.shared.is_over(&self.impersonation) { self.shared.store.delete(&self.kept).await } else { Ok(()) }
    }

    async fn load(&self, _: &Id) -> session_store::Result<Option<Record>> {
        let kept = self.shared.store.load(&self.kept).await?;
        let mut data = kept.map(|record| record.data).unwrap_or_default();
        let (name, value) = &self.planted;
        data.insert(name.clone(), value.clone());
        Ok(Some(Record { id: self.shown, data, expiry_date: self.lapses }))
    }

    async fn delete(&self, _: &Id) -> session_store::Result<()> {
        self.shared.store.delete(&self.kept).await
    }
}

/// A store that keeps nothing.
#[derive(Debug)]
struct Nowhere;

#[async_trait]
impl SessionStore for Nowhere {
    async fn create(&self, _: &mut Record) -> session_store::Result<()> {
        Ok(())
    }

    async fn save(&self, _: &Record) -> session_store::Result<()> {
        Ok(())
    }

    async fn load(&self, _: &Id) -> session_store::Result<Option<Record>> {
        Ok(None)
    }

    async fn delete(&self, _: &Id) -> session_store::Result<()> {
        Ok(())
    }
}
