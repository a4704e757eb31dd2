//! What handlers put into a session while somebody impersonates.

use serde_json::json;

use crate::support::{ALICE, BOB, World, eventually, things};

#[tokio::test]
async fn what_is_put_into_the_session_is_neither_in_the_agents_nor_in_the_customers() {
    let world = World::new().await;
    let mut alice = world.browser(ALICE).await;
    alice.post("/cart", json!("her tea")).await;
    let mut bob = world.browser(BOB).await;
    bob.post("/cart", json!("his coffee")).await;
    let before = world.store.of(bob.session()).await;

    bob.start(ALICE).await;
    assert_eq!(bob.cart().await, json!(null));
    bob.post("/cart", json!("a kettle")).await;
    assert_eq!(bob.cart().await, "a kettle");
    assert_eq!(alice.cart().await, "her tea");
    assert_eq!(world.store.of(bob.session()).await, before);

    bob.stop().await;
    assert_eq!(bob.cart().await, "his coffee");
    assert_eq!(world.store.of(bob.session()).await, before);
    assert_eq!(alice.cart().await, "her tea");
}

#[tokio::test]
async fn it_is_gone_with_the_impersonation_and_the_next_one_begins_with_nothing() {
    let world = World::new().await;
    let mut bob = world.inside().await;
    bob.post("/cart", json!("a kettle")).await;
    assert_eq!(world.store.records().await.len(), 2);
    bob.stop().await;
    eventually("its session is deleted", async || things(&world.store).await.is_empty()).await;
    assert_eq!(world.store.records().await.len(), 1);
    bob.start(ALICE).await;
    assert_eq!(bob.cart().await, json!(null));
}

#[tokio::test]
async fn nothing_is_kept_where_nothing_was_put() {
    let world = World::new().await;
    let mut bob = world.inside().await;
    bob.who().await;
    bob.get("/members").await;
    assert_eq!(world.store.records().await.len(), 1);
}

#[tokio::test]
async fn it_lapses_in_the_store_at_the_hard_end() {
    let world = World::new().await;
    let mut bob = world.inside().await;
    bob.post("/cart", json!("a kettle")).await;
    bob.post("/me/expire", json!(0)).await;
    let records = world.store.records().await;
    let own = records.iter().find(|record| record.data.contains_key("cart")).unwrap();
    let left = own.expiry_date - time::OffsetDateTime::now_utc();
    assert!(left > time::Duration::minutes(29) && left <= time::Duration::minutes(30), "{left}");
}

#[tokio::test]
async fn nothing_that_a_handler_does_with_it_touches_the_agents_sign_in() {
    for what in ["login", "renew", "logout", "flush", "cycle", "delete", "save", "expire"] {
        let world = World::new().await;
        let mut bob = world.browser(BOB).await;
        let (session, before) = (bob.session().to_owned(), world.store.of(bob.session()).await);
        bob.start(ALICE).await;
        bob.post("/cart", json!("a kettle")).await;
        let answer = bob.post(&format!("/me/{what}"), json!(0)).await;
        assert!(answer.status.is_success(), "{what}: {answer:?}");
        assert_eq!(bob.who().await, "Alice", "{what}");
        assert_eq!(bob.session(), session, "{what}");
        assert_eq!(world.store.of(&session).await, before, "{what}");
        bob.stop().await;
        assert_eq!(bob.who().await, "Bob", "{what}");
        eventually("its session is deleted", async || world.store.records().await.len() == 1).await;
    }
}

#[tokio::test]
async fn no_session_but_the_agents_is_a_sign_in() {
    for what in ["login", "renew", "save", "cycle"] {
        let world = World::new().await;
        let mut bob = world.inside().await;
        bob.post("/cart", json!("a kettle")).await;
        let shown = bob.post(&format!("/me/{what}"), json!(0)).await.text;
        let kept = world.store.records().await.into_iter().map(|record| record.id.to_string());
        for id in kept.chain([shown]).filter(|id| !id.is_empty() && id != bob.session()) {
            let mut thief = world.nobody();
            thief.cookies.insert("id".to_owned(), id);
            assert_eq!(thief.who().await, json!(null), "{what}");
        }
    }
}

#[tokio::test]
async fn the_identifier_that_a_handler_sees_opens_nothing_and_stays_the_same() {
    let world = World::new().await;
    let mut bob = world.inside().await;
    bob.post("/cart", json!("a kettle")).await;
    let shown = bob.post("/me/nothing", json!(0)).await.text;
    assert_eq!(bob.post("/me/nothing", json!(0)).await.text, shown);
    assert_ne!(shown, bob.session());
    assert_eq!(world.store.of(&shown).await, None);
}
