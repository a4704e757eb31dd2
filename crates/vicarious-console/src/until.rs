//! Until when a standing consent lasts: as it is typed, and as it is told.

use jiff::SignedDuration;
use vicarious_core::consent::Grant;
use vicarious_core::{Refusal, Timestamp};

use crate::asked::Fields;
use crate::sentence::Sentence;
use crate::when::{Typed, When};

/// Returns when a standing consent is to end: `ends_at`, or `ends_in` as the form has it.
pub(crate) fn end(fields: &Fields, now: Timestamp) -> Result<Timestamp, Refusal> {
    if let Some(text) = fields.get("ends_at") {
        let wrong =
            Refusal::Invalid { field: "ends_at", problem: "must be a date or a time such as 2026-03-02T10:00Z" };
        return Typed::parse(text).and_then(Typed::end).ok_or(wrong);
    }
    let days = match fields.get("ends_in") {
        Some("day") => 1,
        Some("week") => 7,
        Some("month") => 30,
        Some("year") => 365,
        _ => return Err(Refusal::Invalid { field: "ends_at", problem: "is missing: say until when" }),
    };
    Ok(now.saturating_add(SignedDuration::from_hours(24 * days)).unwrap_or(now))
}

/// Returns that somebody gave a consent in the customer's place, and until when.
pub(crate) fn given_until(grant: &Grant, ends: &When, say: impl Fn(&str) -> Sentence) -> Sentence {
    let given = match &grant.organisation {
        Some(organisation) => {
            say("Given by {agent} for {organisation} until {time}").name("organisation", organisation)
        }
        None => say("Given by {agent} until {time}"),
    };
    given.name("agent", &grant.by.name).time("time", ends)
}
