//! The filters of the trail: what was typed, and what it means.

use vicarious_axum::Search;
use vicarious_core::ports::EntryFilter;
use vicarious_core::{AccountId, Kind, Refusal};

use crate::answer::Failure;
use crate::asked::Asked;
use crate::when::Typed;

/// The longest text that a filter may have, in characters.
const AT_MOST: usize = 200;
/// How many starts are looked through for an agent's address.
const STARTS: usize = 500;

/// What was typed, to be shown again and to be carried from page to page.
pub(crate) struct Filters {
    pub(crate) true_user: String,
    pub(crate) current_user: String,
    pub(crate) kind: String,
    pub(crate) impersonation: String,
    pub(crate) from: String,
    pub(crate) to: String,
    before: String,
}

/// Why the filters mean nothing.
pub(crate) enum Unusable {
    /// A value is wrong.
    Invalid(Refusal),
    /// What it means cannot be found out.
    Failed(Failure),
}

impl<E: Into<Failure>> From<E> for Unusable {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

impl Filters {
    pub(crate) fn of(asked: &Asked) -> Self {
        let text = |name| asked.query.get(name).unwrap_or_default().chars().take(AT_MOST).collect();
        Self {
            true_user: text("true_user"),
            current_user: text("current_user"),
            kind: text("kind"),
            impersonation: text("impersonation"),
            from: text("from"),
            to: text("to"),
            before: text("before"),
        }
    }

    /// Returns the filters as they stand in a link, without the page.
    pub(crate) fn pairs(&self) -> [(&'static str, &str); 6] {
        [
            ("true_user", &self.true_user),
            ("current_user", &self.current_user),
            ("kind", &self.kind),
            ("impersonation", &self.impersonation),
            ("from", &self.from),
            ("to", &self.to),
        ]
    }

    /// Returns whether anything is filtered.
    pub(crate) fn any(&self) -> bool {
        self.pairs().iter().any(|(_, value)| !value.is_empty())
    }

    /// Returns what was typed as the ledger understands it.
    pub(crate) async fn meaning(&self, asked: &Asked, limit: usize) -> Result<EntryFilter, Unusable> {
        let time = |field, text: &str, moment: fn(Typed) -> Option<vicarious_core::Timestamp>| {
            let wrong = invalid(field, "must be a date such as 2026-03-02, or a time such as 2026-03-02T10:00:00Z");
            parsed(text, |text| Typed::parse(text).and_then(moment), wrong)
        };
        Ok(EntryFilter {
            kind: parsed(&self.kind, Kind::parse, invalid("kind", "is not one of the kinds"))?,
            impersonation: parsed(&self.impersonation, |id| Some(id.into()), invalid("impersonation", "is wrong"))?,
            from: time("from", &self.from, Typed::start)?,
            to: time("to", &self.to, Typed::end)?,
            before: parsed(&self.before, |seq| seq.parse().ok(), invalid("before", "must be a number"))?,
            true_user: person(asked, "true_user", &self.true_user).await?,
            current_user: person(asked, "current_user", &self.current_user).await?,
            limit,
        })
    }
}

fn invalid(field: &'static str, problem: &'static str) -> Unusable {
    Unusable::Invalid(Refusal::Invalid { field, problem })
}

fn parsed<T>(text: &str, parse: impl FnOnce(&str) -> Option<T>, wrong: Unusable) -> Result<Option<T>, Unusable> {
    if text.is_empty() { Ok(None) } else { parse(text).map(Some).ok_or(wrong) }
}

/// Returns whom an identifier or an address means.
///
/// The trail is kept by identifier. An address is looked up among the customers, and then among those who started
/// lately: there is no list of agents.
async fn person(asked: &Asked, field: &'static str, text: &str) -> Result<Option<AccountId>, Unusable> {
    if text.is_empty() || !text.contains('@') {
        return Ok((!text.is_empty()).then(|| text.into()));
    }
    // An identifier may be an address itself.
    if asked.vicarious().account(&text.into()).await?.is_some() {
        return Ok(Some(text.into()));
    }
    let is = |email: &str| email.eq_ignore_ascii_case(text);
    if let Some(own) = asked.identity.current_user().filter(|own| is(&own.email)) {
        return Ok(Some(own.id.clone()));
    }
    let search = Search { q: text.to_owned(), organisation: None, page: 1, per_page: 5 };
    let found = asked.vicarious().search(&asked.identity, &search).await?;
    if let Some(account) = found.accounts.into_iter().find(|account| is(&account.person.email)) {
        return Ok(Some(account.person.id));
    }
    let starts = EntryFilter { kind: Some(Kind::Started), limit: STARTS, ..EntryFilter::default() };
    let starts = asked.vicarious().ledger().entries(&starts).await?;
    let people = starts.into_iter().flat_map(|start| [start.entry.true_user, start.entry.current_user]).flatten();
    let found = people.into_iter().find(|person| is(&person.email)).map(|person| person.id);
    found.map(Some).ok_or_else(|| invalid(field, "is nobody’s address here: try the account’s id"))
}
