//! What the rules need from outside: the ledger, and whoever is told when an impersonation ends.
//!
//! The host's port (who is signed in, which accounts there are) lives in `vicarious-axum`, because it looks at
//! requests.

use std::fmt::Debug;
use std::pin::Pin;

use async_trait::async_trait;
use jiff::Timestamp;

use crate::audit::{Entry, Kind, Recorded};
use crate::consent::{CodeDigest, Consent, ConsentId};
use crate::decide::{Pause, Transition};
use crate::{AccountId, EndCause, HandleHash, Impersonation, ImpersonationId, SignInKey};

/// State and audit log behind one port.
///
/// Everything that is acknowledged is durable. Implementations: `vicarious-sqlx` (SQLite, PostgreSQL) and, for
/// tests, `testkit`. The contract suite in `testkit` holds them to the same behaviour.
#[async_trait]
pub trait Ledger: Send + Sync + 'static {
    /// Applies changes and their entries in one transaction: all or nothing.
    ///
    /// # Errors
    ///
    /// [`ApplyError::Conflict`] when the state is no longer what a decision saw (look again and decide again),
    /// [`ApplyError::Unavailable`] when the store cannot answer.
    async fn apply(&self, transitions: Vec<Transition>) -> Result<(), ApplyError>;

    /// Records an intent if, and only if, its impersonation is active at `intent.at`; moves its idle end.
    ///
    /// Durable when it returns. The check and the insert are one atomic step with respect to every end. An intent that
    /// has the status of its answer already is its own outcome: nobody appends one, and no recovery writes one.
    ///
    /// # Errors
    ///
    /// [`Unavailable`] when it cannot be made durable: the request must not run, or its answer must not leave.
    async fn admit(&self, intent: Entry) -> Result<Admission, Unavailable>;

    /// Records an entry that no change depends on; durable when it returns.
    ///
    /// # Errors
    ///
    /// [`Unavailable`] when it cannot be made durable.
    async fn append(&self, entry: Entry) -> Result<(), Unavailable>;

    /// Records an entry soon, in order, without waiting; used for outcomes.
    ///
    /// What was accepted is written before [`Ledger::flush`] returns.
    fn append_later(&self, entry: Entry);

    /// Waits until everything accepted by [`Ledger::append_later`] is durable.
    async fn flush(&self);

    /// Remembers, on this machine's own disk, that the impersonation with this handle was stopped while the store
    /// could not answer. It counts as ended at once on this node, and is recorded before the next [`Ledger::admit`].
    ///
    /// # Errors
    ///
    /// [`Unavailable`] when even the journal cannot be written.
    async fn journal_stop(&self, handle: &HandleHash, at: Timestamp) -> Result<(), Unavailable>;

    /// Returns the impersonation that answers to a handle, ended ones included.
    async fn by_handle(&self, handle: &HandleHash) -> Result<Option<Impersonation>, Unavailable>;

    /// Returns the impersonation with this id, ended ones included.
    async fn by_id(&self, id: &ImpersonationId) -> Result<Option<Impersonation>, Unavailable>;

    /// Returns the latest impersonation that this sign-in started and has neither stopped nor acknowledged.
    async fn open_of(&self, sign_in: &SignInKey) -> Result<Option<Impersonation>, Unavailable>;

    /// Returns the impersonations whose end is not recorded, oldest first.
    async fn running(&self, which: Running<'_>) -> Result<Vec<Impersonation>, Unavailable>;

    /// Returns the impersonations of one customer's account, newest first, a page at a time.
    async fn of_account(
        &self,
        account: &AccountId,
        before: Option<&ImpersonationId>,
        limit: usize,
    ) -> Result<Vec<Impersonation>, Unavailable>;

    /// Returns the latest impersonations by one true user, newest first.
    async fn by_true_user(&self, true_user: &AccountId, limit: usize) -> Result<Vec<Impersonation>, Unavailable>;

    /// Returns a consent.
    async fn consent(&self, id: &ConsentId) -> Result<Option<Consent>, Unavailable>;

    /// Returns consents, newest first.
    async fn consents(&self, which: Consents<'_>) -> Result<Vec<Consent>, Unavailable>;

    /// Returns since when a customer declines support access altogether, if they do.
    async fn opted_out(&self, account: &AccountId) -> Result<Option<Timestamp>, Unavailable>;

    /// Returns the off switch, if it is on.
    async fn paused(&self) -> Result<Option<Pause>, Unavailable>;

    /// Marks a one-use value as used, and returns whether it was unused until now. Forgotten after `until`.
    async fn spend(&self, nonce: &[u8; 16], until: Timestamp) -> Result<bool, Unavailable>;

    /// Returns entries, newest first.
    async fn entries(&self, filter: &EntryFilter) -> Result<Vec<Recorded>, Unavailable>;
}

/// Whether an intent was recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Admission {
    /// It was; the request may run, or its answer may leave.
    Admitted,
    /// The impersonation is over; nothing may run, or leave.
    Over(EndCause),
}

/// Which running impersonations to list.
#[derive(Clone, Copy, Debug)]
pub enum Running<'a> {
    /// All of them.
    All,
    /// Those of one customer's account.
    As(&'a AccountId),
    /// Those by one true user.
    By(&'a AccountId),
    /// Those that one sign-in started.
    SignIn(&'a SignInKey),
    /// Those that rest on one consent.
    On(&'a ConsentId),
    /// Those whose hard end, idle end or write mode has passed.
    Overdue(Timestamp),
}

/// Which consents to list.
#[derive(Clone, Copy, Debug)]
pub enum Consents<'a> {
    /// Those of one customer.
    Of(&'a AccountId),
    /// Those that one agent asked for.
    AskedBy(&'a AccountId),
    /// Those that matter between a customer and an agent: standing ones, and what this agent asked for.
    Between {
        /// The customer.
        account: &'a AccountId,
        /// The agent.
        agent: &'a AccountId,
    },
    /// The latest that one person gave in the place of others.
    GrantedBy {
        /// Who gave them.
        by: &'a AccountId,
        /// How many at most.
        limit: usize,
    },
    /// The one with this support code.
    Code(&'a CodeDigest),
    /// The latest of all.
    Latest {
        /// How many at most.
        limit: usize,
    },
}

/// Which entries to list: every condition that is set must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EntryFilter {
    /// By whom.
    pub true_user: Option<AccountId>,
    /// Concerning whose account.
    pub current_user: Option<AccountId>,
    /// What happened.
    pub kind: Option<Kind>,
    /// Within which impersonation.
    pub impersonation: Option<ImpersonationId>,
    /// From this time on.
    pub from: Option<Timestamp>,
    /// Before this time.
    pub to: Option<Timestamp>,
    /// Only entries with a smaller number: the last one of the page before.
    pub before: Option<i64>,
    /// How many at most; zero means none.
    pub limit: usize,
}

/// The store cannot answer. An outage is not a denial.
#[derive(Debug, thiserror::Error)]
#[error("the ledger cannot answer")]
pub struct Unavailable(#[source] pub Box<dyn std::error::Error + Send + Sync>);

impl Unavailable {
    /// Wraps what went wrong.
    pub fn new(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self(source.into())
    }
}

/// Why transitions were not applied.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    /// The state is no longer what the decision saw.
    #[error("the state has changed meanwhile")]
    Conflict,
    /// The store cannot answer.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

/// Tells when an impersonation ends: what an [`Identity`](crate::Identity) asks on behalf of whatever outlives its request.
pub trait TellsEnd: Debug + Send + Sync {
    /// Waits for the end of `impersonation`, whoever records it, and returns its cause.
    fn ended(&self, impersonation: &Impersonation) -> Pin<Box<dyn Future<Output = EndCause> + Send>>;
}
