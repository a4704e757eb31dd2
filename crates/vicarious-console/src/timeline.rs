//! One impersonation, as a timeline of sentences.

use std::collections::HashMap;

use askama::Template;
use axum::http::StatusCode;
use serde_json::{Value, json};
use vicarious_axum::Staff;
use vicarious_core::audit::{Entry, Recorded, RequestId};
use vicarious_core::consent::{Consent, ConsentKind};
use vicarious_core::ports::EntryFilter;
use vicarious_core::{EndCause, Impersonation, ImpersonationId, Kind, Refusal, Rules, Words};

use crate::access_log::Changed;
use crate::answer::{Answer, Failure, html, json};
use crate::asked::{Asked, with_query};
use crate::deeds::{attempt, deed, is_trifle, why_ended, why_refused};
use crate::enders::{Enders, ended_by};
use crate::frame::Frame;
use crate::impersonations::{self, Line};
use crate::sentence::{Say, Sentence};
use crate::when::When;

/// How many entries a page has.
const PER_PAGE: usize = 200;

#[derive(Template)]
#[template(path = "impersonation.html")]
struct TimelinePage {
    frame: Frame,
    line: Line,
    /// Why it is over, with who ended it; none while it runs.
    ended: Option<Sentence>,
    consent: Sentence,
    moments: Vec<Moment>,
    earlier: Option<String>,
    latest: Option<String>,
    /// Whether whoever looks started it.
    is_own: bool,
    /// Whether it runs, so that it can be ended.
    is_running: bool,
    back: String,
}

/// A step of the timeline.
struct Moment {
    at: When,
    class: &'static str,
    sentence: Sentence,
    /// The request, and how it was answered.
    facts: Option<String>,
    /// The entries that this step consists of.
    raw: Vec<String>,
}

/// Shows an impersonation, to administrators and to the agent who did it.
pub(crate) async fn show(asked: Asked) -> Answer {
    let (person, staff) = asked.staff(Staff::Agent).await?;
    let ledger = asked.vicarious().ledger();
    let id = ImpersonationId::from(asked.id.as_str());
    let row = ledger.by_id(&id).await?;
    let row = row.filter(|row| staff == Staff::Administrator || row.true_user.id == person.id);
    let row = row.ok_or(Refusal::NoSuchAccount)?;
    let before = asked.query.get("before").and_then(|before| before.parse().ok());
    let filter = EntryFilter { impersonation: Some(id), before, limit: PER_PAGE + 1, ..EntryFilter::default() };
    let mut entries = ledger.entries(&filter).await?;
    let more = entries.len() > PER_PAGE;
    entries.truncate(PER_PAGE);
    let here = asked.link(&format!("/impersonations/{}", row.id));
    let last = entries.last().map(|last| last.seq.to_string()).filter(|_| more);
    let earlier = last.map(|seq| with_query(&here, &[("before", &seq)]));
    if asked.json {
        let entries: Vec<_> = entries.iter().map(Recorded::to_json).collect();
        let row = impersonations::to_json(&row, asked.now);
        return json(StatusCode::OK, json!({ "impersonation": row, "entries": entries, "next": earlier }));
    }
    entries.reverse();
    let page = TimelinePage {
        frame: Frame::of(&asked, &title(&asked.words, &row)).await?,
        ended: ended(&asked, &row).await?,
        consent: consent(&asked, &row).await?,
        moments: Timeline::of(&asked, entries),
        earlier,
        latest: before.map(|_| here),
        is_own: row.true_user.id == person.id,
        is_running: row.over_at(asked.now).is_none(),
        back: asked.link("/impersonations"),
        line: Line::new(&asked, row, &Enders::default()),
    };
    html(StatusCode::OK, &page)
}

fn title(words: &Words, row: &Impersonation) -> String {
    words.fill("{agent} as {customer}", &[("agent", &row.true_user.name), ("customer", &row.current_user.name)])
}

/// Returns why the impersonation is over: where somebody ended it, what the record says of that.
async fn ended(asked: &Asked, row: &Impersonation) -> Result<Option<Sentence>, Failure> {
    let Some(cause) = row.over_at(asked.now) else { return Ok(None) };
    let kind = match cause {
        EndCause::Revoked => Some(Kind::Revoked),
        EndCause::ConsentWithdrawn | EndCause::Paused => Some(Kind::Ended),
        _ => None,
    };
    let recorded = match kind {
        Some(_) => {
            let filter = EntryFilter { impersonation: Some(row.id.clone()), kind, limit: 1, ..EntryFilter::default() };
            asked.vicarious().ledger().entries(&filter).await?.into_iter().next()
        }
        None => None,
    };
    Ok(Some(match recorded {
        Some(end) => sentence(&asked.words, asked.vicarious().rules(), &end.entry),
        None => asked.words.say(why_ended(cause)),
    }))
}

/// Returns what the impersonation rests on.
async fn consent(asked: &Asked, row: &Impersonation) -> Result<Sentence, Failure> {
    let Some(id) = &row.consent else { return Ok(asked.words.say("No consent was needed.")) };
    Ok(match asked.vicarious().ledger().consent(id).await? {
        Some(consent) => agreed(asked, &consent),
        None => asked.words.say("The consent is no longer on record."),
    })
}

fn agreed(asked: &Asked, consent: &Consent) -> Sentence {
    let decided = asked.when(consent.decided_at.unwrap_or(consent.asked_at));
    let when = asked.when(consent.asked_at);
    let words = &asked.words;
    if let Some(grant) = &consent.grant {
        let given = match &grant.organisation {
            Some(organisation) => words
                .say("{agent} of {organisation} had agreed for {customer} ({time}), until {until}.")
                .name("organisation", organisation),
            None => words.say("{agent} had agreed for {customer} ({time}), until {until}."),
        };
        let given = given.name("agent", &grant.by.name).name("customer", &consent.account.name);
        return given.time("time", &when).time("until", &asked.when(consent.ends_at));
    }
    let said = match (consent.kind, &consent.requested_by) {
        (ConsentKind::Requested, Some(agent)) => {
            let agreed = words.say("{customer} agreed ({time}) after {agent} had asked ({asked}).");
            agreed.time("time", &decided).name("agent", &agent.name).time("asked", &when)
        }
        (ConsentKind::Attested, Some(agent)) => {
            let recorded = words.say("{agent} recorded ({time}) that {customer} had agreed: {said}.");
            let said = consent.reason.clone().unwrap_or_default();
            recorded.name("agent", &agent.name).time("time", &when).name("said", said)
        }
        (ConsentKind::Code, _) => words.say("{customer} read out a support code (made {time}).").time("time", &decided),
        _ => {
            let ahead = words.say("{customer} had agreed ahead ({time}), until {until}.");
            ahead.time("time", &decided).time("until", &asked.when(consent.ends_at))
        }
    };
    said.name("customer", &consent.account.name)
}

/// Entries on their way to becoming moments.
struct Timeline<'a> {
    asked: &'a Asked,
    moments: Vec<Moment>,
    requests: HashMap<RequestId, usize>,
}

impl<'a> Timeline<'a> {
    /// Returns the moments of entries, which come oldest first.
    fn of(asked: &'a Asked, entries: Vec<Recorded>) -> Vec<Moment> {
        let mut timeline = Self { asked, moments: Vec::new(), requests: HashMap::new() };
        for recorded in entries {
            timeline.take(&recorded);
        }
        timeline.moments
    }

    fn take(&mut self, recorded: &Recorded) {
        let entry = &recorded.entry;
        let raw = raw(recorded);
        let begun = entry.request.as_ref().and_then(|request| self.requests.get(&request.id));
        if entry.kind == Kind::Outcome {
            // An outcome whose intent is on an earlier page belongs there.
            if let Some(moment) = begun.and_then(|index| self.moments.get_mut(*index)) {
                moment.facts = Some(facts(&self.asked.words, entry));
                moment.class = if is_bad(entry) { "bad" } else { moment.class };
                moment.raw.push(raw);
            }
            return;
        }
        let rules = self.asked.vicarious().rules();
        if entry.kind == Kind::Intent && entry.request.as_ref().is_some_and(|request| is_trifle(rules, request)) {
            return;
        }
        if let (Kind::Intent, Some(request)) = (entry.kind, &entry.request) {
            self.requests.insert(request.id.clone(), self.moments.len());
        }
        self.moments.push(Moment {
            at: self.asked.when(entry.at).to_the_second(&self.asked.words, self.asked.now),
            class: match entry {
                entry if is_question(entry) => "request",
                // An intent that has its answer gets no outcome that could say so.
                entry if entry.kind == Kind::Intent && !entry.is_open() && is_bad(entry) => "bad",
                entry => class(entry.kind),
            },
            sentence: sentence(&self.asked.words, self.asked.vicarious().rules(), entry),
            // A change only names its request.
            facts: entry
                .request
                .as_ref()
                .filter(|request| !request.method.is_empty())
                .map(|_| facts(&self.asked.words, entry)),
            raw: vec![raw],
        });
    }
}

/// Returns an entry as text to be read by those who want to know exactly.
pub(crate) fn raw(recorded: &Recorded) -> String {
    serde_json::to_string_pretty(&recorded.to_json()).unwrap_or_default()
}

fn class(kind: Kind) -> &'static str {
    match kind {
        Kind::RequestRefused | Kind::StartRefused => "bad",
        Kind::Changed => "change",
        Kind::Intent | Kind::Outcome => "request",
        _ => "step",
    }
}

/// Returns method, path, status and duration of a request: `GET /invoices · 200 · 12 ms`.
fn facts(words: &Words, entry: &Entry) -> String {
    let Some(request) = &entry.request else { return String::new() };
    let mut facts = vec![format!("{} {}", request.method, request.path)];
    facts.extend(request.status.map(|status| status.to_string()));
    if let Some(micros) = entry.detail.get("duration_us").and_then(Value::as_u64) {
        facts.push(if micros < 1000 { words.text("under 1 ms").to_owned() } else { format!("{} ms", micros / 1000) });
    }
    if let Some(outcome) = text(entry, "outcome") {
        facts.push(outcome.to_owned());
    }
    facts.join(" · ")
}

fn is_bad(entry: &Entry) -> bool {
    entry.status().is_none_or(|status| status >= 400)
}

fn text<'a>(entry: &'a Entry, name: &str) -> Option<&'a str> {
    entry.detail.get(name).and_then(Value::as_str)
}

fn by_code(entry: &Entry) -> bool {
    text(entry, "by") == Some("support code")
}

/// Returns what an entry says, as a sentence.
pub(crate) fn sentence(words: &Words, rules: &Rules, entry: &Entry) -> Sentence {
    let customer = entry.current_user.as_ref().map_or(words.text("an unknown account"), |person| &*person.name);
    let said = |english: &str| by(words, entry, english).name("customer", customer);
    let cause = || words.say(text(entry, "cause").and_then(EndCause::parse).map_or("It ended.", why_ended));
    match entry.kind {
        Kind::Started => because(entry, said("{agent} began to use the application as {customer}")),
        Kind::StartRefused => {
            let why = text(entry, "refusal").unwrap_or("refused");
            said("{agent} was not let in as {customer}: {why}").plain("why", words.of(why))
        }
        Kind::Revoked => match ended_by(entry) {
            Some(by) => words.say("{agent} ended it.").name("agent", by),
            None => words.say("It was ended from the command line."),
        },
        Kind::Ended => match (text(entry, "cause").and_then(EndCause::parse), ended_by(entry)) {
            (Some(EndCause::ConsentWithdrawn), Some(by)) => {
                words.say("{agent} withdrew the consent.").name("agent", by)
            }
            (Some(EndCause::Paused), Some(by)) => {
                words.say("{agent} paused everything").name("agent", by).then(Sentence::raw("."))
            }
            _ => cause(),
        },
        Kind::Expired | Kind::IdledOut => cause(),
        Kind::ModeRaised => because(entry, said("{agent} switched to write mode")),
        Kind::ConsentAsked => because(entry, said("{agent} asked {customer} for consent")),
        Kind::ConsentGiven if by_code(entry) => said("{agent} made a support code."),
        Kind::ConsentAttested => {
            let quotation = text(entry, "quotation").unwrap_or_default();
            said("{agent} recorded that {customer} had agreed: {said}.").quote("said", quotation)
        }
        Kind::Intent | Kind::Outcome => match &entry.request {
            Some(request) => said("{agent} {deeds}.").name("deeds", deed(words, rules, request)),
            None => said("{agent} sent a request."),
        },
        Kind::TokenIssued => {
            let audience = text(entry, "audience").unwrap_or(words.text("another service"));
            said("{agent} took who they are to {audience}.").name("audience", audience)
        }
        Kind::RequestRefused => refused(words, rules, entry),
        Kind::Changed => match Changed::of(entry) {
            Some(change) => {
                let change = change.sentence(words, "changed the {field} from {old} to {new}");
                said("{agent} {deeds}.").with("deeds", &change)
            }
            None => said("{agent} changed something."),
        },
        Kind::PauseBegan => because(entry, said("{agent} paused everything")),
        other => said(step(other)),
    }
}

/// Returns the sentence of a step that needs nothing but who took it.
fn step(kind: Kind) -> &'static str {
    match kind {
        Kind::Stopped => "{agent} stopped.",
        Kind::Acknowledged => "{agent} went on as themselves.",
        Kind::ModeLowered => "{agent} went back to reading.",
        Kind::ModeFellBack => "Write mode ran out: reading only.",
        Kind::ConsentGiven => "{agent} agreed.",
        Kind::ConsentGivenFor => "{agent} agreed for {customer}.",
        Kind::ConsentWithdrawnFor => "{agent} withdrew the consent that was given for {customer}.",
        Kind::ConsentDisowned => "{agent} says that they never agreed.",
        Kind::ConsentRefused => "{agent} declined.",
        Kind::ConsentWithdrawn => "{agent} withdrew the consent.",
        Kind::OptedOut => "{agent} declined all support access.",
        Kind::OptedIn => "{agent} allows to be asked again.",
        Kind::PauseEnded => "{agent} let agents start again.",
        // All others have a sentence of their own above.
        other => other.label(),
    }
}

/// Returns a sentence with the true user in it.
fn by(words: &Words, entry: &Entry, english: &str) -> Sentence {
    let who = entry.true_user.as_ref().map_or(words.text("Nobody"), |person| &*person.name);
    words.say(english).name("agent", who)
}

/// Goes on with the reason and the ticket.
fn because(entry: &Entry, sentence: Sentence) -> Sentence {
    let (Some(reason), ticket) = (&entry.reason, &entry.ticket) else { return sentence };
    let sentence = sentence.then(Sentence::raw(": ")).then(Sentence::quoted(reason));
    match ticket {
        Some(ticket) => sentence.then(Sentence::raw(" (")).then(Sentence::named(ticket)).then(Sentence::raw(")")),
        None => sentence,
    }
}

fn refused(words: &Words, rules: &Rules, entry: &Entry) -> Sentence {
    let something = || words.text("something").to_owned();
    let what = entry.request.as_ref().map_or_else(something, |request| attempt(words, rules, request));
    if is_question(entry) {
        return by(words, entry, "{agent} was asked to confirm first: {what}.").name("what", what);
    }
    let why = words.text(why_refused(text(entry, "refusal").unwrap_or_default()));
    by(words, entry, "Refused: {agent} tried {what} — {why}.").name("what", what).plain("why", why)
}

/// A request that waits for a confirmation is no offence.
fn is_question(entry: &Entry) -> bool {
    text(entry, "refusal") == Some("confirmation-required")
}
