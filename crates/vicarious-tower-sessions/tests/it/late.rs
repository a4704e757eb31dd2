//! A request that is still running when its impersonation ends.

use http::StatusCode;
use serde_json::json;
use testkit::people::{MONDAY, alice, bob};
use testkit::scene::{Start, started};
use vicarious_axum::{Dressed, Event, KeyRing};
use vicarious_core::{EndCause, Impersonation};

use super::adapter::Sessions;
use super::library::MemoryStore;

fn impersonation(id: &str) -> Impersonation {
    started(&Start::of(id, bob(), alice(), MONDAY).decide().unwrap()).unwrap()
}

/// Returns what a new request of an impersonation finds under "cart".
async fn cart(sessions: &Sessions<MemoryStore>, row: &Impersonation) -> Option<i64> {
    sessions.own(row, "user_id", json!(1)).session().get("cart").await.unwrap()
}

#[tokio::test]
async fn it_does_not_bring_back_the_session_that_was_deleted() {
    let mut sessions = Sessions::new(MemoryStore::default());
    let watch = sessions.attach(&KeyRing::generate());
    // Sessions lapse by the real time.
    let mut row = impersonation("late");
    row.ends_at = vicarious_core::Timestamp::now() + jiff::SignedDuration::from_mins(30);
    let mut requests = Vec::new();
    for item in [1, 2] {
        let own = sessions.own(&row, "user_id", json!(1));
        own.session().insert("cart", item).await.unwrap();
        requests.push(Box::new(own));
    }
    requests.remove(0).answered(StatusCode::OK).await.unwrap();
    assert_eq!(cart(&sessions, &row).await, Some(1));
    watch.seen(&Event::Ended(&row, EndCause::Stopped));
    let deleted = async {
        while cart(&sessions, &row).await.is_some() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(10), deleted).await.unwrap();
    requests.remove(0).answered(StatusCode::OK).await.unwrap();
    assert_eq!(cart(&sessions, &row).await, None);
}

#[tokio::test]
async fn what_a_failing_handler_has_put_there_is_not_kept() {
    let mut sessions = Sessions::new(MemoryStore::default());
    let _watch = sessions.attach(&KeyRing::generate());
    let mut row = impersonation("failing");
    row.ends_at = vicarious_core::Timestamp::now() + jiff::SignedDuration::from_mins(30);
    for (status, kept) in [(StatusCode::INTERNAL_SERVER_ERROR, None), (StatusCode::NOT_FOUND, Some(1))] {
        let own = sessions.own(&row, "user_id", json!(1));
        own.session().insert("cart", 1).await.unwrap();
        Box::new(own).answered(status).await.unwrap();
        assert_eq!(cart(&sessions, &row).await, kept, "{status}");
    }
}
