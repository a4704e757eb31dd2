//! Starting, switching and continuing.

use jiff::Timestamp;

use super::{Change, ConsentPolicy, ConsentUse, Pause, Terms, Transition, end};
use crate::consent::{self, Consent, ConsentId, ConsentKind, ConsentState};
use crate::redact;
use crate::{
    Account, EndCause, Entry, HandleHash, Impersonation, ImpersonationId, Kind, Mode, Refusal, SignInKey, SitePath,
};

/// What the true user asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StartRequest {
    /// Why.
    pub reason: String,
    /// The ticket it is for; empty counts as none.
    pub ticket: Option<String>,
    /// The true user's page to come back to.
    pub return_to: SitePath,
    /// The running impersonation that this one replaces.
    pub instead_of: Option<ImpersonationId>,
}

/// Identifiers minted at the edge for the impersonation that may start.
#[derive(Clone, Debug)]
pub struct Fresh {
    /// Its public identifier.
    pub id: ImpersonationId,
    /// The digest of its new handle.
    pub handle: HandleHash,
}

/// What the edge found out before it asks.
#[derive(Clone, Debug)]
pub struct StartFacts<'a> {
    /// Who is at the keyboard, and the sign-in they use.
    pub true_user: Option<(&'a Account, &'a SignInKey)>,
    /// The impersonation of this sign-in whose end is not recorded, if any.
    pub running: Option<&'a Impersonation>,
    /// The account asked for, if there is one.
    pub target: Option<&'a Account>,
    /// Whether the host lets this true user act as that account.
    pub allowed: bool,
    /// Whether the sign-in is recent enough for the host.
    pub fresh_sign_in: bool,
    /// The consents between the two.
    pub consents: &'a [Consent],
    /// The one whose support code was given.
    pub redeemed: Option<&'a ConsentId>,
    /// Whether the customer declined support access altogether.
    pub opted_out: bool,
    /// How many impersonations this true user has running, this sign-in's included.
    pub running_of_true_user: usize,
    /// The off switch, if it is on.
    pub paused: Option<&'a Pause>,
}

/// The longest reason, in characters.
pub const REASON_AT_MOST: usize = 500;
/// The longest ticket, in characters.
pub const TICKET_AT_MOST: usize = 64;

/// Decides whether an impersonation starts.
///
/// The transitions are to be applied together: the end of the one that is replaced or has run out, the start, and
/// the use of a consent that has one.
///
/// # Errors
///
/// Asked in this order: signed in, not already impersonating, a permitted pair, a recent sign-in, reason and
/// ticket, consent, the off switch, and how many run at once. The first that fails is the refusal.
pub fn start(
    request: &StartRequest,
    facts: &StartFacts<'_>,
    fresh: Fresh,
    terms: &Terms,
    now: Timestamp,
) -> Result<Vec<Transition>, Refusal> {
    let (true_user, sign_in) = facts.true_user.ok_or(Refusal::NotSignedIn)?;
    let live = facts.running.filter(|running| running.over_at(now).is_none());
    let replaced = live.filter(|running| request.instead_of.as_ref() == Some(&running.id));
    if let (Some(running), None) = (live, replaced) {
        return Err(Refusal::AlreadyImpersonating { running_as: running.current_user.clone() });
    }
    let target = permitted(true_user, facts)?;
    if !facts.fresh_sign_in {
        return Err(Refusal::StepUpRequired);
    }
    let reason = reason(&request.reason)?;
    let ticket = ticket(request.ticket.as_deref())?;
    let continued = replaced.filter(|running| running.current_user.id == *target.id());
    let consent = match terms.consent {
        ConsentPolicy::NotRequired => None,
        ConsentPolicy::Required => Some(covering(true_user, target, continued, facts, now)?),
    };
    if let Some(pause) = facts.paused {
        return Err(Refusal::Paused { reason: pause.reason.clone() });
    }
    // This sign-in's own ends along with the start, also when its time had passed unrecorded.
    let others = facts.running_of_true_user.saturating_sub(usize::from(facts.running.is_some()));
    if others >= terms.at_once {
        return Err(Refusal::TooMany { limit: terms.at_once });
    }

    let mut transitions = Vec::with_capacity(3);
    if let Some(old) = facts.running {
        let cause = if continued.is_some() { EndCause::Continued } else { EndCause::Switched };
        transitions.extend(end(old, cause, None, now));
    }
    let consent = consent.map(|consent| enter(consent, &fresh.id, now));
    let ends_at = now.saturating_add(terms.length).unwrap_or(now);
    let impersonation = Impersonation {
        id: fresh.id,
        handle: fresh.handle,
        sign_in: sign_in.clone(),
        true_user: true_user.person.clone(),
        current_user: target.person.clone(),
        reason,
        ticket,
        consent: consent.as_ref().map(|(_, entered)| entered.id.clone()),
        mode: Mode::Read,
        started_at: now,
        last_seen_at: now,
        idle_limit: terms.idle,
        ends_at: consent.as_ref().map_or(ends_at, |(_, entered)| entered.ends_at.min(ends_at)),
        return_to: request.return_to.clone(),
        follows: replaced.map(|old| old.id.clone()),
        end: None,
        acknowledged_at: None,
    };
    let mut entry = Entry::of(&impersonation, Kind::Started, now).with("ends_at", impersonation.ends_at.to_string());
    if let Some(consent) = &impersonation.consent {
        entry = entry.with("consent", consent.as_str());
    }
    if let Some(old) = &impersonation.follows {
        entry = entry.with("follows", old.as_str());
    }
    let change = Change::Start {
        impersonation: Box::new(impersonation),
        consent: consent.map(|(seen, entered)| Box::new(ConsentUse { seen: seen.clone(), entered })),
        at_once: terms.at_once,
    };
    transitions.push(Transition::new(change, entry));
    Ok(transitions)
}

/// Returns the entry-only transition that records a refused start.
pub fn start_refused(
    true_user: &Account,
    asked_for: &str,
    target: Option<&Account>,
    refusal: &Refusal,
    now: Timestamp,
) -> Transition {
    let mut entry = Entry::bare(Kind::StartRefused, now).with("refusal", refusal.to_string());
    entry.true_user = Some(true_user.person.clone());
    // What was asked for is the agent's own input; the name is recorded only where there is such an account.
    entry.current_user = target.map(|account| account.person.clone());
    entry = entry.with("asked_for", asked_for.chars().filter(|c| !c.is_control()).take(64).collect::<String>());
    Transition::new(Change::Nothing, entry)
}

fn permitted<'a>(true_user: &Account, facts: &StartFacts<'a>) -> Result<&'a Account, Refusal> {
    facts
        .target
        .filter(|target| facts.allowed && target.active && true_user.active && target.id() != true_user.id())
        .ok_or(Refusal::NoSuchAccount)
}

fn covering<'a>(
    true_user: &Account,
    target: &Account,
    continued: Option<&Impersonation>,
    facts: &StartFacts<'a>,
    now: Timestamp,
) -> Result<&'a Consent, Refusal> {
    let of_target = || facts.consents.iter().filter(|consent| consent.is_for(target));
    // Whoever recorded what was never given is believed in nothing else.
    let by_true_user = |consent: &Consent| consent.requested_by.as_ref().is_some_and(|by| by.id == *true_user.id());
    let disowned = of_target().any(|consent| consent.state == ConsentState::Disowned && by_true_user(consent));
    of_target()
        .filter(|_| !facts.opted_out)
        .filter(|consent| !disowned || consent.kind != ConsentKind::Attested)
        .filter(|consent| consent.covers(true_user.id(), continued, facts.redeemed, now))
        .max_by_key(|consent| (facts.redeemed == Some(&consent.id), consent.precedence()))
        .ok_or_else(|| Refusal::ConsentRequired { account: target.person.clone(), opted_out: facts.opted_out })
}

/// Returns the consent as seen and as it is once the agent has entered on it.
fn enter<'a>(seen: &'a Consent, by: &ImpersonationId, now: Timestamp) -> (&'a Consent, Consent) {
    let mut entered = seen.clone();
    if seen.kind.is_for_one_use() && seen.used_by.is_none() {
        entered.used_by = Some(by.clone());
        entered.ends_at = now.saturating_add(consent::LASTS).unwrap_or(now);
    }
    (seen, entered)
}

/// Returns the text without characters that hide or turn around others; pasted text often carries some.
fn seen(text: &str) -> String {
    text.chars().filter(|&c| c.is_control() || !redact::is_deceptive(c)).collect()
}

pub(super) fn reason(text: &str) -> Result<String, Refusal> {
    line("reason", text)
}

/// Returns what was typed into a field as it is kept: one line in every list that shows it, which reads as it is.
pub(super) fn line(field: &'static str, text: &str) -> Result<String, Refusal> {
    let text = seen(text).split_whitespace().collect::<Vec<_>>().join(" ");
    let invalid = |problem| Err(Refusal::Invalid { field, problem });
    if text.is_empty() {
        invalid("is missing: say why, in a few words")
    } else if text.chars().count() > REASON_AT_MOST {
        invalid("is too long: at most 500 characters")
    } else if text.chars().any(char::is_control) {
        invalid("contains a control character")
    } else {
        Ok(text)
    }
}

pub(super) fn ticket(text: Option<&str>) -> Result<Option<String>, Refusal> {
    let text = seen(text.unwrap_or_default());
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let invalid = |problem| Err(Refusal::Invalid { field: "ticket", problem });
    if text.chars().count() > TICKET_AT_MOST {
        invalid("is too long: at most 64 characters")
    } else if text.chars().any(|c| c.is_control() || c.is_whitespace()) {
        invalid("must be one word without spaces, for example SUP-4711")
    } else {
        Ok(Some(text.to_owned()))
    }
}
