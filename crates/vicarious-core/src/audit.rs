//! Audit entries: what happened, to whom, by whom.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{Impersonation, ImpersonationId, Person};

crate::text_id! {
    /// The identifier of one HTTP request, shared by its intent and its outcome.
    RequestId
}

/// Declares the kinds of entries with their wire words in one list.
macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident = $word:literal, $label:literal;)*) => {
        /// What an entry records.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Kind { $($(#[$doc])* $name,)* }

        impl Kind {
            /// Every kind, in the order of the documentation.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// Returns the word for this kind on the wire and in the database.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $word,)* }
            }

            /// Returns a short label for people.
            pub fn label(self) -> &'static str {
                match self { $(Self::$name => $label,)* }
            }
        }
    };
}

kinds! {
    /// An impersonation began.
    Started = "impersonation.started", "Started";
    /// A start was refused.
    StartRefused = "impersonation.refused", "Start refused";
    /// The true user stopped.
    Stopped = "impersonation.stopped", "Stopped";
    /// The hard end passed.
    Expired = "impersonation.expired", "Time was up";
    /// Nothing was done for too long.
    IdledOut = "impersonation.idled_out", "Idled out";
    /// The customer or an administrator ended it, or the agent from another sign-in; the entry says who.
    Revoked = "impersonation.revoked", "Revoked";
    /// It ended for another cause, named in the detail `cause`.
    Ended = "impersonation.ended", "Ended";
    /// The true user went on as themselves after an end that they had not asked for.
    Acknowledged = "impersonation.acknowledged", "Went on as themselves";
    /// Write mode was switched on.
    ModeRaised = "mode.raised", "Switched to write";
    /// Write mode was switched off.
    ModeLowered = "mode.lowered", "Switched to reading";
    /// Write mode ran out.
    ModeFellBack = "mode.fell_back", "Write mode ran out";
    /// An agent asked for consent.
    ConsentAsked = "consent.asked", "Asked for consent";
    /// The customer agreed.
    ConsentGiven = "consent.given", "Consent given";
    /// The customer declined.
    ConsentRefused = "consent.refused", "Consent refused";
    /// The customer withdrew the consent.
    ConsentWithdrawn = "consent.withdrawn", "Consent withdrawn";
    /// An administrator of the customer's organisation agreed in their place.
    ConsentGivenFor = "consent.given_for", "Consent given for somebody";
    /// An administrator of the customer's organisation took that back.
    ConsentWithdrawnFor = "consent.withdrawn_for", "Consent for somebody withdrawn";
    /// An agent recorded that the customer agreed elsewhere.
    ConsentAttested = "consent.attested", "Recorded a consent";
    /// The customer says that they never gave what an agent recorded.
    ConsentDisowned = "consent.disowned", "Says they did not agree";
    /// The customer declined support access altogether.
    OptedOut = "consent.opted_out", "Opted out of support access";
    /// The customer allows consent to be asked for again.
    OptedIn = "consent.opted_in", "Allowed support access again";
    /// A request is about to run, or has run and its answer has not left; in the latter case it has the status of the
    /// answer, and no outcome follows. Durable before a request has any effect, and before any answer leaves.
    Intent = "request.intent", "Request";
    /// How a request ended.
    Outcome = "request.outcome", "Outcome";
    /// A request that the rules, the mode or a check refused; nothing ran.
    RequestRefused = "request.refused", "Request refused";
    /// Another service of the application was given a token that names both users.
    TokenIssued = "token.issued", "Token for another service";
    /// A field of the customer's data changed.
    Changed = "data.changed", "Changed";
    /// All impersonation was paused.
    PauseBegan = "pause.began", "Paused everything";
    /// Impersonation is allowed again.
    PauseEnded = "pause.ended", "Resumed";
}

impl Kind {
    /// Returns the kind that `word` stands for, if any.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.as_str() == word)
    }

    /// Returns whether this is one of the bulk kinds that every request writes.
    pub fn is_per_request(self) -> bool {
        matches!(self, Self::Intent | Self::Outcome)
    }
}

/// One record, before the log has given it a number.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// When it happened.
    pub at: Timestamp,
    /// What happened.
    pub kind: Kind,
    /// Who was at the keyboard; none only for what nobody did, such as a pause from the command line.
    pub true_user: Option<Person>,
    /// Whose account it concerns; equals the true user when a customer decides about their own account.
    pub current_user: Option<Person>,
    /// The impersonation that it belongs to.
    pub impersonation: Option<ImpersonationId>,
    /// The HTTP request that it belongs to, and what is known of it.
    pub request: Option<RequestFacts>,
    /// The reason given for the impersonation or for this step.
    pub reason: Option<String>,
    /// The ticket.
    pub ticket: Option<String>,
    /// Everything else, by name; already redacted.
    pub detail: Map<String, Value>,
}

/// What an entry says about an HTTP request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestFacts {
    /// Shared by intent and outcome.
    pub id: RequestId,
    /// The method after any override.
    pub method: String,
    /// The route template, for example `/orders/{id}`; none when nothing matched.
    pub route: Option<String>,
    /// The path as requested, redacted by shape.
    pub path: String,
    /// The status of the answer, once there is one.
    pub status: Option<u16>,
}

impl Entry {
    /// Returns an entry that names both users of `impersonation`, with its reason and ticket.
    pub fn of(impersonation: &Impersonation, kind: Kind, at: Timestamp) -> Self {
        Self {
            true_user: Some(impersonation.true_user.clone()),
            current_user: Some(impersonation.current_user.clone()),
            impersonation: Some(impersonation.id.clone()),
            reason: Some(impersonation.reason.clone()),
            ticket: impersonation.ticket.clone(),
            ..Self::bare(kind, at)
        }
    }

    /// Returns an entry that names nobody yet.
    pub fn bare(kind: Kind, at: Timestamp) -> Self {
        Self {
            at,
            kind,
            true_user: None,
            current_user: None,
            impersonation: None,
            request: None,
            reason: None,
            ticket: None,
            detail: Map::new(),
        }
    }

    /// Returns an entry about what `actor` did concerning the account of `subject`.
    pub fn between(actor: &Person, subject: &Person, kind: Kind, at: Timestamp) -> Self {
        Self { true_user: Some(actor.clone()), current_user: Some(subject.clone()), ..Self::bare(kind, at) }
    }

    /// Returns whether this is an intent whose outcome follows in an entry of its own.
    pub fn is_open(&self) -> bool {
        self.kind == Kind::Intent && self.status().is_none()
    }

    /// Returns the status of the answer to the request that this is about, once there is one.
    pub fn status(&self) -> Option<u16> {
        self.request.as_ref().and_then(|request| request.status)
    }

    /// Makes this intent its own outcome: the request was answered with `status`, `took` after it came.
    #[must_use]
    pub fn answered(mut self, status: u16, took: Duration) -> Self {
        if let Some(request) = &mut self.request {
            request.status = Some(status);
        }
        self.lasted(took)
    }

    /// Says how long the request took.
    #[must_use]
    pub fn lasted(self, took: Duration) -> Self {
        self.with("duration_us", u64::try_from(took.as_micros()).unwrap_or(u64::MAX))
    }

    /// Adds a detail and returns the entry.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.detail.insert(name.to_owned(), value.into());
        self
    }
}

/// An entry in the log, with its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Recorded {
    /// Its number in the log, growing; gaps are possible.
    pub seq: i64,
    /// The entry.
    pub entry: Entry,
}

impl Recorded {
    /// Returns the public JSON form: one flat object, details last.
    pub fn to_json(&self) -> Value {
        let entry = &self.entry;
        let request = entry.request.as_ref();
        let mut json = serde_json::json!({
            "seq": self.seq,
            "at": entry.at.to_string(),
            "kind": entry.kind.as_str(),
            "true_user": entry.true_user,
            "current_user": entry.current_user,
            "impersonation": entry.impersonation,
            "request": request.map(|request| &request.id),
            "method": request.map(|request| &request.method).filter(|method| !method.is_empty()),
            "route": request.and_then(|request| request.route.as_ref()),
            "path": request.map(|request| &request.path).filter(|path| !path.is_empty()),
            "status": request.and_then(|request| request.status),
            "reason": entry.reason,
            "ticket": entry.ticket,
        });
        if let Value::Object(fields) = &mut json {
            for (name, value) in &entry.detail {
                // A detail never replaces a field of the record itself.
                fields.entry(name.clone()).or_insert_with(|| value.clone());
            }
        }
        json
    }
}
