//! Consent that an administrator of an organisation gives in the place of its people.

use jiff::Timestamp;

use super::consents::{declined, standing};
use super::{Change, Transition};
use crate::consent::{Consent, ConsentId, ConsentState, Grant};
use crate::{Account, Entry, Kind, Person, Refusal};

/// A consent in somebody's place, and what is known of them.
#[derive(Clone, Copy, Debug)]
pub struct GiveFor<'a> {
    /// Who gives it.
    pub by: &'a Person,
    /// In whose place.
    pub account: &'a Account,
    /// Until when.
    pub ends_at: Timestamp,
    /// The consents of that account.
    pub known: &'a [Consent],
    /// Whether the customer declines all support access.
    pub opted_out: bool,
}

/// Decides whether `by` gives a standing consent in the place of `account`; the host must let them already.
///
/// # Errors
///
/// [`Refusal::Invalid`] when the end is not in the future or more than a year away; [`Refusal::ConsentRequired`] with
/// `opted_out` when the customer declines all support access; [`Refusal::AlreadyDecided`] when one stands that was given in
/// their place, and when they took one back: from then on they decide themselves.
pub fn give_for(id: ConsentId, give: GiveFor<'_>, now: Timestamp) -> Result<Transition, Refusal> {
    let GiveFor { by, account, ends_at, known, opted_out } = give;
    let organisation = account.organisation.clone();
    let grant = Grant { by: by.clone(), organisation: organisation.clone(), declined: false };
    let consent = Consent { grant: Some(grant), ..standing(id, &account.person, ends_at, now)? };
    if opted_out {
        return Err(declined(&account.person));
    }
    if has_declined(known, account) || granted(known, account, now).is_some() {
        return Err(Refusal::AlreadyDecided);
    }
    let mut entry = Entry::between(by, &account.person, Kind::ConsentGivenFor, now)
        .with("consent", consent.id.as_str())
        .with("ends_at", ends_at.to_string());
    if let Some(organisation) = organisation {
        entry = entry.with("organisation", organisation);
    }
    Ok(Transition::new(Change::AddConsent(Box::new(consent)), entry))
}

/// Decides whether `by` takes back what was given in somebody's place, by whomever; the host must let them already.
///
/// Like after a withdrawal by the customer, the caller ends what rests on it.
///
/// # Errors
///
/// [`Refusal::AlreadyDecided`] unless it was given in the customer's place and stands.
pub fn withdraw_for(consent: &Consent, by: &Person, now: Timestamp) -> Result<Transition, Refusal> {
    let grant = consent.grant.as_ref().filter(|_| consent.state_at(now) == ConsentState::Given);
    let grant = grant.ok_or(Refusal::AlreadyDecided)?;
    let mut decided = consent.clone();
    decided.state = ConsentState::Withdrawn;
    decided.decided_at = Some(now);
    let entry = Entry::between(by, &consent.account, Kind::ConsentWithdrawnFor, now)
        .with("consent", consent.id.as_str())
        .with("given_by", serde_json::json!(grant.by));
    let change = Change::UpdateConsent { from: Box::new(consent.clone()), to: Box::new(decided) };
    Ok(Transition::new(change, entry))
}

/// Returns the consent that was given in the place of `account` and stands, if there is one.
pub fn granted<'a>(known: &'a [Consent], account: &Account, now: Timestamp) -> Option<&'a Consent> {
    known
        .iter()
        .filter(|consent| consent.grant.is_some() && consent.is_for(account))
        .find(|consent| consent.state_at(now) == ConsentState::Given)
}

/// Returns whether `account` has taken back what was given in their place: from then on they decide themselves.
pub fn has_declined(known: &[Consent], account: &Account) -> bool {
    let declined = |consent: &Consent| consent.grant.as_ref().is_some_and(|grant| grant.declined);
    known.iter().any(|consent| consent.account.id == *account.id() && declined(consent))
}
