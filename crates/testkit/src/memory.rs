use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use jiff::Timestamp;
use tokio::sync::watch;
use vicarious_core::audit::Recorded;
use vicarious_core::consent::{Consent, ConsentId};
use vicarious_core::decide::{Pause, Transition};
use vicarious_core::ports::{Admission, ApplyError, Consents, EntryFilter, Ledger, Running, Unavailable};
use vicarious_core::{AccountId, Entry, HandleHash, Impersonation, ImpersonationId, SignInKey};

mod state;

use state::State;

/// A ledger that forgets everything with the process, for tests.
///
/// It holds the same contract as the ledgers that write to disk, except that nothing is durable.
#[derive(Debug, Default)]
pub struct MemoryLedger {
    inner: Mutex<Inner>,
    hanging: watch::Sender<bool>,
    unreachable: watch::Sender<bool>,
}

#[derive(Debug, Default)]
struct Inner {
    state: State,
    failing: bool,
    /// Accepted by `append_later` while failing.
    waiting: Vec<Entry>,
    /// Stopped while failing.
    journal: Vec<(HandleHash, Timestamp)>,
    lookups: usize,
}

impl MemoryLedger {
    /// Returns an empty ledger.
    pub fn new() -> Self {
        Self::default()
    }

    /// Makes every call but [`Ledger::journal_stop`] answer [`Unavailable`], or makes it work again.
    pub fn fail(&self, failing: bool) {
        self.inner().failing = failing;
    }

    /// Makes [`Ledger::apply`] wait, as for a database that somebody else has locked, or lets it go on.
    pub fn hang(&self, hanging: bool) {
        self.hanging.send_replace(hanging);
    }

    /// Makes every look-up wait, as for a database behind a network that swallows everything, or lets it go on.
    pub fn lose(&self, lost: bool) {
        self.unreachable.send_replace(lost);
    }

    /// Returns every entry so far, oldest first.
    pub fn entries_snapshot(&self) -> Vec<Recorded> {
        self.inner().state.entries.clone()
    }

    /// Returns how many reads there have been: every call that only looks something up counts.
    pub fn lookups(&self) -> usize {
        self.inner().lookups
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write<T>(&self, act: impl FnOnce(&mut State) -> T) -> Result<T, Unavailable> {
        self.inner().ready().map(act)
    }

    async fn read<T>(&self, look: impl FnOnce(&State) -> T) -> Result<T, Unavailable> {
        // Its sender is this ledger's own, so it cannot be gone.
        drop(self.unreachable.subscribe().wait_for(|lost| !lost).await);
        let mut inner = self.inner();
        inner.lookups += 1;
        inner.ready().map(|state| look(state))
    }
}

impl Inner {
    /// Catches up with what came in during an outage, unless it lasts.
    fn ready(&mut self) -> Result<&mut State, Unavailable> {
        if self.failing {
            return Err(Unavailable::new("told to fail"));
        }
        for (handle, at) in std::mem::take(&mut self.journal) {
            self.state.stop(&handle, at);
        }
        for entry in std::mem::take(&mut self.waiting) {
            self.state.record(entry);
        }
        Ok(&mut self.state)
    }
}

#[async_trait]
impl Ledger for MemoryLedger {
    async fn apply(&self, transitions: Vec<Transition>) -> Result<(), ApplyError> {
        // Its sender is this ledger's own, so it cannot be gone.
        drop(self.hanging.subscribe().wait_for(|hanging| !hanging).await);
        self.write(|state| state.apply(transitions))?
    }

    async fn admit(&self, intent: Entry) -> Result<Admission, Unavailable> {
        self.write(|state| state.admit(intent))?
    }

    async fn append(&self, entry: Entry) -> Result<(), Unavailable> {
        self.write(|state| state.record(entry))
    }

    fn append_later(&self, entry: Entry) {
        let mut inner = self.inner();
        inner.waiting.push(entry);
        // While failing it keeps waiting.
        drop(inner.ready().map(|_| ()));
    }

    async fn flush(&self) {
        drop(self.inner().ready().map(|_| ()));
    }

    async fn journal_stop(&self, handle: &HandleHash, at: Timestamp) -> Result<(), Unavailable> {
        self.inner().journal.push((*handle, at));
        Ok(())
    }

    async fn by_handle(&self, handle: &HandleHash) -> Result<Option<Impersonation>, Unavailable> {
        self.read(|state| state.impersonations.iter().find(|row| row.handle == *handle).cloned()).await
    }

    async fn by_id(&self, id: &ImpersonationId) -> Result<Option<Impersonation>, Unavailable> {
        self.read(|state| state.impersonations.iter().find(|row| row.id == *id).cloned()).await
    }

    async fn open_of(&self, sign_in: &SignInKey) -> Result<Option<Impersonation>, Unavailable> {
        self.read(|state| {
            let latest = state.impersonations.iter().rev().find(|row| row.sign_in == *sign_in);
            latest.filter(|row| row.acknowledged_at.is_none()).cloned()
        })
        .await
    }

    async fn running(&self, which: Running<'_>) -> Result<Vec<Impersonation>, Unavailable> {
        self.read(|state| state.running(which)).await
    }

    async fn of_account(
        &self,
        account: &AccountId,
        before: Option<&ImpersonationId>,
        limit: usize,
    ) -> Result<Vec<Impersonation>, Unavailable> {
        self.read(|state| {
            let end = before.and_then(|id| state.impersonations.iter().position(|row| row.id == *id));
            let older = state.impersonations.iter().take(end.unwrap_or(usize::MAX));
            let theirs: Vec<_> = older.filter(|row| row.current_user.id == *account).cloned().collect();
            theirs.into_iter().rev().take(limit).collect()
        })
        .await
    }

    async fn by_true_user(&self, true_user: &AccountId, limit: usize) -> Result<Vec<Impersonation>, Unavailable> {
        self.read(|state| {
            let newest_first = state.impersonations.iter().rev();
            newest_first.filter(|row| row.true_user.id == *true_user).take(limit).cloned().collect()
        })
        .await
    }

    async fn consent(&self, id: &ConsentId) -> Result<Option<Consent>, Unavailable> {
        self.read(|state| state.consents.iter().find(|row| row.id == *id).cloned()).await
    }

    async fn consents(&self, which: Consents<'_>) -> Result<Vec<Consent>, Unavailable> {
        self.read(|state| state.consents(which)).await
    }

    async fn opted_out(&self, account: &AccountId) -> Result<Option<Timestamp>, Unavailable> {
        self.read(|state| state.opted_out.get(account).copied()).await
    }

    async fn paused(&self) -> Result<Option<Pause>, Unavailable> {
        self.read(|state| state.pause.clone()).await
    }

    async fn spend(&self, nonce: &[u8; 16], _until: Timestamp) -> Result<bool, Unavailable> {
        self.write(|state| state.spent.insert(*nonce))
    }

    async fn entries(&self, filter: &EntryFilter) -> Result<Vec<Recorded>, Unavailable> {
        self.read(|state| state.entries(filter)).await
    }
}
