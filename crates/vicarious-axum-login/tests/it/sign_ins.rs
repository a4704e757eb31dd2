//! What one sign-in is, and that an impersonation does not outlive its own.

use serde_json::json;
use vicarious_core::EndCause;
use vicarious_core::ports::Running;

use crate::support::{ALICE, BOB, CAROL, EVE, World, session, who};

#[tokio::test]
async fn a_session_that_expires_in_the_store_ends_the_impersonation() {
    let world = World::new().await;
    let mut bob = world.inside().await;
    let mut record = world.store.of(&session(bob.browser())).await.unwrap();
    record.expiry_date = time::OffsetDateTime::now_utc() - time::Duration::SECOND;
    world.store.put(&record).await;
    bob.get("/who").await.assert_status(410);
    assert_eq!(world.ends(), [EndCause::SignedOut]);
}

#[tokio::test]
async fn it_ends_by_itself_when_nobody_comes_back() {
    let world = World::new().await;
    let bob = world.inside().await;
    let mut record = world.store.of(&session(&bob.stolen())).await.unwrap();
    record.expiry_date = time::OffsetDateTime::now_utc() - time::Duration::SECOND;
    world.store.put(&record).await;
    assert_eq!(world.an_end().await, [EndCause::SignedOut]);
}

#[tokio::test]
async fn a_session_whose_identifier_is_cycled_is_another_sign_in() {
    let world = World::new().await;
    let mut same = world.browser(BOB).await;
    let mut bob = world.start(&same, ALICE).await;
    // Its sign-in has an impersonation, but it has no handle.
    same.get("/who").await.assert_status(410);
    let mut record = world.store.of(&session(&same)).await.unwrap();
    record.id = axum_login::tower_sessions::session::Id::default();
    world.store.put(&record).await;
    let mut cycled = same.clone();
    cycled.keep_cookie("id", record.id.to_string());
    assert_eq!(who(&mut cycled).await, "Bob", "a sign-in of its own");
    let mut cycled = bob.stolen();
    cycled.keep_cookie("id", record.id.to_string());
    // The handle is bound to the sign-in before.
    cycled.get("/who").await.assert_status(410);
    assert_eq!(who(bob.browser()).await, "Alice");
}

#[tokio::test]
async fn a_second_sign_in_of_the_same_person_is_another_one() {
    let world = World::new().await;
    let mut bob = world.inside().await;
    let mut elsewhere = world.browser(BOB).await;
    assert_eq!(who(&mut elsewhere).await, "Bob");
    assert_eq!(who(bob.browser()).await, "Alice");
    elsewhere.post_form("/logout", &[]).await.assert_status(204);
    assert_eq!(who(bob.browser()).await, "Alice");
}

#[tokio::test]
async fn somebody_else_who_signs_in_over_it_does_not_get_the_impersonation() {
    let world = World::new().await;
    let mut bob = world.inside().await;
    let before = session(bob.browser());
    bob.post_json("/login", &json!(EVE)).await.assert_status(200);
    assert_eq!(session(bob.browser()), before, "axum-login keeps the identifier of a session that is signed in");
    bob.get("/who").await.assert_status(410);
    assert_eq!(world.an_end().await, [EndCause::SignedOut], "nobody's any more");
    assert_eq!(who(&mut bob.stop().await).await, "Eve");
}

#[tokio::test]
async fn a_password_that_changes_elsewhere_ends_the_impersonation() {
    let world = World::new().await;
    let mut bob = world.inside().await;
    world.backend.change(BOB, |user| user.pw_hash = b"another".to_vec());
    bob.get("/who").await.assert_status(410);
    assert_eq!(world.ends(), [EndCause::SignedOut]);
}

#[tokio::test]
async fn the_customers_new_password_does_not_end_it() {
    let world = World::new().await;
    let mut bob = world.inside().await;
    world.backend.change(ALICE, |user| user.pw_hash = b"another".to_vec());
    assert_eq!(who(bob.browser()).await, "Alice");
}

#[tokio::test]
async fn the_key_in_the_ledger_is_not_the_session() {
    let world = World::new().await;
    let bob = world.inside().await;
    let running = world.vicarious.ledger().running(Running::All).await.unwrap();
    let key = running.first().unwrap().sign_in.as_str();
    assert!(!key.contains(&session(&bob.stolen())), "{key}");
    let mut thief = world.app.nobody();
    thief.keep_cookie("id", key);
    assert_eq!(who(&mut thief).await, json!(null));
}

#[tokio::test]
async fn a_sign_in_of_long_ago_is_not_recent_enough_to_start() {
    let world = World::new().await;
    let bob = world.browser(BOB).await;
    let mut record = world.store.of(&session(&bob)).await.unwrap();
    for since in [json!("2001-01-01T00:00:00Z"), json!(978_307_200), json!(null)] {
        record.data.insert("since".to_owned(), since);
        world.store.put(&record).await;
        world.start(&bob, CAROL).refused().await.assert_status(403);
    }
    record.data.insert("since".to_owned(), json!(vicarious_core::Timestamp::now().as_second()));
    world.store.put(&record).await;
    world.start(&bob, CAROL).await;
}
