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
    /// What became of the last question of theirs, or that the customer took back what they had given ahead, and when.
    Over(ConsentState, Timestamp),
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
        match Self::of(&known, agent, vicarious.now()) {
            Self::Missing => Self::last(vicarious, &known, agent).await,
            standing => Ok(standing),
        }
    }

    /// Returns what happened last, where nothing lets anybody in and nothing is open.
    async fn last(vicarious: &Vicarious, known: &[Consent], agent: &AccountId) -> Result<Self, Unavailable> {
        // The latest comes first.
        let own = match known.iter().find(|consent| is_of(consent, agent)) {
            Some(own) => Some(Self::over(vicarious, own, vicarious.now()).await?),
            None => None,
        };
        let taken_back = known.iter().filter(|consent| consent.was_taken_back());
        let taken_back = taken_back.filter_map(|consent| Some((consent.state, consent.decided_at?)));
        let last = taken_back.chain(own).max_by_key(|(_, at)| *at);
        Ok(last.map_or(Self::Missing, |(state, at)| Self::Over(state, at)))
    }

    fn of(known: &[Consent], agent: &AccountId, now: Timestamp) -> Self {
        let agreed = known.iter().filter(|consent| consent.covers(agent, None, None, now));
        if let Some(consent) = agreed.max_by_key(|consent| consent.ends_at) {
            return Self::Agreed(consent.ends_at);
        }
        let mut own = known.iter().filter(|consent| is_of(consent, agent));
        let asked = own.find(|consent| consent.state_at(now) == ConsentState::Asked);
        asked.map_or(Self::Missing, |consent| Self::Asked(consent.asked_at))
    }

    /// Returns what became of a consent that lets nobody in any more, and when.
    async fn over(
        vicarious: &Vicarious,
        consent: &Consent,
        now: Timestamp,
    ) -> Result<(ConsentState, Timestamp), Unavailable> {
        let state = consent.state_after(None, now);
        let decided = consent.decided_at.unwrap_or(consent.asked_at);
        let at = match (state, &consent.used_by) {
            (ConsentState::Used, Some(first)) => {
                vicarious.ledger().by_id(first).await?.map_or(decided, |first| first.started_at)
            }
            (ConsentState::Lapsed, _) => consent.ends_at,
            _ => decided,
        };
        Ok((state, at))
    }

    /// Returns the class of its label.
    pub(crate) fn class(&self) -> &'static str {
        match self {
            Self::NotRequired | Self::Agreed(_) => "good",
            Self::Asked(_) => "warn",
            Self::Declines(_)
            | Self::Over(ConsentState::Refused | ConsentState::Withdrawn | ConsentState::Disowned, _) => "bad",
            Self::Over(..) | Self::Missing => "plain",
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
            Self::Over(state, at) => said(over(state), at),
            Self::Missing => frame.say("Not asked yet"),
        }
    }

    pub(crate) fn to_json(self) -> Value {
        let (state, at) = match self {
            Self::NotRequired => ("not_required", None),
            Self::Agreed(at) => ("agreed", Some(at)),
            Self::Asked(at) => ("asked", Some(at)),
            Self::Declines(at) => ("declines", Some(at)),
            Self::Over(state, at) => (state.as_str(), Some(at)),
            Self::Missing => ("missing", None),
        };
        json!({ "state": state, "at": at.map(|at| at.to_string()) })
    }
}

/// Returns whether `agent` asked for a consent, or recorded it.
fn is_of(consent: &Consent, agent: &AccountId) -> bool {
    consent.requested_by.as_ref().is_some_and(|asked| asked.id == *agent)
}

fn over(state: ConsentState) -> &'static str {
    match state {
        ConsentState::Refused => "Declined {time}",
        ConsentState::Withdrawn => "Withdrawn {time}",
        ConsentState::Disowned => "Disowned {time}",
        ConsentState::Used => "Used {time}",
        ConsentState::Asked | ConsentState::Given | ConsentState::Lapsed => "Lapsed {time}",
    }
}
