//! How customers see agents: by name, or by a pseudonym where the application wants that.

use sha2::{Digest, Sha256};
use vicarious_core::Person;
use vicarious_core::consent::Consent;

use crate::Settings;
use crate::asked::Asked;

/// Crockford's base 32: no letter that looks like a digit.
const LETTERS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// Returns what a customer calls this agent.
pub(crate) fn shown(desk: &Settings, agent: &Person) -> String {
    match &desk.pseudonyms {
        Some(secret) => pseudonym(secret, agent),
        None => agent.name.clone(),
    }
}

/// Returns a consent as its customer may see it.
pub(crate) fn shown_consent(asked: &Asked, consent: Consent) -> Consent {
    let Some(secret) = &asked.desk.pseudonyms else { return consent };
    let hidden = |agent: &Person| {
        let name = pseudonym(secret, agent);
        Person { id: name.as_str().into(), name, email: String::new() }
    };
    Consent { requested_by: consent.requested_by.as_ref().map(hidden), ..consent }
}

fn pseudonym(secret: &str, agent: &Person) -> String {
    let mut hash = Sha256::new();
    // The length keeps the two apart.
    hash.update((secret.len() as u64).to_be_bytes());
    hash.update(secret.as_bytes());
    hash.update(agent.id.as_str().as_bytes());
    let letter = |byte: &u8| LETTERS.get(usize::from(byte % 32)).map_or('0', |letter| char::from(*letter));
    let code: String = hash.finalize().iter().take(4).map(letter).collect();
    format!("Support agent {code}")
}
