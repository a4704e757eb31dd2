//! Asking for consent, and a customer's decisions about it.

use axum::http::StatusCode;
use serde_json::json;
use vicarious_axum::{Next, Question, Refused, Said};
use vicarious_core::consent::{Consent, ConsentId};
use vicarious_core::decide::Decision;
use vicarious_core::{AccountId, Refusal, SitePath};

use crate::answer::{Answer, Failure, failed, json, see};
use crate::asked::{Asked, Fields, START_PAGE, Sent, with_query};
use crate::until::end;
use crate::{grants, used, who};

/// Asks a customer for consent, for agents; a form goes back to the start page, which shows how it stands.
pub(crate) async fn ask(Sent { asked, fields }: Sent) -> Answer {
    asked.person()?;
    let account = AccountId::from(fields.get("account_id").unwrap_or_default());
    let page = fields.get("go_to").map(SitePath::new);
    let question = Question {
        reason: fields.get("reason").unwrap_or_default(),
        ticket: fields.get("ticket"),
        page: page.as_ref(),
    };
    let consent = asked.vicarious().ask_consent(&asked.identity, &account, question).await;
    back_to_the_start(&asked, &account, &fields, consent)
}

/// Records that a customer agreed elsewhere, for agents, where the application allows it.
pub(crate) async fn attest(Sent { asked, fields }: Sent) -> Answer {
    asked.person()?;
    let account = AccountId::from(fields.get("account_id").unwrap_or_default());
    let text = |name| fields.get(name).unwrap_or_default();
    let page = fields.get("go_to").map(SitePath::new);
    let said = Said {
        channel: text("channel"),
        quotation: text("quotation"),
        ticket: fields.get("ticket"),
        page: page.as_ref(),
    };
    let consent = asked.vicarious().attest_consent(&asked.identity, &account, said).await;
    back_to_the_start(&asked, &account, &fields, consent)
}

/// Answers an agent with the consent, or with the start page as it was filled in.
fn back_to_the_start(asked: &Asked, account: &AccountId, fields: &Fields, consent: Result<Consent, Refused>) -> Answer {
    let text = |name| fields.get(name).unwrap_or_default();
    let back = with_query(
        START_PAGE,
        &[
            ("account", account.as_str()),
            ("reason", text("reason")),
            ("ticket", text("ticket")),
            ("go_to", text("go_to")),
            ("return_to", text("return_to")),
        ],
    );
    match consent {
        Ok(consent) if asked.json => json(StatusCode::CREATED, consent.to_json(None, asked.now)),
        Ok(_) => see(&back),
        // Whoever may not know that there is such an account gets no way back to it either.
        Err(refused @ Refused::Refusal(Refusal::NoSuchAccount)) => Err(refused.into()),
        Err(refused) => Err(refused.problem().offer(Next::Link { href: back, label: "Back".to_owned() }).into()),
    }
}

/// Gives, refuses, withdraws or disowns a consent.
pub(crate) async fn decide(Sent { asked, fields }: Sent) -> Answer {
    let person = asked.themselves()?;
    let id = ConsentId::from(asked.id.as_str());
    let is_own = asked.vicarious().decidable_consent(&asked.identity, &id).await?.account.id == person.id;
    let word = fields.get("decision").unwrap_or_default();
    let unknown = Refusal::Invalid { field: "decision", problem: "must be give, refuse, withdraw or disown" };
    let decision = Decision::parse(word).ok_or(unknown)?;
    let decided = asked.vicarious().decide_consent(&asked.identity, &id, decision).await;
    let consent = decided.map_err(|refused| with_way_back(&asked, &refused))?;
    if asked.json {
        let used = used::of(&asked, &consent).await?.map(|used| who::shown_use(&asked, used));
        return json(StatusCode::OK, who::shown_consent(&asked, consent).to_json(used.as_ref(), asked.now));
    }
    match is_own {
        true => see(&asked.link(&format!("/consents?done={word}"))),
        false => see(&grants::back(&asked, &fields, "withdrawn-for")),
    }
}

/// Gives a standing consent, in the place of another where an account is named.
pub(crate) async fn give_ahead(Sent { asked, fields }: Sent) -> Answer {
    let person = asked.themselves()?;
    if let Some(account) = fields.get("account_id").filter(|id| *id != person.id.as_str()) {
        return grants::give(&asked, &fields, &AccountId::from(account)).await;
    }
    let given = match end(&fields, asked.now) {
        Ok(ends_at) => asked.vicarious().give_consent(&asked.identity, ends_at).await,
        Err(refusal) => Err(refusal.into()),
    };
    let consent = given.map_err(|refused| with_way_back(&asked, &refused))?;
    if asked.json {
        return json(StatusCode::CREATED, consent.to_json(None, asked.now));
    }
    see(&asked.link("/consents?done=given"))
}

/// Declines support access altogether.
pub(crate) async fn opt_out(Sent { asked, .. }: Sent) -> Answer {
    let done = asked.vicarious().opt_out(&asked.identity).await;
    opted(&asked, done, "opted-out").await
}

/// Allows consent to be asked for again.
pub(crate) async fn opt_in(Sent { asked, .. }: Sent) -> Answer {
    let done = asked.vicarious().opt_in(&asked.identity).await;
    opted(&asked, done, "opted-in").await
}

async fn opted(asked: &Asked, done: Result<(), Refused>, word: &str) -> Answer {
    let customer = asked.themselves()?;
    match done {
        // A second press of the same button finds what it wanted.
        Err(Refused::Refusal(Refusal::AlreadyDecided)) if !asked.json => {}
        done => done?,
    }
    if asked.json {
        let since = asked.vicarious().ledger().opted_out(&customer.id).await?;
        return json(StatusCode::OK, json!({ "opted_out": since.map(|since| since.to_string()) }));
    }
    see(&asked.link(&format!("/consents?done={word}")))
}

fn with_way_back(asked: &Asked, refused: &Refused) -> Failure {
    failed(asked.link("/consents"), refused)
}
