//! Who looked at my account: the customer's own view of what agents did.

mod still;

use askama::Template;
use axum::http::StatusCode;
use serde_json::{Value, json};
use vicarious_core::audit::{Entry, Recorded, RequestId};
use vicarious_core::consent::{Consent, ConsentState, Grant};
use vicarious_core::ports::{Consents, EntryFilter, Running};
use vicarious_core::rules::is_safe;
use vicarious_core::{AccountId, Impersonation, ImpersonationId, Kind, Timestamp, Words};

use crate::answer::{Answer, Failure, html, json};
use crate::asked::{Asked, with_query};
use crate::deeds::{deed_for_customer, ended_at, is_trifle};
use crate::frame::Frame;
use crate::sentence::{Say, Sentence};
use crate::until::given_until;
use crate::when::{When, long};
use crate::who;
use still::Still;

/// How many accesses a page has.
const PER_PAGE: usize = 20;
/// How many entries of one access are looked through for what was done: one for each page, two for anything else.
const ENTRIES: usize = 400;
/// How many changes of one access are told.
const CHANGES: usize = 100;
/// What a phrase about reading begins with in English; several of them share it.
const LOOKED_AT: &str = "looked at ";

#[derive(Template)]
#[template(path = "access_log.html")]
struct AccessLogPage {
    frame: Frame,
    running: Vec<Shown>,
    accesses: Vec<Shown>,
    /// What still lets somebody in, for a customer who has just put somebody out.
    still: Vec<Still>,
    /// What others have agreed to in the customer's place.
    given: Vec<Sentence>,
    /// Whether the customer looks, and not an agent as the customer.
    is_own: bool,
    next: Option<String>,
    consents: String,
}

/// An access as the page shows it.
struct Shown {
    started: When,
    long: String,
    ticket: Option<String>,
    reason: String,
    sentence: Sentence,
    /// Who had agreed in the customer's place.
    agreed: Option<Sentence>,
    end: String,
}

/// One access to an account.
pub(crate) struct Access {
    row: Impersonation,
    who: String,
    deeds: Vec<String>,
    changes: Vec<Changed>,
    ended_at: Option<Timestamp>,
    /// Who had agreed in the customer's place.
    grant: Option<Grant>,
}

/// A change of the customer's data.
pub(crate) struct Changed {
    field: String,
    old: String,
    new: String,
    at: Timestamp,
}

/// Lists who looked at one's account.
pub(crate) async fn list(asked: Asked) -> Answer {
    let account = &asked.person()?.id;
    let ledger = asked.vicarious().ledger();
    let before = asked.query.get("before").map(ImpersonationId::from);
    let mut rows = ledger.of_account(account, before.as_ref(), PER_PAGE + 1).await?;
    let more = rows.len() > PER_PAGE;
    rows.truncate(PER_PAGE);
    let last = rows.last().map(|row| row.id.to_string()).filter(|_| more);
    let next = last.map(|last| with_query(&asked.link("/access-log"), &[("before", &last)]));
    let mut running = match before {
        None => ledger.running(Running::As(account)).await?,
        Some(_) => Vec::new(),
    };
    running.retain(|row| row.over_at(asked.now).is_none());
    rows.retain(|row| running.iter().all(|running| running.id != row.id));
    let running = accesses(&asked, running).await?;
    let accesses = accesses(&asked, rows).await?;
    if asked.json {
        let listed: Vec<_> = running.iter().chain(&accesses).map(Access::to_json).collect();
        return json(StatusCode::OK, json!({ "accesses": listed, "next": next }));
    }
    let show = |accesses: Vec<Access>| accesses.into_iter().map(|access| access.shown(&asked)).collect();
    let page = AccessLogPage {
        frame: Frame::of(&asked, asked.words.text("Who looked at my account")).await?,
        running: show(running),
        accesses: show(accesses),
        still: still::after_an_end(&asked).await?,
        given: if before.is_none() { given(&asked, account).await? } else { Vec::new() },
        is_own: !asked.identity.is_impersonating(),
        next,
        consents: asked.link("/consents"),
    };
    html(StatusCode::OK, &page)
}

/// Returns what others have agreed to in the customer's place, and still holds.
async fn given(asked: &Asked, account: &AccountId) -> Result<Vec<Sentence>, Failure> {
    let consents = asked.vicarious().ledger().consents(Consents::Of(account)).await?;
    let standing = consents.iter().filter(|consent| consent.state_at(asked.now) == ConsentState::Given);
    let told = |consent: &Consent| {
        let ends = asked.when(consent.ends_at);
        consent.grant.as_ref().map(|grant| given_until(grant, &ends, |english| asked.words.say(english)))
    };
    Ok(standing.filter_map(told).collect())
}

async fn accesses(asked: &Asked, rows: Vec<Impersonation>) -> Result<Vec<Access>, Failure> {
    let mut accesses = Vec::with_capacity(rows.len());
    for row in rows {
        accesses.push(access(asked, row).await?);
    }
    Ok(accesses)
}

/// Gathers what was done in an impersonation.
pub(crate) async fn access(asked: &Asked, row: Impersonation) -> Result<Access, Failure> {
    let ledger = asked.vicarious().ledger();
    let of = |kind, limit| EntryFilter { impersonation: Some(row.id.clone()), kind, limit, ..EntryFilter::default() };
    let changed = ledger.entries(&of(Some(Kind::Changed), CHANGES)).await?;
    let entries = ledger.entries(&of(None, ENTRIES)).await?;
    let deeds = deeds(asked, &entries, &changed);
    let changes = changed.iter().rev().filter_map(|recorded| Changed::of(&recorded.entry)).collect();
    let consent = match &row.consent {
        Some(id) => ledger.consent(id).await?,
        None => None,
    };
    Ok(Access {
        grant: consent.and_then(|consent| consent.grant),
        who: who::shown(&asked.desk, &asked.words, &row.true_user),
        ended_at: ended_at(&row, asked.now),
        row,
        deeds,
        changes,
    })
}

/// Returns what was done, each thing once, in the order it was first done.
fn deeds(asked: &Asked, entries: &[Recorded], changed: &[Recorded]) -> Vec<String> {
    let told: Vec<&RequestId> =
        changed.iter().filter_map(|recorded| Some(&recorded.entry.request.as_ref()?.id)).collect();
    let mut deeds: Vec<String> = Vec::new();
    let entries = entries.iter().rev().map(|recorded| &recorded.entry);
    for request in entries.filter(|entry| entry.kind.is_per_request()).filter_map(|entry| entry.request.as_ref()) {
        let worked = request.status.is_some_and(|status| status < 400);
        // A change is told with its values, so the request that made it needs no words of its own.
        let is_told = !is_safe(&request.method) && told.contains(&&request.id);
        let deed = deed_for_customer(&asked.words, asked.vicarious().rules(), request);
        if worked && !is_told && !is_trifle(asked.vicarious().rules(), request) && !deeds.contains(&deed) {
            deeds.push(deed);
        }
    }
    deeds
}

/// Returns that somebody had agreed in the customer's place.
fn agreed(words: &Words, grant: &Grant) -> Sentence {
    let agreed = match &grant.organisation {
        Some(organisation) => {
            words.say("{agent} had agreed to it for {organisation}.").name("organisation", organisation)
        }
        None => words.say("{agent} had agreed to it."),
    };
    agreed.name("agent", &grant.by.name)
}

impl Changed {
    /// Reads a change out of its entry.
    pub(crate) fn of(entry: &Entry) -> Option<Self> {
        let text = |name| {
            let value: &Value = entry.detail.get(name)?;
            Some(value.as_str().map_or_else(|| value.to_string(), str::to_owned))
        };
        Some(Self {
            field: text("field")?,
            old: text("old").unwrap_or_default(),
            new: text("new").unwrap_or_default(),
            at: entry.at,
        })
    }

    /// Returns the change as words that follow somebody's name, told with this sentence.
    pub(crate) fn sentence(&self, words: &Words, english: &str) -> Sentence {
        let field = self.field.replace('_', " ");
        words.say(english).name("field", words.of(&field)).quote("old", &self.old).quote("new", &self.new)
    }
}

impl Access {
    /// Returns the JSON form.
    pub(crate) fn to_json(&self) -> Value {
        let change = |change: &Changed| json!({ "field": change.field, "old": change.old, "new": change.new, "at": change.at.to_string() });
        let mut access = json!({
            "id": self.row.id,
            "who": self.who,
            "started_at": self.row.started_at.to_string(),
            "ended_at": self.ended_at.map(|at| at.to_string()),
            "reason": self.row.reason,
            "ticket": self.row.ticket,
            "did": self.deeds,
            "changes": self.changes.iter().map(change).collect::<Vec<_>>(),
        });
        if let (Some(grant), Some(members)) = (&self.grant, access.as_object_mut()) {
            members.insert("given_by".to_owned(), json!(grant.by));
        }
        access
    }

    /// Returns what was done as one sentence: who looked at what, and what is different now.
    fn sentence(&self, words: &Words) -> Sentence {
        let (looked, did): (Vec<&String>, Vec<&String>) =
            self.deeds.iter().partition(|deed| words.is_english() && deed.starts_with(LOOKED_AT));
        let mut parts = Vec::new();
        if !looked.is_empty() {
            let things = looked.iter().map(|deed| Sentence::raw(deed.trim_start_matches(LOOKED_AT))).collect();
            parts.push(Sentence::raw(LOOKED_AT).then(Sentence::list(words, things)));
        }
        parts.extend(did.into_iter().map(|deed| Sentence::raw(deed.as_str())));
        let changed = "changed your {field} from {old} to {new}";
        parts.extend(self.changes.iter().map(|change| change.sentence(words, changed)));
        if parts.is_empty() {
            parts.push(words.say(match self.ended_at {
                Some(_) => "opened your account and looked at nothing",
                None => "is in your account and has looked at nothing yet",
            }));
        }
        words.say("{agent} {deeds}.").name("agent", &self.who).with("deeds", &Sentence::list(words, parts))
    }

    fn shown(&self, asked: &Asked) -> Shown {
        let (started, words) = (self.row.started_at, &asked.words);
        Shown {
            started: asked.when(started),
            long: match self.ended_at {
                Some(end) => long(words, end.duration_since(started)),
                None => words.fill("{time} so far", &[("time", &long(words, asked.now.duration_since(started)))]),
            },
            ticket: self.row.ticket.clone(),
            reason: self.row.reason.clone(),
            sentence: self.sentence(words),
            agreed: self.grant.as_ref().map(|grant| agreed(words, grant)),
            end: asked.link(&format!("/access-log/{}", self.row.id)),
        }
    }
}
