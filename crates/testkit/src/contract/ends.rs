use tokio::task::JoinSet;
use vicarious_core::decide::{self, Terms};
use vicarious_core::ports::{Admission, Running};
use vicarious_core::{EndCause, Kind, Mode};

use super::{Store, again, apply, begin, bob_as_alice, conflicts, kinds, minutes};
use crate::people::{alice, bob, carol};
use crate::scene::{Start, handle_of, intent};

/// The first end is the end.
pub async fn ending_twice_conflicts_and_keeps_the_first_end(ledger: Store) {
    let running = bob_as_alice(&ledger).await;
    apply(&ledger, decide::end(&running, EndCause::Revoked, None, minutes(1))).await;
    conflicts(&ledger, decide::end(&running, EndCause::Stopped, None, minutes(2))).await;
    let ended = again(&ledger, &running).await.end.unwrap();
    assert_eq!((ended.cause, ended.at), (EndCause::Revoked, minutes(1)));
    assert_eq!(kinds(&ledger).await, [Kind::Started, Kind::Revoked]);
}

/// However many stop at once, one end is recorded.
pub async fn of_many_stops_at_once_one_is_recorded(ledger: Store) {
    let running = bob_as_alice(&ledger).await;
    let mut tasks = JoinSet::new();
    for _ in 0..64 {
        let (ledger, stop) = (ledger.clone(), decide::end(&running, EndCause::Stopped, None, minutes(1)));
        tasks.spawn(async move { ledger.apply(stop.into_iter().collect()).await });
    }
    assert_eq!(tasks.join_all().await.iter().filter(|result| result.is_ok()).count(), 1);
    assert_eq!(kinds(&ledger).await, [Kind::Started, Kind::Stopped]);
}

/// Who stops goes on as themselves.
pub async fn a_stop_leaves_nothing_to_acknowledge(ledger: Store) {
    let running = bob_as_alice(&ledger).await;
    apply(&ledger, decide::end(&running, EndCause::Stopped, None, minutes(1))).await;
    assert_eq!(again(&ledger, &running).await.acknowledged_at, Some(minutes(1)));
    assert_eq!(ledger.open_of(&running.sign_in).await.unwrap(), None);
    assert_eq!(ledger.running(Running::All).await.unwrap(), []);
}

/// An end that the true user did not ask for blocks their sign-in until they go on as themselves.
pub async fn a_revocation_stays_open_until_it_is_acknowledged(ledger: Store) {
    let running = bob_as_alice(&ledger).await;
    apply(&ledger, decide::end(&running, EndCause::Revoked, None, minutes(1))).await;
    let open = ledger.open_of(&running.sign_in).await.unwrap().unwrap();
    assert_eq!(open.end.as_ref().map(|end| end.cause), Some(EndCause::Revoked));
    apply(&ledger, decide::acknowledge(&open, minutes(2))).await;
    assert_eq!(ledger.open_of(&running.sign_in).await.unwrap(), None);
    assert_eq!(again(&ledger, &running).await.acknowledged_at, Some(minutes(2)));
}

/// Going on as oneself is noted once.
pub async fn acknowledging_twice_conflicts(ledger: Store) {
    let running = bob_as_alice(&ledger).await;
    apply(&ledger, decide::end(&running, EndCause::Paused, None, minutes(1))).await;
    let ended = again(&ledger, &running).await;
    apply(&ledger, decide::acknowledge(&ended, minutes(2))).await;
    conflicts(&ledger, decide::acknowledge(&ended, minutes(3))).await;
    assert_eq!(kinds(&ledger).await, [Kind::Started, Kind::Ended, Kind::Acknowledged]);
}

/// Only the latest impersonation of a sign-in can be open: starting again is going on, too.
pub async fn a_dead_handle_forgotten_by_a_new_start_blocks_no_more(ledger: Store) {
    let first = bob_as_alice(&ledger).await;
    apply(&ledger, decide::end(&first, EndCause::Revoked, None, minutes(1))).await;
    let second = begin(&ledger, &Start::of("second", bob(), carol(), minutes(2))).await;
    assert_eq!(ledger.open_of(&first.sign_in).await.unwrap().as_ref(), Some(&second));
    apply(&ledger, decide::end(&second, EndCause::Stopped, None, minutes(3))).await;
    assert_eq!(ledger.open_of(&first.sign_in).await.unwrap(), None);
}

/// Write mode is kept, and changed only by who saw what it was.
pub async fn going_up_is_kept_and_conflicts_when_the_mode_has_changed(ledger: Store) {
    let running = bob_as_alice(&ledger).await;
    let up = decide::raise(&running, "to correct a name", &Terms::default(), minutes(1)).unwrap();
    apply(&ledger, [up.clone()]).await;
    let writing = again(&ledger, &running).await;
    assert_eq!(writing.mode, Mode::Write { until: minutes(11) });
    conflicts(&ledger, [up]).await;
    apply(&ledger, decide::lower(&writing, minutes(2)).unwrap()).await;
    assert_eq!(again(&ledger, &running).await.mode, Mode::Read);
    assert_eq!(kinds(&ledger).await, [Kind::Started, Kind::ModeRaised, Kind::ModeLowered]);
}

/// What has ended does not go up.
pub async fn the_mode_of_an_ended_impersonation_cannot_change(ledger: Store) {
    let running = bob_as_alice(&ledger).await;
    let up = decide::raise(&running, "to correct a name", &Terms::default(), minutes(1)).unwrap();
    apply(&ledger, decide::end(&running, EndCause::Stopped, None, minutes(1))).await;
    conflicts(&ledger, [up]).await;
}

/// A stop in the journal counts before it is recorded.
pub async fn a_journalled_stop_ends_at_once(ledger: Store) {
    let running = bob_as_alice(&ledger).await;
    ledger.journal_stop(&running.handle, minutes(1)).await.unwrap();
    let seen = ledger.by_handle(&running.handle).await.unwrap().unwrap();
    assert_eq!(seen.over_at(minutes(1)), Some(EndCause::Stopped));
    assert_eq!(again(&ledger, &running).await.acknowledged_at, Some(minutes(1)));
    assert_eq!(ledger.open_of(&running.sign_in).await.unwrap(), None);
}

/// A stop in the journal is recorded before anything else runs.
pub async fn a_journalled_stop_comes_before_the_next_admission(ledger: Store) {
    let running = bob_as_alice(&ledger).await;
    let other = begin(&ledger, &Start::of("other", bob(), alice(), minutes(0)).from_sign_in("bob-phone")).await;
    ledger.journal_stop(&running.handle, minutes(1)).await.unwrap();
    let admitted = ledger.admit(intent(&other, "r1", "/orders", minutes(1))).await.unwrap();
    assert_eq!(admitted, Admission::Admitted);
    let refused = ledger.admit(intent(&running, "r2", "/orders", minutes(1))).await.unwrap();
    assert_eq!(refused, Admission::Over(EndCause::Stopped));
    assert_eq!(kinds(&ledger).await, [Kind::Started, Kind::Started, Kind::Stopped, Kind::Intent]);
}

/// A forged or forgotten handle in the journal does no harm.
pub async fn a_journalled_stop_of_an_unknown_handle_is_harmless(ledger: Store) {
    let running = bob_as_alice(&ledger).await;
    ledger.journal_stop(&handle_of("nobody's"), minutes(1)).await.unwrap();
    let admitted = ledger.admit(intent(&running, "r1", "/orders", minutes(1))).await.unwrap();
    assert_eq!(admitted, Admission::Admitted);
    assert_eq!(kinds(&ledger).await, [Kind::Started, Kind::Intent]);
}

/// Who pressed stop has nothing to acknowledge, even when another end came first.
pub async fn a_journalled_stop_acknowledges_an_end_that_came_first(ledger: Store) {
    let running = bob_as_alice(&ledger).await;
    apply(&ledger, decide::end(&running, EndCause::Revoked, None, minutes(1))).await;
    ledger.journal_stop(&running.handle, minutes(2)).await.unwrap();
    let refused = ledger.admit(intent(&running, "r1", "/orders", minutes(2))).await.unwrap();
    assert_eq!(refused, Admission::Over(EndCause::Revoked));
    assert_eq!(ledger.open_of(&running.sign_in).await.unwrap(), None);
    assert_eq!(kinds(&ledger).await, [Kind::Started, Kind::Revoked, Kind::Acknowledged]);
}
