//! Who or what ended an impersonation, in the few words that a list has room for.

use std::collections::HashMap;

use serde_json::Value;
use vicarious_core::audit::{Entry, Recorded};
use vicarious_core::ports::{EntryFilter, Unavailable};
use vicarious_core::{AccountId, EndCause, Impersonation, ImpersonationId, Kind, Words};

use crate::asked::Asked;
use crate::deeds::why_ended;
use crate::sentence::{Say, Sentence};

/// The kinds of entries that may name somebody besides the agent.
const NAMING: [Kind; 2] = [Kind::Revoked, Kind::Ended];

/// Who ended what, for all lines of a list at once: by name where the trail names somebody.
#[derive(Default)]
pub(crate) struct Enders(HashMap<ImpersonationId, Option<String>>);

impl Enders {
    /// Returns what entries about ends say.
    pub(crate) fn of(entries: &[Recorded]) -> Self {
        let ender = |recorded: &Recorded| {
            let entry = &recorded.entry;
            Some((entry.impersonation.clone()?, ended_by(entry).map(str::to_owned)))
        };
        Self(entries.iter().filter_map(ender).collect())
    }

    /// Looks for who ended the latest impersonations of an agent, all of them or those of one account.
    pub(crate) async fn find(
        asked: &Asked,
        true_user: &AccountId,
        current_user: Option<&AccountId>,
        limit: usize,
    ) -> Result<Self, Unavailable> {
        let mut entries = Vec::new();
        for kind in NAMING {
            let (true_user, current_user) = (Some(true_user.clone()), current_user.cloned());
            let filter = EntryFilter { true_user, current_user, kind: Some(kind), limit, ..EntryFilter::default() };
            entries.extend(asked.vicarious().ledger().entries(&filter).await?);
        }
        Ok(Self::of(&entries))
    }

    /// Returns why an impersonation is over, and by whom where somebody did it.
    pub(crate) fn said(&self, words: &Words, row: &Impersonation, cause: EndCause) -> Sentence {
        let known = self.0.get(&row.id);
        let agent = |english| words.say(english).name("agent", &row.true_user.name);
        match (cause, known, known.and_then(Option::as_ref)) {
            (EndCause::Stopped, ..) => agent("stopped by {agent}"),
            (EndCause::SignedOut, ..) => agent("{agent} signed out"),
            (EndCause::Revoked, _, Some(name)) => words.say("ended by {name}").name("name", name),
            (EndCause::Revoked, Some(_), None) => words.say("ended from the command line"),
            (EndCause::ConsentWithdrawn, _, Some(name)) => words.say("consent withdrawn by {name}").name("name", name),
            (EndCause::Paused, _, Some(name)) => words.say("everything paused by {name}").name("name", name),
            (EndCause::Expired, ..) => words.say("time was up"),
            (EndCause::IdledOut, ..) => words.say("unused for too long"),
            (EndCause::Switched, ..) => agent("{agent} went on to another customer"),
            (cause, ..) => words.say(why_ended(cause)),
        }
    }
}

/// Returns who ended an impersonation, where the entry about its end names somebody.
pub(crate) fn ended_by(entry: &Entry) -> Option<&str> {
    entry.detail.get("by")?.get("name").and_then(Value::as_str)
}
