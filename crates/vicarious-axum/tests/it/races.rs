//! Many at once: of one sign-in, of one agent, of starts and stops.

use std::collections::BTreeMap;

use http::{Method, StatusCode};
use serde_json::json;
use testkit::people::{alice, bob, carol};
use vicarious_core::Kind;
use vicarious_core::audit::Recorded;

use crate::support::{Browser, World};

/// Checks that what is on record is a path that each impersonation may take, and at most one at a time per sign-in.
fn check_history(entries: &[Recorded], at_once: usize) {
    let mut running = 0_usize;
    let mut state: BTreeMap<String, &str> = BTreeMap::new();
    for Recorded { seq, entry } in entries {
        let Some(id) = entry.impersonation.as_ref().map(ToString::to_string) else { continue };
        let known = state.get(id.as_str()).copied();
        let next = match (entry.kind, known) {
            (Kind::Started, None) => {
                running += 1;
                "running"
            }
            (Kind::Stopped, Some("running")) => {
                running -= 1;
                "acknowledged"
            }
            (Kind::Ended | Kind::Expired | Kind::IdledOut | Kind::Revoked, Some("running")) => {
                running -= 1;
                "ended"
            }
            (Kind::Acknowledged, Some("ended")) => "acknowledged",
            (Kind::Intent | Kind::ModeRaised | Kind::ModeLowered, Some("running")) => "running",
            (Kind::Outcome | Kind::RequestRefused, Some(known)) => known,
            (kind, known) => panic!("{} after {known:?} at {seq}", kind.as_str()),
        };
        state.insert(id, next);
        assert!(running <= at_once, "{running} at once at {seq}");
    }
}

async fn all_at_once(browsers: Vec<Browser>, what: impl Fn(usize) -> &'static str) -> Vec<StatusCode> {
    let tasks: Vec<_> = browsers
        .into_iter()
        .enumerate()
        .map(|(index, mut browser)| {
            let what = what(index);
            tokio::spawn(async move {
                let customer = if index % 3 == 0 { carol() } else { alice() };
                match what {
                    "start" => browser.start(&customer).await.status,
                    "stop" => browser.stop().await.status,
                    "write" => {
                        let body = json!({"mode": "write", "reason": "r"});
                        browser.json(Method::PATCH, "/impersonation", body).await.status
                    }
                    "note" => browser.json(Method::POST, "/notes", json!({})).await.status,
                    _ => browser.get("/").await.status,
                }
            })
        })
        .collect();
    let mut statuses = Vec::new();
    for task in tasks {
        statuses.push(task.await.unwrap());
    }
    statuses
}

// T28
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_64_concurrent_starts_of_one_sign_in_exactly_one_succeeds() {
    let world = World::new().await;
    let browser = world.browser(&bob());
    let statuses = all_at_once(vec![browser; 64], |_| "start").await;
    let count = |wanted| statuses.iter().filter(|status| **status == wanted).count();
    assert_eq!((count(StatusCode::CREATED), count(StatusCode::CONFLICT)), (1, 63), "{statuses:?}");
    assert_eq!(world.running().await.len(), 1);
    assert_eq!(world.count("impersonation.refused"), 63);
    check_history(&world.ledger.entries_snapshot(), 1);
}

// T28
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_64_concurrent_stops_one_is_on_record_and_all_succeed() {
    let world = World::new().await;
    let browser = world.inside(&bob(), &alice()).await;
    let statuses = all_at_once(vec![browser.clone(); 64], |_| "stop").await;
    assert_eq!(statuses, [StatusCode::OK; 64]);
    assert!(world.running().await.is_empty());
    assert_eq!(world.count("impersonation.stopped"), 1);
    assert_eq!(world.count("impersonation.acknowledged"), 0);
}

// T28
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn starts_stops_and_requests_of_one_sign_in_make_a_legal_history() {
    for _ in 0..20 {
        let world = World::new().await;
        let outside = world.browser(&bob());
        let inside = {
            let mut inside = outside.clone();
            assert_eq!(inside.start(&alice()).await.status, StatusCode::CREATED);
            inside
        };
        let browsers = (0..64).map(|index| if index % 2 == 0 { outside.clone() } else { inside.clone() }).collect();
        let doing = ["start", "stop", "get", "start", "write", "note", "stop", "start"];
        all_at_once(browsers, |index| doing[(index / 2) % doing.len()]).await;
        assert!(world.running().await.len() <= 1);
        check_history(&world.ledger.entries_snapshot(), 1);
    }
}

// T28: one agent at many desks.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_sign_ins_of_one_agent_do_not_disturb_each_other() {
    let world = World::new().await;
    let mut desks: Vec<Browser> = (0..5).map(|_| world.browser(&bob())).collect();
    for desk in &mut desks {
        assert_eq!(desk.start(&alice()).await.status, StatusCode::CREATED);
    }
    assert_eq!(world.browser(&bob()).start(&alice()).await.status, StatusCode::TOO_MANY_REQUESTS, "five are enough");
    let browsers = (0..64).map(|index: usize| desks[index % 5].clone()).collect();
    all_at_once(browsers, |index| if index % 5 == 0 { "stop" } else { "get" }).await;
    assert_eq!(world.running().await.len(), 4);
    check_history(&world.ledger.entries_snapshot(), 5);
    for desk in &mut desks[1..] {
        assert_eq!(desk.who().await.0, json!("alice"));
    }
}

// T28, I5: after a stop is answered nothing starts as the customer.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn once_a_stop_is_answered_no_write_begins() {
    for _ in 0..20 {
        let world = World::new().await;
        let inside = world.writing(&bob(), &alice()).await;
        let (mut stopping, writing) = (inside.clone(), inside.clone());
        let writers = tokio::spawn(all_at_once(vec![writing; 32], |_| "note"));
        assert_eq!(stopping.stop().await.status, StatusCode::OK);
        let done = world.done().len();
        let statuses = writers.await.unwrap();
        assert_eq!(world.done().len(), done, "a write ran after the stop was answered");
        let ran = statuses.iter().filter(|status| **status == StatusCode::OK).count();
        assert_eq!(ran, done);
        assert!(
            statuses.iter().all(|status| matches!(*status, StatusCode::OK | StatusCode::GONE | StatusCode::CONFLICT))
        );
    }
}
