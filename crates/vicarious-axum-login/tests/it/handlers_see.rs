//! Whom handlers and axum-login's own predicates see.

use serde_json::json;

use crate::support::{ALICE, BOB, World, session, who};

#[tokio::test]
async fn a_handler_that_takes_an_auth_session_sees_the_customer_while_it_lasts() {
    let world = World::new().await;
    let mut bob = world.browser(BOB).await;
    assert_eq!(who(&mut bob).await, "Bob");
    let mut inside = world.start(&bob, ALICE).await;
    assert_eq!(who(inside.browser()).await, "Alice");
    assert_eq!(inside.get("/members").as_json().await.json(), json!({ "name": "Alice" }));
    assert_eq!(who(&mut inside.stop().await).await, "Bob");
}

#[tokio::test]
async fn permissions_are_the_customers() {
    let world = World::new().await;
    let mut bob = world.browser(BOB).await;
    bob.get("/till").await.assert_status(200);
    world.start(&bob, ALICE).await.get("/till").await.assert_status(403);
}

#[tokio::test]
async fn a_customer_is_who_they_were_and_nobody_is_nobody() {
    let world = World::new().await;
    let mut alice = world.browser(ALICE).await;
    let before = session(&alice);
    assert_eq!(who(&mut alice).await, "Alice");
    let refused = world.start(&alice, BOB).refused().await;
    assert_eq!(refused.assert_status(404).header("set-cookie"), None);
    assert_eq!(session(&alice), before);
    let mut nobody = world.app.nobody();
    assert_eq!(who(&mut nobody).await, json!(null));
    nobody.get("/members").await.assert_status(401);
    assert!(nobody.cookies().next().is_none());
}

#[tokio::test]
async fn an_account_is_found_by_the_id_that_axum_login_knows_and_by_no_other_spelling() {
    let world = World::new().await;
    let bob = world.browser(BOB).await;
    for spelled in ["01", "alice", "", "not asked for", "99"] {
        let answer = world.app.as_agent("bob").impersonating(spelled).from(&bob).refused().await;
        assert!(answer.status.is_client_error(), "{spelled}: {answer}");
    }
    world.start(&bob, ALICE).await;
}

#[tokio::test]
async fn a_disabled_account_is_not_impersonated() {
    let world = World::new().await;
    world.backend.change(ALICE, |user| user.disabled = true);
    world.start(&world.browser(BOB).await, ALICE).refused().await.assert_status(404);
}

#[tokio::test]
async fn a_session_store_that_fails_is_an_outage_and_ends_nothing() {
    let world = World::new().await;
    let mut bob = world.inside().await;
    world.store.fail(true);
    assert!(bob.get("/who").await.status.is_server_error());
    world.store.fail(false);
    assert_eq!(who(bob.browser()).await, "Alice");
    assert!(world.ends().is_empty());
}
