//! What holds for an application on tower-sessions alone.

use http::StatusCode;
use serde_json::json;
use vicarious_core::EndCause;
use vicarious_core::ports::Running;

use super::VERSION;
use super::library::{MemoryStore, SessionManagerLayer, SessionStore};
use super::shop::{World, vicarious};
use crate::browser::Browser;
use crate::people::{ALICE, BOB, EVE};

#[tokio::test]
async fn a_handler_finds_the_customer_in_the_session_while_it_lasts() {
    let world = World::new().await;
    let mut bob = world.browser(BOB).await;
    assert_eq!(bob.who().await, "Bob");
    bob.start(ALICE).await;
    assert_eq!(bob.who().await, "Alice");
    bob.stop().await;
    assert_eq!(bob.who().await, "Bob");
}

#[tokio::test]
async fn what_is_put_into_the_session_is_neither_in_the_agents_nor_in_the_customers() {
    let world = World::new().await;
    let mut alice = world.browser(ALICE).await;
    alice.post("/cart", json!("her tea")).await;
    let mut bob = world.inside().await;
    let session = bob.session().parse().unwrap();
    let before = world.store.load(&session).await.unwrap();
    assert_eq!(bob.cart().await, json!(null));
    bob.post("/cart", json!("a kettle")).await;
    assert_eq!(bob.cart().await, "a kettle");
    assert_eq!(alice.cart().await, "her tea");
    bob.stop().await;
    assert_eq!(bob.cart().await, json!(null));
    assert_eq!(world.store.load(&session).await.unwrap(), before);
    bob.start(ALICE).await;
    assert_eq!(bob.cart().await, json!(null), "each impersonation has its own");
}

#[tokio::test]
async fn nothing_that_a_handler_does_with_it_changes_who_is_signed_in() {
    for what in ["login", "forget", "cycle", "flush", "clear"] {
        let world = World::new().await;
        let mut bob = world.inside().await;
        let session = bob.session().to_owned();
        assert_eq!(bob.post(&format!("/me/{what}"), json!(0)).await.status, StatusCode::OK, "{what}");
        assert_eq!((bob.who().await, bob.session()), (json!("Alice"), session.as_str()), "{what}");
        bob.stop().await;
        assert_eq!(bob.who().await, "Bob", "{what}");
    }
}

#[tokio::test]
async fn signing_out_while_impersonating_stops_and_signing_out_as_oneself_signs_out() {
    let world = World::new().await;
    let mut bob = world.inside().await;
    bob.post("/logout", json!(null)).await;
    assert_eq!(bob.who().await, "Bob");
    bob.post("/logout", json!(null)).await;
    assert_eq!(bob.who().await, json!(null));
}

#[tokio::test]
async fn a_session_that_is_gone_from_the_store_ends_the_impersonation() {
    let world = World::new().await;
    let mut bob = world.inside().await;
    let id = world.vicarious.ledger().running(Running::All).await.unwrap().remove(0).id;
    world.store.delete(&bob.session().parse().unwrap()).await.unwrap();
    assert_eq!(bob.get("/who").await.status, StatusCode::GONE);
    let row = world.vicarious.ledger().by_id(&id).await.unwrap().unwrap();
    assert_eq!(row.end.unwrap().cause, EndCause::SignedOut);
}

#[tokio::test]
async fn somebody_else_in_the_same_session_is_another_sign_in() {
    let world = World::new().await;
    let mut bob = world.inside().await;
    let id = bob.session().parse().unwrap();
    let mut record = world.store.load(&id).await.unwrap().unwrap();
    record.data.insert("user_id".to_owned(), json!(EVE));
    world.store.save(&record).await.unwrap();
    assert_eq!(bob.get("/who").await.status, StatusCode::GONE);
    bob.cookies.remove("vicarious-handle").unwrap();
    assert_eq!(bob.who().await, "Eve", "Bob's impersonation is nothing to her");
}

#[tokio::test]
async fn a_connection_whose_impersonation_has_ended_is_nobodys() {
    let world = World::new().await;
    let mut bob = world.inside().await;
    assert_eq!(bob.connect("/cable").await.json()["name"], "Alice");
    bob.cookies.remove("vicarious-handle").unwrap();
    assert_eq!(bob.connect("/cable").await.json(), json!({ "name": null }));
    assert_eq!(bob.get("/who").await.status, StatusCode::GONE);
}

#[tokio::test]
async fn a_session_layer_inside_of_ours_is_explained_to_everybody_with_the_first_request() {
    let store = MemoryStore::default();
    let vicarious = vicarious(&store);
    let home = axum::routing::get(async || "home");
    let app = axum::Router::new().route("/", home).layer(SessionManagerLayer::new(store)).layer(vicarious.layer());
    let answer = Browser::new(app).get("/").await;
    assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
    let detail = answer.json()["detail"].as_str().unwrap().to_owned();
    assert!(detail.contains(VERSION) && detail.contains("add `.layer(session_layer)` after"), "{detail}");
}
