//! What the parts of a store share, and how a transaction ends: sealed, with its entries.

use vicarious_core::decide::{self, Transition};
use vicarious_core::ports::{ApplyError, Unavailable};
use vicarious_core::{EndCause, Entry, HandleHash, Impersonation, Timestamp};

use crate::db::{Db, rows_in};
use crate::error::unavailable;
use crate::insert::{self, Posted};
use crate::journal::Journal;
use crate::nodes::Open;
use crate::record::Head;
use crate::rows::ImpersonationRow;
use crate::state::{self, NotMade};
use crate::tx::WriteTx;

/// How often a transaction that lost against a concurrent one is tried again.
const TRIES: usize = 5;

#[derive(Debug)]
pub(crate) struct Core {
    pub(crate) db: Db,
    pub(crate) journal: Journal,
    pub(crate) open: Open,
    /// Taken after every lock on rows, and held until the commit: so chain order is the order of commits.
    chain: tokio::sync::Mutex<Chain>,
}

#[derive(Debug)]
struct Chain {
    head: Head,
    posted: Posted,
    /// Set while a commit is under way; if it stays, nobody knows whether that commit happened.
    in_doubt: bool,
}

/// How far a transaction came.
#[derive(Debug)]
pub(crate) enum NotSealed {
    /// Nothing was written.
    NotWritten(sqlx::Error),
    /// The connection broke while committing: the entries, up to this place in the chain, may be durable.
    InDoubt(i64, crate::Error),
}

impl Core {
    pub(crate) fn new(db: Db, journal: Journal) -> Self {
        let chain = Chain { head: Head::new(), posted: Posted::default(), in_doubt: false };
        Self { db, journal, open: Open::default(), chain: tokio::sync::Mutex::new(chain) }
    }

    pub(crate) async fn chain_name(&self) -> std::sync::Arc<str> {
        self.chain.lock().await.head.chain.clone()
    }

    /// Writes entries at the end of this process's chain, and commits.
    pub(crate) async fn seal(
        &self,
        mut tx: WriteTx,
        entries: impl IntoIterator<Item = &Entry>,
    ) -> Result<(), NotSealed> {
        let mut chain = self.chain.lock().await;
        chain.settle(&mut tx).await.map_err(NotSealed::NotWritten)?;
        let mut head = chain.head.clone();
        let posts = insert::entries(&mut tx, &mut head, entries, &chain.posted).await.map_err(NotSealed::NotWritten)?;
        chain.in_doubt = true;
        tx.commit().await.map_err(|error| NotSealed::InDoubt(head.seq, error))?;
        chain.in_doubt = false;
        chain.head = head;
        chain.posted.extend(posts);
        Ok(())
    }

    /// Returns whether the chain has reached `place` for certain.
    pub(crate) async fn has_reached(&self, place: i64) -> Result<bool, sqlx::Error> {
        let mut tx = self.db.begin().await?;
        let mut chain = self.chain.lock().await;
        chain.settle(&mut tx).await?;
        Ok(chain.head.seq >= place)
    }

    pub(crate) async fn apply(&self, transitions: &[Transition]) -> Result<(), ApplyError> {
        let mut tries = 0;
        loop {
            tries += 1;
            match self.try_apply(transitions).await {
                Ok(()) => return Ok(()),
                Err(NotMade::Conflict) => return Err(ApplyError::Conflict),
                Err(NotMade::Sql(error)) if lost_a_race(&error) => {
                    if tries == TRIES {
                        return Err(ApplyError::Conflict);
                    }
                }
                Err(NotMade::Sql(error)) => return Err(unavailable(error).into()),
            }
        }
    }

    async fn try_apply(&self, transitions: &[Transition]) -> Result<(), NotMade> {
        let mut tx = self.db.begin().await?;
        for transition in transitions {
            if let Err(not_made) = state::change(&mut tx, transition.change()).await {
                // Dropping it would roll back, too, but a little later.
                drop(tx.rollback().await);
                return Err(not_made);
            }
        }
        self.seal(tx, transitions.iter().map(Transition::entry)).await.map_err(|not_sealed| match not_sealed {
            NotSealed::NotWritten(error) => NotMade::from(error),
            NotSealed::InDoubt(_, crate::Error::Sql(error)) => NotMade::from(error),
            NotSealed::InDoubt(_, other) => NotMade::Sql(sqlx::Error::Io(std::io::Error::other(other))),
        })
    }

    /// Records the stops of the journal, and forgets them there once that is durable.
    pub(crate) async fn replay(&self) -> Result<(), Unavailable> {
        if self.journal.is_empty() {
            return Ok(());
        }
        let _one_at_a_time = self.journal.replaying.lock().await;
        let batch = self.journal.read().await.map_err(Unavailable::new)?;
        for (handle, at) in &batch.stops {
            self.record_stop(handle, *at).await?;
        }
        self.journal.forget(batch).await.map_err(Unavailable::new)
    }

    async fn record_stop(&self, handle: &HandleHash, at: Timestamp) -> Result<(), Unavailable> {
        loop {
            let Some(row) = self.by_handle(handle).await? else { return Ok(()) };
            let transition = decide::end(&row, EndCause::Stopped, None, at).or_else(|| decide::acknowledge(&row, at));
            let Some(transition) = transition else { return Ok(()) };
            match self.apply(&[transition]).await {
                Ok(()) => return Ok(()),
                // Somebody else ended it meanwhile: look again, there may be something left to acknowledge.
                Err(ApplyError::Conflict) => {}
                Err(ApplyError::Unavailable(error)) => return Err(error),
            }
        }
    }

    pub(crate) async fn by_handle(&self, handle: &HandleHash) -> Result<Option<Impersonation>, Unavailable> {
        let sql = "SELECT * FROM vicarious_impersonations WHERE handle = $1";
        let found = crate::db::rows!(self.db, ImpersonationRow, sql, handle.as_bytes().as_slice());
        Ok(found.map_err(unavailable)?.into_iter().next().map(Impersonation::try_from).transpose()?)
    }
}

impl Chain {
    /// Finds out where the chain ends, if that is in doubt.
    async fn settle(&mut self, tx: &mut WriteTx) -> Result<(), sqlx::Error> {
        if !self.in_doubt {
            return Ok(());
        }
        let sql = "SELECT chain_seq, hash FROM vicarious_entries WHERE chain = $1 ORDER BY seq DESC LIMIT 1";
        let last = rows_in!(tx, (i64, Vec<u8>), sql, &*self.head.chain)?;
        if let Some((seq, hash)) = last.into_iter().next() {
            self.head.seq = seq;
            self.head.hash = hash.as_slice().try_into().unwrap_or(self.head.hash);
        }
        self.in_doubt = false;
        Ok(())
    }
}

/// Returns whether the database gave up on this transaction in favour of another, so that trying again may help.
fn lost_a_race(error: &sqlx::Error) -> bool {
    const SERIALIZATION_FAILURE: &str = "40001";
    const DEADLOCK: &str = "40P01";
    let code = error.as_database_error().and_then(|answer| answer.code());
    code.is_some_and(|code| code == SERIALIZATION_FAILURE || code == DEADLOCK)
}
