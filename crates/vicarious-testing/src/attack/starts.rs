//! Ways into an account that must not exist.

use http::header::{ACCEPT, CONTENT_TYPE, ORIGIN};
use http::{HeaderName, Method};
use serde_json::json;
use vicarious_core::AccountId;

use super::arena::{Arena, Outcome, Tried, brief, done, fell};
use crate::browser::FORM;

/// What it is, the method, the path, and headers.
type Way<'a> = (&'a str, Method, &'a str, Vec<(HeaderName, &'a str)>);

/// Whatever a link, an image or a page elsewhere can make the agent's browser send.
pub(super) async fn by_others(arena: &Arena) -> Outcome {
    let before = arena.running().await?.len();
    let mut browser = arena.app.signed_in(arena.agent.clone()).await.led_by_others();
    let fields = [("account_id", arena.customer.as_str()), ("reason", "an attack")];
    let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    let link = format!("/impersonation?{body}&_method=POST");
    let site = HeaderName::from_static("sec-fetch-site");
    let renamed = HeaderName::from_static("x-http-method-override");
    let prefetched = HeaderName::from_static("sec-purpose");
    let posted = [(CONTENT_TYPE, FORM), (ACCEPT, "text/html")];
    let with = |name: &HeaderName, value: &'static str| [posted.to_vec(), vec![(name.clone(), value)]].concat();
    let ways: [Way<'_>; 7] = [
        ("a link", Method::GET, &link, vec![]),
        ("a link whose method a proxy renames", Method::GET, &link, vec![(renamed, "POST")]),
        ("HEAD", Method::HEAD, &link, vec![]),
        ("a form on another site", Method::POST, "/impersonation", with(&site, "cross-site")),
        ("a form on a sibling host", Method::POST, "/impersonation", with(&site, "same-site")),
        ("a form of another origin", Method::POST, "/impersonation", with(&ORIGIN, "https://attacker.example")),
        ("a page fetched ahead", Method::POST, "/impersonation", with(&prefetched, "prefetch")),
    ];
    let mut came_back = Vec::new();
    for (way, method, path, headers) in ways {
        let sent = if method == Method::POST { body.clone() } else { String::new() };
        let answer = browser.send(method, path, &headers, sent).await;
        if arena.running().await?.len() > before {
            return fell(format!("{way} starts"), brief(&answer));
        }
        came_back.push(answer.status.as_u16().to_string());
    }
    let inside = arena.enter().await?;
    let mut led = inside.stolen().led_by_others();
    let id = inside.impersonation().id.clone();
    let stops = [
        (Method::DELETE, "/impersonation", vec![(site, "cross-site")]),
        (Method::GET, "/impersonation?_method=DELETE", vec![]),
    ];
    for (method, path, headers) in stops {
        let answer = led.send(method, path, &headers, "").await;
        if !arena.running().await?.iter().any(|row| row.id == id) {
            return fell("somebody else's page stops", brief(&answer));
        }
        came_back.push(answer.status.as_u16().to_string());
    }
    done(inside).await;
    Ok(Tried { tried: "7 ways to start, 2 to stop".to_owned(), came_back: came_back.join(", ") })
}

/// Accounts that must be out of reach, for the agent, for the customer, and for nobody.
pub(super) async fn as_anybody(arena: &Arena) -> Outcome {
    let colleague = arena.in_role("colleague", arena.extras.colleague.as_ref())?;
    let administrator = arena.in_role("administrator", arena.extras.administrator.as_ref())?;
    let another = arena.in_role("another_customer", arena.extras.another_customer.as_ref())?;
    let unknown = AccountId::from(format!("no-such-account-{}", uuid::Uuid::now_v7()));
    let tries = [
        ("the agent as somebody who does not exist", &arena.agent, &unknown),
        ("the agent as a colleague", &arena.agent, colleague),
        ("the agent as an administrator", &arena.agent, administrator),
        ("the agent as themselves", &arena.agent, &arena.agent),
        ("the customer as another customer", &arena.customer, another),
        ("the customer as the agent", &arena.customer, &arena.agent),
    ];
    let mut first = None;
    for (tried, who, whom) in tries {
        let mut browser = arena.app.signed_in(who.clone()).await;
        let body = json!({ "account_id": whom, "reason": "an attack" });
        let answer = browser.send_json(Method::POST, "/impersonation", &body).await;
        if answer.status.as_u16() != 404 {
            return fell(tried, format!("not 404: {}", brief(&answer)));
        }
        // Who exists and who may not be entered must look the same.
        let known = first.get_or_insert_with(|| answer.text.clone());
        if *known != answer.text {
            return fell(tried, format!("an answer that tells one account from another: {}", brief(&answer)));
        }
    }
    let body = json!({ "account_id": arena.customer, "reason": "an attack" });
    let answer = arena.app.nobody().send_json(Method::POST, "/impersonation", &body).await;
    if answer.status.as_u16() != 401 {
        return fell("nobody as the customer", format!("not 401: {}", brief(&answer)));
    }
    Ok(Tried { tried: format!("{} pairs, and nobody", tries.len()), came_back: "404 for all, alike; 401".to_owned() })
}

/// A second start from within the first.
pub(super) async fn nested(arena: &Arena) -> Outcome {
    let another = arena.in_role("another_customer", arena.extras.another_customer.as_ref())?;
    let mut inside = arena.enter().await?;
    let id = inside.impersonation().id.clone();
    let body = json!({ "account_id": another, "reason": "an attack" });
    let answer = inside.browser().send_json(Method::POST, "/impersonation", &body).await;
    let tried = "a second start from within the first";
    if answer.status.as_u16() != 409 {
        return fell(tried, format!("not 409: {}", brief(&answer)));
    }
    let running = arena.running().await?;
    if running.iter().filter(|row| row.sign_in == inside.impersonation().sign_in).any(|row| row.id != id) {
        return fell(tried, "409, and yet a second one runs");
    }
    done(inside).await;
    Ok(Tried { tried: tried.to_owned(), came_back: "409; the first runs on".to_owned() })
}
