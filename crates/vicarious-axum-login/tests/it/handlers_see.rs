//! Whom handlers and axum-login's own predicates see.

use http::StatusCode;
use serde_json::json;

use crate::support::{ALICE, BOB, World};

#[tokio::test]
async fn a_handler_that_takes_an_auth_session_sees_the_customer_while_it_lasts() {
    let world = World::new().await;
    let mut bob = world.browser(BOB).await;
    assert_eq!(bob.who().await, "Bob");
    assert_eq!(bob.start(ALICE).await.status, StatusCode::CREATED);
    assert_eq!(bob.who().await, "Alice");
    assert_eq!(bob.get("/members").await.json(), json!({ "name": "Alice" }));
    assert_eq!(bob.stop().await.status, StatusCode::OK);
    assert_eq!(bob.who().await, "Bob");
}

#[tokio::test]
async fn permissions_are_the_customers() {
    let world = World::new().await;
    let mut bob = world.browser(BOB).await;
    assert_eq!(bob.get("/till").await.status, StatusCode::OK);
    bob.start(ALICE).await;
    assert_eq!(bob.get("/till").await.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn a_customer_is_who_they_were_and_nobody_is_nobody() {
    let world = World::new().await;
    let mut alice = world.browser(ALICE).await;
    let session = alice.session().to_owned();
    assert_eq!(alice.who().await, "Alice");
    assert_eq!(alice.start(BOB).await.status, StatusCode::NOT_FOUND);
    assert_eq!(alice.session(), session);
    let mut nobody = world.nobody();
    assert_eq!(nobody.who().await, json!(null));
    assert_eq!(nobody.get("/members").await.status, StatusCode::UNAUTHORIZED);
    assert!(nobody.cookies.is_empty());
}

#[tokio::test]
async fn an_account_is_found_by_the_id_that_axum_login_knows_and_by_no_other_spelling() {
    let world = World::new().await;
    let mut bob = world.browser(BOB).await;
    for spelled in ["01", "alice", "", "not asked for", "99"] {
        let body = json!({ "account_id": spelled, "reason": "cannot see the invoice", "ticket": "SUP-1" });
        let answer = bob.post("/impersonation", body).await;
        assert!(answer.status.is_client_error(), "{spelled}: {answer:?}");
    }
    assert_eq!(bob.start(ALICE).await.status, StatusCode::CREATED);
}

#[tokio::test]
async fn a_disabled_account_is_not_impersonated() {
    let world = World::new().await;
    world.backend.change(ALICE, |user| user.disabled = true);
    let mut bob = world.browser(BOB).await;
    assert_eq!(bob.start(ALICE).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_session_store_that_fails_is_an_outage_and_ends_nothing() {
    let world = World::new().await;
    let mut bob = world.inside().await;
    world.store.fail(true);
    assert!(bob.get("/who").await.status.is_server_error());
    world.store.fail(false);
    assert_eq!(bob.who().await, "Alice");
    assert!(world.ends().is_empty());
}
