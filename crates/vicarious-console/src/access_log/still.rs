//! What still lets somebody in, after a customer has put somebody out.

use vicarious_core::consent::{Consent, ConsentKind, ConsentState};
use vicarious_core::ports::Consents;

use crate::answer::Failure;
use crate::asked::Asked;
use crate::sentence::{Say, Sentence};
use crate::who;

/// A consent that stands, and where it is withdrawn.
pub(super) struct Still {
    pub(super) sentence: Sentence,
    pub(super) withdraw: String,
}

/// Returns what still lets somebody in, if the page is the answer to a customer's End: an end withdraws nothing.
pub(super) async fn after_an_end(asked: &Asked) -> Result<Vec<Still>, Failure> {
    let has_ended = matches!(asked.query.get("done"), Some("ended" | "over"));
    if !has_ended || asked.identity.is_impersonating() {
        return Ok(Vec::new());
    }
    let Some(account) = asked.vicarious().account(&asked.person()?.id).await? else { return Ok(Vec::new()) };
    let consents = asked.vicarious().ledger().consents(Consents::Of(account.id())).await?;
    let lets_in = |consent: &Consent| {
        consent.state_at(asked.now) == ConsentState::Given && !consent.is_spent() && consent.is_for(&account)
    };
    let standing = consents.into_iter().filter(lets_in);
    Ok(standing.map(|consent| Still::of(asked, &who::shown_consent(asked, consent))).collect())
}

impl Still {
    fn of(asked: &Asked, consent: &Consent) -> Self {
        let withdraw = asked.link(&format!("/consents/{}", consent.id));
        Self { sentence: sentence(asked, consent).time("time", &asked.when(consent.ends_at)), withdraw }
    }
}

/// Returns that it stays, whom it lets in, and until when.
fn sentence(asked: &Asked, consent: &Consent) -> Sentence {
    let say = |english| asked.words.say(english);
    if let Some(grant) = &consent.grant {
        let stays =
            "What {agent} agreed to in your place stays until {time}: any agent may come in again without asking.";
        return say(stays).name("agent", &grant.by.name);
    }
    match (consent.kind, &consent.requested_by) {
        (ConsentKind::Code, _) => say("Your support code stays until {time}: whoever has it may come in once."),
        (_, Some(agent)) => {
            say("Your consent for {agent} stays until {time}: they may come in once.").name("agent", &agent.name)
        }
        (_, None) => say("Your consent stays until {time}: any agent may come in again without asking."),
    }
}
