//! Who is inside whom: now, and lately.

use askama::Template;
use axum::http::StatusCode;
use jiff::SignedDuration;
use serde_json::{Value, json};
use vicarious_axum::Staff;
use vicarious_core::audit::Recorded;
use vicarious_core::decide::Pause;
use vicarious_core::ports::{EntryFilter, Running, Unavailable};
use vicarious_core::{EndCause, Impersonation, Kind, Mode, Person, Timestamp};

use crate::answer::{Answer, html, json};
use crate::asked::Asked;
use crate::deeds::ended_at;
use crate::enders::Enders;
use crate::frame::Frame;
use crate::sentence::{Say, Sentence};
use crate::when::{When, long};

/// How many of what ended lately are shown.
const LATELY: usize = 20;
/// How many of an agent's own are shown.
const OWN: usize = 50;
/// How long an administrator is reminded that a customer never agreed.
const REMINDED: SignedDuration = SignedDuration::from_hours(7 * 24);
/// The kinds of entries that end an impersonation.
const ENDS: [Kind; 5] = [Kind::Stopped, Kind::Expired, Kind::IdledOut, Kind::Revoked, Kind::Ended];

#[derive(Template)]
#[template(path = "impersonations.html")]
struct ImpersonationsPage {
    frame: Frame,
    is_administrator: bool,
    running: Vec<Line>,
    ended: Vec<Line>,
    pause: Option<Paused>,
    /// What customers say they never agreed to, lately; for administrators.
    alarms: Vec<Alarm>,
    links: Links,
}

struct Alarm {
    said: Sentence,
    at: When,
    trail: String,
}

struct Links {
    accounts: String,
    pause: String,
    resume: String,
}

/// That everything is paused.
pub(crate) struct Paused {
    pub(crate) reason: String,
    pub(crate) since: When,
}

impl Paused {
    /// Returns since when and why nobody may start at present, if that is so.
    pub(crate) async fn find(asked: &Asked) -> Result<Option<Self>, Unavailable> {
        let pause = asked.vicarious().ledger().paused().await?;
        Ok(pause.map(|pause| Self::new(asked, pause)))
    }

    fn new(asked: &Asked, pause: Pause) -> Self {
        Self { reason: pause.reason, since: asked.when(pause.since) }
    }
}

/// An impersonation as a line of a table.
pub(crate) struct Line {
    pub(crate) href: String,
    pub(crate) true_user: Person,
    pub(crate) current_user: Person,
    pub(crate) writes: bool,
    pub(crate) since: When,
    /// How long it will last at most, or lasted.
    pub(crate) long: String,
    pub(crate) reason: String,
    pub(crate) ticket: Option<String>,
    /// Why it is over, and by whom; none while it runs.
    pub(crate) ended: Option<Sentence>,
}

impl Line {
    pub(crate) fn new(asked: &Asked, row: Impersonation, enders: &Enders) -> Self {
        let (now, words) = (asked.now, &asked.words);
        let long = match ended_at(&row, now) {
            Some(end) => long(words, end.duration_since(row.started_at)),
            None => words.fill("{time} left", &[("time", &long(words, row.ends_at.duration_since(now)))]),
        };
        Self {
            href: asked.link(&format!("/impersonations/{}", row.id)),
            writes: row.mode_at(now) != Mode::Read,
            since: asked.when(row.started_at),
            long,
            ended: row.over_at(now).map(|cause| enders.said(words, &row, cause)),
            true_user: row.true_user,
            current_user: row.current_user,
            reason: row.reason,
            ticket: row.ticket,
        }
    }

    /// Returns the mode as people read it.
    pub(crate) fn mode<'a>(&self, frame: &'a Frame) -> &'a str {
        frame.t(if self.writes { "Writing" } else { "Reading" })
    }
}

/// Lists what runs and what ended lately: all of it for administrators, their own for agents.
pub(crate) async fn list(asked: Asked) -> Answer {
    let (person, staff) = asked.staff(Staff::Agent).await?;
    let is_administrator = staff == Staff::Administrator;
    let ledger = asked.vicarious().ledger();
    let (running, ended, enders) = if is_administrator {
        let (ended, enders) = lately(&asked).await?;
        (ledger.running(Running::All).await?, ended, enders)
    } else {
        let own = ledger.by_true_user(&person.id, OWN).await?;
        let (running, ended) = own.into_iter().partition(|row| row.over_at(asked.now).is_none());
        (running, ended, Enders::find(&asked, &person.id, None, OWN).await?)
    };
    let running: Vec<_> = running.into_iter().filter(|row| row.over_at(asked.now).is_none()).collect();
    let pause = ledger.paused().await?;
    if asked.json {
        let rows = running.iter().chain(&ended);
        let impersonations: Vec<_> = rows.map(|row| to_json(row, asked.now)).collect();
        let pause = pause.as_ref().map(pause_json);
        return json(StatusCode::OK, json!({ "impersonations": impersonations, "paused": pause, "next": null }));
    }
    let lines = |rows: Vec<Impersonation>| rows.into_iter().map(|row| Line::new(&asked, row, &enders)).collect();
    let page = ImpersonationsPage {
        frame: Frame::of(&asked, asked.words.text("Impersonations")).await?,
        is_administrator,
        running: lines(running),
        ended: lines(ended),
        pause: pause.map(|pause| Paused::new(&asked, pause)),
        alarms: if is_administrator { alarms(&asked).await? } else { Vec::new() },
        links: Links {
            accounts: asked.link("/accounts"),
            pause: asked.link("/impersonations/pause"),
            resume: asked.link("/impersonations/resume"),
        },
    };
    html(StatusCode::OK, &page)
}

/// Returns what customers have said lately that they never agreed to.
async fn alarms(asked: &Asked) -> Result<Vec<Alarm>, Unavailable> {
    let from = asked.now.checked_sub(REMINDED).ok();
    let filter = EntryFilter { kind: Some(Kind::ConsentDisowned), from, limit: LATELY, ..EntryFilter::default() };
    let entries = asked.vicarious().ledger().entries(&filter).await?;
    let alarm = |recorded: Recorded| {
        let entry = recorded.entry;
        let agent = entry.detail.get("requested_by").and_then(|agent| agent.get("name")).and_then(Value::as_str);
        let customer = entry.current_user.as_ref().map_or(asked.words.text("Somebody"), |person| &*person.name);
        Alarm {
            said: asked
                .words
                .say("{customer} says that they never agreed to what {agent} recorded")
                .name("customer", customer)
                .name("agent", agent.unwrap_or(asked.words.text("an agent"))),
            at: asked.when(entry.at),
            trail: asked.link("/audit?kind=consent.attested"),
        }
    };
    Ok(entries.into_iter().map(alarm).collect())
}

/// Returns what ended lately, the latest first, as the trail tells it, and who ended it.
async fn lately(asked: &Asked) -> Result<(Vec<Impersonation>, Enders), Unavailable> {
    let ledger = asked.vicarious().ledger();
    let mut ends = Vec::new();
    for kind in ENDS {
        let filter = EntryFilter { kind: Some(kind), limit: LATELY, ..EntryFilter::default() };
        ends.extend(ledger.entries(&filter).await?);
    }
    ends.sort_by_key(|recorded| std::cmp::Reverse(recorded.seq));
    ends.truncate(LATELY);
    let (enders, mut rows) = (Enders::of(&ends), Vec::new());
    for id in ends.into_iter().filter_map(|recorded| recorded.entry.impersonation) {
        rows.extend(ledger.by_id(&id).await?);
    }
    Ok((rows, enders))
}

/// Returns the JSON form for staff: the public one, with both people and the end.
pub(crate) fn to_json(row: &Impersonation, now: Timestamp) -> Value {
    let mut body = row.to_json(now);
    if let Value::Object(members) = &mut body {
        members.insert("true_user".to_owned(), json!(row.true_user));
        members.insert("current_user".to_owned(), json!(row.current_user));
        members.insert("ended_at".to_owned(), json!(ended_at(row, now).map(|at| at.to_string())));
        members.insert("cause".to_owned(), json!(row.over_at(now).map(EndCause::as_str)));
    }
    body
}

pub(crate) fn pause_json(pause: &Pause) -> Value {
    json!({ "reason": pause.reason, "since": pause.since.to_string() })
}
