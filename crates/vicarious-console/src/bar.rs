//! The bar on every page of a customer: who is in their account now, with End, and who asks to be.

use std::collections::HashSet;

use askama::Template;
use vicarious_axum::{Refused, Staff};
use vicarious_core::consent::{Consent, ConsentState};
use vicarious_core::ports::{Consents, Running};
use vicarious_core::{Identity, Impersonation, Mode, Person, Words};

use crate::sentence::{Say, Sentence};
use crate::settings::{BAR_CSS, Settings};
use crate::who;

/// What a customer is told on every page; empty for everybody else.
///
/// It is complete without a script. One that wants to keep it true fetches the page anew and puts the element with
/// `data-live="bar"` in the place of the old one, which is there even when there is nothing to tell.
///
/// It is an extractor that refuses nothing, so a page asks for it, or the application's own extractor does. It then
/// speaks the language of the request, and is empty without [`Console::customer`](crate::Console::customer) or the layer,
/// which is logged.
///
/// # Examples
///
/// ```
/// use axum::response::Html;
/// use vicarious_console::Bar; // or from `vicarious::console`
///
/// async fn home(bar: Bar) -> Html<String> {
///     Html(format!("<!doctype html><title>Orders</title>{}<h1>Orders</h1>", bar.html()))
/// }
/// ```
#[derive(Clone, Debug, Template)]
#[template(path = "bar.html")]
pub struct Bar {
    /// Whether it is there at all.
    is_customer: bool,
    visitors: Vec<Visitor>,
    waiting: Vec<String>,
    count: usize,
    consents: String,
    css: String,
    words: Words,
}

/// Somebody who is in the account, in however many windows.
#[derive(Clone, Debug)]
struct Visitor {
    who: String,
    windows: usize,
    /// Whether any of them may change something.
    writes: bool,
    end: String,
}

/// The bar of somebody who is told nothing.
impl Default for Bar {
    fn default() -> Self {
        Self {
            is_customer: false,
            visitors: Vec::new(),
            waiting: Vec::new(),
            count: 0,
            consents: String::new(),
            css: String::new(),
            words: Words::english(),
        }
    }
}

impl Bar {
    /// Returns how many things it tells: impersonations that run, and questions that wait.
    pub fn count(&self) -> usize {
        self.count
    }

    /// Returns its HTML, for the top of a page.
    pub fn html(&self) -> String {
        self.render().unwrap_or_else(|error| {
            tracing::error!(%error, "the bar cannot be rendered");
            String::new()
        })
    }

    fn t<'a>(&'a self, english: &'a str) -> &'a str {
        self.words.text(english)
    }

    fn say(&self, english: &str) -> Sentence {
        self.words.say(english)
    }

    /// Returns what one line says.
    fn visit(&self, visitor: &Visitor) -> Sentence {
        let sentence = match (visitor.windows, visitor.writes) {
            (..2, false) => self.say("{agent} from support is viewing your account"),
            (..2, true) => self.say("{agent} from support is viewing your account and may change things"),
            (_, false) => self.say("{agent} from support is viewing your account in {count} windows"),
            (_, true) => {
                self.say("{agent} from support is viewing your account in {count} windows and may change things")
            }
        };
        sentence.strong("agent", &visitor.who).plain("count", visitor.windows)
    }

    /// Gathers it; none unless a customer looks as themselves.
    pub(crate) async fn find(
        desk: &Settings,
        prefix: &str,
        identity: &Identity,
        words: &Words,
    ) -> Result<Option<Self>, Refused> {
        let vicarious = &desk.vicarious;
        let Some(customer) = identity.current_user().filter(|_| !identity.is_impersonating()) else { return Ok(None) };
        if vicarious.staff(identity).await? > Staff::No {
            return Ok(None);
        }
        let (ledger, now) = (vicarious.ledger(), vicarious.now());
        let mut running = ledger.running(Running::As(&customer.id)).await?;
        running.retain(|row| row.over_at(now).is_none());
        let known = ledger.consents(Consents::Of(&customer.id)).await?;
        // Whoever may come in already waits for nothing.
        let may_come_in = |agent: &Person| {
            known.iter().any(|consent| consent.grant.is_none() && consent.covers(&agent.id, None, None, now))
        };
        let waits = |consent: &&Consent| {
            consent.state_at(now) == ConsentState::Asked && !consent.requested_by.as_ref().is_some_and(may_come_in)
        };
        let consents: Vec<&Consent> = known.iter().filter(waits).collect();
        let visitor = |first: &Impersonation| {
            let of_this_agent = || running.iter().filter(|row| row.true_user.id == first.true_user.id);
            Visitor {
                who: who::shown(desk, words, &first.true_user),
                windows: of_this_agent().count(),
                writes: of_this_agent().any(|row| row.mode_at(now) != Mode::Read),
                end: format!("{prefix}/access-log/{}", first.id),
            }
        };
        let mut met = HashSet::new();
        let first_of_each = running.iter().filter(|row| met.insert(&row.true_user.id));
        let asking = consents.iter().filter_map(|consent| consent.requested_by.as_ref());
        Ok(Some(Self {
            is_customer: true,
            count: running.len() + consents.len(),
            visitors: first_of_each.map(visitor).collect(),
            waiting: asking.map(|agent| who::shown(desk, words, agent)).collect(),
            consents: format!("{prefix}/consents"),
            css: format!("{prefix}{BAR_CSS}"),
            words: words.clone(),
        }))
    }
}
