//! What holds for an application on tower-sessions alone.

use http::Method;
use http::header::{CONNECTION, UPGRADE};
use serde_json::{Value, json};
use vicarious_core::EndCause;
use vicarious_core::ports::Running;
use vicarious_testing::Browser;

use super::VERSION;
use super::library::session::Id;
use super::library::{MemoryStore, SessionManagerLayer, SessionStore};
use super::shop::{World, browsed, vicarious};
use crate::people::{ALICE, BOB, EVE};

/// Returns the session that a browser's cookie names.
fn session(browser: &Browser) -> Id {
    browser.cookies().find(|(name, _)| *name == "id").unwrap().1.parse().unwrap()
}

/// Returns whom the application's own handlers see.
async fn who(browser: &mut Browser) -> Value {
    browser.get_json("/who").await.assert_status(200).json()["name"].take()
}

async fn cart(browser: &mut Browser) -> Value {
    browser.get_json("/cart").await.json()["cart"].take()
}

#[tokio::test]
async fn a_handler_finds_the_customer_in_the_session_while_it_lasts() {
    let world = World::new().await;
    let mut bob = world.browser(BOB).await;
    assert_eq!(who(&mut bob).await, "Bob");
    let mut inside = world.start(&bob).await;
    assert_eq!(who(inside.browser()).await, "Alice");
    assert_eq!(who(&mut inside.stop().await).await, "Bob");
}

#[tokio::test]
async fn what_is_put_into_the_session_is_neither_in_the_agents_nor_in_the_customers() {
    let world = World::new().await;
    let mut alice = world.browser(ALICE).await;
    alice.send_json(Method::POST, "/cart", &json!("her tea")).await.assert_status(200);
    let mut inside = world.inside().await;
    let agents = session(inside.browser());
    let before = world.store.load(&agents).await.unwrap();
    assert_eq!(cart(inside.browser()).await, json!(null));
    inside.post_json("/cart", &json!("a kettle")).await.assert_status(200);
    assert_eq!(cart(inside.browser()).await, "a kettle");
    assert_eq!(cart(&mut alice).await, "her tea");
    let mut bob = inside.stop().await;
    assert_eq!(cart(&mut bob).await, json!(null));
    assert_eq!(world.store.load(&agents).await.unwrap(), before);
    assert_eq!(cart(world.start(&bob).await.browser()).await, json!(null), "each impersonation has its own");
}

#[tokio::test]
async fn nothing_that_a_handler_does_with_it_changes_who_is_signed_in() {
    for what in ["login", "forget", "cycle", "flush", "clear"] {
        let world = World::new().await;
        let mut bob = world.inside().await;
        let agents = session(bob.browser());
        bob.post_json(&format!("/me/{what}"), &json!(0)).await.assert_status(200);
        assert_eq!((who(bob.browser()).await, session(bob.browser())), (json!("Alice"), agents), "{what}");
        assert_eq!(who(&mut bob.stop().await).await, "Bob", "{what}");
    }
}

#[tokio::test]
async fn signing_out_while_impersonating_stops_and_signing_out_as_oneself_signs_out() {
    let world = World::new().await;
    let mut bob = world.inside().await;
    for left in [json!("Bob"), json!(null)] {
        bob.browser().post_form("/logout", &[]).await;
        assert_eq!(who(bob.browser()).await, left);
    }
}

#[tokio::test]
async fn a_session_that_is_gone_from_the_store_ends_the_impersonation() {
    let world = World::new().await;
    let mut bob = world.inside().await;
    let id = world.vicarious.ledger().running(Running::All).await.unwrap().remove(0).id;
    world.store.delete(&session(bob.browser())).await.unwrap();
    bob.get("/who").await.assert_status(410);
    let row = world.vicarious.ledger().by_id(&id).await.unwrap().unwrap();
    assert_eq!(row.end.unwrap().cause, EndCause::SignedOut);
}

#[tokio::test]
async fn somebody_else_in_the_same_session_is_another_sign_in() {
    let world = World::new().await;
    let mut bob = world.inside().await;
    let mut record = world.store.load(&session(bob.browser())).await.unwrap().unwrap();
    record.data.insert("user_id".to_owned(), json!(EVE));
    world.store.save(&record).await.unwrap();
    bob.get("/who").await.assert_status(410);
    bob.browser().drop_cookie("vicarious-handle");
    assert_eq!(who(bob.browser()).await, "Eve", "Bob's impersonation is nothing to her");
}

#[tokio::test]
async fn a_connection_whose_impersonation_has_ended_is_nobodys() {
    async fn connected(browser: &mut Browser) -> Value {
        let asks = [(CONNECTION, "upgrade"), (UPGRADE, "websocket")];
        browser.send(Method::GET, "/cable", &asks, "").await.json()
    }
    let world = World::new().await;
    let mut bob = world.inside().await;
    assert_eq!(connected(bob.browser()).await, json!({ "name": "Alice" }));
    bob.browser().drop_cookie("vicarious-handle");
    assert_eq!(connected(bob.browser()).await, json!({ "name": null }));
    bob.get("/who").await.assert_status(410);
}

#[tokio::test]
async fn a_session_layer_inside_of_ours_is_explained_to_everybody_with_the_first_request() {
    let store = MemoryStore::default();
    let vicarious = vicarious(&store);
    let home = axum::routing::get(async || "home");
    let app = axum::Router::new().route("/", home).layer(SessionManagerLayer::new(store)).layer(vicarious.layer());
    let answer = browsed(app, &vicarious).nobody().get_json("/").await;
    let detail = answer.assert_status(500).json()["detail"].as_str().unwrap().to_owned();
    assert!(detail.contains(VERSION) && detail.contains("add `.layer(session_layer)` after"), "{detail}");
}
