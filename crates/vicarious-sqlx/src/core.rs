//! What the parts of a store share, and how a transaction ends: sealed, with its entries.

use std::collections::VecDeque;
use std::sync::Arc;

use vicarious_core::decide::{self, Transition};
use vicarious_core::ports::{ApplyError, Unavailable};
use vicarious_core::{EndCause, Entry, HandleHash, Impersonation, Timestamp};

use crate::db::{Db, rows_in};
use crate::error::unavailable;
use crate::insert::{self, Posted};
use crate::journal::Journal;
use crate::open::Open;
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
    /// The number of the last entry of all after the last commit, where it is known; others may have gone on since.
    #[cfg(feature = "sqlite")]
    last: Option<i64>,
    /// Where the chain ends if the commit under way happens; if it stays, nobody knows whether it happened.
    in_doubt: Option<Head>,
    /// The digests of the last entries of commits that were in doubt, and happened.
    committed: VecDeque<[u8; 32]>,
}

/// How many commits in doubt are remembered: more than can be in doubt at a time.
const DOUBTS_AT_MOST: usize = 64;

/// How far a transaction came.
#[derive(Debug)]
pub(crate) enum NotSealed {
    /// Nothing was written.
    NotWritten(sqlx::Error),
    /// The connection broke while committing: the entries may be durable, and then the chain ends here.
    InDoubt(Head, crate::Error),
}

impl Core {
    pub(crate) fn new(db: Db, journal: Journal) -> Self {
        let chain = Chain {
            head: Head::new(),
            posted: Posted::default(),
            #[cfg(feature = "sqlite")]
            last: None,
            in_doubt: None,
            committed: VecDeque::new(),
        };
        Self { db, journal, open: Open::default(), chain: tokio::sync::Mutex::new(chain) }
    }

    pub(crate) async fn chain_name(&self) -> Arc<str> {
        self.chain.lock().await.head.chain.clone()
    }

    /// Writes entries at the end of this process's chain, and commits.
    pub(crate) async fn seal(&self, mut tx: WriteTx, entries: &[&Entry]) -> Result<(), NotSealed> {
        let mut chain = self.chain.lock().await;
        chain.settle(&mut tx).await.map_err(NotSealed::NotWritten)?;
        let mut head = chain.head.clone();
        #[cfg(feature = "sqlite")]
        let last = {
            chain.last = None;
            tx.last_entry().map(|last| last + entries.len() as i64)
        };
        let posts = insert::entries(&mut tx, &mut head, entries, &chain.posted).await.map_err(NotSealed::NotWritten)?;
        chain.in_doubt = Some(head.clone());
        if let Err(error) = tx.commit().await {
            return Err(NotSealed::InDoubt(head, error));
        }
        chain.in_doubt = None;
        chain.head = head;
        chain.posted.extend(posts);
        #[cfg(feature = "sqlite")]
        {
            chain.last = last;
        }
        Ok(())
    }

    /// Writes entries at the end of this process's chain in a single statement, which saves two trips to the thread
    /// that holds the connection; returns whether it did. It does not where one of these impersonations, a JSON list of
    /// identifiers, has ended, or where more than entries is to be written.
    ///
    /// INVARIANT: I3, I5: the statement is a transaction, and has the only lock for writing from its first step on.
    #[cfg(feature = "sqlite")]
    pub(crate) async fn seal_at_once(&self, entries: &[&Entry], active: &str) -> Result<bool, NotSealed> {
        let gate = match &self.db {
            Db::Sqlite { gate, .. } => gate,
            #[cfg(feature = "postgres")]
            Db::Postgres(_) => return Ok(false),
        };
        let turn = gate.turn().await;
        let mut chain = self.chain.lock().await;
        let (Some(last), None) = (chain.last.take(), &chain.in_doubt) else { return Ok(false) };
        let mut head = chain.head.clone();
        let statement = insert::at_once(&mut head, entries, &chain.posted, last, active);
        let Some((text, rows)) = statement.map_err(NotSealed::NotWritten)? else { return Ok(false) };
        chain.in_doubt = Some(head.clone());
        match turn.write(text, rows).await {
            Ok(0) => {
                chain.in_doubt = None;
                Ok(false)
            }
            Ok(_) => {
                chain.in_doubt = None;
                chain.head = head;
                chain.last = Some(last + entries.len() as i64);
                Ok(true)
            }
            Err(error) if refused(&error) => {
                chain.in_doubt = None;
                Err(NotSealed::NotWritten(error))
            }
            Err(error) => Err(NotSealed::InDoubt(head, error.into())),
        }
    }

    /// Returns whether a commit that was in doubt happened.
    pub(crate) async fn was_committed(&self, head: &Head) -> Result<bool, sqlx::Error> {
        let mut tx = self.db.begin().await?;
        let mut chain = self.chain.lock().await;
        chain.settle(&mut tx).await?;
        Ok(chain.committed.contains(&head.hash))
    }

    /// Applies transitions to the end, even if whoever asked is gone: a commit that is given up on is in doubt.
    pub(crate) async fn apply(self: &Arc<Self>, transitions: Vec<Transition>) -> Result<(), ApplyError> {
        let core = self.clone();
        let applied = tokio::spawn(async move { core.apply_now(&transitions).await });
        applied.await.unwrap_or_else(|lost| Err(Unavailable::new(lost).into()))
    }

    async fn apply_now(&self, transitions: &[Transition]) -> Result<(), ApplyError> {
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
        let entries: Vec<&Entry> = transitions.iter().map(Transition::entry).collect();
        self.seal(tx, &entries).await.map_err(|not_sealed| match not_sealed {
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
        // Kilobytes, which every request would carry around for what almost none does.
        Box::pin(self.replay_all()).await
    }

    async fn replay_all(&self) -> Result<(), Unavailable> {
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
            match self.apply_now(&[transition]).await {
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
        let Some(doubtful) = self.in_doubt.clone() else { return Ok(()) };
        let sql = "SELECT hash FROM vicarious_entries WHERE chain = $1 ORDER BY seq DESC LIMIT 1";
        let last = rows_in!(tx, (Vec<u8>,), sql, &*doubtful.chain)?;
        if last.first().is_some_and(|(hash,)| hash.as_slice() == doubtful.hash) {
            self.committed.push_back(doubtful.hash);
            if self.committed.len() > DOUBTS_AT_MOST {
                self.committed.pop_front();
            }
            self.head = doubtful;
        } else {
            // The server may still be at it. A new chain cannot collide with what it may yet write, and the old one
            // falls silent, so that intents in it which nobody admitted get their outcome from a recovery.
            self.head = Head::new();
        }
        self.in_doubt = None;
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

/// Returns whether SQLite did not even begin with this statement: it could not be prepared, or another process kept the
/// file locked.
#[cfg(feature = "sqlite")]
fn refused(error: &sqlx::Error) -> bool {
    const ERROR: i32 = 1;
    const BUSY: i32 = 5;
    const LOCKED: i32 = 6;
    let code = error.as_database_error().and_then(|answer| answer.code()).and_then(|code| code.parse::<i32>().ok());
    code.is_some_and(|code| [ERROR, BUSY, LOCKED].contains(&(code & 0xff)))
}
