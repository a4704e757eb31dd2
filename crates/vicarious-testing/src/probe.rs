//! Does any page tell the agent's name while impersonating, or is it the agent's own?

mod own;
mod pieces;
mod report;

use std::collections::{BTreeMap, BTreeSet};

use http::header::ACCEPT;
use http::{Method, StatusCode};
use vicarious_axum::Treats;
use vicarious_core::AccountId;

pub use report::{Page, ProbeReport, Verdict};

use crate::answer::Answer;
use crate::app::TestApp;
use crate::cast::{Cast, told_who_and_where};
use crate::inside::Inside;
use crate::marks::Marks;
use crate::routes::Target;
use own::Own;

/// Calls every page while impersonating, and finds where the agent's name, email or id stands outside the banner, in a
/// header or in a cookie; which pages do not say that they are impersonated; and which show the agent's own data instead of the
/// customer's, because a handler or an extractor asks the session and not `CurrentUser`.
///
/// For the last, what agent and customer see as themselves, each signed in alone, is compared with what the agent sees while
/// impersonating, as a whole and piece by piece: a text, a link, a value that the agent's own page has and the customer's has
/// not is the agent's. Where both see the same, nobody can tell. What unsafe requests write is not seen.
///
/// axum does not tell which routes a router has. The list is put together of what `Debug` shows of the router
/// ([`list_routes`](vicarious_axum::list_routes)), of what [`routes`](Self::routes) gives, and of what the rules name; the
/// report says how many that are. A route whose parameter has no example is reported, and counts as a failure, as does a
/// page that breaks.
#[derive(Clone, Debug)]
#[must_use = "nothing is asked for before `run`"]
pub struct Probe {
    cast: Cast,
    allowed: Vec<String>,
}

impl TestApp {
    /// Returns a [`Probe`]: does any page tell the agent's name while impersonating?
    pub fn probe(&self) -> Probe {
        Probe { cast: Cast::new(self.clone()), allowed: Vec::new() }
    }
}

told_who_and_where!(Probe);

impl Probe {
    /// Allows pages to hold this text where the host shows on purpose who is at the keyboard, or what only agents have; the
    /// report says so.
    pub fn allow(mut self, text: &str) -> Self {
        self.allowed.push(text.to_owned());
        self
    }

    /// Leaves a route out, and says why; the report shows it.
    pub fn without(mut self, route: &str, why: &str) -> Self {
        self.cast.routes.leave_out(route, why);
        self
    }

    /// Asks for every page as HTML and as JSON.
    ///
    /// # Panics
    ///
    /// When agent or customer is not named or cannot sign in, or the impersonation cannot start.
    pub async fn run(self) -> ProbeReport {
        let ((agent, customer), app) = (self.cast.named("probe"), &self.cast.app);
        let marks = Marks::of(&app.account(agent.clone()).await.person);
        let start = || app.as_agent(agent.clone()).impersonating(customer.clone());
        let mut inside = start().with_consent().await;
        let alone = |who: &AccountId| app.signed_in(who.clone());
        let mut own = Own { agent: alone(&agent).await, customer: alone(&customer).await };
        let (mut pages, mut missing) = (Vec::new(), BTreeMap::<String, BTreeSet<String>>::new());
        for target in self.cast.routes.pages(app) {
            let mut missed = Vec::new();
            let verdict = self.visit((&mut inside, &mut own), &target, &marks, &mut missed).await;
            for piece in missed {
                missing.entry(piece).or_default().insert(target.template.clone());
            }
            if matches!(verdict, Verdict::Ended) {
                // A page that ends it must not spoil the others.
                inside = start().await;
            }
            pages.push(Page { route: target.template, path: target.path.ok(), verdict });
        }
        ProbeReport { pages, searched_for_id: marks.has_telling_id(), allowed: self.allowed, missing }
    }

    async fn visit(
        &self,
        (inside, own): (&mut Inside, &mut Own),
        target: &Target,
        marks: &Marks,
        missing: &mut Vec<String>,
    ) -> Verdict {
        let path = match (self.cast.routes.left_out(&target.template), &target.path) {
            (Some(why), _) => return Verdict::LeftOut(why.to_owned()),
            (None, Err(_)) if self.is_open(&target.template) => return Verdict::Open,
            (None, Err(parameter)) => return Verdict::NoExample(parameter.clone()),
            (None, Ok(path)) => path,
        };
        let is_open = self.is_open(path);
        let mut verdict = Verdict::Clean(StatusCode::OK);
        for accept in ["text/html", "application/json"] {
            let answer = inside.browser().send(Method::GET, path, &[(ACCEPT, accept)], "").await;
            verdict = judge(&answer, leak(&answer, marks, &self.allowed), is_open);
            if matches!(verdict, Verdict::Clean(_)) {
                let compared = own.compare(inside, &answer, (path, accept), &self.allowed).await;
                // What the console hides is not the host's to know.
                if self.cast.app.vicarious().treats("GET", path) != Treats::Console {
                    missing.extend(compared.missing);
                }
                verdict = compared.verdict.unwrap_or(verdict);
            }
            if !matches!(verdict, Verdict::Clean(_) | Verdict::Refused(_) | Verdict::Open) {
                break;
            }
        }
        verdict
    }

    fn is_open(&self, path: &str) -> bool {
        self.cast.app.vicarious().treats("GET", path) == Treats::Open
    }
}

fn judge(answer: &Answer, leak: Option<Verdict>, is_open: bool) -> Verdict {
    if let Some(leak) = leak {
        return leak;
    }
    match (answer.status, answer.unmarked()) {
        (StatusCode::GONE, _) => Verdict::Ended,
        (status, _) if status.is_server_error() => Verdict::Breaks(status),
        _ if is_open => Verdict::Open,
        (_, Some(missing)) => Verdict::Unmarked(missing),
        (status, None) if status.is_client_error() => Verdict::Refused(status),
        (status, None) => Verdict::Clean(status),
    }
}

/// Returns what of the agent an answer tells, and where, unless it is allowed to.
fn leak(answer: &Answer, marks: &Marks, allowed: &[String]) -> Option<Verdict> {
    for (name, value) in answer.headers.iter().filter(|(name, _)| *name != "impersonation") {
        if let Some((what, around)) = marks.found_at(&String::from_utf8_lossy(value.as_bytes())) {
            let place = if name == "set-cookie" { "a cookie".to_owned() } else { format!("the header {name}") };
            return Some(Verdict::Leaks { what, place, around });
        }
    }
    let body = allowed.iter().fold(answer.outside_banner(), |body, text| body.replace(text.as_str(), ""));
    let place = if answer.is_html() { "the page" } else { "the body" }.to_owned();
    marks.found_at(&body).map(|(what, around)| Verdict::Leaks { what, place, around })
}
