//! The trail: every entry of the audit log, for administrators.

use askama::Template;
use axum::http::StatusCode;
use serde_json::json;
use vicarious_axum::{Refused, Staff};
use vicarious_core::Kind;
use vicarious_core::audit::Recorded;
use vicarious_core::{Person, Refusal};

use crate::answer::{Answer, html, json};
use crate::asked::{Asked, with_query};
use crate::filters::{Filters, Unusable};
use crate::frame::Frame;
use crate::sentence::Sentence;
use crate::timeline::{raw, sentence};
use crate::when::When;

/// How many entries a page has.
const PER_PAGE: usize = 50;

#[derive(Template)]
#[template(path = "audit.html")]
struct TrailPage {
    frame: Frame,
    filters: Filters,
    kinds: &'static [Kind],
    wrong: Option<Wrong>,
    rows: Vec<Row>,
    next: Option<String>,
    action: String,
}

/// What is wrong with a filter.
struct Wrong {
    field: &'static str,
    text: String,
}

impl TrailPage {
    /// Returns what is wrong with a field, if something is.
    fn wrong_with(&self, field: &str) -> Option<&str> {
        self.wrong.as_ref().filter(|wrong| wrong.field == field).map(|wrong| wrong.text.as_str())
    }
}

struct Row {
    seq: i64,
    at: When,
    class: &'static str,
    label: &'static str,
    true_user: Option<Person>,
    current_user: Option<Person>,
    sentence: Sentence,
    request: Option<String>,
    impersonation: Option<String>,
    raw: String,
}

impl Row {
    fn new(asked: &Asked, recorded: &Recorded) -> Self {
        let entry = &recorded.entry;
        let request = entry.request.as_ref().filter(|request| !request.method.is_empty()).map(|request| {
            let status = request.status.map(|status| format!(" · {status}")).unwrap_or_default();
            format!("{} {}{status}", request.method, request.path)
        });
        Self {
            seq: recorded.seq,
            at: asked.when(entry.at),
            class: if matches!(entry.kind, Kind::RequestRefused | Kind::StartRefused) { "bad" } else { "plain" },
            label: entry.kind.label(),
            true_user: entry.true_user.clone(),
            current_user: entry.current_user.clone(),
            sentence: sentence(&asked.words, asked.vicarious().rules(), entry),
            request,
            impersonation: entry.impersonation.as_ref().map(|id| asked.link(&format!("/impersonations/{id}"))),
            raw: raw(recorded),
        }
    }
}

/// Lists entries, newest first.
pub(crate) async fn list(asked: Asked) -> Answer {
    asked.staff(Staff::Administrator).await?;
    let filters = Filters::of(&asked);
    // One more than is shown tells whether there is a next page; nothing is ever counted.
    let filter = match filters.meaning(&asked, PER_PAGE + 1).await {
        Ok(filter) => filter,
        Err(Unusable::Failed(failure)) => return Err(failure),
        Err(Unusable::Invalid(refusal)) if asked.json => return Err(refusal.into()),
        Err(Unusable::Invalid(refusal)) => return unusable(&asked, filters, refusal).await,
    };
    let mut entries = asked.vicarious().ledger().entries(&filter).await?;
    let more = entries.len() > PER_PAGE;
    entries.truncate(PER_PAGE);
    let last = entries.last().map(|last| last.seq.to_string()).filter(|_| more);
    let next = last.map(|seq| {
        let pairs: Vec<_> = filters.pairs().into_iter().chain([("before", seq.as_str())]).collect();
        with_query(&asked.link("/audit"), &pairs)
    });
    if asked.json {
        let entries: Vec<_> = entries.iter().map(Recorded::to_json).collect();
        return json(StatusCode::OK, json!({ "entries": entries, "next": next }));
    }
    let rows = entries.iter().map(|recorded| Row::new(&asked, recorded)).collect();
    html(StatusCode::OK, &page(&asked, filters, None, rows, next).await?)
}

async fn unusable(asked: &Asked, filters: Filters, refusal: Refusal) -> Answer {
    let (field, problem) = match refusal {
        Refusal::Invalid { field, problem } => (field, problem),
        other => return Err(other.into()),
    };
    let label = match field {
        "true_user" => "Who",
        "current_user" => "Whose account",
        "kind" => "What",
        "from" => "From",
        "to" => "To",
        other => other,
    };
    let words = &asked.words;
    let text = words.fill("“{field}” {problem}.", &[("field", &words.of(label)), ("problem", &words.text(problem))]);
    let wrong = Wrong { field, text };
    html(StatusCode::UNPROCESSABLE_ENTITY, &page(asked, filters, Some(wrong), Vec::new(), None).await?)
}

async fn page(
    asked: &Asked,
    filters: Filters,
    wrong: Option<Wrong>,
    rows: Vec<Row>,
    next: Option<String>,
) -> Result<TrailPage, Refused> {
    let frame = Frame::of(asked, asked.words.text("Trail")).await?;
    Ok(TrailPage { frame, filters, kinds: Kind::ALL, wrong, rows, next, action: asked.link("/audit") })
}
