//! A ledger that fails, or dawdles, at exactly the step it is told to.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use testkit::MemoryLedger;
use tokio::sync::Semaphore;
use vicarious_core::audit::Recorded;
use vicarious_core::consent::{Consent, ConsentId};
use vicarious_core::decide::{Pause, Transition};
use vicarious_core::ports::{Admission, ApplyError, Consents, EntryFilter, Ledger, Running, Unavailable};
use vicarious_core::{AccountId, Entry, HandleHash, Impersonation, ImpersonationId, SignInKey, Timestamp};

/// A ledger in memory behind a wire that can be cut.
pub(crate) struct Faulty {
    inner: Arc<MemoryLedger>,
    calls: AtomicUsize,
    /// The calls that fail, counted from the last time this was set.
    fails: Mutex<std::ops::Range<usize>>,
    /// Whether an intent is acknowledged only once the gate opens, although it is recorded at once.
    dawdles: AtomicBool,
    pub(crate) gate: Semaphore,
}

impl Faulty {
    pub(crate) fn new(inner: Arc<MemoryLedger>) -> Self {
        Self {
            inner,
            calls: AtomicUsize::new(0),
            fails: Mutex::new(0..0),
            dawdles: AtomicBool::new(false),
            gate: Semaphore::new(0),
        }
    }

    /// Makes the calls in this range fail, counted from now.
    pub(crate) fn fail(&self, calls: std::ops::Range<usize>) {
        *self.fails.lock().unwrap() = calls;
        self.calls.store(0, Ordering::SeqCst);
    }

    pub(crate) fn heal(&self) {
        self.fail(0..0);
    }

    /// Returns how many calls there were since [`Faulty::fail`].
    pub(crate) fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }

    /// Lets intents be recorded but not acknowledged until the gate opens.
    pub(crate) fn dawdle(&self) {
        self.dawdles.store(true, Ordering::SeqCst);
    }

    fn pass(&self) -> Result<&MemoryLedger, Unavailable> {
        let call = self.calls.fetch_add(1, Ordering::SeqCst);
        if self.fails.lock().unwrap().contains(&call) { Err(Unavailable::new("cut")) } else { Ok(&self.inner) }
    }
}

#[async_trait]
impl Ledger for Faulty {
    async fn apply(&self, transitions: Vec<Transition>) -> Result<(), ApplyError> {
        self.pass()?.apply(transitions).await
    }

    async fn admit(&self, intent: Entry) -> Result<Admission, Unavailable> {
        let admission = self.pass()?.admit(intent).await;
        if self.dawdles.load(Ordering::SeqCst) {
            self.gate.acquire().await.unwrap().forget();
        }
        admission
    }

    async fn append(&self, entry: Entry) -> Result<(), Unavailable> {
        self.pass()?.append(entry).await
    }

    fn append_later(&self, entry: Entry) {
        self.inner.append_later(entry);
    }

    async fn flush(&self) {
        self.inner.flush().await;
    }

    async fn journal_stop(&self, handle: &HandleHash, at: Timestamp) -> Result<(), Unavailable> {
        self.inner.journal_stop(handle, at).await
    }

    async fn by_handle(&self, handle: &HandleHash) -> Result<Option<Impersonation>, Unavailable> {
        self.pass()?.by_handle(handle).await
    }

    async fn by_id(&self, id: &ImpersonationId) -> Result<Option<Impersonation>, Unavailable> {
        self.pass()?.by_id(id).await
    }

    async fn open_of(&self, sign_in: &SignInKey) -> Result<Option<Impersonation>, Unavailable> {
        self.pass()?.open_of(sign_in).await
    }

    async fn running(&self, which: Running<'_>) -> Result<Vec<Impersonation>, Unavailable> {
        // The sweep asks this too, at times of its own.
        if matches!(which, Running::Overdue(_)) {
            self.inner.running(which).await
        } else {
            self.pass()?.running(which).await
        }
    }

    async fn of_account(
        &self,
        account: &AccountId,
        before: Option<&ImpersonationId>,
        limit: usize,
    ) -> Result<Vec<Impersonation>, Unavailable> {
        self.pass()?.of_account(account, before, limit).await
    }

    async fn by_true_user(&self, true_user: &AccountId, limit: usize) -> Result<Vec<Impersonation>, Unavailable> {
        self.pass()?.by_true_user(true_user, limit).await
    }

    async fn consent(&self, id: &ConsentId) -> Result<Option<Consent>, Unavailable> {
        self.pass()?.consent(id).await
    }

    async fn consents(&self, which: Consents<'_>) -> Result<Vec<Consent>, Unavailable> {
        self.pass()?.consents(which).await
    }

    async fn opted_out(&self, account: &AccountId) -> Result<Option<Timestamp>, Unavailable> {
        self.pass()?.opted_out(account).await
    }

    async fn paused(&self) -> Result<Option<Pause>, Unavailable> {
        self.pass()?.paused().await
    }

    async fn spend(&self, nonce: &[u8; 16], until: Timestamp) -> Result<bool, Unavailable> {
        self.pass()?.spend(nonce, until).await
    }

    async fn entries(&self, filter: &EntryFilter) -> Result<Vec<Recorded>, Unavailable> {
        self.pass()?.entries(filter).await
    }
}
