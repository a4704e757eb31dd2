//! One impersonation, as a timeline of sentences.

use std::collections::HashMap;

use askama::Template;
use axum::http::StatusCode;
use serde_json::{Value, json};
use vicarious_axum::Staff;
use vicarious_core::audit::{Entry, Recorded, RequestId};
use vicarious_core::consent::{Consent, ConsentKind};
use vicarious_core::ports::EntryFilter;
use vicarious_core::{EndCause, Impersonation, ImpersonationId, Kind, Refusal, Rules};

use crate::access_log::Changed;
use crate::answer::{Answer, Failure, html, json};
use crate::asked::{Asked, with_query};
use crate::deeds::{attempt, deed, is_trifle, why_ended, why_refused};
use crate::frame::Frame;
use crate::impersonations::{self, Line};
use crate::sentence::Sentence;
use crate::when::When;

/// How many entries a page has.
const PER_PAGE: usize = 200;

#[derive(Template)]
#[template(path = "impersonation.html")]
struct TimelinePage {
    frame: Frame,
    line: Line,
    consent: Sentence,
    moments: Vec<Moment>,
    earlier: Option<String>,
    latest: Option<String>,
    /// Whether it runs and whoever looks may end it.
    may_revoke: bool,
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
        frame: Frame::of(&asked, &format!("{} as {}", row.true_user.name, row.current_user.name)).await?,
        consent: consent(&asked, &row).await?,
        moments: Timeline::of(&asked, entries),
        earlier,
        latest: before.map(|_| here),
        may_revoke: staff == Staff::Administrator && row.over_at(asked.now).is_none(),
        back: asked.link("/impersonations"),
        line: Line::new(&asked, row),
    };
    html(StatusCode::OK, &page)
}

/// Returns what the impersonation rests on.
async fn consent(asked: &Asked, row: &Impersonation) -> Result<Sentence, Failure> {
    let Some(id) = &row.consent else { return Ok(Sentence::new("No consent was needed.")) };
    Ok(match asked.vicarious().ledger().consent(id).await? {
        Some(consent) => agreed(asked, &consent),
        None => Sentence::new("The consent is no longer on record."),
    })
}

fn agreed(asked: &Asked, consent: &Consent) -> Sentence {
    let when = |at| When::new(at, asked.now).text();
    let customer = Sentence::default().name(&*consent.account.name);
    let decided = when(consent.decided_at.unwrap_or(consent.asked_at));
    match (consent.kind, &consent.requested_by) {
        (ConsentKind::Requested, Some(agent)) => customer
            .say(format!(" agreed ({decided}) after "))
            .name(&*agent.name)
            .say(format!(" had asked ({}).", when(consent.asked_at))),
        (ConsentKind::Attested, Some(agent)) => {
            let said = consent.reason.clone().unwrap_or_default();
            Sentence::default()
                .name(&*agent.name)
                .say(format!(" recorded ({}) that ", when(consent.asked_at)))
                .name(&*consent.account.name)
                .say(" had agreed: ")
                .name(said)
                .say(".")
        }
        (ConsentKind::Code, _) => customer.say(format!(" read out a support code (made {decided}).")),
        _ => customer.say(format!(" had agreed ahead ({decided}), until {}.", when(consent.ends_at))),
    }
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
                moment.facts = Some(facts(entry));
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
            at: When::new(entry.at, self.asked.now),
            class: match entry {
                entry if is_question(entry) => "request",
                // An intent that has its answer gets no outcome that could say so.
                entry if entry.kind == Kind::Intent && !entry.is_open() && is_bad(entry) => "bad",
                entry => class(entry.kind),
            },
            sentence: sentence(self.asked.vicarious().rules(), entry),
            // A change only names its request.
            facts: entry.request.as_ref().filter(|request| !request.method.is_empty()).map(|_| facts(entry)),
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
fn facts(entry: &Entry) -> String {
    let Some(request) = &entry.request else { return String::new() };
    let mut facts = vec![format!("{} {}", request.method, request.path)];
    facts.extend(request.status.map(|status| status.to_string()));
    if let Some(micros) = entry.detail.get("duration_us").and_then(Value::as_u64) {
        facts.push(if micros < 1000 { "under 1 ms".to_owned() } else { format!("{} ms", micros / 1000) });
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
pub(crate) fn sentence(rules: &Rules, entry: &Entry) -> Sentence {
    let who = || Sentence::default().name(entry.true_user.as_ref().map_or("Nobody", |person| &*person.name));
    let customer = entry.current_user.as_ref().map_or("an unknown account", |person| &*person.name);
    let because = |sentence: Sentence| match (&entry.reason, &entry.ticket) {
        (Some(reason), Some(ticket)) => sentence.say(": ").quote(&**reason).say(" (").name(&**ticket).say(")"),
        (Some(reason), None) => sentence.say(": ").quote(&**reason),
        (None, _) => sentence,
    };
    let by = entry.detail.get("by").and_then(|by| by.get("name")).and_then(Value::as_str);
    let cause = || text(entry, "cause").and_then(EndCause::parse).map_or("It ended.", why_ended);
    match entry.kind {
        Kind::Started => because(who().say(" began to use the application as ").name(customer)),
        Kind::StartRefused => {
            let why = text(entry, "refusal").unwrap_or("refused").to_owned();
            who().say(" was not let in as ").name(customer).say(format!(": {why}"))
        }
        Kind::Stopped => who().say(" stopped."),
        Kind::Revoked => match by {
            Some(by) => Sentence::default().name(by).say(" ended it."),
            None => Sentence::new("It was ended from the command line."),
        },
        Kind::Expired | Kind::IdledOut | Kind::Ended => Sentence::new(cause()),
        Kind::Acknowledged => who().say(" went on as themselves."),
        Kind::ModeRaised => because(who().say(" switched to write mode")),
        Kind::ModeLowered => who().say(" went back to reading."),
        Kind::ModeFellBack => Sentence::new("Write mode ran out: reading only."),
        Kind::ConsentAsked => because(who().say(" asked ").name(customer).say(" for consent")),
        Kind::ConsentGiven if by_code(entry) => who().say(" made a support code."),
        Kind::ConsentGiven => who().say(" agreed."),
        Kind::ConsentAttested => {
            let said = text(entry, "quotation").unwrap_or_default();
            who().say(" recorded that ").name(customer).say(" had agreed: ").quote(said).say(".")
        }
        Kind::ConsentDisowned => who().say(" says that they never agreed."),
        Kind::ConsentRefused => who().say(" declined."),
        Kind::ConsentWithdrawn => who().say(" withdrew the consent."),
        Kind::OptedOut => who().say(" declined all support access."),
        Kind::OptedIn => who().say(" allows to be asked again."),
        Kind::Intent | Kind::Outcome => match &entry.request {
            Some(request) => who().say(" ").name(deed(rules, request)).say("."),
            None => who().say(" sent a request."),
        },
        Kind::TokenIssued => {
            let audience = text(entry, "audience").unwrap_or("another service");
            who().say(" took who they are to ").name(audience).say(".")
        }
        Kind::RequestRefused => refused(rules, entry),
        Kind::Changed => match Changed::of(entry) {
            Some(change) => who().say(" ").then(change.sentence("the")).say("."),
            None => who().say(" changed something."),
        },
        Kind::PauseBegan => because(who().say(" paused everything")),
        Kind::PauseEnded => who().say(" let agents start again."),
    }
}

fn refused(rules: &Rules, entry: &Entry) -> Sentence {
    let who = entry.true_user.as_ref().map_or("Nobody", |person| &*person.name);
    let what = entry.request.as_ref().map_or_else(|| "something".to_owned(), |request| attempt(rules, request));
    if is_question(entry) {
        return Sentence::default().name(who).say(" was asked to confirm first: ").name(what).say(".");
    }
    let why = why_refused(text(entry, "refusal").unwrap_or_default());
    Sentence::new("Refused: ").name(who).say(" tried ").name(what).say(format!(" — {why}."))
}

/// A request that waits for a confirmation is no offence.
fn is_question(entry: &Entry) -> bool {
    text(entry, "refusal") == Some("confirmation-required")
}
