//! The start page as it stands for one agent and one customer.

use axum::response::Response;
use http::{HeaderMap, StatusCode};
use vicarious_core::consent::ConsentState;
use vicarious_core::decide::ConsentPolicy;
use vicarious_core::ports::Running;
use vicarious_core::{Impersonation, Refusal};

use super::{Asked, Gathered};
use crate::engine::Engine;
use crate::page::{self, ConsentShown, StartPage};
use crate::refusals;
use crate::resolve::SignedIn;

/// Answers with the start page, perhaps with what is missing.
pub(super) async fn show(
    engine: &Engine,
    signed_in: &SignedIn,
    asked: &Asked,
    gathered: &Gathered,
    status: StatusCode,
    refusal: Option<&Refusal>,
) -> Response {
    let target = gathered.permitted(signed_in).map(|target| &*target.account);
    let others = match target {
        Some(account) => engine.ledger.running(Running::As(account.id())).await,
        None => Ok(Vec::new()),
    };
    let others = match others {
        Ok(rows) => rows,
        Err(outage) => return refusals::outage(&HeaderMap::new(), &outage),
    };
    let who_else: Vec<String> = others
        .into_iter()
        .filter(|row| row.true_user.id != *signed_in.user.account.id())
        .map(|row| row.true_user.name)
        .collect();
    let now = engine.now();
    let running = gathered.running.as_ref().filter(|running| running.over_at(now).is_none());
    let (consent, sentence) = match target {
        Some(account) => consent_shown(engine, gathered, signed_in, account),
        None => (ConsentShown::Missing, String::new()),
    };
    let page = page::start_page(&StartPage {
        agent: &signed_in.user.account.person,
        account: target,
        consent,
        consent_sentence: &sentence,
        online: target.and_then(|account| engine.online.of(account.id())),
        who_else: &who_else,
        reason: &asked.reason,
        reasons: &engine.reasons,
        ticket: asked.ticket.as_deref().unwrap_or_default(),
        go_to: asked.go_to.as_str(),
        return_to: asked.return_to.as_str(),
        errors: &refusal.map(error).into_iter().collect::<Vec<_>>(),
        // From within another account nobody is asked anything.
        code_available: engine.terms.consent == ConsentPolicy::Required && running.is_none(),
        attest_available: engine.terms.attested && running.is_none(),
        ask_available: consent == ConsentShown::Missing && running.is_none(),
        instead_of: running.map(|running| (&running.id, running.current_user.name.as_str())),
        length_minutes: engine.terms.length.as_mins(),
        identity_tag: running.map(Impersonation::tag).as_deref(),
        // Within another account the page is not the agent's own.
        script: engine.script.as_deref().filter(|_| running.is_none()),
    });
    page::respond_html(status, page)
}

/// Returns the field that a refusal is about, and a sentence for people.
fn error(refusal: &Refusal) -> (String, String) {
    match refusal {
        Refusal::Invalid { field, problem } => {
            ((*field).to_owned(), format!("{} {problem}.", refusals::capitalised(&field.replace('_', " "))))
        }
        Refusal::AlreadyImpersonating { running_as } => {
            (String::new(), format!("You are using the application as {} already.", running_as.name))
        }
        other => (String::new(), format!("{}.", refusals::capitalised(&other.to_string()))),
    }
}

fn consent_shown(
    engine: &Engine,
    gathered: &Gathered,
    signed_in: &SignedIn,
    account: &vicarious_core::Account,
) -> (ConsentShown, String) {
    let now = engine.now();
    let name = &account.person.name;
    if engine.terms.consent == ConsentPolicy::NotRequired {
        return (ConsentShown::NotRequired, format!("{name} will be told that you were here."));
    }
    if gathered.opted_out {
        return (ConsentShown::OptedOut, format!("{name} has declined support access."));
    }
    let agent = signed_in.user.account.id();
    let of_account = || gathered.consents.iter().filter(|consent| consent.account.id == *account.id());
    let running = gathered.running.as_ref();
    if let Some(consent) =
        of_account().filter(|consent| consent.covers(agent, running, None, now)).max_by_key(|c| c.ends_at)
    {
        return (ConsentShown::Agreed, format!("{name} has agreed until {}.", day_and_time(consent.ends_at)));
    }
    match of_account().find(|consent| consent.state_at(now) == ConsentState::Asked) {
        Some(consent) => (
            ConsentShown::Asked,
            format!("{name} was asked on {} and has not answered yet.", day_and_time(consent.asked_at)),
        ),
        None => (ConsentShown::Missing, format!("{name} has not agreed yet.")),
    }
}

/// Returns a time as people read it: `Friday 27 November, 14:02 UTC`.
fn day_and_time(at: vicarious_core::Timestamp) -> String {
    at.strftime("%A %-d %B, %H:%M UTC").to_string()
}
