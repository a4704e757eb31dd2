//! Every intent ends in exactly one outcome, even when its process dies.

use std::time::Duration;

use testkit::people::MONDAY;
use testkit::scene::{intent, outcome};
use vicarious_core::ports::Ledger;
use vicarious_sqlx::Store;

use crate::support::{Fresh, assert_verifies, bob_as_alice, closings, on_both, tamper};

on_both! {
    the_open_requests_of_a_dead_process_end_unknown_exactly_once
    a_living_process_is_left_alone
    a_process_that_leaves_properly_needs_no_recovery
}

/// Makes every process look as if it had been silent for long.
async fn silence_all(store: &Store) {
    tamper(store, "UPDATE vicarious_nodes SET seen_at = 0").await;
}

async fn the_open_requests_of_a_dead_process_end_unknown_exactly_once(fresh: Fresh) {
    let dying = fresh.open().await;
    let running = bob_as_alice(&dying).await;
    let answered = intent(&running, "answered", "/orders", MONDAY);
    for asked in [answered.clone(), intent(&running, "open-1", "/a", MONDAY), intent(&running, "open-2", "/b", MONDAY)]
    {
        dying.admit(asked).await.unwrap();
    }
    dying.append(outcome(&answered, 200, MONDAY)).await.unwrap();
    let whole = intent(&running, "whole", "/c", MONDAY).answered(200, Duration::from_millis(1));
    dying.admit(whole).await.unwrap();
    silence_all(&dying).await;
    drop(dying);

    let (one, other) = (fresh.open().await, fresh.open().await);
    let (first, second) = tokio::join!(one.recover(), other.recover());
    first.and(second).unwrap();
    one.recover().await.unwrap();
    assert_eq!(closings(&one).await, ["unknown", "unknown"]);
    assert_verifies(&one).await;
}

async fn a_living_process_is_left_alone(fresh: Fresh) {
    let (busy, other) = (fresh.open().await, fresh.open().await);
    let running = bob_as_alice(&busy).await;
    busy.admit(intent(&running, "open", "/orders", MONDAY)).await.unwrap();
    other.recover().await.unwrap();
    assert_eq!(closings(&other).await, [""; 0]);
    // The same without its sign of life: the test can fail.
    silence_all(&busy).await;
    other.recover().await.unwrap();
    assert_eq!(closings(&other).await, ["unknown"]);
}

async fn a_process_that_leaves_properly_needs_no_recovery(fresh: Fresh) {
    let leaving = fresh.open().await;
    let running = bob_as_alice(&leaving).await;
    leaving.admit(intent(&running, "whole", "/c", MONDAY).answered(200, Duration::from_millis(1))).await.unwrap();
    leaving.close().await;
    let store = fresh.open().await;
    let sql = "SELECT COUNT(*) FROM vicarious_nodes";
    let (nodes,): (i64,) = match (store.sqlite(), store.postgres()) {
        (Some(sqlite), _) => sqlx::query_as(sql).fetch_one(sqlite).await.unwrap(),
        (_, Some(postgres)) => sqlx::query_as(sql).fetch_one(postgres).await.unwrap(),
        _ => unreachable!("a store has one of the two"),
    };
    assert_eq!(nodes, 1, "only the one that is open");
}
