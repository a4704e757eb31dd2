//! One bounded period of a true user acting as a current user.

use std::fmt;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{ConsentId, Person, SitePath};

crate::text_id! {
    /// The public identifier of an impersonation; it is no secret.
    ImpersonationId
}

crate::text_id! {
    /// A stable key of one sign-in at the host; a new sign-in has a different key. Never the session's secret itself.
    SignInKey
}

/// The SHA-256 digest of a handle: all that the database knows of it.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct HandleHash([u8; 32]);

impl HandleHash {
    /// Returns the digest of a handle's 32 random bytes.
    pub fn of(handle: &[u8; 32]) -> Self {
        Self(Sha256::digest(handle).into())
    }

    /// Restores a digest from its stored bytes.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Returns the digest's bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for HandleHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HandleHash(…)")
    }
}

/// What an impersonation may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Mode {
    /// Looking only.
    Read,
    /// Changing things too, until the given time; then it is [`Mode::Read`] again by itself.
    Write {
        /// When write mode falls back.
        until: Timestamp,
    },
}

impl Mode {
    /// Returns the word for this mode on the wire: `read` or `write`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write { .. } => "write",
        }
    }
}

/// Why an impersonation ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EndCause {
    /// The true user stopped it.
    Stopped,
    /// Its hard end passed.
    Expired,
    /// Nothing was done for too long.
    IdledOut,
    /// An administrator, or the customer, ended it.
    Revoked,
    /// The sign-in that started it is over.
    SignedOut,
    /// The host no longer lets this true user act as this current user.
    PermissionLost,
    /// One of the two accounts is gone or disabled.
    AccountGone,
    /// The customer withdrew the consent.
    ConsentWithdrawn,
    /// All impersonations were paused.
    Paused,
    /// The true user went straight on to another customer.
    Switched,
    /// A fresh impersonation of the same customer took its place.
    Continued,
}

impl EndCause {
    /// Every cause, in the order of the documentation.
    pub const ALL: [Self; 11] = [
        Self::Stopped,
        Self::Expired,
        Self::IdledOut,
        Self::Revoked,
        Self::SignedOut,
        Self::PermissionLost,
        Self::AccountGone,
        Self::ConsentWithdrawn,
        Self::Paused,
        Self::Switched,
        Self::Continued,
    ];

    /// Returns the word for this cause on the wire and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Stopped => "stopped",
            Self::Expired => "expired",
            Self::IdledOut => "idle",
            Self::Revoked => "revoked",
            Self::SignedOut => "signed_out",
            Self::PermissionLost => "permission_lost",
            Self::AccountGone => "account_gone",
            Self::ConsentWithdrawn => "consent_withdrawn",
            Self::Paused => "paused",
            Self::Switched => "switched",
            Self::Continued => "continued",
        }
    }

    /// Returns the cause that `word` stands for, if any.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|cause| cause.as_str() == word)
    }

    /// Returns a sentence that explains this cause to the agent.
    pub fn sentence(self) -> &'static str {
        match self {
            Self::Stopped => "It was stopped.",
            Self::Expired => "Its time was up.",
            Self::IdledOut => "Nothing was done in it for too long.",
            Self::Revoked => "It was ended by the customer, by an administrator, or by you from elsewhere.",
            Self::SignedOut => "The sign-in that started it is over.",
            Self::PermissionLost => "You may no longer use this customer's account.",
            Self::AccountGone => "One of the two accounts is gone or disabled.",
            Self::ConsentWithdrawn => "Consent was withdrawn.",
            Self::Paused => "An administrator paused all impersonation.",
            Self::Switched => "You went on to another customer.",
            Self::Continued => "It was continued in a new one.",
        }
    }
}

/// How and when an impersonation ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct End {
    /// Why.
    pub cause: EndCause,
    /// When it was recorded.
    pub at: Timestamp,
}

/// One impersonation, as its row in the database has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Impersonation {
    /// Its public identifier.
    pub id: ImpersonationId,
    /// The digest of the handle that it answers to.
    pub handle: HandleHash,
    /// The sign-in of the true user that it is bound to.
    pub sign_in: SignInKey,
    /// The person at the keyboard, with the name they had at the start.
    pub true_user: Person,
    /// The account that applies, with the name it had at the start.
    pub current_user: Person,
    /// Why it was started.
    pub reason: String,
    /// The ticket it was started for.
    pub ticket: Option<String>,
    /// The consent it rests on; none where the host requires none.
    pub consent: Option<ConsentId>,
    /// What it may do, before time is considered: see [`Impersonation::mode_at`].
    pub mode: Mode,
    /// When it started.
    pub started_at: Timestamp,
    /// When it was last used.
    pub last_seen_at: Timestamp,
    /// How long it may lie unused.
    pub idle_limit: SignedDuration,
    /// Its hard end, which nothing moves.
    pub ends_at: Timestamp,
    /// The true user's page to go back to.
    pub return_to: SitePath,
    /// The impersonation that this one continues or replaces.
    pub follows: Option<ImpersonationId>,
    /// How it ended, once it has been recorded.
    pub end: Option<End>,
    /// When the true user went on as themselves; until then an ended impersonation blocks the browser.
    pub acknowledged_at: Option<Timestamp>,
}

impl Impersonation {
    /// Returns when it idles out unless it is used before.
    pub fn idle_ends_at(&self) -> Timestamp {
        self.last_seen_at.saturating_add(self.idle_limit).unwrap_or(self.ends_at).min(self.ends_at)
    }

    /// Returns why it is over at `now`, or none while it is active.
    ///
    /// An impersonation whose time has passed is over even before anybody recorded that.
    pub fn over_at(&self, now: Timestamp) -> Option<EndCause> {
        if let Some(end) = &self.end {
            Some(end.cause)
        } else if now >= self.ends_at {
            Some(EndCause::Expired)
        } else if now >= self.idle_ends_at() {
            Some(EndCause::IdledOut)
        } else {
            None
        }
    }

    /// Returns the mode that applies at `now`: write mode falls back by itself.
    pub fn mode_at(&self, now: Timestamp) -> Mode {
        match self.mode {
            Mode::Write { until } if now < until => self.mode,
            Mode::Write { .. } | Mode::Read => Mode::Read,
        }
    }

    /// Returns the tag that forms and scripts of this identity carry.
    ///
    /// Two impersonations never share a tag, and a tag reveals neither account nor handle. 32 hexadecimal digits.
    pub fn tag(&self) -> String {
        let mut hash = Sha256::new();
        for part in [self.id.as_str(), self.true_user.id.as_str(), self.current_user.id.as_str()] {
            // Lengths keep neighbours apart: ("a", "bc") must not equal ("ab", "c").
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part.as_bytes());
        }
        let digit = |half: u8| char::from_digit(u32::from(half), 16).unwrap_or('0');
        hash.finalize().iter().take(16).flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
    }

    /// Returns the public JSON form: id, mode, reason, ticket and the times that bound it.
    pub fn to_json(&self, now: Timestamp) -> serde_json::Value {
        let mode = self.mode_at(now);
        let mode_ends_at = match mode {
            Mode::Write { until } => Some(until.min(self.ends_at).to_string()),
            Mode::Read => None,
        };
        serde_json::json!({
            "id": self.id,
            "mode": mode.as_str(),
            "reason": self.reason,
            "ticket": self.ticket,
            "started_at": self.started_at.to_string(),
            "idle_ends_at": self.idle_ends_at().to_string(),
            "ends_at": self.ends_at.to_string(),
            "mode_ends_at": mode_ends_at,
        })
    }
}
