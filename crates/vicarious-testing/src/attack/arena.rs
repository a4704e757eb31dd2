//! Who is there, how they come and go, and how what was tried is judged.

use http::Method;
use serde_json::{Value, json};
use vicarious_core::ports::Running;
use vicarious_core::{AccountId, Impersonation, Rule};

use super::report::{Attempt, Held};
use crate::answer::Answer;
use crate::app::TestApp;
use crate::browser::Browser;
use crate::cast::Cast;
use crate::inside::Inside;
use crate::marks::Marks;
use crate::routes::{Routes, Target, made_up};

/// What was tried without success, and what came back.
pub(super) struct Tried {
    pub(super) tried: String,
    pub(super) came_back: String,
}

/// Why an abuse did not come to nothing.
pub(super) enum Fall {
    /// It succeeded.
    Fell { tried: String, came_back: String },
    /// It could not be tried.
    NotTried(String),
}

pub(super) type Outcome = Result<Tried, Fall>;

pub(super) fn told(abuse: &'static str, outcome: Outcome) -> Attempt {
    let (tried, came_back, held) = match outcome {
        Ok(Tried { tried, came_back }) => (tried, came_back, Held::Yes),
        Err(Fall::Fell { tried, came_back }) => (tried, came_back, Held::No),
        Err(Fall::NotTried(why)) => (String::new(), why, Held::NotTried),
    };
    Attempt { abuse, tried, came_back, held }
}

pub(super) fn left_out(abuse: &'static str, why: &str) -> Attempt {
    Attempt { abuse, tried: String::new(), came_back: why.to_owned(), held: Held::LeftOut }
}

pub(super) fn fell<T>(tried: impl Into<String>, came_back: impl Into<String>) -> Result<T, Fall> {
    Err(Fall::Fell { tried: tried.into(), came_back: came_back.into() })
}

pub(super) fn not_tried<T>(why: impl Into<String>) -> Result<T, Fall> {
    Err(Fall::NotTried(why.into()))
}

/// Who else is there, and the page that shows who is signed in.
#[derive(Clone, Debug, Default)]
pub(super) struct Extras {
    pub(super) colleague: Option<AccountId>,
    pub(super) administrator: Option<AccountId>,
    pub(super) another_customer: Option<AccountId>,
    pub(super) page: Option<String>,
}

/// The application and its people, while it is attacked.
pub(super) struct Arena {
    pub(super) app: TestApp,
    pub(super) routes: Routes,
    pub(super) extras: Extras,
    pub(super) agent: AccountId,
    pub(super) customer: AccountId,
    pub(super) of_agent: Marks,
    pub(super) of_customer: Marks,
    /// Whether the page tells who is signed in; otherwise what is wrong with it.
    page_tells: Result<(), String>,
}

impl Arena {
    pub(super) async fn of(cast: Cast, extras: Extras) -> Self {
        let (agent, customer) = cast.named("attack");
        let Cast { app, routes, .. } = cast;
        let of_agent = Marks::of(&app.account(agent.clone()).await.person);
        let of_customer = Marks::of(&app.account(customer.clone()).await.person);
        for agreeing in [Some(&customer), extras.another_customer.as_ref()].into_iter().flatten() {
            app.agreed(agreeing.clone()).await;
        }
        let mut arena = Self { app, routes, extras, agent, customer, of_agent, of_customer, page_tells: Ok(()) };
        arena.page_tells = arena.look_at_page().await;
        arena
    }

    /// Starts an impersonation of the customer.
    pub(super) async fn enter(&self) -> Result<Inside, Fall> {
        self.enter_from(self.app.signed_in(self.agent.clone()).await).await
    }

    /// Starts one in this browser.
    pub(super) async fn enter_from(&self, browser: Browser) -> Result<Inside, Fall> {
        let starting = self.app.as_agent(self.agent.clone()).impersonating(self.customer.clone()).from(&browser);
        match starting.attempt().await {
            Ok(inside) => Ok(inside),
            Err(answer) => not_tried(format!("the impersonation could not start: {answer}")),
        }
    }

    /// Starts one, and goes up to write mode.
    pub(super) async fn enter_writing(&self) -> Result<Inside, Fall> {
        let mut inside = self.enter().await?;
        let body = json!({ "mode": "write", "reason": "an attack" });
        let answer = inside.browser().send_json(Method::PATCH, "/impersonation", &body).await;
        if answer.status.is_success() { Ok(inside) } else { not_tried(format!("no write mode: {answer}")) }
    }

    /// Returns the account that was named for a role.
    pub(super) fn in_role<'a>(&self, role: &str, account: Option<&'a AccountId>) -> Result<&'a AccountId, Fall> {
        account.map_or_else(|| not_tried(format!("say who: `.{role}(…)`")), Ok)
    }

    pub(super) fn page(&self) -> &str {
        self.extras.page.as_deref().unwrap_or("/")
    }

    /// Returns an error unless the page tells who is signed in.
    pub(super) fn page_tells(&self) -> Result<(), Fall> {
        self.page_tells.clone().or_else(not_tried)
    }

    /// Sees that an answer gave the attacker nothing: a refusal, and no redirect after a deed.
    pub(super) fn nothing(&self, tried: &str, answer: &Answer) -> Result<String, Fall> {
        if answer.status.is_client_error() {
            return Ok(answer.status.as_u16().to_string());
        }
        match self.of_customer.found_in(&answer.outside_banner()) {
            Some(what) => fell(tried, format!("the customer's {what}: {}", brief(answer))),
            None => fell(tried, format!("it was not refused: {}", brief(answer))),
        }
    }

    /// Returns the impersonations of the agent whose end is not recorded.
    pub(super) async fn running(&self) -> Result<Vec<Impersonation>, Fall> {
        let running = self.app.vicarious().ledger().running(Running::By(&self.agent)).await;
        running.or_else(|error| not_tried(format!("the ledger: {error}")))
    }

    /// Returns the unsafe routes to which `wanted` rules apply, ready to be asked for.
    pub(super) fn ruled(&self, wanted: impl Fn(Rule, bool) -> bool) -> Vec<(String, String)> {
        let vicarious = self.app.vicarious();
        let mut found = Vec::new();
        for Target { method, template, path } in self.routes.unsafe_ones(&self.app) {
            let verdict = vicarious.rules().verdict(&method, Some(&template));
            // Whatever is refused needs no example that exists.
            let path = path.unwrap_or_else(|_| made_up(&template));
            if wanted(verdict.rule, verdict.classified) && vicarious.treats(&method, &path).is_judged() {
                found.push((method, path));
            }
        }
        found
    }

    async fn look_at_page(&self) -> Result<(), String> {
        let page = self.page();
        for (who, marks) in [(&self.agent, &self.of_agent), (&self.customer, &self.of_customer)] {
            let answer = self.app.signed_in(who.clone()).await.get(page).await;
            if marks.found_in(&answer.text).is_none() {
                return Err(format!(
                    "`{page}` does not show `{who}` who is signed in: name a page that does, `.page(…)`: {}",
                    brief(&answer)
                ));
            }
        }
        Ok(())
    }
}

/// Returns a browser that has the handle of this impersonation, and otherwise what it had.
pub(super) fn with_handle_of(inside: &Inside, mut browser: Browser) -> Browser {
    browser.take_handle(&inside.stolen(), str::to_owned);
    browser
}

/// Stops an impersonation, and returns the agent's browser without the handle.
pub(super) async fn stopped(mut inside: Inside) -> Result<Browser, Fall> {
    let answer = inside.browser().send_json(Method::DELETE, "/impersonation", &Value::Null).await;
    if !answer.status.is_success() {
        return fell("a stop", brief(&answer));
    }
    let mut browser = inside.stolen();
    browser.drop_handle();
    Ok(browser)
}

/// Stops one, whatever comes back.
pub(super) async fn stopped_quietly(inside: &mut Inside) {
    drop(inside.browser().send_json(Method::DELETE, "/impersonation", &Value::Null).await);
}

/// Ends what an abuse has left running.
pub(super) async fn done(mut inside: Inside) {
    stopped_quietly(&mut inside).await;
}

/// Returns an answer in a line.
pub(super) fn brief(answer: &Answer) -> String {
    let shown: String = answer.outside_banner().split_whitespace().collect::<Vec<_>>().join(" ");
    let shown: String = shown.chars().take(120).collect();
    format!("{} answered {} {shown}", answer.asked, answer.status.as_u16())
}
