//! The start page as it stands for one agent and one customer.

use std::fmt::Display;

use axum::response::Response;
use http::{HeaderMap, StatusCode};
use vicarious_core::consent::{Consent, ConsentState};
use vicarious_core::decide::ConsentPolicy;
use vicarious_core::ports::{Running, Unavailable};
use vicarious_core::{Identity, Impersonation, Refusal, Timestamp, Words};

use super::put_out::put_out;
use super::{Asked, Gathered};
use crate::engine::Engine;
use crate::page::{self, ConsentShown, StartPage, Top, day_and_time};
use crate::refusals;
use crate::resolve::SignedIn;

/// Answers with the start page, perhaps with what is missing.
pub(super) async fn show(
    engine: &Engine,
    headers: &HeaderMap,
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
        Err(outage) => return refusals::outage(headers, &outage),
    };
    let (now, words) = (engine.now(), engine.languages.of(headers));
    let who_else = |row: Impersonation| {
        if row.true_user.id != *signed_in.user.account.id() {
            Some(row.true_user.name)
        } else {
            (row.sign_in != signed_in.key).then(|| words.text("You, in another browser").to_owned())
        }
    };
    let who_else: Vec<String> = others.into_iter().filter_map(who_else).collect();
    let running = gathered.running.as_ref().filter(|running| running.over_at(now).is_none());
    let shown = match target {
        Some(account) => consent_shown(engine, words, gathered, signed_in, account).await,
        None => Ok((ConsentShown::Missing, String::new())),
    };
    let (consent, sentence) = match shown {
        Ok(shown) => shown,
        Err(outage) => return refusals::outage(headers, &outage),
    };
    let put_out = match target {
        Some(account) => put_out(engine, &signed_in.user.account, account).await,
        None => Ok(None),
    };
    let put_out = match put_out {
        Ok(put_out) => put_out,
        Err(outage) => return refusals::outage(headers, &outage),
    };
    let mounted = &engine.mounted;
    let identity = Identity::own(signed_in.user.account.clone());
    let rooms = mounted.rooms(&identity, engine.host.staff(&signed_in.user));
    let consents = mounted.link("/consents");
    let top = Top {
        brand: mounted.brand().unwrap_or("Support access"),
        home: mounted.home(),
        rooms: &rooms,
        consents: &consents,
        sign_out: mounted.sign_out(),
    };
    let page = page::start_page(&StartPage {
        words,
        agent: &signed_in.user.account.person,
        account: target,
        consent,
        consent_sentence: &sentence,
        online: target.and_then(|account| engine.online.of(account.id())),
        who_else: &who_else,
        put_out: put_out.as_ref(),
        paused: gathered.paused.as_ref().map(|pause| pause.reason.as_str()),
        reason: &asked.reason,
        reasons: &engine.reasons,
        ticket: asked.ticket.as_deref().unwrap_or_default(),
        go_to: asked.go_to.as_str(),
        return_to: asked.return_to.as_str(),
        errors: &refusal.map(|refusal| error(words, refusal)).into_iter().collect::<Vec<_>>(),
        // From within another account nobody is asked anything.
        asks_at: &mounted.link("/consents/requests"),
        attests_at: &mounted.link("/consents/attested"),
        console: (running.is_none() && mounted.is_there()).then_some(top),
        code_available: engine.terms.consent == ConsentPolicy::Required && running.is_none(),
        attest_available: engine.terms.attested && running.is_none(),
        ask_available: consent == ConsentShown::Missing && running.is_none(),
        instead_of: running.map(|running| (&running.id, running.current_user.name.as_str())),
        length_minutes: engine.terms.length.as_mins(),
        // Within another account the page is not the agent's own.
        script: engine.script.as_deref().filter(|_| running.is_none()),
    });
    page::respond_html(status, page)
}

/// Returns the field that a refusal is about, and a sentence for people.
fn error(words: &Words, refusal: &Refusal) -> (String, String) {
    let field = match refusal {
        Refusal::Invalid { field, .. } => *field,
        Refusal::AlreadyImpersonating { running_as } => {
            let already = "You are using the application as {customer} already.";
            return (String::new(), words.fill(already, &[("customer", &running_as.name)]));
        }
        _ => "",
    };
    let problem = refusals::of_refusal(refusal);
    (field.to_owned(), problem.detail_in(words).unwrap_or_default().into_owned())
}

async fn consent_shown(
    engine: &Engine,
    words: &Words,
    gathered: &Gathered,
    signed_in: &SignedIn,
    account: &vicarious_core::Account,
) -> Result<(ConsentShown, String), Unavailable> {
    let now = engine.now();
    let say = |english| words.fill(english, &[("customer", &account.person.name)]);
    let say_when =
        |english, at| words.fill(english, &[("customer", &account.person.name), ("time", &day_and_time(words, at))]);
    if engine.terms.consent == ConsentPolicy::NotRequired {
        return Ok((ConsentShown::NotRequired, say("{customer} will be told that you were here.")));
    }
    if gathered.opted_out {
        return Ok((ConsentShown::OptedOut, say("{customer} has declined support access.")));
    }
    let agent = signed_in.user.account.id();
    let of_account = || gathered.consents.iter().filter(|consent| consent.is_for(account));
    let running = gathered.running.as_ref();
    let covering = of_account().filter(|consent| consent.covers(agent, running, None, now));
    if let Some(consent) = covering.max_by_key(|consent| consent.precedence()) {
        return Ok((ConsentShown::Agreed, agreed(words, consent)));
    }
    if let Some(consent) = of_account().find(|consent| consent.state_at(now) == ConsentState::Asked) {
        let asked = say_when("{customer} was asked on {time} and has not answered yet.", consent.asked_at);
        return Ok((ConsentShown::Asked, asked));
    }
    // The latest comes first.
    let mut asked = of_account().filter(|consent| consent.requested_by.as_ref().is_some_and(|by| by.id == *agent));
    let asked = match asked.next() {
        Some(last) => Some(over(engine, last).await?),
        None => None,
    };
    let last = of_account().filter_map(taken_back).chain(asked).max_by_key(|(_, at)| *at);
    let sentence = last.map_or_else(|| say("{customer} has not agreed yet."), |(english, at)| say_when(english, at));
    Ok((ConsentShown::Missing, sentence))
}

/// Returns that the customer took back what they had given to every agent, and when, if it is so.
fn taken_back(consent: &Consent) -> Option<(&'static str, Timestamp)> {
    let at = consent.decided_at.filter(|_| consent.was_taken_back())?;
    Some(("{customer} had given consent ahead, and took it back on {time}.", at))
}

/// Returns what became of a consent that lets nobody in any more, as a sentence, and when.
async fn over(engine: &Engine, consent: &Consent) -> Result<(&'static str, Timestamp), Unavailable> {
    let decided = consent.decided_at.unwrap_or(consent.asked_at);
    Ok(match (consent.state_after(None, engine.now()), &consent.used_by) {
        (ConsentState::Used, Some(first)) => {
            let used = engine.ledger.by_id(first).await?.map_or(decided, |first| first.started_at);
            ("{customer} had agreed to one visit, which began on {time}.", used)
        }
        (ConsentState::Refused, _) => ("{customer} declined on {time}.", decided),
        (ConsentState::Withdrawn, _) => ("{customer} withdrew consent on {time}.", decided),
        (ConsentState::Disowned, _) => ("{customer} said on {time} that they had never agreed.", decided),
        _ => ("What {customer} was asked for lapsed on {time}.", consent.ends_at),
    })
}

/// Returns who has agreed, and until when.
fn agreed(words: &Words, consent: &Consent) -> String {
    let (customer, until) = (&consent.account.name, day_and_time(words, consent.ends_at));
    let Some(grant) = &consent.grant else {
        return words.fill("{customer} has agreed until {time}.", &[("customer", customer), ("time", &until)]);
    };
    let who: [(&str, &dyn Display); 3] = [("agent", &grant.by.name), ("customer", customer), ("time", &until)];
    match &grant.organisation {
        Some(organisation) => words.fill(
            "{agent} of {organisation} has agreed for {customer} until {time}.",
            &[who.as_slice(), &[("organisation", organisation)]].concat(),
        ),
        None => words.fill("{agent} has agreed for {customer} until {time}.", &who),
    }
}
