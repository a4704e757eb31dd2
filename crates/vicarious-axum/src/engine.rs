//! The running system: everything that the layer, the routes and the console share.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::{Notify, watch};
use vicarious_core::decide::{Terms, Transition};
use vicarious_core::impersonation::End;
use vicarious_core::ports::{ApplyError, Ledger, Unavailable};
use vicarious_core::redact::Redactor;
use vicarious_core::{AccountId, EndCause, HandleHash, Impersonation, ImpersonationId, Rules, SignInKey};

use crate::alarm::Alarm;
use crate::away::Away;
use crate::cache::Cache;
use crate::ends::{Clock, Ends};
use crate::events::{Event, Events, News};
use crate::guesses::Guesses;
use crate::host::{AnyHost, HostError, Known, SignIn};
use crate::keys::{KeyRing, open_handle};
use crate::languages::Languages;
use crate::lasting::Lasting;
use crate::met::Met;
use crate::mounted::Mounted;
use crate::online::Online;
use crate::paths::Paths;
use crate::presented::HandleIn;
use crate::spent::Tickets;

/// Why something could not be found out: an outage, never a denial.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Outage {
    #[error(transparent)]
    Ledger(#[from] Unavailable),
    #[error("{0}")]
    Host(HostError),
}

impl From<HostError> for Outage {
    fn from(error: HostError) -> Self {
        Self::Host(error)
    }
}

pub(crate) struct Engine {
    pub(crate) host: Box<dyn AnyHost>,
    pub(crate) ledger: Arc<dyn Ledger>,
    pub(crate) keys: KeyRing,
    pub(crate) rules: Rules,
    pub(crate) terms: Terms,
    pub(crate) redactor: Redactor,
    pub(crate) paths: Paths,
    pub(crate) handle_in: HandleIn,
    pub(crate) secure_cookies: bool,
    pub(crate) own_origins: Vec<String>,
    pub(crate) sign_in_page: Option<String>,
    pub(crate) script: Option<String>,
    pub(crate) reasons: Vec<String>,
    pub(crate) languages: Languages,
    pub(crate) fresh_sign_in: Option<SignedDuration>,
    pub(crate) clock: Clock,
    pub(crate) met: Met,
    pub(crate) in_flight: InFlight,
    pub(crate) guesses: Guesses,
    pub(crate) cached: Arc<Cached>,
    pub(crate) events: Arc<Events>,
    pub(crate) alarm: Arc<Alarm>,
    pub(crate) ends: Arc<Ends>,
    pub(crate) away: Arc<Away>,
    pub(crate) tickets: Tickets,
    pub(crate) online: Online,
    pub(crate) mounted: Mounted,
}

/// Whether what was found out a moment ago is good enough.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Look {
    Remembered,
    Afresh,
}

impl Look {
    fn remembered<T>(self, from: impl FnOnce() -> Option<T>) -> Option<T> {
        match self {
            Self::Remembered => from(),
            Self::Afresh => None,
        }
    }
}

pub(crate) struct Cached {
    sign_ins: Cache<SignInKey, SignIn>,
    accounts: Cache<AccountId, Known>,
    rows: Cache<HandleHash, Arc<Impersonation>>,
    open: Cache<SignInKey, Option<Impersonation>>,
    pub(crate) lasting: Cache<HandleHash, Arc<Lasting>>,
    /// What sealed texts were found to hold; a ring says the same of a text for ever.
    opened: Cache<String, HandleHash>,
    /// What may be recorded of texts that come with every request of a browser.
    redacted: Cache<String, String>,
}

/// How long it is remembered what may be recorded of a text, which never changes.
const REDACTED_FOR: SignedDuration = SignedDuration::from_hours(1);
/// The longest text of which that is remembered, in bytes.
const REMEMBERED_AT_MOST: usize = 256;

impl Cached {
    pub(crate) fn new(good_for: SignedDuration) -> Self {
        Self {
            sign_ins: Cache::new(good_for),
            accounts: Cache::new(good_for),
            rows: Cache::new(good_for),
            open: Cache::new(good_for),
            lasting: Cache::new(good_for),
            opened: Cache::new(good_for),
            redacted: Cache::new(REDACTED_FOR),
        }
    }

    fn forget_rows(&self) {
        self.rows.forget_all();
        self.open.forget_all();
        self.lasting.forget_all();
    }
}

impl Engine {
    /// Returns whether people sign in at this page: the one that was named, or one where they send it to.
    pub(crate) fn signs_in_at(&self, page: &str) -> bool {
        let path = |page: &str| page.split(['?', '#']).next().unwrap_or_default().to_owned();
        let asked = path(page);
        self.sign_in_page.as_deref().map(path).is_some_and(|named| named == asked)
            || self.paths.is_sign_in("POST", &asked)
    }

    /// Returns whether a path needs no identity at all.
    pub(crate) fn is_open(&self, method: &str, path: &str) -> bool {
        self.paths.is_open(method, path) || self.mounted.is_asset(method, path)
    }

    /// Returns the time to the microsecond, which is what the ledger keeps.
    pub(crate) fn now(&self) -> Timestamp {
        let now = (self.clock)();
        Timestamp::from_microsecond(now.as_microsecond()).unwrap_or(now)
    }

    /// Returns the digest of the handle that is sealed in a text, or none when it is no handle of ours.
    ///
    /// The time inside the seal is not consulted: the row has it too, and knows better why it ended.
    pub(crate) fn opened(&self, sealed: &str) -> Option<HandleHash> {
        let now = self.now();
        if let Some(known) = self.cached.opened.get(sealed, now) {
            return Some(known);
        }
        let (handle, _) = open_handle(&self.keys, sealed)?;
        let hash = handle.hash();
        self.cached.opened.put(sealed.to_owned(), hash, now);
        Some(hash)
    }

    /// Returns who is signed in under `key`.
    pub(crate) async fn sign_in(&self, key: &SignInKey, look: Look) -> Result<Option<SignIn>, HostError> {
        let now = self.now();
        if let Some(known) = look.remembered(|| self.cached.sign_ins.get(key, now)) {
            return Ok(Some(known));
        }
        let found = self.host.sign_in(key).await?;
        if let Some(found) = &found {
            self.cached.sign_ins.put(key.clone(), found.clone(), now);
        }
        Ok(found)
    }

    /// Returns an account that exists, perhaps from a moment ago.
    pub(crate) async fn known(&self, id: &AccountId) -> Result<Option<Known>, HostError> {
        self.account(id, Look::Remembered).await
    }

    /// Returns an account that exists.
    pub(crate) async fn account(&self, id: &AccountId, look: Look) -> Result<Option<Known>, HostError> {
        let now = self.now();
        if let Some(known) = look.remembered(|| self.cached.accounts.get(id, now)) {
            return Ok(Some(known));
        }
        let found = self.host.find(id).await?;
        let found = found.filter(|found| {
            let is_asked_for = found.account.id() == id;
            if !is_asked_for {
                tracing::error!(asked_for = %id, found = %found.account.id(), "the host found another account");
            }
            is_asked_for
        });
        if let Some(found) = &found {
            self.cached.accounts.put(id.clone(), found.clone(), now);
        }
        Ok(found)
    }

    /// Returns the row of a handle. From a moment ago it is good for showing and for safe requests only, because the
    /// intent asks the ledger whether it is still active.
    pub(crate) async fn row(&self, handle: &HandleHash, look: Look) -> Result<Option<Arc<Impersonation>>, Unavailable> {
        let now = self.now();
        match look.remembered(|| self.cached.rows.get(handle, now)) {
            Some(row) if row.over_at(now).is_none() => Ok(Some(row)),
            _ => Ok(self.fresh_row(handle).await?.map(Arc::new)),
        }
    }

    /// Returns what may be recorded of a text that is likely to come again.
    pub(crate) fn redacted(&self, text: &str) -> String {
        let now = self.now();
        if let Some(known) = self.cached.redacted.get(text, now) {
            return known;
        }
        let redacted = self.redactor.text(text);
        if text.len() <= REMEMBERED_AT_MOST {
            self.cached.redacted.put(text.to_owned(), redacted.clone(), now);
        }
        redacted
    }

    /// Returns the row of a handle as the ledger has it now.
    pub(crate) async fn fresh_row(&self, handle: &HandleHash) -> Result<Option<Impersonation>, Unavailable> {
        let row = self.ledger.by_handle(handle).await?;
        match &row {
            Some(row) => self.cached.rows.put(*handle, Arc::new(row.clone()), self.now()),
            None => self.cached.rows.forget(handle),
        }
        Ok(row)
    }

    /// Returns what this sign-in started and neither stopped nor acknowledged; none, too, where the ledger cannot tell:
    /// whoever presents no handle is not impersonating, and goes on.
    pub(crate) async fn open_of(&self, key: &SignInKey, look: Look) -> Option<Impersonation> {
        let now = self.now();
        if let Some(open) = look.remembered(|| self.cached.open.get(key, now)) {
            return open;
        }
        let open = self.away.open_of(&self.ledger, key).await?;
        self.cached.open.put(key.clone(), open.clone(), now);
        open
    }

    /// Applies transitions, forgets everything that they may have changed, and tells those who watch.
    ///
    /// In a task of its own: whoever asked may go away, and what is committed is told all the same.
    pub(crate) async fn apply(&self, transitions: Vec<Transition>) -> Result<(), ApplyError> {
        if transitions.is_empty() {
            return Ok(());
        }
        let (ledger, cached, events) = (Arc::clone(&self.ledger), Arc::clone(&self.cached), Arc::clone(&self.events));
        let (alarm, now) = (Arc::clone(&self.alarm), self.now());
        let applying = tokio::spawn(async move {
            let news = News::of(&transitions);
            let applied = ledger.apply(transitions).await;
            cached.forget_rows();
            if applied.is_ok() {
                news.iter().filter_map(News::running).for_each(|row| alarm.set_for(row, now));
                news.iter().for_each(|news| events.tell(news));
            }
            applied
        });
        applying.await.unwrap_or_else(|broken| Err(Unavailable::new(broken).into()))
    }

    /// Writes a stop to the journal, because the ledger cannot answer, and tells those who watch.
    pub(crate) async fn journal_stop(&self, handle: &HandleHash) -> Result<(), Unavailable> {
        let now = self.now();
        let known = self.events.by_handle(handle).or_else(|| Some((*self.cached.rows.get(handle, now)?).clone()));
        self.ledger.journal_stop(handle, now).await?;
        self.forget_rows();
        if let Some(mut row) = known.filter(|row| row.end.is_none()) {
            let cause = row.over_at(now).unwrap_or(EndCause::Stopped);
            row.end = Some(End { cause, at: now });
            self.events.ended(&row, cause);
        }
        Ok(())
    }

    /// Tells those who watch that a sign-in is over, if it is; when the host cannot say, it counts as over.
    pub(crate) async fn tell_sign_out(&self, key: &SignInKey) {
        self.forget_sign_in(key);
        if !matches!(self.host.sign_in(key).await, Ok(Some(_))) {
            self.events.see(&Event::SignedOut(key));
        }
    }

    /// Tells the end of an impersonation here whoever records it, and on time.
    pub(crate) fn follow(&self, row: &Impersonation) -> watch::Receiver<Option<EndCause>> {
        self.ends.follow(row)
    }

    pub(crate) fn forget_rows(&self) {
        self.cached.forget_rows();
    }

    pub(crate) fn forget_account(&self, id: &AccountId) {
        self.cached.accounts.forget(id);
    }

    pub(crate) fn forget_sign_in(&self, key: &SignInKey) {
        self.cached.sign_ins.forget(key);
        self.cached.open.forget(key);
    }
}

/// Unsafe requests that are running, by impersonation, so that a stop can wait for them.
#[derive(Default)]
pub(crate) struct InFlight {
    counts: Mutex<HashMap<ImpersonationId, usize>>,
    one_less: Notify,
}

impl InFlight {
    /// Counts a request until the guard is dropped.
    pub(crate) fn enter(engine: &Arc<Engine>, id: &ImpersonationId) -> InFlightGuard {
        *engine.in_flight.lock().entry(id.clone()).or_default() += 1;
        InFlightGuard { engine: Arc::clone(engine), id: id.clone() }
    }

    /// Waits until no unsafe request of `id` runs any more, but at most for `patience`.
    pub(crate) async fn drained(&self, id: &ImpersonationId, patience: Duration) {
        let empty = async {
            loop {
                let changed = self.one_less.notified();
                if !self.lock().contains_key(id) {
                    return;
                }
                changed.await;
            }
        };
        let _ = tokio::time::timeout(patience, empty).await;
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<ImpersonationId, usize>> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(crate) struct InFlightGuard {
    engine: Arc<Engine>,
    id: ImpersonationId,
}

impl Drop for InFlightGuard {
    fn drop(&mut self) {
        let in_flight = &self.engine.in_flight;
        let mut counts = in_flight.lock();
        if let Some(count) = counts.get_mut(&self.id) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.id);
            }
        }
        drop(counts);
        in_flight.one_less.notify_waiters();
    }
}
