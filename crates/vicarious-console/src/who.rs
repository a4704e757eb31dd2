//! How customers see agents: by name, or by a pseudonym where the application wants that.

use sha2::{Digest, Sha256};
use vicarious_core::consent::{Consent, Use};
use vicarious_core::{Person, Words};

use crate::asked::Asked;
use crate::settings::Settings;

/// Crockford's base 32: no letter that looks like a digit.
const LETTERS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// Returns what a customer calls this agent.
pub(crate) fn shown(desk: &Settings, words: &Words, agent: &Person) -> String {
    match &desk.pseudonyms {
        Some(secret) => words.fill("Support agent {code}", &[("code", &code(secret, agent))]),
        None => agent.name.clone(),
    }
}

/// Returns an agent as a customer may see them.
fn shown_person(asked: &Asked, agent: Person) -> Person {
    let Some(secret) = &asked.desk.pseudonyms else { return agent };
    // Who it is does not depend on the language.
    let id = Words::english().fill("Support agent {code}", &[("code", &code(secret, &agent))]);
    Person { id: id.as_str().into(), name: shown(&asked.desk, &asked.words, &agent), email: String::new() }
}

/// Returns a consent as its customer may see it.
pub(crate) fn shown_consent(asked: &Asked, consent: Consent) -> Consent {
    Consent { requested_by: consent.requested_by.map(|agent| shown_person(asked, agent)), ..consent }
}

/// Returns what came of it as its customer may see that.
pub(crate) fn shown_use(asked: &Asked, used: Use) -> Use {
    Use { by: shown_person(asked, used.by), ..used }
}

fn code(secret: &str, agent: &Person) -> String {
    let mut hash = Sha256::new();
    // The length keeps the two apart.
    hash.update((secret.len() as u64).to_be_bytes());
    hash.update(secret.as_bytes());
    hash.update(agent.id.as_str().as_bytes());
    let letter = |byte: &u8| LETTERS.get(usize::from(byte % 32)).map_or('0', |letter| char::from(*letter));
    hash.finalize().iter().take(4).map(letter).collect()
}
