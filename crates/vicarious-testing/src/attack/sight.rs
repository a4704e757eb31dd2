//! What customer, agent and auditor must be able to see, and what nobody may.

use http::header::{ACCEPT, ACCEPT_ENCODING, IF_NONE_MATCH, RANGE};
use http::{HeaderName, Method};
use vicarious_core::Kind;
use vicarious_core::audit::Recorded;
use vicarious_core::ports::EntryFilter;

use super::arena::{Arena, Fall, Outcome, Tried, brief, done, fell, not_tried};
use crate::inside::Inside;

/// Shorter cookies than this are no secrets, but settings.
const SECRET_AT_LEAST: usize = 12;
const PASSWORD: &str = "hunter2-canary-8f1d";
const TOKEN: &str = "tok-canary-77aa0c93e1";
const CARD: &str = "4111 1111 1111 1111";

/// Every page as a browser asks for it, and in the ways that could take the banner off.
pub(super) async fn hidden(arena: &Arena) -> Outcome {
    arena.page_tells()?;
    let mut inside = arena.enter().await?;
    let shown = inside.get(arena.page()).await;
    let body = shown.outside_banner();
    if arena.of_customer.found_in(&body).is_none() {
        let hint = if arena.of_agent.found_in(&body).is_some() {
            "the agent's page: does a layer inside of ours, or a session, say who is signed in? or does an extractor or \
             handler ask the session instead of `CurrentUser`?"
        } else {
            "not the customer's page"
        };
        return fell(format!("GET {} while impersonating", arena.page()), format!("{hint} {}", brief(&shown)));
    }
    let mut pages = vec!["/a-page-that-an-attack-has-made-up".to_owned()];
    for target in arena.routes.pages(&arena.app) {
        if let (None, Ok(path)) = (arena.routes.left_out(&target.template), target.path)
            && arena.app.vicarious().treats("GET", &path).is_judged()
        {
            pages.push(path);
        }
    }
    for path in &pages {
        seen(&mut inside, path, &[]).await?;
    }
    for trick in [(ACCEPT_ENCODING, "gzip, br"), (RANGE, "bytes=100-"), (IF_NONE_MATCH, "*")] {
        seen(&mut inside, arena.page(), &[trick]).await?;
    }
    done(inside).await;
    Ok(Tried {
        tried: format!("{} pages; compressed, in part, unchanged", pages.len()),
        came_back: "marked, all".to_owned(),
    })
}

async fn seen(inside: &mut Inside, path: &str, headers: &[(HeaderName, &str)]) -> Result<(), Fall> {
    let headers = [&[(ACCEPT, "text/html")], headers].concat();
    let answer = inside.browser().send(Method::GET, path, &headers, "").await;
    match answer.unmarked() {
        None => Ok(()),
        Some(missing) => fell(format!("GET {path} {headers:?}"), format!("{missing}: {}", brief(&answer))),
    }
}

/// What is on record after requests full of secrets: every one of them, naming both people, and no secret.
pub(super) async fn recorded(arena: &Arena) -> Outcome {
    let mut inside = arena.enter().await?;
    let sent = with_secrets(arena, &mut inside).await;
    let id = inside.impersonation().id.clone();
    let ledger = arena.app.vicarious().ledger();
    ledger.flush().await;
    let filter = EntryFilter { impersonation: Some(id), limit: 1000, ..EntryFilter::default() };
    let entries = ledger.entries(&filter).await.or_else(|error| not_tried(format!("the ledger: {error}")))?;
    let requests = entries.iter().filter(|recorded| matches!(recorded.entry.kind, Kind::Intent | Kind::RequestRefused));
    let found = requests.count();
    if found < sent {
        return fell(format!("{sent} requests"), format!("{found} of them are on record"));
    }
    if let Some(nameless) = entries.iter().find(|recorded| !names_both(arena, recorded)) {
        return fell("entries of the impersonation", format!("one does not name both people: {}", nameless.to_json()));
    }
    let record: String = entries.iter().map(|recorded| recorded.to_json().to_string()).collect();
    for (what, secret) in secrets(&inside) {
        if record.contains(&secret) {
            return fell("what is on record", format!("it holds {what}"));
        }
        if inside.impersonation().sign_in.as_str().contains(&secret) {
            return fell(
                "the key of the sign-in",
                format!("it is {what}: return a digest of it from `Host::sign_in_key`"),
            );
        }
    }
    done(inside).await;
    Ok(Tried {
        tried: format!("{sent} requests with a password, a card and tokens"),
        came_back: format!("{} entries, no secret", entries.len()),
    })
}

/// Sends secrets in every place of a request, and returns how many requests those were.
async fn with_secrets(arena: &Arena, inside: &mut Inside) -> usize {
    let page = arena.page();
    let queried = format!("{page}{}token={TOKEN}", if page.contains('?') { '&' } else { '?' });
    inside.browser().keep_cookie("canary", TOKEN);
    let api_key = HeaderName::from_static("x-api-key");
    drop(inside.get(&queried).header(api_key, TOKEN).await);
    let fields = [("password", PASSWORD), ("card_number", CARD), ("token", TOKEN)];
    let routes = arena.ruled(|_, _| true);
    let unsafe_path = routes.first().map_or_else(|| ("POST".to_owned(), page.to_owned()), Clone::clone);
    let method = unsafe_path.0.parse().unwrap_or(Method::POST);
    drop(inside.ask(method, &unsafe_path.1).form(&fields).unconfirmed().await);
    2
}

fn names_both(arena: &Arena, recorded: &Recorded) -> bool {
    let entry = &recorded.entry;
    entry.true_user.as_ref().is_some_and(|person| person.id == arena.agent)
        && entry.current_user.as_ref().is_some_and(|person| person.id == arena.customer)
}

/// Returns what must never be on record, and what it is.
fn secrets(inside: &Inside) -> Vec<(String, String)> {
    let browser = inside.stolen();
    let mut all = vec![
        ("a password".to_owned(), PASSWORD.to_owned()),
        ("the number of a card".to_owned(), CARD.to_owned()),
        ("a token".to_owned(), TOKEN.to_owned()),
    ];
    for (name, value) in browser.cookies().filter(|(_, value)| value.len() >= SECRET_AT_LEAST) {
        all.push((format!("the cookie `{name}`"), value.to_owned()));
    }
    for (name, value) in browser.standing_headers() {
        let value = value.to_str().unwrap_or_default();
        let value = value.strip_prefix("Bearer ").unwrap_or(value);
        if value.len() >= SECRET_AT_LEAST {
            all.push((format!("the header `{name}`"), value.to_owned()));
        }
    }
    all
}
