//! Decisions: from what is known, and the time, to what changes and what is recorded.
//!
//! Every function here is pure. The edge gathers the facts, calls one of these, and hands the transitions to
//! [`Ledger::apply`](crate::ports::Ledger::apply), which writes change and entry in one database transaction.

mod consents;
mod grants;
mod modes;
mod starts;

pub use consents::{Ask, Attest, Decision, ask, attest, decide, give_ahead, give_by_code, opt_in, opt_out};
pub use grants::{GiveFor, give_for, granted, has_declined, withdraw_for};
pub use modes::{fall_back, lower, raise};
pub use starts::{Fresh, REASON_AT_MOST, StartFacts, StartRequest, TICKET_AT_MOST, start, start_refused};

use jiff::{SignedDuration, Timestamp};

use crate::consent::Consent;
use crate::impersonation::End;
use crate::{AccountId, EndCause, Entry, Impersonation, ImpersonationId, Kind, Mode, Person};

/// What changes, together with the one audit entry that says so.
#[derive(Clone, Debug, PartialEq)]
#[must_use = "a transition has no effect until a ledger applies it"]
pub struct Transition {
    change: Change,
    entry: Entry,
    /// The impersonation that changes, as it becomes; a start carries it in its change.
    becomes: Option<Box<Impersonation>>,
}

impl Transition {
    /// Returns what changes.
    pub fn change(&self) -> &Change {
        &self.change
    }

    /// Returns the audit entry of the change.
    pub fn entry(&self) -> &Entry {
        &self.entry
    }

    /// Returns the impersonation that changes, as it is once this is applied.
    pub fn impersonation(&self) -> Option<&Impersonation> {
        match &self.change {
            Change::Start { impersonation, .. } => Some(impersonation),
            _ => self.becomes.as_deref(),
        }
    }

    /// Returns the consent that changes, as it is once this is applied; entering on one may use it up.
    pub fn consent(&self) -> Option<&Consent> {
        match &self.change {
            Change::AddConsent(consent) | Change::UpdateConsent { to: consent, .. } => Some(consent),
            Change::Start { consent: Some(used), .. } if used.seen != used.entered => Some(&used.entered),
            _ => None,
        }
    }

    /// Splits into change and entry, for a ledger to write both.
    pub fn into_parts(self) -> (Change, Entry) {
        (self.change, self.entry)
    }

    /// Adds facts about the request to the entry, such as its id and address.
    pub fn on(mut self, amend: impl FnOnce(&mut Entry)) -> Self {
        amend(&mut self.entry);
        self
    }

    fn new(change: Change, entry: Entry) -> Self {
        Self { change, entry, becomes: None }
    }

    /// Remembers what `impersonation` becomes, for those who are told of the change.
    fn of(mut self, impersonation: &Impersonation, change: impl FnOnce(&mut Impersonation)) -> Self {
        let mut becomes = Box::new(impersonation.clone());
        change(&mut becomes);
        self.becomes = Some(becomes);
        self
    }
}

/// A change of state, to be applied only if the state is still what the decision saw.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// Nothing changes: a refusal that is only recorded.
    Nothing,
    /// Insert this impersonation. Conflicts if its sign-in has one whose end is not recorded, if its true user has as
    /// many as there may be at once, if impersonation is paused, or if the consent it uses is no longer as seen.
    Start {
        /// The row to insert.
        impersonation: Box<Impersonation>,
        /// The consent it rests on; none where the host requires none.
        consent: Option<Box<ConsentUse>>,
        /// How many of its true user may be running, this one included.
        at_once: usize,
    },
    /// End an impersonation. Conflicts if it has ended.
    End {
        /// Which.
        id: ImpersonationId,
        /// Why.
        cause: EndCause,
        /// When.
        at: Timestamp,
        /// Whether the true user asked for it, so that nothing is left to acknowledge.
        acknowledged: bool,
    },
    /// Note that the true user went on as themselves. Conflicts if that is noted already.
    Acknowledge {
        /// Which impersonation.
        id: ImpersonationId,
        /// When.
        at: Timestamp,
    },
    /// Set the mode. Conflicts if the impersonation has ended or its mode is no longer `from`.
    SetMode {
        /// Which impersonation.
        id: ImpersonationId,
        /// The stored mode that the decision saw.
        from: Mode,
        /// The new mode.
        to: Mode,
    },
    /// Insert this consent.
    AddConsent(Box<Consent>),
    /// Replace a consent. Conflicts if its state or use is no longer that of `from`.
    UpdateConsent {
        /// The consent that the decision saw.
        from: Box<Consent>,
        /// What it becomes.
        to: Box<Consent>,
    },
    /// Note that a customer declines support access altogether. Conflicts if that is noted already.
    OptOut {
        /// The customer.
        account: AccountId,
        /// Since when.
        at: Timestamp,
    },
    /// Forget that a customer declined. Conflicts if they had not.
    OptIn {
        /// The customer.
        account: AccountId,
    },
    /// Refuse every new start until resumed. Conflicts if paused already.
    Pause(Pause),
    /// Allow starts again. Conflicts if not paused.
    Resume,
}

/// A consent as the decision saw it and as it is once the agent has entered on it; the two may be equal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsentUse {
    /// As seen.
    pub seen: Consent,
    /// As it becomes.
    pub entered: Consent,
}

/// An off switch that is on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pause {
    /// Why, in the administrator's words.
    pub reason: String,
    /// Since when.
    pub since: Timestamp,
}

/// How long things last and how many there may be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    /// From start to hard end; default 30 minutes.
    pub length: SignedDuration,
    /// How long an impersonation may lie unused; default 10 minutes.
    pub idle: SignedDuration,
    /// How long write mode lasts; default 10 minutes.
    pub write: SignedDuration,
    /// How long before the hard end the banner offers to continue; default 5 minutes.
    pub continue_within: SignedDuration,
    /// Whether a customer's consent is needed.
    pub consent: ConsentPolicy,
    /// Whether an agent may record a consent that a customer gave elsewhere, by phone or in a chat; off by default.
    pub attested: bool,
    /// How many impersonations one true user may have at once; default 5.
    pub at_once: usize,
}

impl Default for Terms {
    fn default() -> Self {
        Self {
            length: SignedDuration::from_mins(30),
            idle: SignedDuration::from_mins(10),
            write: SignedDuration::from_mins(10),
            continue_within: SignedDuration::from_mins(5),
            consent: ConsentPolicy::Required,
            attested: false,
            at_once: 5,
        }
    }
}

/// Whether a customer's consent is needed to start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ConsentPolicy {
    /// No start without consent.
    #[default]
    Required,
    /// The customer is told, not asked.
    NotRequired,
}

/// Returns the transition that ends `impersonation`, or none if it has ended.
///
/// `by` is recorded when somebody other than the true user ended it. An active impersonation whose time has
/// passed ends for that cause, whatever was asked: what is recorded is what was true first.
pub fn end(impersonation: &Impersonation, cause: EndCause, by: Option<&Person>, now: Timestamp) -> Option<Transition> {
    if impersonation.end.is_some() {
        return None;
    }
    let acknowledged = matches!(cause, EndCause::Stopped | EndCause::Switched | EndCause::Continued);
    let recorded = impersonation.over_at(now).unwrap_or(cause);
    let kind = match recorded {
        EndCause::Stopped => Kind::Stopped,
        EndCause::Expired => Kind::Expired,
        EndCause::IdledOut => Kind::IdledOut,
        EndCause::Revoked => Kind::Revoked,
        EndCause::SignedOut
        | EndCause::PermissionLost
        | EndCause::AccountGone
        | EndCause::ConsentWithdrawn
        | EndCause::Paused
        | EndCause::Switched
        | EndCause::Continued => Kind::Ended,
    };
    let mut entry = Entry::of(impersonation, kind, now).with("cause", recorded.as_str());
    if let Some(by) = by {
        entry = entry.with("by", serde_json::json!(by));
    }
    let change = Change::End { id: impersonation.id.clone(), cause: recorded, at: now, acknowledged };
    let over = End { cause: recorded, at: now };
    Some(Transition::new(change, entry).of(impersonation, |row| {
        row.end = Some(over);
        row.acknowledged_at = acknowledged.then_some(now);
    }))
}

/// Returns the transition that notes that the true user went on as themselves after an end, or none if that is
/// noted already or the impersonation has not ended.
pub fn acknowledge(impersonation: &Impersonation, now: Timestamp) -> Option<Transition> {
    if impersonation.end.is_none() || impersonation.acknowledged_at.is_some() {
        return None;
    }
    let change = Change::Acknowledge { id: impersonation.id.clone(), at: now };
    let transition = Transition::new(change, Entry::of(impersonation, Kind::Acknowledged, now));
    Some(transition.of(impersonation, |row| row.acknowledged_at = Some(now)))
}

/// Returns the transition that pauses all impersonation.
///
/// The edge ends what is running, as listed *after* this was applied: what started in between is then on the list.
pub fn pause(by: Option<&Person>, reason: &str, now: Timestamp) -> Transition {
    let pause = Pause { reason: reason.to_owned(), since: now };
    let mut entry = Entry::bare(Kind::PauseBegan, now);
    entry.true_user = by.cloned();
    entry.reason = Some(reason.to_owned());
    Transition::new(Change::Pause(pause), entry)
}

/// Returns the transition that allows impersonation again.
pub fn resume(by: Option<&Person>, now: Timestamp) -> Transition {
    let mut entry = Entry::bare(Kind::PauseEnded, now);
    entry.true_user = by.cloned();
    Transition::new(Change::Resume, entry)
}
