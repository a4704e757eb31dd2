//! Consent in the place of others: an administrator of an organisation, and its people.

use askama::Template;
use axum::http::StatusCode;
use serde_json::{Value, json};
use vicarious_axum::Search;
use vicarious_core::consent::Consent;
use vicarious_core::ports::Consents;
use vicarious_core::{Account, AccountId, Refusal, Timestamp, decide};

use crate::answer::{Answer, Failure, failed, html, json, see};
use crate::asked::{Asked, Fields, Sent, with_query};
use crate::frame::Frame;
use crate::sentence::Sentence;
use crate::until::{end, given_until};

/// Where it is done.
pub(crate) const PEOPLE: &str = "/consents/people";

/// The last page that is asked for.
const PAGE_AT_MOST: u32 = 100_000;
/// How many people a page has.
const PER_PAGE: u32 = 20;
/// The longest search, in characters.
const Q_AT_MOST: usize = 200;

#[derive(Template)]
#[template(path = "grants.html")]
struct PeoplePage {
    frame: Frame,
    organisation: Option<String>,
    q: String,
    page: u32,
    rows: Vec<Row>,
    links: Links,
    now: Timestamp,
}

struct Links {
    people: String,
    consents: String,
    previous: Option<String>,
    next: Option<String>,
}

struct Row {
    account: Account,
    standing: Standing,
    /// Where it is taken back.
    consent: Option<String>,
}

/// Where the consent of somebody stands for whoever may give it in their place.
enum Standing {
    /// None was given in their place.
    Missing,
    /// One was, by the person at the desk or by another.
    Given(Box<Consent>),
    /// They took one back, and decide themselves.
    Declined,
    /// They decline all support access.
    OptedOut,
}

impl Standing {
    async fn find(asked: &Asked, account: &Account) -> Result<Self, Failure> {
        let ledger = asked.vicarious().ledger();
        if ledger.opted_out(account.id()).await?.is_some() {
            return Ok(Self::OptedOut);
        }
        let known = ledger.consents(Consents::Of(account.id())).await?;
        Ok(match decide::granted(&known, account, asked.now) {
            Some(consent) => Self::Given(Box::new(consent.clone())),
            None if decide::has_declined(&known, account) => Self::Declined,
            None => Self::Missing,
        })
    }

    fn consent(&self) -> Option<&Consent> {
        match self {
            Self::Given(consent) => Some(consent),
            Self::Missing | Self::Declined | Self::OptedOut => None,
        }
    }

    fn is_missing(&self) -> bool {
        matches!(self, Self::Missing)
    }

    fn class(&self) -> &'static str {
        match self {
            Self::Given(_) => "good",
            Self::Declined | Self::OptedOut => "bad",
            Self::Missing => "plain",
        }
    }

    fn label(&self) -> &'static str {
        match self {
            Self::Missing => "Not agreed for them",
            Self::Given(_) => "Agreed",
            Self::Declined => "Decides alone",
            Self::OptedOut => "Declines support access",
        }
    }

    /// Returns who gave it, and until when.
    fn given(&self, frame: &Frame, now: &Timestamp) -> Option<Sentence> {
        let consent = self.consent()?;
        let ends = frame.when(consent.ends_at, *now);
        consent.grant.as_ref().map(|grant| given_until(grant, &ends, |english| frame.say(english)))
    }

    fn word(&self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Given(_) => "given",
            Self::Declined => "declined",
            Self::OptedOut => "opted_out",
        }
    }
}

/// Lists in whose place the person may agree; whoever may for nobody finds nothing here.
pub(crate) async fn list(asked: Asked) -> Answer {
    let person = asked.themselves()?;
    let vicarious = asked.vicarious();
    if !vicarious.grants(&asked.identity).await? {
        return Err(Refusal::NoSuchAccount.into());
    }
    let (q, page) = wanted(&asked.query);
    let search = Search { q: q.clone(), organisation: None, page, per_page: PER_PAGE };
    let found = vicarious.people(&asked.identity, &search).await?;
    let has_more = page < PAGE_AT_MOST && u64::from(page) * u64::from(PER_PAGE) < found.total;
    let mut rows = Vec::new();
    for account in found.accounts {
        let standing = Standing::find(&asked, &account).await?;
        let consent = standing.consent().map(|consent| asked.link(&format!("/consents/{}", consent.id)));
        rows.push(Row { account, standing, consent });
    }
    let next = has_more.then(|| to_page(&asked, &q, page + 1, ""));
    if asked.json {
        let people: Vec<_> = rows.iter().map(|row| row.to_json(asked.now)).collect();
        return json(StatusCode::OK, json!({ "people": people, "next": next }));
    }
    let page = PeoplePage {
        frame: Frame::of(&asked, asked.words.text("Your people")).await?,
        organisation: vicarious.account(&person.id).await?.and_then(|own| own.organisation),
        links: Links {
            people: asked.link(PEOPLE),
            consents: asked.link("/consents"),
            previous: (page > 1).then(|| to_page(&asked, &q, page - 1, "")),
            next,
        },
        q,
        page,
        rows,
        now: asked.now,
    };
    html(StatusCode::OK, &page)
}

impl Row {
    fn to_json(&self, now: Timestamp) -> Value {
        let consent = self.standing.consent().map(|consent| consent.to_json(None, now));
        json!({ "account": self.account.person, "state": self.standing.word(), "consent": consent })
    }
}

/// Gives consent in the place of one person.
pub(crate) async fn give(asked: &Asked, fields: &Fields, account: &AccountId) -> Answer {
    let given = match end(fields, asked.now) {
        Ok(ends_at) => asked.vicarious().give_consent_for(&asked.identity, account, ends_at).await,
        // Whoever may not do so at all is told nothing else.
        Err(_) if !asked.vicarious().grants(&asked.identity).await? => Err(Refusal::NoSuchAccount.into()),
        Err(refusal) => Err(refusal.into()),
    };
    let consent = given.map_err(|refused| failed(asked.link("/consents"), &refused))?;
    if asked.json {
        return json(StatusCode::CREATED, consent.to_json(None, asked.now));
    }
    see(&back(asked, fields, "given-for"))
}

/// Gives consent in the place of everybody who is there now.
pub(crate) async fn give_all(Sent { asked, fields }: Sent) -> Answer {
    asked.themselves()?;
    if !asked.vicarious().grants(&asked.identity).await? {
        return Err(Refusal::NoSuchAccount.into());
    }
    let ends_at = end(&fields, asked.now).map_err(|refusal| failed(asked.link(PEOPLE), &refusal.into()))?;
    let given = asked.vicarious().give_consent_for_all(&asked.identity, ends_at).await;
    let given = given.map_err(|refused| failed(asked.link(PEOPLE), &refused))?;
    if asked.json {
        let body = json!({ "given": given.given, "left_out": given.left_out, "more": given.more });
        return json(StatusCode::CREATED, body);
    }
    see(&back(&asked, &fields, if given.more { "given-for-many" } else { "given-for-all" }))
}

/// Returns the page of people that a form came from, with what was done.
pub(crate) fn back(asked: &Asked, fields: &Fields, done: &str) -> String {
    let (q, page) = wanted(fields);
    to_page(asked, &q, page, done)
}

/// Returns which people are wanted.
fn wanted(fields: &Fields) -> (String, u32) {
    let q = fields.get("q").unwrap_or_default().chars().take(Q_AT_MOST).collect();
    (q, fields.get("page").and_then(|page| page.parse().ok()).unwrap_or(1).clamp(1, PAGE_AT_MOST))
}

fn to_page(asked: &Asked, q: &str, page: u32, done: &str) -> String {
    let page = if page > 1 { page.to_string() } else { String::new() };
    with_query(&asked.link(PEOPLE), &[("q", q), ("page", &page), ("done", done)])
}
