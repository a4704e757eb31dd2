//! What the component of a page that draws itself is given.

use http::header::CONTENT_ENCODING;
use http::{Method, StatusCode};
use serde_json::{Value, json};
use testkit::people::{alice, bob};
use vicarious_core::EndCause;
use vicarious_core::decide::{Terms, end, raise};
use vicarious_core::ports::Ledger;

use crate::support::World;

#[tokio::test]
async fn it_is_served_to_everybody_even_with_a_dead_handle_and_leaves_no_trace() {
    let world = World::new().await;
    let mut inside = world.inside(&bob(), &alice()).await;
    world.clock.advance(jiff::SignedDuration::from_mins(31));
    assert_eq!(inside.get("/").await.status, StatusCode::GONE);
    let before = world.kinds().len();
    for mut browser in [world.nobody(), world.browser(&alice()), inside] {
        for (path, kind) in
            [("component.js", "text/javascript; charset=utf-8"), ("component.de.json", "application/json")]
        {
            let answer = browser.get(&format!("/impersonation/{path}")).await;
            assert_eq!((answer.status, answer.header("content-type")), (StatusCode::OK, kind));
            assert_eq!(answer.header("cache-control"), "public, max-age=300");
            assert_eq!(answer.header("access-control-allow-origin"), "*");
            assert!(!answer.headers.contains_key(CONTENT_ENCODING) && !answer.headers.contains_key("impersonation"));
        }
    }
    assert_eq!(world.kinds().len(), before);
}

#[tokio::test]
async fn what_runs_says_who_and_as_whom_and_by_which_tag() {
    let world = World::new().await;
    let mut browser = world.inside(&bob(), &alice()).await;
    let tag = browser.tag().await;
    let told = browser.get_json("/impersonation").await.json();
    assert_eq!(told["identity"], json!(tag));
    assert_eq!(told["true_user"], json!(bob().person));
    assert_eq!(told["current_user"], json!(alice().person));
    assert_eq!(told["now"], json!(world.clock.now().to_string()));
    assert_eq!(told["impersonation"]["mode"], "read");
}

#[tokio::test]
async fn what_has_ended_says_why_and_whose_it_was_only_to_them() {
    let world = World::new().await;
    let mut browser = world.inside(&bob(), &alice()).await;
    let handle = browser.cookies[crate::support::HANDLE].clone();
    world.clock.advance(jiff::SignedDuration::from_mins(31));
    let told = browser.get_json("/impersonation").await.json();
    assert_eq!(
        (&told["impersonation"], told["cause"].as_str(), &told["true_user"]),
        (&Value::Null, Some("expired"), &json!(bob().person))
    );
    let mut thief = world.nobody();
    thief.cookies.insert(crate::support::HANDLE.into(), handle);
    let told = thief.get_json("/impersonation").await.json();
    assert_eq!(told["true_user"], Value::Null);
    assert!(!told.to_string().contains("alice"), "{told}");
    let own = world.browser(&alice()).get_json("/impersonation").await;
    assert_eq!(own.json(), json!({"impersonation": null}));
}

#[tokio::test]
async fn a_refusal_is_json_where_the_component_has_added_that_to_what_the_page_takes() {
    let world = World::new().await;
    let mut browser = world.writing(&bob(), &alice()).await;
    let tag = browser.tag().await;
    for (accept, is_json) in
        [("*/*, application/problem+json", true), ("text/html, application/problem+json", false), ("*/*", false)]
    {
        let headers = [("accept", accept), ("content-type", "application/json"), ("identity", tag.as_str())];
        let refused = browser.raw(Method::PATCH.as_str(), "/profile", &headers, "{}").await;
        assert_eq!(refused.status, StatusCode::PRECONDITION_REQUIRED);
        assert_eq!(refused.json()["confirmation"].is_string(), is_json, "{accept}");
    }
}

#[tokio::test]
async fn what_needs_write_mode_is_named_as_people_read_it() {
    let world = World::new().await;
    let mut inside = world.inside(&bob(), &alice()).await;
    for (method, path, needed) in [
        (Method::POST, "/notes", "To add this note you have to be in write mode."),
        (Method::PATCH, "/profile", "To save this profile you have to be in write mode."),
    ] {
        let refused = inside.json(method, path, json!({})).await;
        assert_eq!((refused.status, refused.json()["needed"].as_str()), (StatusCode::FORBIDDEN, Some(needed)));
    }
}

#[tokio::test]
async fn what_a_refusal_says_is_for_people_and_tells_nobody_what_to_send() {
    let world = World::new().await;
    let (mut reading, mut writing) = (world.inside(&bob(), &alice()).await, world.writing(&bob(), &alice()).await);
    for (browser, says) in [
        (&mut reading, "You are reading only, so nothing was carried out. Switch to write, then do it again."),
        (&mut writing, "This must be confirmed before it is carried out."),
    ] {
        let refused = browser.json(Method::PATCH, "/profile", json!({})).await;
        assert_eq!(refused.json()["detail"], says);
    }
}

#[tokio::test]
async fn how_it_is_comes_from_the_ledger_and_not_from_memory() {
    let world = World::new().await;
    let mut inside = world.inside(&bob(), &alice()).await;
    inside.get("/").await;
    let before = world.kinds().len();
    let row = world.running().await.remove(0);
    let now = world.clock.now();
    let raised = raise(&row, "elsewhere", &Terms::default(), now).unwrap();
    world.ledger.apply(vec![raised]).await.unwrap();
    assert_eq!(inside.get_json("/impersonation").await.json()["impersonation"]["mode"], "write");
    let row = world.running().await.remove(0);
    let ended = end(&row, EndCause::Revoked, None, now).unwrap();
    world.ledger.apply(vec![ended]).await.unwrap();
    let told = inside.get_json("/impersonation").await.json();
    assert_eq!((&told["impersonation"], told["cause"].as_str()), (&Value::Null, Some("revoked")));
    assert_eq!(world.kinds().len(), before + 2, "asking leaves no trace");
}
