//! Where a customer's permission stands for one agent.

use serde_json::{Value, json};
use vicarious_axum::Vicarious;
use vicarious_core::consent::{Consent, ConsentState};
use vicarious_core::decide::ConsentPolicy;
use vicarious_core::ports::{Consents, Unavailable};
use vicarious_core::{Account, AccountId, Timestamp};

use crate::frame::Frame;
use crate::sentence::Sentence;

/// Where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    NotRequired,
    Declines(Timestamp),
    Agreed(Timestamp),
    Asked(Timestamp),
    Missing,
}

impl Standing {
    /// Looks up where `account`'s permission stands for `agent`.
    pub(crate) async fn find(vicarious: &Vicarious, account: &Account, agent: &AccountId) -> Result<Self, Unavailable> {
        let ledger = vicarious.ledger();
        if vicarious.terms().consent == ConsentPolicy::NotRequired {
            return Ok(Self::NotRequired);
        }
        if let Some(since) = ledger.opted_out(account.id()).await? {
            return Ok(Self::Declines(since));
        }
        let mut known = ledger.consents(Consents::Between { account: account.id(), agent }).await?;
        known.retain(|consent| consent.is_for(account));
        Ok(Self::of(&known, agent, vicarious.now()))
    }

    fn of(known: &[Consent], agent: &AccountId, now: Timestamp) -> Self {
        let agreed = known.iter().filter(|consent| consent.covers(agent, None, None, now));
        if let Some(consent) = agreed.max_by_key(|consent| consent.ends_at) {
            return Self::Agreed(consent.ends_at);
        }
        let asked = known.iter().find(|consent| {
            let by_them = consent.requested_by.as_ref().is_some_and(|asked| asked.id == *agent);
            by_them && consent.state_at(now) == ConsentState::Asked
        });
        asked.map_or(Self::Missing, |consent| Self::Asked(consent.asked_at))
    }

    /// Returns the class of its label.
    pub(crate) fn class(&self) -> &'static str {
        match self {
            Self::NotRequired | Self::Agreed(_) => "good",
            Self::Asked(_) => "warn",
            Self::Declines(_) => "bad",
            Self::Missing => "plain",
        }
    }

    /// Returns the words of its label, with the time that belongs to them.
    pub(crate) fn said(&self, frame: &Frame, now: &Timestamp) -> Sentence {
        let said = |english, at: Timestamp| frame.say(english).time("time", &frame.when(at, *now));
        match *self {
            Self::NotRequired => frame.say("Not needed"),
            Self::Agreed(at) => said("Agreed until {time}", at),
            Self::Asked(at) => said("Asked {time}", at),
            Self::Declines(at) => said("Declines since {time}", at),
            Self::Missing => frame.say("Not asked yet"),
        }
    }

    pub(crate) fn to_json(self) -> Value {
        let (state, at) = match self {
            Self::NotRequired => ("not_required", None),
            Self::Agreed(at) => ("agreed", Some(at)),
            Self::Asked(at) => ("asked", Some(at)),
            Self::Declines(at) => ("declines", Some(at)),
            Self::Missing => ("missing", None),
        };
        json!({ "state": state, "at": at.map(|at| at.to_string()) })
    }
}
