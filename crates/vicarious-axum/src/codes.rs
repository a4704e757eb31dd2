//! Support codes: what a customer reads out, so that one agent may come in once.

use vicarious_core::audit::Kind;
use vicarious_core::consent::{CodeDigest, Coded, Consent, ConsentId, ConsentKind, ConsentState};
use vicarious_core::decide::{self, Decision};
use vicarious_core::ports::{Consents, EntryFilter, Unavailable};
use vicarious_core::{Entry, Identity, Refusal, SitePath};

use crate::engine::Engine;
use crate::guesses::Guess;
use crate::keys::random;
use crate::{Refused, Vicarious};

/// No vowels, so that no words come out, and nothing that is mistaken for something else when it is read out.
const ALPHABET: &[u8] = b"23456789BCDFGHJKMNPQRSTVWXYZ";
/// How many characters a code has: more than 37 bits, which ten guesses an hour do not find within a day.
const LENGTH: usize = 8;
/// How many wrong codes one true user may give within [`WITHIN`].
const WRONG_AT_MOST: usize = 10;
const WITHIN: jiff::SignedDuration = jiff::SignedDuration::from_hours(1);
/// How many refused starts are looked at to count the wrong codes among them; whoever has more within [`WITHIN`] gives no
/// code either, or the wrong ones could be hidden among them.
const LOOKED_AT: usize = 200;
/// The detail of a refused start that says that its code was wrong.
const DETAIL: &str = "support_code";

/// A code that a start was asked for with.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Given {
    /// It stands for this consent, which may still be used.
    Redeems(Box<Consent>),
    /// Nobody has such a code, or it was used, withdrawn or left lying too long; all alike.
    Wrong,
}

impl Given {
    /// Returns the consent that the code stands for.
    pub(crate) fn consent(&self) -> Option<&Consent> {
        match self {
            Self::Redeems(consent) => Some(consent),
            Self::Wrong => None,
        }
    }
}

impl Vicarious {
    /// Makes a support code: whoever is told it may come in once, within a day, and begins on `page`. Returns the consent
    /// and the code, which is kept nowhere. A code that the customer made before and nobody used is withdrawn.
    ///
    /// # Errors
    ///
    /// [`Refusal::NoSuchAccount`] unless a customer acts as themselves; [`Refusal::ConsentRequired`] with `opted_out`.
    pub async fn support_code(&self, identity: &Identity, page: SitePath) -> Result<(Consent, String), Refused> {
        let customer = self.customer(identity).await?.account.person.clone();
        let ledger = &self.engine.ledger;
        let opted_out = ledger.opted_out(&customer.id).await?.is_some();
        let code = new_code();
        let coded = Coded { digest: digest(&self.engine, &code), page };
        let id = ConsentId::new(uuid::Uuid::now_v7().to_string());
        let now = self.now();
        let given = decide::give_by_code(id.clone(), &customer, coded, opted_out, now)?;
        let mut transitions = vec![self.engine.with_page_recorded(given)];
        let unused = |consent: &Consent| consent.kind == ConsentKind::Code && consent.used_by.is_none();
        for old in ledger.consents(Consents::Of(&customer.id)).await?.iter().filter(|consent| unused(consent)) {
            transitions.extend(decide::decide(old, Decision::Withdraw, now));
        }
        self.commit(transitions).await?;
        Ok((self.consent(&id).await?, code))
    }
}

/// Looks up what a code stands for.
pub(crate) async fn look_up(engine: &Engine, code: &str) -> Result<Given, Unavailable> {
    let digest = digest(engine, code);
    let found = engine.ledger.consents(Consents::Code(&digest)).await?.into_iter().next();
    let now = engine.now();
    let usable = found.filter(|consent| consent.state_at(now) == ConsentState::Given && consent.used_by.is_none());
    Ok(usable.map_or(Given::Wrong, |consent| Given::Redeems(Box::new(consent))))
}

/// Returns whether whoever tries a code has given too many wrong ones already.
pub(crate) async fn too_many_wrong(engine: &Engine, guess: &Guess<'_>) -> Result<bool, Unavailable> {
    // Asked first: one that gets on record in between is counted twice rather than not at all.
    let at_once = guess.at_once();
    let filter = EntryFilter {
        true_user: Some(guess.by().clone()),
        kind: Some(Kind::StartRefused),
        from: engine.now().checked_sub(WITHIN).ok(),
        limit: LOOKED_AT,
        ..EntryFilter::default()
    };
    let refused = engine.ledger.entries(&filter).await?;
    let wrong = refused.iter().filter(|recorded| recorded.entry.detail.contains_key(DETAIL)).count();
    Ok(wrong + at_once > WRONG_AT_MOST || refused.len() >= LOOKED_AT)
}

/// Notes that a start was refused for its code.
pub(crate) fn note_wrong(entry: &mut Entry) {
    entry.detail.insert(DETAIL.to_owned(), "wrong".into());
}

/// Returns what is said of a wrong code.
pub(crate) fn wrong() -> Refusal {
    Refusal::Invalid { field: "support_code", problem: "is not known, was used already, or is older than 24 hours" }
}

/// Returns a fresh code as people read it, in two groups.
fn new_code() -> String {
    let mut code = String::with_capacity(LENGTH + 1);
    while code.len() < LENGTH + 1 {
        // Bytes beyond the last multiple are thrown away, so that no character comes up more often than another.
        let whole = 256 / ALPHABET.len() * ALPHABET.len();
        let fair = random::<32>().into_iter().filter(|byte| usize::from(*byte) < whole);
        for byte in fair.take(LENGTH + 1) {
            if code.len() == LENGTH / 2 {
                code.push('-');
            }
            if code.len() < LENGTH + 1 {
                code.extend(ALPHABET.get(usize::from(byte) % ALPHABET.len()).map(|letter| char::from(*letter)));
            }
        }
    }
    code
}

/// Returns what a code is recognised by, however it was typed.
fn digest(engine: &Engine, code: &str) -> CodeDigest {
    let plain: String = code.chars().filter(char::is_ascii_alphanumeric).take(64).collect();
    CodeDigest(engine.keys.digest_of("support code", &plain.to_ascii_uppercase()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_has_two_groups_of_four_and_no_letter_twice_as_often() {
        let mut seen = std::collections::BTreeMap::<char, usize>::new();
        for _ in 0..2000 {
            let code = new_code();
            assert_eq!((code.len(), code.find('-')), (9, Some(4)), "{code}");
            code.chars().filter(|letter| *letter != '-').for_each(|letter| *seen.entry(letter).or_default() += 1);
        }
        assert_eq!(seen.len(), ALPHABET.len());
        let (least, most) = (seen.values().min().unwrap(), seen.values().max().unwrap());
        assert!(*most < *least * 2, "{least} to {most}");
    }
}
