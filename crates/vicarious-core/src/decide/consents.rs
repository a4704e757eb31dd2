//! Asking for consent, giving it ahead, by a code or elsewhere, deciding it, opting out.

use jiff::Timestamp;

use super::{Change, Transition, starts};
use crate::consent::{self, Coded, Consent, ConsentId, ConsentKind, ConsentState};
use crate::{Entry, Kind, Person, Refusal, SitePath};

/// What a customer decides about a consent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Agree.
    Give,
    /// Decline.
    Refuse,
    /// Take back.
    Withdraw,
    /// Say that one which an agent recorded was never given.
    Disown,
}

impl Decision {
    /// Returns the decision that `word` stands for: `give`, `refuse`, `withdraw` or `disown`.
    pub fn parse(word: &str) -> Option<Self> {
        match word {
            "give" => Some(Self::Give),
            "refuse" => Some(Self::Refuse),
            "withdraw" => Some(Self::Withdraw),
            "disown" => Some(Self::Disown),
            _ => None,
        }
    }
}

/// A question to a customer, and what is known between the two.
#[derive(Clone, Copy, Debug)]
pub struct Ask<'a> {
    /// Who asks.
    pub agent: &'a Person,
    /// Who is asked.
    pub account: &'a Person,
    /// Why.
    pub reason: &'a str,
    /// The ticket it is for; empty counts as none.
    pub ticket: Option<&'a str>,
    /// The customer's page that it is about; `/` counts as none.
    pub page: Option<&'a SitePath>,
    /// The consents between the two.
    pub known: &'a [Consent],
    /// Whether the customer declines all support access.
    pub opted_out: bool,
}

/// Decides whether an agent may ask `account` for consent; the pair must be permitted already.
///
/// # Errors
///
/// [`Refusal::ConsentRequired`] with `opted_out` when the customer declines all support access,
/// [`Refusal::AlreadyDecided`] when the same agent's question is waiting, [`Refusal::Invalid`] for the input.
pub fn ask(id: ConsentId, ask: Ask<'_>, now: Timestamp) -> Result<Transition, Refusal> {
    let Ask { agent, account, reason, ticket, page, known, opted_out } = ask;
    if opted_out {
        return Err(declined(account));
    }
    let waiting = |consent: &&Consent| {
        consent.account.id == account.id
            && consent.state_at(now) == ConsentState::Asked
            && consent.requested_by.as_ref().is_some_and(|asked| asked.id == agent.id)
    };
    if known.iter().any(|consent| waiting(&consent)) {
        return Err(Refusal::AlreadyDecided);
    }
    let consent = Consent {
        id,
        account: account.clone(),
        requested_by: Some(agent.clone()),
        kind: ConsentKind::Requested,
        state: ConsentState::Asked,
        reason: Some(starts::reason(reason)?),
        ticket: starts::ticket(ticket)?,
        asked_at: now,
        decided_at: None,
        ends_at: now.saturating_add(consent::WAITS).unwrap_or(now),
        used_by: None,
        page: beginning(page),
        code: None,
        grant: None,
    };
    let entry = Entry::between(agent, account, Kind::ConsentAsked, now).with("consent", consent.id.as_str());
    let mut entry = with_page(entry, &consent);
    entry.reason.clone_from(&consent.reason);
    entry.ticket.clone_from(&consent.ticket);
    Ok(Transition::new(Change::AddConsent(Box::new(consent)), entry))
}

/// Returns the page to begin on, if it is any but the first.
fn beginning(page: Option<&SitePath>) -> Option<SitePath> {
    page.filter(|page| **page != SitePath::root()).cloned()
}

/// Returns an entry with the page that a consent is about, if any.
fn with_page(entry: Entry, consent: &Consent) -> Entry {
    match &consent.page {
        Some(page) => entry.with("page", page.as_str()),
        None => entry,
    }
}

/// Decides whether a customer gives a standing consent ahead, until `ends_at`.
///
/// # Errors
///
/// [`Refusal::Invalid`] when the end is not in the future or more than a year away.
pub fn give_ahead(id: ConsentId, account: &Person, ends_at: Timestamp, now: Timestamp) -> Result<Transition, Refusal> {
    let consent = standing(id, account, ends_at, now)?;
    let entry = Entry::between(account, account, Kind::ConsentGiven, now)
        .with("consent", consent.id.as_str())
        .with("ends_at", ends_at.to_string());
    Ok(Transition::new(Change::AddConsent(Box::new(consent)), entry))
}

/// Returns a consent of `account` for every agent until `ends_at`.
pub(super) fn standing(
    id: ConsentId,
    account: &Person,
    ends_at: Timestamp,
    now: Timestamp,
) -> Result<Consent, Refusal> {
    let invalid = |problem| Err(Refusal::Invalid { field: "ends_at", problem });
    if ends_at <= now {
        return invalid("must be in the future");
    }
    if ends_at > now.saturating_add(consent::STANDING_AT_MOST).unwrap_or(now) {
        return invalid("must be within a year");
    }
    Ok(Consent {
        id,
        account: account.clone(),
        requested_by: None,
        kind: ConsentKind::Standing,
        state: ConsentState::Given,
        reason: None,
        ticket: None,
        asked_at: now,
        decided_at: Some(now),
        ends_at,
        used_by: None,
        page: None,
        code: None,
        grant: None,
    })
}

/// Returns the consent that a customer gives to whoever they tell a support code, to be used once and within a day.
///
/// # Errors
///
/// [`Refusal::ConsentRequired`] with `opted_out` when the customer declines all support access.
pub fn give_by_code(
    id: ConsentId,
    account: &Person,
    coded: Coded,
    opted_out: bool,
    now: Timestamp,
) -> Result<Transition, Refusal> {
    if opted_out {
        return Err(declined(account));
    }
    let page = coded.page.clone();
    let consent = Consent {
        id,
        account: account.clone(),
        requested_by: None,
        kind: ConsentKind::Code,
        state: ConsentState::Given,
        reason: None,
        ticket: None,
        asked_at: now,
        decided_at: Some(now),
        ends_at: now.saturating_add(consent::CODE_WAITS).unwrap_or(now),
        used_by: None,
        page: Some(coded.page),
        code: Some(coded.digest),
        grant: None,
    };
    let entry = Entry::between(account, account, Kind::ConsentGiven, now)
        .with("consent", consent.id.as_str())
        .with("by", "support code")
        .with("page", page.as_str())
        .with("ends_at", consent.ends_at.to_string());
    Ok(Transition::new(Change::AddConsent(Box::new(consent)), entry))
}

/// What a customer is said to have agreed to elsewhere.
#[derive(Clone, Copy, Debug)]
pub struct Attest<'a> {
    /// Who records it.
    pub agent: &'a Person,
    /// Who agreed.
    pub account: &'a Person,
    /// Where they said so, for example `phone`, `chat` or `mail`.
    pub channel: &'a str,
    /// What they said, in their words.
    pub quotation: &'a str,
    /// The ticket it is for; empty counts as none.
    pub ticket: Option<&'a str>,
    /// The customer's page that it is about; `/` counts as none.
    pub page: Option<&'a SitePath>,
    /// Whether the customer declines all support access.
    pub opted_out: bool,
    /// Whether the customer has said of a recorded consent of this agent's that they never gave it.
    pub disowned: bool,
}

/// Decides whether an agent may record that a customer agreed elsewhere; the pair must be permitted already.
///
/// # Errors
///
/// [`Refusal::ConsentRequired`] with `opted_out` when the customer declines all support access, and without when they
/// have disowned one that this agent recorded; [`Refusal::Invalid`] for the input.
pub fn attest(id: ConsentId, attest: Attest<'_>, now: Timestamp) -> Result<Transition, Refusal> {
    let Attest { agent, account, channel, quotation, ticket, page, opted_out, disowned } = attest;
    if opted_out || disowned {
        return Err(Refusal::ConsentRequired { account: account.clone(), opted_out });
    }
    let channel = starts::line("channel", channel)?;
    let quotation = starts::line("quotation", quotation)?;
    let consent = Consent {
        id,
        account: account.clone(),
        requested_by: Some(agent.clone()),
        kind: ConsentKind::Attested,
        state: ConsentState::Given,
        reason: Some(format!("{channel}: {quotation}")),
        ticket: starts::ticket(ticket)?,
        asked_at: now,
        decided_at: None,
        ends_at: now.saturating_add(consent::USABLE).unwrap_or(now),
        used_by: None,
        page: beginning(page),
        code: None,
        grant: None,
    };
    let entry = Entry::between(agent, account, Kind::ConsentAttested, now)
        .with("consent", consent.id.as_str())
        .with("channel", channel)
        .with("quotation", quotation);
    let mut entry = with_page(entry, &consent);
    entry.ticket.clone_from(&consent.ticket);
    Ok(Transition::new(Change::AddConsent(Box::new(consent)), entry))
}

pub(super) fn declined(account: &Person) -> Refusal {
    Refusal::ConsentRequired { account: account.clone(), opted_out: true }
}

/// Decides what becomes of `consent` when its customer gives, refuses, withdraws or disowns it.
///
/// The caller has made sure that the customer acts as themselves. After a withdrawal was applied it ends what rests
/// on the consent: listed before, an impersonation that starts in between would be missed.
///
/// # Errors
///
/// [`Refusal::AlreadyDecided`] unless it is waiting, or given and now withdrawn, or attested and now disowned: other
/// states are final.
pub fn decide(consent: &Consent, decision: Decision, now: Timestamp) -> Result<Transition, Refusal> {
    let state = consent.state_at(now);
    let (to, kind) = match (state, decision) {
        (ConsentState::Asked, Decision::Give) => (ConsentState::Given, Kind::ConsentGiven),
        (ConsentState::Asked, Decision::Refuse) => (ConsentState::Refused, Kind::ConsentRefused),
        (ConsentState::Asked | ConsentState::Given, Decision::Withdraw) => {
            (ConsentState::Withdrawn, Kind::ConsentWithdrawn)
        }
        // Whatever became of it meanwhile: that it was used or has lapsed makes it no truer.
        (_, Decision::Disown) if consent.kind == ConsentKind::Attested && consent.state != ConsentState::Disowned => {
            (ConsentState::Disowned, Kind::ConsentDisowned)
        }
        _ => return Err(Refusal::AlreadyDecided),
    };
    let mut decided = consent.clone();
    decided.state = to;
    decided.decided_at = Some(now);
    if let Some(grant) = &mut decided.grant {
        grant.declined = true;
    }
    if to == ConsentState::Given {
        decided.ends_at = now.saturating_add(consent::USABLE).unwrap_or(now);
    }
    let account = &consent.account;
    let mut entry = Entry::between(account, account, kind, now).with("consent", consent.id.as_str());
    if let Some(agent) = &consent.requested_by {
        entry = entry.with("requested_by", serde_json::json!(agent));
    }
    if let Some(grant) = &consent.grant {
        entry = entry.with("given_by", serde_json::json!(grant.by));
    }
    entry.reason.clone_from(&consent.reason);
    entry.ticket.clone_from(&consent.ticket);
    let change = Change::UpdateConsent { from: Box::new(consent.clone()), to: Box::new(decided) };
    Ok(Transition::new(change, entry))
}

/// Returns the transition by which a customer declines support access altogether.
///
/// The edge withdraws what stands, as listed after this was applied.
pub fn opt_out(account: &Person, now: Timestamp) -> Transition {
    let entry = Entry::between(account, account, Kind::OptedOut, now);
    Transition::new(Change::OptOut { account: account.id.clone(), at: now }, entry)
}

/// Returns the transition by which a customer allows consent to be asked for again.
pub fn opt_in(account: &Person, now: Timestamp) -> Transition {
    let entry = Entry::between(account, account, Kind::OptedIn, now);
    Transition::new(Change::OptIn { account: account.id.clone() }, entry)
}
