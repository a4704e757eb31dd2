//! The shop's own sign-out.

use http::StatusCode;
use serde_json::json;
use vicarious_core::EndCause;

use crate::support::{BOB, World};

#[tokio::test]
async fn signing_out_while_impersonating_stops_and_nothing_else() {
    let world = World::new().await;
    let mut bob = world.inside().await;
    let session = bob.session().to_owned();
    let before = world.store.of(&session).await;
    assert_eq!(bob.post("/logout", json!(null)).await.status, StatusCode::NO_CONTENT);
    assert_eq!(world.ends(), [EndCause::Stopped]);
    assert_eq!(bob.who().await, "Bob");
    assert_eq!((bob.session(), world.store.of(&session).await), (session.as_str(), before));
}

#[tokio::test]
async fn signing_out_as_oneself_signs_out() {
    let world = World::new().await;
    let mut bob = world.browser(BOB).await;
    assert_eq!(bob.post("/logout", json!(null)).await.status, StatusCode::NO_CONTENT);
    assert_eq!(bob.who().await, json!(null));
    assert!(world.store.records().await.is_empty());
}

#[tokio::test]
async fn signing_out_without_the_handle_ends_what_runs_and_signs_out() {
    let world = World::new().await;
    let mut bob = world.inside().await;
    bob.cookies.remove("vicarious-handle").unwrap();
    assert_eq!(bob.get("/who").await.status, StatusCode::GONE);
    assert_eq!(bob.post("/logout", json!(null)).await.status, StatusCode::NO_CONTENT);
    assert_eq!(world.ends(), [EndCause::Stopped]);
    assert_eq!(bob.who().await, json!(null));
}

#[tokio::test]
async fn a_sign_out_that_was_not_named_cannot_sign_the_agent_out_while_impersonating() {
    let world = World::new().await;
    let mut bob = world.inside().await;
    bob.post("/me/logout", json!(0)).await;
    assert_eq!(bob.who().await, "Alice");
    bob.stop().await;
    bob.post("/me/logout", json!(0)).await;
    assert_eq!(bob.who().await, json!(null));
}
