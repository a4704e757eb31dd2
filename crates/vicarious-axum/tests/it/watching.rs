//! Whoever watches has seen an event before its answer leaves, and once.

use std::sync::{Arc, Mutex, OnceLock};

use axum::Router;
use axum::routing::post;
use http::{Method, StatusCode};
use jiff::SignedDuration;
use serde_json::{Value, json};
use testkit::people::{alice, bob, carol, dana};
use vicarious_axum::{Event, Vicarious, Watch};
use vicarious_core::decide::{Decision, end};
use vicarious_core::ports::Ledger;
use vicarious_core::{Account, EndCause, Identity};

use crate::support::{Accounts, World};

/// Remembers what it saw, in words.
#[derive(Default)]
pub(crate) struct Diary(Mutex<Vec<String>>);

impl Diary {
    pub(crate) fn of(vicarious: &Vicarious) -> Arc<Self> {
        let diary = Arc::new(Self::default());
        vicarious.watch(diary.clone());
        diary
    }

    /// Returns what was seen since it was last asked.
    pub(crate) fn page(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

impl Watch for Diary {
    fn seen(&self, event: &Event<'_>) {
        self.0.lock().unwrap().push(match event {
            Event::Started(row) => format!("{} as {}", row.true_user.id, row.current_user.id),
            Event::Ended(row, cause) => {
                assert_eq!(row.end.as_ref().map(|end| end.cause), Some(*cause));
                format!("{} left {}: {}", row.true_user.id, row.current_user.id, cause.as_str())
            }
            Event::ModeChanged(row) => {
                format!("{} as {}: {}", row.true_user.id, row.current_user.id, row.mode.as_str())
            }
            Event::SignedOut(key) => format!("{key} signed out"),
            Event::AccountChanged(id) => format!("{id} changed"),
            Event::ConsentChanged(consent) => format!("consent of {} {:?}", consent.account.id, consent.state),
            other => format!("{other:?}"),
        });
    }
}

fn themselves(account: Account) -> Identity {
    Identity::own(account)
}

#[tokio::test]
async fn starting_raising_and_stopping_are_seen_in_their_order() {
    let world = World::new().await;
    let diary = Diary::of(&world.vicarious);
    let mut browser = world.inside(&bob(), &alice()).await;
    assert_eq!(diary.page(), ["bob as alice"]);
    let raise = json!({"mode": "write", "reason": "r"});
    browser.json(Method::PATCH, "/impersonation", raise.clone()).await;
    assert_eq!(diary.page(), ["bob as alice: write"]);
    browser.json(Method::PATCH, "/impersonation", json!({"mode": "read"})).await;
    assert_eq!(diary.page(), ["bob as alice: read"]);
    browser.stop().await;
    assert_eq!(diary.page(), ["bob left alice: stopped"]);
    browser.stop().await;
    browser.get("/").await;
    assert!(diary.page().is_empty(), "nothing happened");
}

#[tokio::test]
async fn a_switch_and_a_continuation_end_the_one_before_first() {
    let world = World::new().await;
    let mut browser = world.inside(&bob(), &alice()).await;
    let diary = Diary::of(&world.vicarious);
    for (customer, cause) in [(alice(), "continued"), (carol(), "switched")] {
        let running = world.running().await.remove(0).id;
        let body = json!({"account_id": customer.id(), "reason": "r", "instead_of": running});
        let answer = browser.json(Method::POST, "/impersonation", body).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{answer:?}");
        assert_eq!(diary.page(), [format!("bob left alice: {cause}"), format!("bob as {}", customer.id())]);
    }
}

#[tokio::test]
async fn whoever_ends_it_and_for_whatever_cause_it_is_seen_once() {
    for (cause, seen) in [
        (EndCause::Revoked, vec!["bob left alice: revoked"]),
        (EndCause::Paused, vec!["bob left alice: paused"]),
        (EndCause::ConsentWithdrawn, vec!["consent of alice Withdrawn", "bob left alice: consent_withdrawn"]),
        (EndCause::Expired, vec!["bob left alice: expired"]),
        (EndCause::IdledOut, vec!["bob left alice: idle"]),
        (EndCause::PermissionLost, vec!["bob left alice: permission_lost"]),
        (EndCause::AccountGone, vec!["bob left alice: account_gone"]),
        (EndCause::SignedOut, vec!["bob left alice: signed_out"]),
    ] {
        let world = World::new().await;
        let mut browser = world.inside(&bob(), &alice()).await;
        let diary = Diary::of(&world.vicarious);
        let (vicarious, row) = (&world.vicarious, world.running().await.remove(0));
        match cause {
            EndCause::Revoked => vicarious.revoke(&themselves(dana()), &row.id).await.unwrap(),
            EndCause::Paused => vicarious.pause(None, "an incident").await.unwrap(),
            EndCause::ConsentWithdrawn => {
                let consent = row.consent.unwrap();
                vicarious.decide_consent(&themselves(alice()), &consent, Decision::Withdraw).await.unwrap();
            }
            EndCause::Expired => world.clock.advance(SignedDuration::from_hours(1)),
            EndCause::IdledOut => world.clock.advance(SignedDuration::from_mins(10)),
            EndCause::PermissionLost => world.accounts.change(&bob(), |user| user.rights.clear()),
            EndCause::AccountGone => world.accounts.delete(&alice()),
            _ => world.accounts.sessions.lock().unwrap().clear(),
        }
        // What nobody did is found out: by a request or by the sweep.
        if diary.0.lock().unwrap().is_empty() {
            assert_eq!(browser.get("/").await.status, StatusCode::GONE);
        }
        assert_eq!(diary.page(), seen);
        vicarious.sweep().await.unwrap();
        assert_eq!(browser.get("/").await.status, StatusCode::GONE);
        assert!(diary.page().is_empty(), "{cause:?} is told once");
    }
}

#[tokio::test]
async fn a_stop_that_only_the_journal_could_take_is_seen_before_its_answer() {
    let world = World::new().await;
    let mut browser = world.inside(&bob(), &alice()).await;
    let diary = Diary::of(&world.vicarious);
    world.ledger.fail(true);
    assert_eq!(browser.stop().await.status, StatusCode::OK);
    assert_eq!(diary.page(), ["bob left alice: stopped"]);
    world.ledger.fail(false);
    world.vicarious.sweep().await.unwrap();
    assert!(world.running().await.is_empty());
    assert!(diary.page().is_empty());
}

#[tokio::test]
async fn what_was_not_committed_is_not_told() {
    let world = World::new().await;
    let mut browser = world.browser(&bob());
    let diary = Diary::of(&world.vicarious);
    world.ledger.fail(true);
    assert_eq!(browser.start(&alice()).await.status, StatusCode::SERVICE_UNAVAILABLE);
    world.ledger.fail(false);
    assert_eq!(browser.start(&bob()).await.status, StatusCode::NOT_FOUND);
    assert!(diary.page().is_empty());
}

#[tokio::test]
async fn the_end_that_another_process_recorded_is_found_out_and_seen_once() {
    for by_request in [true, false] {
        let world = World::new().await;
        let mut browser = world.inside(&bob(), &alice()).await;
        let diary = Diary::of(&world.vicarious);
        let row = world.running().await.remove(0);
        let over = end(&row, EndCause::Revoked, None, world.clock.now()).unwrap();
        world.ledger.apply(vec![over]).await.unwrap();
        if by_request {
            assert_eq!(browser.get("/").await.status, StatusCode::GONE);
        } else {
            world.vicarious.sweep().await.unwrap();
        }
        assert_eq!(diary.page(), ["bob left alice: revoked"]);
        world.vicarious.sweep().await.unwrap();
        browser.get("/").await;
        assert!(diary.page().is_empty());
    }
}

#[tokio::test]
async fn a_sign_out_is_seen_before_its_answer_also_that_of_a_customer() {
    let world = World::new().await;
    for account in [alice(), bob()] {
        let mut browser = world.browser(&account);
        let diary = Diary::of(&world.vicarious);
        browser.json(Method::DELETE, "/session", Value::Null).await;
        assert_eq!(diary.page(), [format!("{} signed out", browser.cookies["session"])]);
    }
}

#[tokio::test]
async fn a_sign_out_that_is_a_stop_signs_nobody_out() {
    let world = World::new().await;
    let mut browser = world.inside(&bob(), &alice()).await;
    let diary = Diary::of(&world.vicarious);
    browser.json(Method::DELETE, "/session", Value::Null).await;
    assert_eq!(diary.page(), ["bob left alice: stopped"]);
}

#[tokio::test]
async fn a_sign_in_tells_that_the_one_before_is_over_only_if_it_is() {
    let accounts = Arc::new(OnceLock::<Accounts>::new());
    let of_the_host = accounts.clone();
    let replaces = move || async move { of_the_host.get().unwrap().sessions.lock().unwrap().clear() };
    let routes = Router::new().route("/replacing", post(replaces));
    let world = World::of(|builder, _| builder.sign_in("POST /replacing"), routes).await;
    accounts.set(world.accounts.clone()).ok().unwrap();
    let mut browser = world.browser(&alice());
    let diary = Diary::of(&world.vicarious);
    browser.json(Method::POST, "/session", Value::Null).await;
    assert!(diary.page().is_empty(), "this sign-in route keeps the one before");
    browser.json(Method::POST, "/replacing", Value::Null).await;
    assert_eq!(diary.page(), [format!("{} signed out", browser.cookies["session"])]);
}

#[tokio::test]
async fn what_the_host_says_to_forget_is_told() {
    let world = World::new().await;
    let diary = Diary::of(&world.vicarious);
    world.vicarious.forget(alice().id());
    world.vicarious.forget_sign_in(&"session-1".into());
    assert_eq!(diary.page(), ["alice changed", "session-1 signed out"]);
}

#[tokio::test]
async fn a_watcher_that_panics_harms_nobody() {
    struct Panics;
    impl Watch for Panics {
        fn seen(&self, _: &Event<'_>) {
            panic!("a mistake of the host");
        }
    }
    let world = World::new().await;
    world.vicarious.watch(Arc::new(Panics));
    let diary = Diary::of(&world.vicarious);
    let mut browser = world.inside(&bob(), &alice()).await;
    assert_eq!(browser.stop().await.status, StatusCode::OK);
    assert_eq!(diary.page(), ["bob as alice", "bob left alice: stopped"]);
}
