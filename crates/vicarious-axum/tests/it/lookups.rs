//! What one impersonated request costs in look-ups.

use std::sync::atomic::Ordering;
use std::time::Duration;

use http::{Method, StatusCode};
use serde_json::json;
use testkit::people::{alice, bob};

use crate::support::World;

#[tokio::test]
async fn a_warm_impersonated_request_takes_at_most_two_look_ups_besides_the_intent() {
    let world = World::with(|builder| builder.cache_for(Duration::from_secs(2))).await;
    let mut inside = world.writing(&bob(), &alice()).await;
    let mut outside = world.browser(&alice());
    let count = || world.lookups();
    for round in 0..10 {
        // Both are warm again after what the time that passed made cold.
        assert_eq!(inside.get("/").await.status, StatusCode::OK);
        assert_eq!(outside.get("/").await.status, StatusCode::OK);
        for (method, path, at_most) in [
            (Method::GET, "/", 0),
            (Method::GET, "/profile", 0),
            (Method::POST, "/notes", 1),
            // What the request before may have changed of Alice is found afresh.
            (Method::POST, "/payments", 1),
            (Method::PATCH, "/profile", 1),
        ] {
            let before = count();
            inside.json(method.clone(), path, json!({})).await;
            assert!(count() - before <= at_most, "{method} {path}, round {round}: {}", count() - before);
        }
        let before = count();
        assert_eq!(outside.get("/").await.status, StatusCode::OK);
        assert_eq!(count(), before, "somebody as themselves costs nothing");
        world.clock.advance(jiff::SignedDuration::from_secs(30));
    }
}

#[tokio::test]
async fn a_cold_impersonated_request_asks_for_each_thing_once() {
    let world = World::with(|builder| builder.cache_for(Duration::ZERO)).await;
    let mut inside = world.inside(&bob(), &alice()).await;
    let (all, host) = (world.lookups(), world.accounts.asked.load(Ordering::Relaxed));
    assert_eq!(inside.get("/").await.status, StatusCode::OK);
    assert_eq!(world.accounts.asked.load(Ordering::Relaxed) - host, 3, "the sign-in and both accounts");
    assert_eq!(world.lookups() - all, 4, "and the row");
}

#[tokio::test]
async fn a_cache_never_lets_a_request_through_after_the_end() {
    let world = World::with(|builder| builder.cache_for(Duration::from_secs(3600))).await;
    let mut inside = world.writing(&bob(), &alice()).await;
    assert_eq!(inside.get("/").await.status, StatusCode::OK);
    // Another node ends it: this one is told nothing.
    let row = world.running().await.remove(0);
    let end = vicarious_core::decide::end(&row, vicarious_core::EndCause::Revoked, None, world.clock.now()).unwrap();
    vicarious_core::ports::Ledger::apply(&*world.ledger, vec![end]).await.unwrap();
    for (method, path) in [(Method::GET, "/"), (Method::POST, "/notes"), (Method::GET, "/whoami")] {
        let answer = inside.json(method, path, json!({})).await;
        assert_eq!((answer.status, answer.json()["cause"].as_str()), (StatusCode::GONE, Some("revoked")));
    }
    assert!(world.done().is_empty());
}
