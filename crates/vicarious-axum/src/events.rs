//! Telling others what has just happened: sockets that close with their impersonation, futures that wait for its end.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use jiff::{SignedDuration, Timestamp};
use tokio::sync::watch;
use vicarious_core::decide::{Change, Transition};
use vicarious_core::impersonation::End;
use vicarious_core::{AccountId, Consent, EndCause, HandleHash, Impersonation, ImpersonationId, SignInKey};

use crate::Vicarious;

/// Something that has just happened.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Event<'a> {
    /// An impersonation began.
    Started(&'a Impersonation),
    /// An impersonation is over, for this cause.
    Ended(&'a Impersonation, EndCause),
    /// An impersonation went up to write mode or down again.
    ModeChanged(&'a Impersonation),
    /// A sign-in is over; that of somebody who impersonated nobody, too.
    SignedOut(&'a SignInKey),
    /// The application says that an account or its rights have changed: whoever is connected asks again.
    AccountChanged(&'a AccountId),
    /// A consent was asked for, given, refused, withdrawn or used up.
    ConsentChanged(&'a Consent),
}

/// Sees what happens, at once.
///
/// It is called within the operation that made it happen, after that is durable and before anybody is answered: who has
/// the answer of a stop knows that every watcher has seen it. So it must be quick and must not block: note what is to be
/// done, or send it to a task of your own.
///
/// A process is told what it has recorded itself, and the end of an impersonation that it started or has connections
/// of, even when another process recorded it: within five seconds then, and sooner when a request finds it out. Each
/// end is told once.
pub trait Watch: Send + Sync + 'static {
    /// Sees an event.
    fn seen(&self, event: &Event<'_>);
}

impl Vicarious {
    /// Tells a watcher what happens from now on.
    pub fn watch(&self, watcher: Arc<dyn Watch>) {
        self.engine.events.watchers.write().unwrap_or_else(PoisonError::into_inner).push(watcher);
    }
}

/// How long a process remembers that it has told an end: as long as anybody could come back with its handle by habit.
const REMEMBERED: SignedDuration = SignedDuration::from_hours(24);

/// Who is told, and what was told.
#[derive(Default)]
pub(crate) struct Events {
    watchers: RwLock<Vec<Arc<dyn Watch>>>,
    /// The impersonations that this process started or has connections of.
    known: Mutex<HashMap<ImpersonationId, Known>>,
    /// Held while an end is told, so that whoever is second returns only when all have seen it.
    telling: Mutex<()>,
}

enum Known {
    Running(Box<Impersonation>, watch::Sender<Option<EndCause>>),
    Over(EndCause, Timestamp),
}

/// What a transition means to watchers; made before it is applied, told after.
pub(crate) enum News {
    Started(Box<Impersonation>),
    Ended(Box<Impersonation>, EndCause),
    ModeChanged(Box<Impersonation>),
    ConsentChanged(Box<Consent>),
}

impl News {
    pub(crate) fn of(transitions: &[Transition]) -> Vec<Self> {
        let mut news = Vec::new();
        for transition in transitions {
            let row = transition.impersonation().cloned().map(Box::new);
            news.extend(transition.consent().cloned().map(|consent| Self::ConsentChanged(Box::new(consent))));
            news.extend(match (transition.change(), row) {
                (Change::Start { .. }, Some(row)) => Some(Self::Started(row)),
                (Change::End { cause, .. }, Some(row)) => Some(Self::Ended(row, *cause)),
                (Change::SetMode { .. }, Some(row)) => Some(Self::ModeChanged(row)),
                _ => None,
            });
        }
        news
    }

    /// Returns the impersonation that goes on.
    pub(crate) fn running(&self) -> Option<&Impersonation> {
        match self {
            Self::Started(row) | Self::ModeChanged(row) => Some(row),
            Self::Ended(..) | Self::ConsentChanged(_) => None,
        }
    }
}

impl Events {
    /// Tells what was applied.
    pub(crate) fn tell(&self, news: &News) {
        match news {
            News::Started(row) => {
                self.follow(row);
                self.see(&Event::Started(row));
            }
            News::Ended(row, cause) => self.ended(row, *cause),
            News::ModeChanged(row) => self.see(&Event::ModeChanged(row)),
            News::ConsentChanged(consent) => self.see(&Event::ConsentChanged(consent)),
        }
    }

    /// Tells every watcher.
    pub(crate) fn see(&self, event: &Event<'_>) {
        let watchers = self.watchers.read().unwrap_or_else(PoisonError::into_inner).clone();
        for watcher in watchers {
            // What is done is done, and the others are told as well.
            if catch_unwind(AssertUnwindSafe(|| watcher.seen(event))).is_err() {
                tracing::error!(?event, "a watcher panicked");
            }
        }
    }

    /// Remembers an impersonation, so that its end is told whoever records it; returns what will say so.
    pub(crate) fn follow(&self, row: &Impersonation) -> watch::Receiver<Option<EndCause>> {
        match self.known().entry(row.id.clone()).or_insert_with(|| {
            let (sender, _) = watch::channel(None);
            Known::Running(Box::new(row.clone()), sender)
        }) {
            Known::Running(_, sender) => sender.subscribe(),
            Known::Over(cause, _) => watch::channel(Some(*cause)).1,
        }
    }

    /// Tells the end of an impersonation, unless that was told.
    pub(crate) fn ended(&self, row: &Impersonation, cause: EndCause) {
        let at = row.end.as_ref().map_or(row.ends_at, |end| end.at);
        let _telling = self.telling.lock().unwrap_or_else(PoisonError::into_inner);
        let before = self.known().insert(row.id.clone(), Known::Over(cause, at));
        match before {
            Some(over @ Known::Over(..)) => drop(self.known().insert(row.id.clone(), over)),
            Some(Known::Running(_, sender)) => {
                self.see(&Event::Ended(row, cause));
                sender.send_replace(Some(cause));
            }
            None => self.see(&Event::Ended(row, cause)),
        }
    }

    /// Tells an end that somebody else recorded, if that impersonation is one of those that are followed.
    pub(crate) fn found_over(&self, row: &Impersonation) {
        let Some(End { cause, .. }) = row.end else { return };
        let is_followed = !matches!(self.known().get(&row.id), None | Some(Known::Over(..)));
        if is_followed {
            self.ended(row, cause);
        }
    }

    /// Returns the cause of an end that was told.
    pub(crate) fn told(&self, id: &ImpersonationId) -> Option<EndCause> {
        match self.known().get(id) {
            Some(Known::Over(cause, _)) => Some(*cause),
            Some(Known::Running(..)) | None => None,
        }
    }

    /// Returns the followed impersonation that answers to a handle.
    pub(crate) fn by_handle(&self, handle: &HandleHash) -> Option<Impersonation> {
        let known = self.known();
        let mut running = known.values().filter_map(Known::running);
        running.find(|row| row.handle == *handle).cloned()
    }

    /// Returns the followed impersonations that are not among those that run, and forgets ends of long ago.
    pub(crate) fn missing(&self, running: &[Impersonation], now: Timestamp) -> Vec<ImpersonationId> {
        let mut known = self.known();
        known.retain(|_, known| match known {
            Known::Running(..) => true,
            Known::Over(_, at) => now.duration_since(*at) < REMEMBERED,
        });
        let missing = known.values().filter_map(Known::running).map(|row| &row.id);
        missing.filter(|id| running.iter().all(|row| row.id != **id)).cloned().collect()
    }

    fn known(&self) -> MutexGuard<'_, HashMap<ImpersonationId, Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    fn running(&self) -> Option<&Impersonation> {
        match self {
            Self::Running(row, _) => Some(row),
            Self::Over(..) => None,
        }
    }
}
