//! The people whom an agent may impersonate.

use askama::Template;
use axum::http::StatusCode;
use serde_json::json;
use vicarious_axum::{Search, Staff};
use vicarious_core::consent::{Consent, ConsentKind};
use vicarious_core::decide::ConsentPolicy;
use vicarious_core::ports::{Consents, Running};
use vicarious_core::{Account, AccountId, Impersonation, Person, SitePath, Timestamp};

use crate::answer::{Answer, Failure, html, json};
use crate::asked::{Asked, START_PAGE, with_query};
use crate::enders::Enders;
use crate::frame::Frame;
use crate::impersonations::{self, Line, Paused};
use crate::sentence::Sentence;
use crate::standing::Standing;

/// The last page that is asked for: nobody leafs that far, and a host may count with small numbers.
const PAGE_AT_MOST: u32 = 100_000;
/// How many accounts a page has.
const PER_PAGE: u32 = 20;
/// How many recent customers are offered.
const RECENT: usize = 5;
/// How many of an agent's impersonations are looked through for those.
const LOOKED_THROUGH: usize = 50;
/// The longest search, in characters.
const Q_AT_MOST: usize = 200;

#[derive(Template)]
#[template(path = "accounts.html")]
struct AccountsPage {
    frame: Frame,
    pause: Option<Paused>,
    q: String,
    /// The organisation that the list is narrowed to.
    organisation: Option<String>,
    action: String,
    /// Where a support code is entered, where customers have to agree.
    by_code: Option<String>,
    recent: Vec<Recent>,
    rows: Vec<Row>,
    /// Whether anybody on the page has an organisation.
    has_organisations: bool,
    total: u64,
    previous: Option<String>,
    next: Option<String>,
    now: Timestamp,
}

impl AccountsPage {
    /// Returns that nobody was found, and who was looked for.
    fn nobody(&self) -> Sentence {
        match &self.organisation {
            None => self.frame.say("Nobody matches {q}.").quote("q", &self.q),
            Some(organisation) if self.q.is_empty() => {
                self.frame.say("Nobody of {organisation} matches.").quote("organisation", organisation)
            }
            Some(organisation) => {
                let nobody = self.frame.say("Nobody of {organisation} matches {q}.");
                nobody.quote("organisation", organisation).quote("q", &self.q)
            }
        }
    }

    /// Returns how many were found, and who was looked for.
    fn found(&self) -> Sentence {
        let count = if self.total == 1 { "{count} customer" } else { "{count} customers" };
        let mut found = self.frame.say(count).plain("count", self.total);
        if let Some(organisation) = &self.organisation {
            let of = self.frame.say("of {organisation}").quote("organisation", organisation);
            found = found.then(Sentence::raw(" ")).then(of);
        }
        if !self.q.is_empty() {
            found = found.then(Sentence::raw(" ")).then(self.frame.say("for {q}").quote("q", &self.q));
        }
        found
    }
}

struct Recent {
    name: String,
    show: String,
    start: String,
}

struct Row {
    account: Account,
    standing: Standing,
    inside: Vec<String>,
    online: Option<bool>,
    /// Where only those of the same organisation are listed.
    colleagues: String,
    show: String,
    start: String,
}

#[derive(Template)]
#[template(path = "account.html")]
struct AccountPage {
    frame: Frame,
    pause: Option<Paused>,
    account: Account,
    standing: Standing,
    online: Option<bool>,
    start: String,
    back: String,
    running: Vec<Line>,
    recent: Vec<Line>,
    now: Timestamp,
}

/// Lists whom the agent may impersonate.
pub(crate) async fn list(asked: Asked) -> Answer {
    let (agent, _) = asked.staff(Staff::Agent).await?;
    let q: String = asked.query.get("q").unwrap_or_default().chars().take(Q_AT_MOST).collect();
    let page = asked.query.get("page").and_then(|page| page.parse().ok()).unwrap_or(1).clamp(1, PAGE_AT_MOST);
    let organisation = asked.query.get("organisation").map(|name| name.chars().take(Q_AT_MOST).collect::<String>());
    let search = Search { q: q.clone(), organisation: organisation.clone(), page, per_page: PER_PAGE };
    let found = asked.vicarious().search(&asked.identity, &search).await?;
    let to_page = |page: u32| {
        let page = if page > 1 { page.to_string() } else { String::new() };
        let within = organisation.as_deref().unwrap_or_default();
        with_query(&asked.link("/accounts"), &[("q", &q), ("organisation", within), ("page", &page)])
    };
    let has_more = page < PAGE_AT_MOST && u64::from(page) * u64::from(PER_PAGE) < found.total;
    let next = has_more.then(|| to_page(page + 1));
    if asked.json {
        let accounts: Vec<&Person> = found.accounts.iter().map(|account| &account.person).collect();
        return json(StatusCode::OK, json!({ "accounts": accounts, "next": next }));
    }
    let here = to_page(page);
    let running = asked.vicarious().ledger().running(Running::All).await?;
    let mut rows = Vec::new();
    for account in found.accounts {
        rows.push(row(&asked, agent, account, &running, &here).await?);
    }
    let page = AccountsPage {
        frame: Frame::of(&asked, asked.words.text("Customers")).await?,
        pause: Paused::find(&asked).await?,
        action: asked.link("/accounts"),
        by_code: (asked.vicarious().terms().consent == ConsentPolicy::Required)
            .then(|| with_query(START_PAGE, &[("return_to", &here)])),
        recent: if q.is_empty() && organisation.is_none() && page == 1 {
            recent(&asked, agent).await?
        } else {
            Vec::new()
        },
        previous: (page > 1).then(|| to_page(page - 1)),
        q,
        organisation,
        has_organisations: rows.iter().any(|row| row.account.organisation.is_some()),
        rows,
        total: found.total,
        next,
        now: asked.now,
    };
    html(StatusCode::OK, &page)
}

/// Shows one of them.
pub(crate) async fn show(asked: Asked) -> Answer {
    let (agent, _) = asked.staff(Staff::Agent).await?;
    let account = asked.vicarious().permitted(&asked.identity, &AccountId::from(asked.id.as_str())).await?;
    let ledger = asked.vicarious().ledger();
    let standing = Standing::find(asked.vicarious(), &account, &agent.id).await?;
    let running = ledger.running(Running::As(account.id())).await?;
    let running: Vec<_> = running.into_iter().filter(|row| row.over_at(asked.now).is_none()).collect();
    let mut recent = ledger.by_true_user(&agent.id, LOOKED_THROUGH).await?;
    recent.retain(|row| row.current_user.id == *account.id());
    if asked.json {
        let listed = |rows: &[Impersonation]| -> Vec<_> {
            rows.iter().map(|row| impersonations::to_json(row, asked.now)).collect()
        };
        let (running, recent) = (listed(&running), listed(&recent));
        let (account, consent) = (&account.person, standing.to_json());
        let body = json!({ "account": account, "consent": consent, "running": running, "impersonations": recent });
        return json(StatusCode::OK, body);
    }
    let enders = Enders::find(&asked, &agent.id, Some(account.id()), LOOKED_THROUGH).await?;
    let lines = |rows: Vec<Impersonation>| rows.into_iter().map(|row| Line::new(&asked, row, &enders)).collect();
    let here = asked.link(&format!("/accounts/{}", segment(account.id())));
    let page = AccountPage {
        frame: Frame::of(&asked, &account.person.name).await?,
        pause: Paused::find(&asked).await?,
        start: start(&asked, &agent.id, &account, &here).await?,
        online: asked.vicarious().is_online(account.id()),
        back: asked.link("/accounts"),
        account,
        standing,
        running: lines(running),
        recent: lines(recent),
        now: asked.now,
    };
    html(StatusCode::OK, &page)
}

async fn row(
    asked: &Asked,
    agent: &Person,
    account: Account,
    running: &[Impersonation],
    here: &str,
) -> Result<Row, Failure> {
    let theirs = running.iter().filter(|row| row.current_user.id == *account.id());
    // Somebody may be in there from two browsers.
    let mut inside: Vec<&Person> = Vec::new();
    for row in theirs.filter(|row| row.over_at(asked.now).is_none()) {
        if !inside.iter().any(|agent| agent.id == row.true_user.id) {
            inside.push(&row.true_user);
        }
    }
    Ok(Row {
        standing: Standing::find(asked.vicarious(), &account, &agent.id).await?,
        inside: inside.into_iter().map(|agent| agent.name.clone()).collect(),
        online: asked.vicarious().is_online(account.id()),
        colleagues: with_query(
            &asked.link("/accounts"),
            &[("organisation", account.organisation.as_deref().unwrap_or_default())],
        ),
        show: show_path(asked, account.id()),
        start: start(asked, &agent.id, &account, here).await?,
        account,
    })
}

/// Returns the customers that this agent was inside last, as far as that is still allowed.
async fn recent(asked: &Asked, agent: &Person) -> Result<Vec<Recent>, Failure> {
    let mut seen: Vec<AccountId> = Vec::new();
    for row in asked.vicarious().ledger().by_true_user(&agent.id, LOOKED_THROUGH).await? {
        if seen.len() < RECENT && !seen.contains(&row.current_user.id) {
            seen.push(row.current_user.id);
        }
    }
    let mut recent = Vec::new();
    for id in seen {
        if let Ok(account) = asked.vicarious().permitted(&asked.identity, &id).await {
            let start = start(asked, &agent.id, &account, &asked.link("/accounts")).await?;
            let show = show_path(asked, &id);
            recent.push(Recent { name: account.person.name, show, start });
        }
    }
    Ok(recent)
}

/// Returns where the page of an account is.
pub(crate) fn show_path(asked: &Asked, id: &AccountId) -> String {
    asked.link(&format!("/accounts/{}", segment(id)))
}

/// Returns the start page for this account, which comes back to `here`, with what the agent asked for and may enter with.
async fn start(asked: &Asked, agent: &AccountId, account: &Account, here: &str) -> Result<String, Failure> {
    let known = asked.vicarious().ledger().consents(Consents::Between { account: account.id(), agent }).await?;
    let usable = known.iter().find(|consent| {
        matches!(consent.kind, ConsentKind::Requested | ConsentKind::Attested)
            && consent.is_for(account)
            && consent.covers(agent, None, None, asked.now)
    });
    Ok(start_for(&account.person, here, usable.map(Wish::of).unwrap_or_default()))
}

/// What an agent asked a customer for, and begins with.
#[derive(Clone, Copy, Default)]
pub(crate) struct Wish<'a> {
    pub(crate) reason: Option<&'a str>,
    pub(crate) ticket: Option<&'a str>,
    /// The customer's page to land on.
    pub(crate) page: Option<&'a SitePath>,
}

impl<'a> Wish<'a> {
    fn of(consent: &'a Consent) -> Self {
        Self { reason: consent.reason.as_deref(), ticket: consent.ticket.as_deref(), page: consent.page_asked_for() }
    }
}

/// Returns the start page for this account with what was said already.
pub(crate) fn start_for(account: &Person, here: &str, wish: Wish<'_>) -> String {
    let said = [
        ("account", account.id.as_str()),
        ("reason", wish.reason.unwrap_or_default()),
        ("ticket", wish.ticket.unwrap_or_default()),
        ("go_to", wish.page.map(SitePath::as_str).unwrap_or_default()),
        ("return_to", here),
    ];
    with_query(START_PAGE, &said)
}

/// Returns an identifier as one segment of a path.
pub(crate) fn segment(id: &AccountId) -> String {
    // A form writes a space as `+`, which a path would keep.
    form_urlencoded::byte_serialize(id.as_str().as_bytes()).collect::<String>().replace('+', "%20")
}
