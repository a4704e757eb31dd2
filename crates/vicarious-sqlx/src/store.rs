use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
#[cfg(feature = "postgres")]
use sqlx::postgres::PgPool;
#[cfg(feature = "sqlite")]
use sqlx::sqlite::SqlitePool;
use vicarious_core::audit::Recorded;
use vicarious_core::consent::{Consent, ConsentId};
use vicarious_core::decide::{Pause, Transition};
use vicarious_core::ports::{Admission, ApplyError, Consents, EntryFilter, Ledger, Running, Unavailable};
use vicarious_core::{AccountId, Entry, HandleHash, Impersonation, ImpersonationId, SignInKey, Timestamp};

use crate::core::Core;
use crate::db::Db;
use crate::journal::Journal;
use crate::verify::Report;
use crate::writer::Queue;
use crate::{Error, Options, WriteTx, audit, migrate, nodes, reads, verify};

/// The ledger in a SQLite file or a PostgreSQL database; clones share everything.
#[derive(Clone, Debug)]
pub struct Store {
    core: Arc<Core>,
    queue: Queue,
}

impl Store {
    /// Opens the database at a `sqlite://` or `postgres://` URL with the default [`Options`].
    ///
    /// # Errors
    ///
    /// When the database cannot be used; see [`Error`].
    pub async fn connect(url: &str) -> Result<Self, Error> {
        Options::new().connect(url).await
    }

    pub(crate) async fn open(db: Db, journal: PathBuf) -> Result<Self, Error> {
        migrate::run(db.begin().await?, "vicarious", migrate::LEDGER).await?;
        let core = Arc::new(Core::new(db, Journal::open(journal).await?));
        nodes::start(&core).await?;
        let queue = Queue::start(core.clone());
        let store = Self { core, queue };
        if let Err(error) = store.core.replay().await {
            tracing::error!(?error, "stops in the journal are not recorded yet");
        }
        Ok(store)
    }

    /// Begins a transaction for the host's own business.
    ///
    /// # Errors
    ///
    /// When the database cannot answer.
    pub async fn begin(&self) -> Result<WriteTx, Error> {
        Ok(self.core.db.begin().await?)
    }

    /// Returns the connections for reading, if this is SQLite. They cannot write.
    #[cfg(feature = "sqlite")]
    pub fn sqlite(&self) -> Option<&SqlitePool> {
        match &self.core.db {
            Db::Sqlite { readers, .. } => Some(readers),
            #[cfg(feature = "postgres")]
            Db::Postgres(_) => None,
        }
    }

    /// Returns the connections, if this is PostgreSQL.
    #[cfg(feature = "postgres")]
    pub fn postgres(&self) -> Option<&PgPool> {
        match &self.core.db {
            #[cfg(feature = "sqlite")]
            Db::Sqlite { .. } => None,
            Db::Postgres(pool) => Some(pool),
        }
    }

    /// Recomputes the chains of all entries; `progress` is told now and then how many have been looked at.
    ///
    /// What was cut off at the very end of a chain cannot be noticed this way.
    ///
    /// # Errors
    ///
    /// When the database cannot answer. A fault is no error: it is in the report.
    pub async fn verify(&self, progress: impl FnMut(u64)) -> Result<Report, Unavailable> {
        verify::verify(&self.core, progress).await
    }

    /// Writes the outcomes that processes which died left open; the store does so by itself every 15 seconds.
    ///
    /// # Errors
    ///
    /// When the database cannot answer.
    pub async fn recover(&self) -> Result<(), Error> {
        nodes::recover(&self.core).await
    }

    /// Writes everything that waits, says that this process is done, and closes all connections.
    pub async fn close(&self) {
        self.queue.flush().await;
        if let Err(error) = nodes::leave(&self.core).await {
            tracing::warn!(?error, "left without saying so");
        }
        self.core.db.close().await;
    }
}

#[async_trait]
impl Ledger for Store {
    async fn apply(&self, transitions: Vec<Transition>) -> Result<(), ApplyError> {
        self.core.replay().await?;
        self.core.apply(transitions).await
    }

    async fn admit(&self, intent: Entry) -> Result<Admission, Unavailable> {
        self.core.replay().await?;
        self.queue.admit(intent).await
    }

    async fn append(&self, entry: Entry) -> Result<(), Unavailable> {
        self.queue.append(entry).await
    }

    fn append_later(&self, entry: Entry) {
        self.queue.later(entry);
    }

    async fn flush(&self) {
        self.queue.flush().await;
    }

    async fn journal_stop(&self, handle: &HandleHash, at: Timestamp) -> Result<(), Unavailable> {
        self.core.journal.append(handle, at).await.map_err(Unavailable::new)
    }

    async fn by_handle(&self, handle: &HandleHash) -> Result<Option<Impersonation>, Unavailable> {
        self.core.replay().await?;
        self.core.by_handle(handle).await
    }

    async fn by_id(&self, id: &ImpersonationId) -> Result<Option<Impersonation>, Unavailable> {
        self.core.replay().await?;
        reads::by_id(&self.core, id).await
    }

    async fn open_of(&self, sign_in: &SignInKey) -> Result<Option<Impersonation>, Unavailable> {
        self.core.replay().await?;
        reads::open_of(&self.core, sign_in).await
    }

    async fn running(&self, which: Running<'_>) -> Result<Vec<Impersonation>, Unavailable> {
        self.core.replay().await?;
        reads::running(&self.core, which).await
    }

    async fn of_account(
        &self,
        account: &AccountId,
        before: Option<&ImpersonationId>,
        limit: usize,
    ) -> Result<Vec<Impersonation>, Unavailable> {
        reads::of_account(&self.core, account, before, limit).await
    }

    async fn by_true_user(&self, true_user: &AccountId, limit: usize) -> Result<Vec<Impersonation>, Unavailable> {
        reads::by_true_user(&self.core, true_user, limit).await
    }

    async fn consent(&self, id: &ConsentId) -> Result<Option<Consent>, Unavailable> {
        reads::consent(&self.core, id).await
    }

    async fn consents(&self, which: Consents<'_>) -> Result<Vec<Consent>, Unavailable> {
        reads::consents(&self.core, which).await
    }

    async fn opted_out(&self, account: &AccountId) -> Result<Option<Timestamp>, Unavailable> {
        reads::opted_out(&self.core, account).await
    }

    async fn paused(&self) -> Result<Option<Pause>, Unavailable> {
        reads::paused(&self.core).await
    }

    async fn spend(&self, nonce: &[u8; 16], until: Timestamp) -> Result<bool, Unavailable> {
        Ok(reads::spend(&self.core, nonce, until).await?)
    }

    async fn entries(&self, filter: &EntryFilter) -> Result<Vec<Recorded>, Unavailable> {
        Ok(audit::entries(&self.core, filter).await?)
    }
}
