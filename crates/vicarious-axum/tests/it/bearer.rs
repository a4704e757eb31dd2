//! Clients without cookies: the sign-in is a bearer token, the handle a header.
//!
//! The fail-closed table is held to both ways in `fail_closed`.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::routing::get;
use http::{HeaderMap, Method, StatusCode};
use serde_json::json;
use testkit::people::{alice, bob, carol};

use crate::support::{Browser, HANDLE, World};

const JSON: (&str, &str) = ("accept", "application/json");
const CROSS_SITE: (&str, &str) = ("sec-fetch-site", "cross-site");

async fn world() -> World {
    World::bearer(|builder| builder).await
}

/// Returns the header that a client signs in with.
fn token(browser: &Browser) -> String {
    format!("Bearer {}", browser.cookies["session"])
}

#[tokio::test]
async fn an_agent_is_the_customer_with_a_token_and_a_handle_and_nothing_else() {
    let world = world().await;
    let mut browser = world.inside(&bob(), &alice()).await;
    assert_eq!(browser.who().await, (json!(alice().id()), json!(bob().id())));
    assert!(browser.get_json("/whoami").await.header("impersonation").contains("mode=read"));
    let raised = browser.json(Method::PATCH, "/impersonation", json!({"mode": "write", "reason": "asked to"})).await;
    assert_eq!(raised.status, StatusCode::OK);
    assert_eq!(browser.json(Method::POST, "/notes", json!({"text": "hello"})).await.status, StatusCode::OK);
    assert_eq!(world.done(), ["POST /notes as alice by bob"]);
    assert_eq!(browser.stop().await.status, StatusCode::OK);
    assert_eq!(browser.who().await, (json!(bob().id()), json!(bob().id())));
}

#[tokio::test]
async fn a_second_tab_without_the_handle_is_refused_and_not_the_agent() {
    let world = world().await;
    let browser = world.inside(&bob(), &alice()).await;
    let mut tab = browser.clone();
    tab.cookies.remove(HANDLE);
    let refused = tab.get_json("/whoami").await;
    assert_eq!((refused.status, refused.json()["cause"].as_str()), (StatusCode::GONE, Some("handle_missing")));
}

#[tokio::test]
async fn two_handles_are_as_bad_as_a_forged_one() {
    let world = world().await;
    let mut browser = world.inside(&bob(), &alice()).await;
    let (token, handle) = (token(&browser), browser.cookies[HANDLE].clone());
    browser.cookies.clear();
    let twice = [("impersonation-handle", handle.as_str()); 2];
    let joined = format!("{handle}, {handle}");
    for handles in [&twice[..], &[("impersonation-handle", joined.as_str())], &[("impersonation-handle", "")]] {
        let headers: Vec<_> = [JSON, ("authorization", &token)].into_iter().chain(handles.iter().copied()).collect();
        let refused = browser.raw("GET", "/whoami", &headers, "").await;
        assert_eq!((refused.status, refused.json()["cause"].as_str()), (StatusCode::GONE, Some("unknown")));
    }
}

#[tokio::test]
async fn a_handle_counts_in_one_way_only() {
    let world = world().await;
    let mut browser = world.inside(&bob(), &alice()).await;
    let (token, handle) = (token(&browser), browser.cookies[HANDLE].clone());
    browser.cookies.clear();
    let cookie = format!("{HANDLE}={handle}");
    let refused = browser.raw("GET", "/whoami", &[JSON, ("authorization", &token), ("cookie", &cookie)], "").await;
    assert_eq!(refused.json()["cause"], "handle_missing", "a cookie is not looked at: {refused:?}");

    let world = World::new().await;
    let mut browser = world.inside(&bob(), &alice()).await;
    let handle = browser.cookies.remove(HANDLE).unwrap();
    let refused = browser.raw("GET", "/whoami", &[JSON, ("impersonation-handle", &handle)], "").await;
    assert_eq!(refused.json()["cause"], "handle_missing", "a header is not looked at: {refused:?}");
}

#[tokio::test]
async fn a_start_tells_the_handle_in_json_whatever_was_asked_for_and_sets_no_cookie() {
    let world = world().await;
    for accept in ["text/html", "*/*", "application/json"] {
        let mut browser = world.browser(&bob());
        let headers = [("accept", accept), ("content-type", "application/x-www-form-urlencoded")];
        let body = format!("account_id={}&reason=r&go_to=%2Fprofile", alice().id());
        let answer = browser.raw("POST", "/impersonation", &headers, &body).await;
        assert_eq!((answer.status, answer.header("cache-control")), (StatusCode::CREATED, "no-store"));
        assert_eq!(answer.json()["location"], "/profile");
        assert_eq!(browser.who().await, (json!(alice().id()), json!(bob().id())));
        browser.stop().await;
    }
}

#[tokio::test]
async fn a_continuation_hands_out_another_handle_and_the_old_one_is_dead() {
    let world = world().await;
    let mut browser = world.inside(&bob(), &alice()).await;
    let mut old = browser.clone();
    let running = world.running().await.remove(0).id;
    let body = json!({"account_id": carol().id(), "reason": "r", "instead_of": running});
    assert_eq!(browser.json(Method::POST, "/impersonation", body).await.status, StatusCode::CREATED);
    assert_eq!(browser.who().await, (json!(carol().id()), json!(bob().id())));
    assert_eq!(old.get_json("/whoami").await.json()["cause"], "switched");
}

#[tokio::test]
async fn no_handler_and_no_record_has_the_handle() {
    let seen = Arc::new(Mutex::new(HeaderMap::new()));
    let kept = seen.clone();
    let look = Router::new().route("/look", get(async move |headers: HeaderMap| *kept.lock().unwrap() = headers));
    let mut world = World::of(|builder, _| builder.handle_in_header(), look).await;
    world.in_headers = true;
    let mut browser = world.inside(&bob(), &alice()).await;
    let handle = browser.cookies[HANDLE].clone();
    assert_eq!(browser.get("/look").await.status, StatusCode::OK);
    let headers = seen.lock().unwrap().clone();
    assert!(headers.contains_key("authorization") && !headers.contains_key("impersonation-handle"), "{headers:?}");
    browser.stop().await;
    assert!(!world.record().contains(&handle));
    // A dead one neither, and somebody else's.
    browser.cookies.insert(HANDLE.into(), handle.clone());
    browser.get("/look").await;
    assert!(!world.record().contains(&handle));
}

#[tokio::test]
async fn headers_that_only_a_script_can_send_need_no_proof_of_the_site_and_everything_else_does() {
    let world = world().await;
    let mut browser = world.browser(&bob());
    let (token, basic) = (token(&browser), "Basic Ym9iOnNlY3JldA==");
    let body = json!({"account_id": alice().id(), "reason": "r"}).to_string();
    let kept = std::mem::take(&mut browser.cookies);
    // What a browser adds by itself proves nothing.
    let session = format!("session={}", kept["session"]);
    for by_itself in [("cookie", session.as_str()), ("authorization", basic)] {
        let headers = [JSON, ("content-type", "application/json"), CROSS_SITE, by_itself];
        let refused = browser.raw("POST", "/impersonation", &headers, &body).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN, "{refused:?}");
    }
    let twice = [JSON, CROSS_SITE, ("authorization", token.as_str()), ("authorization", basic)];
    assert_eq!(browser.raw("DELETE", "/impersonation", &twice, "").await.status, StatusCode::FORBIDDEN);
    // An application on another origin that this one lets ask.
    let by_script = [JSON, ("content-type", "application/json"), CROSS_SITE, ("authorization", &token)];
    assert_eq!(browser.raw("POST", "/impersonation", &by_script, &body).await.status, StatusCode::CREATED);
    let handle = browser.cookies[HANDLE].clone();
    let only_handle = [JSON, CROSS_SITE, ("impersonation-handle", handle.as_str())];
    assert_eq!(browser.raw("DELETE", "/impersonation", &only_handle, "").await.status, StatusCode::OK);
}

#[tokio::test]
async fn in_cookies_a_token_proves_nothing_about_the_site() {
    let world = World::new().await;
    let mut browser = world.inside(&bob(), &alice()).await;
    let headers = [JSON, CROSS_SITE, ("authorization", "Bearer x"), ("impersonation-handle", "y")];
    let refused = browser.raw("DELETE", "/impersonation", &headers, "").await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn a_sign_out_with_a_handle_is_a_stop_also_while_the_ledger_is_away() {
    for (outage, takes) in [(false, "application/json"), (true, "application/json"), (false, "*/*"), (true, "*/*")] {
        let world = world().await;
        let mut browser = world.inside(&bob(), &alice()).await;
        world.ledger.fail(outage);
        let answer = browser.raw("DELETE", "/session", &[("accept", takes)], "").await;
        assert_eq!((answer.status, answer.header("set-cookie")), (StatusCode::NO_CONTENT, ""), "{takes}: {answer:?}");
        assert!(answer.header("impersonation").ends_with("ended"), "{answer:?}");
        world.ledger.fail(false);
        assert_eq!(browser.who().await, (json!(bob().id()), json!(bob().id())), "Bob stays signed in");
        assert_eq!(world.count("impersonation.stopped"), 1);
    }
}
