//! The shop's own sign-out.

use serde_json::json;
use vicarious_core::EndCause;

use crate::support::{BOB, World, session, who};

#[tokio::test]
async fn signing_out_while_impersonating_stops_and_nothing_else() {
    let world = World::new().await;
    let mut bob = world.inside().await;
    let before = session(bob.browser());
    let kept = world.store.of(&before).await;
    bob.post("/logout").as_json().await.assert_status(204);
    assert_eq!(world.ends(), [EndCause::Stopped]);
    assert_eq!(who(bob.browser()).await, "Bob");
    assert_eq!((session(bob.browser()), world.store.of(&before).await), (before, kept));
}

#[tokio::test]
async fn signing_out_as_oneself_signs_out() {
    let world = World::new().await;
    let mut bob = world.browser(BOB).await;
    bob.post_form("/logout", &[]).await.assert_status(204);
    assert_eq!(who(&mut bob).await, json!(null));
    assert!(world.store.records().await.is_empty());
}

#[tokio::test]
async fn signing_out_without_the_handle_ends_what_runs_and_signs_out() {
    let world = World::new().await;
    let mut bob = world.inside().await;
    bob.browser().drop_cookie("vicarious-handle");
    bob.get("/who").await.assert_status(410);
    bob.post("/logout").as_json().await.assert_status(204);
    assert_eq!(world.ends(), [EndCause::Stopped]);
    assert_eq!(who(bob.browser()).await, json!(null));
}

#[tokio::test]
async fn a_sign_out_that_was_not_named_cannot_sign_the_agent_out_while_impersonating() {
    let world = World::new().await;
    let mut bob = world.inside().await;
    bob.post_json("/me/logout", &json!(0)).await.assert_status(200);
    assert_eq!(who(bob.browser()).await, "Alice");
    let mut bob = bob.stop().await;
    bob.post_form("/me/logout", &[]).await.assert_status(200);
    assert_eq!(who(&mut bob).await, json!(null));
}
