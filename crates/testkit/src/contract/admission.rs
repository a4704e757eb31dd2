use std::time::Duration;

use tokio::task::JoinSet;
use vicarious_core::ports::{Admission, EntryFilter};
use vicarious_core::{EndCause, Kind, decide};

use super::{Store, again, apply, bob_as_alice, kinds, minutes};
use crate::people::MONDAY;
use crate::scene::intent;

/// What is active runs, on record.
pub async fn an_active_impersonation_admits_and_the_intent_is_recorded(ledger: Store) {
    let running = bob_as_alice(&ledger).await;
    let asked = intent(&running, "r1", "/orders/{id}", minutes(1));
    assert_eq!(ledger.admit(asked.clone()).await.unwrap(), Admission::Admitted);
    let newest = ledger.entries(&EntryFilter { limit: 1, ..EntryFilter::default() }).await.unwrap();
    assert_eq!(newest.into_iter().map(|recorded| recorded.entry).collect::<Vec<_>>(), [asked]);
}

/// What has ended does not run, and leaves no intent.
pub async fn an_ended_impersonation_admits_nothing_and_says_why(ledger: Store) {
    let running = bob_as_alice(&ledger).await;
    apply(&ledger, decide::end(&running, EndCause::ConsentWithdrawn, None, minutes(1))).await;
    let refused = ledger.admit(intent(&running, "r1", "/orders", minutes(1))).await.unwrap();
    assert_eq!(refused, Admission::Over(EndCause::ConsentWithdrawn));
    assert_eq!(kinds(&ledger).await, [Kind::Started, Kind::Ended]);
}

/// Time counts by itself.
pub async fn time_that_has_passed_admits_nothing_before_anybody_recorded_it(ledger: Store) {
    let running = bob_as_alice(&ledger).await;
    let idle = ledger.admit(intent(&running, "r1", "/orders", minutes(10))).await.unwrap();
    assert_eq!(idle, Admission::Over(EndCause::IdledOut));
    let late = ledger.admit(intent(&running, "r2", "/orders", minutes(30))).await.unwrap();
    assert_eq!(late, Admission::Over(EndCause::Expired));
    assert_eq!(again(&ledger, &running).await.end, None);
}

/// Use keeps it from idling out, until its hard end.
pub async fn use_moves_the_idle_end_and_never_the_hard_end(ledger: Store) {
    let running = bob_as_alice(&ledger).await;
    for minute in [9, 18, 27] {
        let admitted = ledger.admit(intent(&running, &format!("r{minute}"), "/orders", minutes(minute))).await;
        assert_eq!(admitted.unwrap(), Admission::Admitted);
    }
    let used = again(&ledger, &running).await;
    assert_eq!((used.last_seen_at, used.ends_at), (minutes(27), minutes(30)));
    let late = ledger.admit(intent(&running, "r30", "/orders", minutes(30))).await.unwrap();
    assert_eq!(late, Admission::Over(EndCause::Expired));
}

/// Requests that overtake each other do not turn time back.
pub async fn a_late_intent_never_moves_the_idle_end_back(ledger: Store) {
    let running = bob_as_alice(&ledger).await;
    ledger.admit(intent(&running, "r1", "/orders", minutes(5))).await.unwrap();
    ledger.admit(intent(&running, "r2", "/orders", minutes(2))).await.unwrap();
    assert_eq!(again(&ledger, &running).await.last_seen_at, minutes(5));
}

/// Without an impersonation there is nothing to admit.
pub async fn an_intent_of_no_known_impersonation_is_not_admitted(ledger: Store) {
    let mut stranger = bob_as_alice(&ledger).await;
    stranger.id = "another".into();
    assert!(ledger.admit(intent(&stranger, "r1", "/orders", MONDAY)).await.is_err());
    let mut nobodys = intent(&stranger, "r2", "/orders", MONDAY);
    nobodys.impersonation = None;
    assert!(ledger.admit(nobodys).await.is_err());
    assert_eq!(kinds(&ledger).await, [Kind::Started]);
}

/// Once a stop has returned, nothing starts as the customer.
pub async fn after_a_stop_returns_nothing_is_admitted(ledger: Store) {
    let running = bob_as_alice(&ledger).await;
    let mut clicks = JoinSet::new();
    for number in 0..32 {
        let (ledger, asked) = (ledger.clone(), intent(&running, &format!("r{number}"), "/orders", MONDAY));
        clicks.spawn(async move { ledger.admit(asked).await.unwrap() });
    }
    apply(&ledger, decide::end(&running, EndCause::Stopped, None, minutes(1))).await;
    let late = ledger.admit(intent(&running, "late", "/orders", MONDAY)).await.unwrap();
    assert_eq!(late, Admission::Over(EndCause::Stopped));
    let admitted = clicks.join_all().await.into_iter().filter(|answer| *answer == Admission::Admitted).count();
    // INVARIANT: I5: in the log, every intent stands before the stop, and there is one for each that was admitted.
    let kinds = kinds(&ledger).await;
    let stop = kinds.iter().position(|kind| *kind == Kind::Stopped).unwrap();
    assert_eq!(stop, kinds.len() - 1);
    assert_eq!(kinds.iter().filter(|kind| **kind == Kind::Intent).count(), admitted);
}

/// What only reads is recorded once it has its answer: on the same condition, and with nothing to follow.
pub async fn an_intent_with_its_answer_is_admitted_like_any_other_and_needs_no_outcome(ledger: Store) {
    let running = bob_as_alice(&ledger).await;
    let answered = |request: &str| {
        intent(&running, request, "/orders/{id}", minutes(1)).answered(200, Duration::from_micros(1_500))
    };
    assert!(!answered("r1").is_open() && intent(&running, "r1", "/orders", minutes(1)).is_open());
    assert_eq!(ledger.admit(answered("r1")).await.unwrap(), Admission::Admitted);
    assert_eq!(again(&ledger, &running).await.last_seen_at, minutes(1));
    apply(&ledger, decide::end(&running, EndCause::Revoked, None, minutes(1))).await;
    assert_eq!(ledger.admit(answered("r2")).await.unwrap(), Admission::Over(EndCause::Revoked));
    ledger.flush().await;
    let recorded = ledger.entries(&EntryFilter { limit: 10, ..EntryFilter::default() }).await.unwrap();
    let intents: Vec<_> = recorded.into_iter().map(|row| row.entry).filter(|row| row.kind == Kind::Intent).collect();
    assert_eq!(intents, [answered("r1")]);
    assert_eq!(kinds(&ledger).await, [Kind::Started, Kind::Intent, Kind::Revoked]);
}
