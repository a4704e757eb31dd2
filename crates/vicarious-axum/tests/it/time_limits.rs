//! Two ends, by the server's clock: one that nothing moves, one that use moves.

use http::{Method, StatusCode};
use jiff::SignedDuration;
use serde_json::json;
use testkit::people::{alice, bob};
use vicarious_core::decide::Terms;

use crate::support::{Browser, World};

async fn ends(browser: &mut Browser) -> (String, String) {
    let running = browser.get_json("/impersonation").await.json()["impersonation"].clone();
    (running["ends_at"].as_str().unwrap().to_owned(), running["idle_ends_at"].as_str().unwrap().to_owned())
}

// T13
#[tokio::test]
async fn no_activity_moves_the_hard_end() {
    let world = World::new().await;
    let mut browser = world.inside(&bob(), &alice()).await;
    let (hard, _) = ends(&mut browser).await;
    for seconds in (10..1800).step_by(10) {
        world.clock.advance(SignedDuration::from_secs(10));
        let answer = match seconds % 70 {
            0 => browser.json(Method::PATCH, "/impersonation", json!({"mode": "write", "reason": "r"})).await,
            10 => browser.json(Method::POST, "/notes", json!({})).await,
            20 => browser.json(Method::PATCH, "/impersonation", json!({"mode": "read"})).await,
            30 => browser.start(&alice()).await,
            _ => browser.get("/").await,
        };
        assert_ne!(answer.status, StatusCode::GONE, "after {seconds} s");
        assert_eq!(ends(&mut browser).await.0, hard, "after {seconds} s");
    }
    world.clock.advance(SignedDuration::from_secs(9) + SignedDuration::from_millis(999));
    assert_eq!(browser.get("/").await.status, StatusCode::OK, "a millisecond before the end");
    world.clock.advance(SignedDuration::from_millis(1));
    assert_eq!(browser.get_json("/").await.json()["cause"], "expired", "at the end exactly");
    assert_eq!(world.count("impersonation.expired"), 1);
}

// T13
#[tokio::test]
async fn use_moves_the_idle_end_and_only_what_ran_is_use() {
    let world = World::new().await;
    let mut browser = world.inside(&bob(), &alice()).await;
    world.clock.advance(SignedDuration::from_secs(599));
    assert_eq!(browser.get("/").await.status, StatusCode::OK);
    assert_eq!(ends(&mut browser).await.1, "2026-11-22T09:19:59Z");
    world.clock.advance(SignedDuration::from_secs(599));
    for _ in 0..3 {
        assert_eq!(browser.json(Method::POST, "/payments", json!({})).await.status, StatusCode::FORBIDDEN);
        ends(&mut browser).await;
    }
    world.clock.advance(SignedDuration::from_secs(1));
    assert_eq!(browser.get_json("/").await.json()["cause"], "idle", "refusals and questions are no use");
}

// T13
#[tokio::test]
async fn the_idle_end_is_exact() {
    for (millis, expected) in [(599_999, StatusCode::OK), (600_000, StatusCode::GONE), (600_001, StatusCode::GONE)] {
        let world = World::new().await;
        let mut browser = world.inside(&bob(), &alice()).await;
        world.clock.advance(SignedDuration::from_millis(millis));
        assert_eq!(browser.get("/").await.status, expected, "{millis} ms");
    }
}

// T13
#[tokio::test]
async fn a_warm_cache_does_not_outlast_either_end() {
    for idle in [SignedDuration::from_mins(10), SignedDuration::from_mins(60)] {
        let terms = Terms { idle, ..Terms::default() };
        let world = World::with(|builder| builder.cache_for(std::time::Duration::from_secs(3600)).terms(terms)).await;
        let mut browser = world.inside(&bob(), &alice()).await;
        world.clock.advance(idle.min(SignedDuration::from_mins(30)) - SignedDuration::from_millis(1));
        let stale = browser.clone();
        if idle > SignedDuration::from_mins(30) {
            assert_eq!(browser.get("/").await.status, StatusCode::OK);
        }
        world.clock.advance(SignedDuration::from_millis(1));
        for mut client in [browser, stale] {
            assert_eq!(client.get("/").await.status, StatusCode::GONE);
        }
    }
}

// T13
#[tokio::test]
async fn write_mode_falls_back_by_itself_to_the_second() {
    let world = World::new().await;
    let mut browser = world.writing(&bob(), &alice()).await;
    world.clock.advance(SignedDuration::from_millis(599_999));
    assert_eq!(browser.json(Method::POST, "/notes", json!({})).await.status, StatusCode::OK);
    world.clock.advance(SignedDuration::from_millis(1));
    assert_eq!(browser.json(Method::POST, "/notes", json!({})).await.status, StatusCode::FORBIDDEN);
    assert!(browser.get("/").await.header("impersonation").contains("mode=read"));
    assert_eq!(world.done().len(), 1);
}

// T13: signing in again is no way to go on.
#[tokio::test]
async fn a_new_sign_in_does_not_inherit_the_impersonation() {
    let world = World::new().await;
    let mut browser = world.inside(&bob(), &alice()).await;
    browser.cookies.insert("session".into(), world.sign_in(&bob()));
    assert_eq!(browser.get("/").await.status, StatusCode::GONE);
    assert_eq!(browser.json(Method::POST, "/session", json!({})).await.status, StatusCode::OK, "signing in works");
    assert_eq!(world.done(), ["POST /session as - by -"], "as nobody, never as the customer");
    assert_eq!(browser.get("/").await.status, StatusCode::GONE);
}
