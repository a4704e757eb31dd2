//! Going up to write mode, going down, falling back.

use jiff::Timestamp;

use super::{Change, Terms, Transition, starts};
use crate::{Entry, Impersonation, Kind, Mode, Refusal};

/// Decides whether an impersonation goes up to write mode.
///
/// Going up while in write mode starts its time anew, with the new reason.
///
/// # Errors
///
/// [`Refusal::Ended`] when it is over, [`Refusal::Invalid`] for the reason.
pub fn raise(
    impersonation: &Impersonation,
    reason: &str,
    terms: &Terms,
    now: Timestamp,
) -> Result<Transition, Refusal> {
    if let Some(cause) = impersonation.over_at(now) {
        return Err(Refusal::Ended(cause));
    }
    let reason = starts::reason(reason)?;
    let until = now.saturating_add(terms.write).unwrap_or(now).min(impersonation.ends_at);
    let mut entry = Entry::of(impersonation, Kind::ModeRaised, now).with("until", until.to_string());
    entry.reason = Some(reason);
    Ok(set(impersonation, Mode::Write { until }, entry))
}

/// Returns the transition down to reading, or none if it is reading only already.
///
/// # Errors
///
/// [`Refusal::Ended`] when it is over.
pub fn lower(impersonation: &Impersonation, now: Timestamp) -> Result<Option<Transition>, Refusal> {
    if let Some(cause) = impersonation.over_at(now) {
        return Err(Refusal::Ended(cause));
    }
    if let Some(fallen) = fall_back(impersonation, now) {
        return Ok(Some(fallen));
    }
    if impersonation.mode == Mode::Read {
        return Ok(None);
    }
    Ok(Some(set(impersonation, Mode::Read, Entry::of(impersonation, Kind::ModeLowered, now))))
}

/// Returns the transition that records that write mode ran out, or none if it did not or that is recorded.
pub fn fall_back(impersonation: &Impersonation, now: Timestamp) -> Option<Transition> {
    let ran_out = matches!(impersonation.mode, Mode::Write { until } if now >= until);
    (ran_out && impersonation.end.is_none())
        .then(|| set(impersonation, Mode::Read, Entry::of(impersonation, Kind::ModeFellBack, now)))
}

fn set(impersonation: &Impersonation, to: Mode, entry: Entry) -> Transition {
    let change = Change::SetMode { id: impersonation.id.clone(), from: impersonation.mode, to };
    Transition::new(change, entry).of(impersonation, |row| row.mode = to)
}
