//! What handlers put into a session while somebody impersonates.

use http::Method;
use serde_json::json;
use vicarious_testing::Browser;

use crate::support::{ALICE, BOB, World, cart, eventually, session, things, who};

async fn put(browser: &mut Browser, item: &str) {
    browser.send_json(Method::POST, "/cart", &json!(item)).await.assert_status(200);
}

#[tokio::test]
async fn what_is_put_into_the_session_is_neither_in_the_agents_nor_in_the_customers() {
    let world = World::new().await;
    let mut alice = world.browser(ALICE).await;
    put(&mut alice, "her tea").await;
    let mut bob = world.browser(BOB).await;
    put(&mut bob, "his coffee").await;
    let before = world.store.of(&session(&bob)).await;

    let mut inside = world.start(&bob, ALICE).await;
    assert_eq!(cart(inside.browser()).await, json!(null));
    put(inside.browser(), "a kettle").await;
    assert_eq!(cart(inside.browser()).await, "a kettle");
    assert_eq!(cart(&mut alice).await, "her tea");
    assert_eq!(world.store.of(&session(inside.browser())).await, before);

    let mut bob = inside.stop().await;
    assert_eq!(cart(&mut bob).await, "his coffee");
    assert_eq!(world.store.of(&session(&bob)).await, before);
    assert_eq!(cart(&mut alice).await, "her tea");
}

#[tokio::test]
async fn it_is_gone_with_the_impersonation_and_the_next_one_begins_with_nothing() {
    let world = World::new().await;
    let mut bob = world.inside().await;
    put(bob.browser(), "a kettle").await;
    assert_eq!(world.store.records().await.len(), 2);
    let bob = bob.stop().await;
    eventually("its session is deleted", async || things(&world.store).await.is_empty()).await;
    assert_eq!(world.store.records().await.len(), 1);
    let mut bob = world.start(&bob, ALICE).await;
    assert_eq!(cart(bob.browser()).await, json!(null));
}

#[tokio::test]
async fn nothing_is_kept_where_nothing_was_put() {
    let world = World::new().await;
    let mut bob = world.inside().await;
    who(bob.browser()).await;
    bob.get("/members").await.assert_status(200);
    assert_eq!(world.store.records().await.len(), 1);
}

#[tokio::test]
async fn it_lapses_in_the_store_at_the_hard_end() {
    let world = World::new().await;
    let mut bob = world.inside().await;
    put(bob.browser(), "a kettle").await;
    bob.post_json("/me/expire", &json!(0)).await.assert_status(200);
    let records = world.store.records().await;
    let own = records.iter().find(|record| record.data.contains_key("cart")).unwrap();
    let left = own.expiry_date - time::OffsetDateTime::now_utc();
    assert!(left > time::Duration::minutes(29) && left <= time::Duration::minutes(30), "{left}");
}

#[tokio::test]
async fn nothing_that_a_handler_does_with_it_touches_the_agents_sign_in() {
    for what in ["login", "renew", "logout", "flush", "cycle", "delete", "save", "expire"] {
        let world = World::new().await;
        let bob = world.browser(BOB).await;
        let agents = session(&bob);
        let before = world.store.of(&agents).await;
        let mut bob = world.start(&bob, ALICE).await;
        put(bob.browser(), "a kettle").await;
        let answer = bob.post_json(&format!("/me/{what}"), &json!(0)).await;
        assert!(answer.status.is_success(), "{what}: {answer}");
        assert_eq!(who(bob.browser()).await, "Alice", "{what}");
        assert_eq!(session(bob.browser()), agents, "{what}");
        assert_eq!(world.store.of(&agents).await, before, "{what}");
        assert_eq!(who(&mut bob.stop().await).await, "Bob", "{what}");
        eventually("its session is deleted", async || world.store.records().await.len() == 1).await;
    }
}

#[tokio::test]
async fn no_session_but_the_agents_is_a_sign_in() {
    for what in ["login", "renew", "save", "cycle"] {
        let world = World::new().await;
        let mut bob = world.inside().await;
        put(bob.browser(), "a kettle").await;
        let shown = bob.post_json(&format!("/me/{what}"), &json!(0)).await.text;
        let kept = world.store.records().await.into_iter().map(|record| record.id.to_string());
        let agents = session(bob.browser());
        for id in kept.chain([shown]).filter(|id| !id.is_empty() && *id != agents) {
            let mut thief = world.app.nobody();
            thief.keep_cookie("id", id);
            assert_eq!(who(&mut thief).await, json!(null), "{what}");
        }
    }
}

#[tokio::test]
async fn the_identifier_that_a_handler_sees_opens_nothing_and_stays_the_same() {
    let world = World::new().await;
    let mut bob = world.inside().await;
    put(bob.browser(), "a kettle").await;
    let shown = bob.post_json("/me/nothing", &json!(0)).await.text;
    assert_eq!(bob.post_json("/me/nothing", &json!(0)).await.text, shown);
    assert_ne!(shown, session(bob.browser()));
    assert_eq!(world.store.of(&shown).await, None);
}
