//! Is what an agent sees the customer's page, or the agent's own under the customer's banner?

use std::collections::BTreeSet;

use http::header::ACCEPT;
use http::{Method, StatusCode};

use super::pieces::{body, pieces, unrandom};
use super::report::Verdict;
use crate::answer::Answer;
use crate::browser::Browser;
use crate::inside::Inside;

/// Elements that differ from answer to answer, or that a banner brings along.
const PASSING: [&str; 6] = ["html", "body", "head", "link", "meta", "script"];

/// The agent as themselves and the customer as herself, each in a browser of their own.
pub(super) struct Own {
    pub(super) agent: Browser,
    pub(super) customer: Browser,
}

/// What came of a comparison.
#[derive(Default)]
pub(super) struct Compared {
    /// What speaks against the page.
    pub(super) verdict: Option<Verdict>,
    /// What the customer's own page shows, and this does not.
    pub(super) missing: Vec<String>,
}

impl Own {
    /// Returns whether an answer is the agent's own page, or shows something of it that the customer's has not.
    ///
    /// Everything is asked for twice: a page that tells the time, or counts, differs by itself. The customer's is asked for
    /// between two of the agent's, so that no time that they tell is in both of those and not in hers.
    pub(super) async fn compare(
        &mut self,
        inside: &mut Inside,
        seen: &Answer,
        asked: (&str, &str),
        allowed: &[String],
    ) -> Compared {
        if !seen.status.is_success() || seen.text.is_empty() {
            return Compared::default();
        }
        let agents = get(&mut self.agent, asked).await;
        let customers = get(&mut self.customer, asked).await;
        if agents.impersonation().is_some() || !tells(&customers) {
            return Compared::default();
        }
        let agents = [agents, get(&mut self.agent, asked).await];
        let seen = [seen.clone(), get(inside.browser(), asked).await];
        let customers = [customers, get(&mut self.customer, asked).await];
        let [first, second] = [0, 1].map(|at| is_of_first(&seen[at], &agents[at], &customers[at]));
        if first && second && seen[0].status == seen[1].status {
            return Compared { verdict: Some(Verdict::AgentsOwn), missing: Vec::new() };
        }
        let [seen, agents, customers] = [seen, agents, customers].map(|pair| Pieces::of(&pair));
        let mut shown = seen.lasting();
        shown.retain(|piece| agents.is_lasting(piece) && !customers.is_anywhere(piece) && !is_allowed(piece, allowed));
        let mut missing = customers.lasting();
        missing.retain(|piece| !seen.is_anywhere(piece));
        let more = shown.len().saturating_sub(1);
        Compared { verdict: shown.into_iter().next().map(|piece| Verdict::ShowsAgents { piece, more }), missing }
    }
}

/// The pieces of a page that was asked for twice; of no page that was refused.
struct Pieces {
    /// Those of the first answer, in their order.
    ordered: Vec<String>,
    each: [BTreeSet<String>; 2],
}

impl Pieces {
    fn of(answers: &[Answer; 2]) -> Self {
        let of = |answer: &Answer| if answer.status.is_success() { pieces(answer) } else { Vec::new() };
        let [first, second] = answers.each_ref().map(of);
        Self { each: [first.iter().cloned().collect(), second.into_iter().collect()], ordered: first }
    }

    fn is_lasting(&self, piece: &str) -> bool {
        self.each.iter().all(|found| found.contains(piece))
    }

    fn is_anywhere(&self, piece: &str) -> bool {
        self.each.iter().any(|found| found.contains(piece))
    }

    /// Returns each piece that is in both answers, once, in its order.
    fn lasting(&self) -> Vec<String> {
        let mut told = BTreeSet::new();
        self.ordered.iter().filter(|piece| self.is_lasting(piece) && told.insert(*piece)).cloned().collect()
    }
}

/// Returns whether a piece is of a text that the host allows, or has it in it.
fn is_allowed(piece: &str, allowed: &[String]) -> bool {
    let value = piece.split_once(": ").map_or(piece, |(_, value)| value);
    allowed.iter().any(|text| piece.contains(text.as_str()) || text.contains(value))
}

async fn get(browser: &mut Browser, (path, accept): (&str, &str)) -> Answer {
    browser.send(Method::GET, path, &[(ACCEPT, accept)], "").await
}

/// Returns whether `seen` is what the first was shown, where the second was shown something else.
fn is_of_first(seen: &Answer, first: &Answer, second: &Answer) -> bool {
    let differs = |read: fn(&Answer) -> String| {
        let own = read(seen);
        own == read(first) && (second.status != seen.status || own != read(second))
    };
    seen.status == first.status && tells(second) && (differs(lasting) || differs(|answer| unrandom(&lasting(answer))))
}

/// Returns whether an answer says what somebody is shown, and not that nobody is signed in or that something broke.
fn tells(answer: &Answer) -> bool {
    let status = answer.status;
    let is_elsewhere = status.is_redirection() || status.is_server_error();
    !is_elsewhere && !matches!(status, StatusCode::UNAUTHORIZED | StatusCode::GONE | StatusCode::TOO_MANY_REQUESTS)
}

/// Returns what of a body is the page's own: no banner, no bar, no hidden fields, no nonces.
fn lasting(answer: &Answer) -> String {
    let text = body(answer);
    let text = if answer.is_html() { without_passing(&text) } else { text };
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn without_passing(html: &str) -> String {
    let mut kept = String::new();
    let mut rest = html;
    while let Some((text, after)) = rest.split_once('<') {
        let end = if after.starts_with("!--") { "-->" } else { ">" };
        let (tag, next) = after.split_once(end).unwrap_or((after, ""));
        let tag = if is_passing(tag) { "" } else { tag };
        kept.extend([text, " ", without_nonce(tag).as_str(), " "]);
        rest = next;
    }
    kept + rest
}

fn is_passing(tag: &str) -> bool {
    let lower = tag.to_ascii_lowercase();
    let name = lower.split(|next: char| !next.is_ascii_alphanumeric()).next().unwrap_or_default();
    let is_hidden = name == "input" && lower.replace(['"', '\'', ' '], "").contains("type=hidden");
    name.is_empty() || is_hidden || PASSING.contains(&name)
}

fn without_nonce(tag: &str) -> String {
    tag.split_whitespace().filter(|attribute| !attribute.starts_with("nonce=")).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use http::header::CONTENT_TYPE;
    use http::{HeaderMap, HeaderValue, StatusCode};

    use super::{Answer, is_of_first};

    fn page(text: &str) -> Answer {
        let html = HeaderValue::from_static("text/html; charset=utf-8");
        let headers = HeaderMap::from_iter([(CONTENT_TYPE, html)]);
        Answer { asked: "GET /".into(), status: StatusCode::OK, headers, text: text.into() }
    }

    fn is_agents(agents: &str, customers: &str, seen: &str) -> bool {
        is_of_first(&page(seen), &page(agents), &page(customers))
    }

    #[test]
    fn a_banner_identity_tags_and_tokens_hide_no_page_of_the_agent() {
        let agents = "<body><form><input type='hidden' name=csrf value=a1><i data-csrf=a93jf83hd83hs92k></i>\
            <p nonce=\"x\">3 orders</p></form>";
        let seen = "<body><!-- \"'> --></script><link rel=stylesheet href=\"/impersonation/banner.css\">\
            <aside id=\"vicarious-banner\"><p>Bob as Alice</p></aside>\n<script src=\"/x\"></script>\n\
            <form><input type=\"hidden\" name=\"_identity\" value=\"a/b\"><input type='hidden' name=csrf value=b2>\
            <i data-csrf=zz3jf83hd83hs92k></i><p nonce=\"y\">3 orders</p></form>";
        assert!(is_agents(agents, &agents.replace("3 orders", "7 orders"), seen));
        assert!(!is_agents(&agents.replace("3 orders", "7 orders"), agents, seen), "the customer's page");
        assert!(!is_agents(agents, agents, seen), "where both are alike nobody can tell");
    }

    #[test]
    fn ids_alone_tell_a_page_and_a_customer_who_is_not_signed_in_tells_nothing() {
        let [agents, customers] = ["0199a5b0-aaaa-7000", "0199a5b0-bbbb-7000"];
        assert!(is_agents(agents, customers, agents));
        let nobody = Answer { status: StatusCode::UNAUTHORIZED, ..page("who are you?") };
        assert!(!is_of_first(&page(agents), &page(agents), &nobody));
    }
}
