use vicarious_core::decide::{self, Terms};
use vicarious_core::ports::Running;
use vicarious_core::{EndCause, Impersonation};

use super::{Store, apply, begin, minutes};
use crate::people::{MONDAY, alice, bob, carol, eve};
use crate::scene::{Start, consented};

fn ids(impersonations: &[Impersonation]) -> Vec<&str> {
    impersonations.iter().map(|impersonation| impersonation.id.as_str()).collect()
}

/// Everybody concerned finds what runs.
pub async fn running_lists_by_every_side_oldest_first(ledger: Store) {
    let agreed = decide::give_ahead("standing".into(), &alice().person, minutes(600), MONDAY).unwrap();
    let consent = consented(&agreed).unwrap();
    apply(&ledger, [agreed]).await;
    begin(&ledger, &Start::of("bob-alice", bob(), alice(), MONDAY).on(consent.clone())).await;
    begin(&ledger, &Start::of("eve-alice", eve(), alice(), minutes(1))).await;
    begin(&ledger, &Start::of("bob-carol", bob(), carol(), minutes(2)).from_sign_in("bob-phone")).await;
    let gone = begin(&ledger, &Start::of("gone", bob(), alice(), minutes(3)).from_sign_in("bob-desk")).await;
    apply(&ledger, decide::end(&gone, EndCause::Stopped, None, minutes(4))).await;
    let (alice, bob, phone) = (alice(), bob(), "bob-phone".into());
    for (which, expected) in [
        (Running::All, &["bob-alice", "eve-alice", "bob-carol"][..]),
        (Running::As(alice.id()), &["bob-alice", "eve-alice"]),
        (Running::By(bob.id()), &["bob-alice", "bob-carol"]),
        (Running::SignIn(&phone), &["bob-carol"]),
        (Running::On(&consent.id), &["bob-alice"]),
    ] {
        assert_eq!(ids(&ledger.running(which).await.unwrap()), expected, "{which:?}");
    }
}

/// What time has ended is found, to be recorded.
pub async fn overdue_are_those_whose_hard_end_idle_end_or_write_mode_has_passed(ledger: Store) {
    let writing = begin(&ledger, &Start::of("writing", bob(), alice(), MONDAY)).await;
    let two_minutes = Terms { write: jiff::SignedDuration::from_mins(2), ..Terms::default() };
    apply(&ledger, decide::raise(&writing, "to correct a name", &two_minutes, MONDAY)).await;
    begin(&ledger, &Start::of("later", eve(), carol(), minutes(5))).await;
    for (now, expected) in [
        (minutes(1), &[][..]),
        (minutes(2), &["writing"]),
        (minutes(14), &["writing"]),
        (minutes(15), &["writing", "later"]),
        (minutes(35), &["writing", "later"]),
    ] {
        assert_eq!(ids(&ledger.running(Running::Overdue(now)).await.unwrap()), expected, "{now}");
    }
}

/// The access log turns its pages.
pub async fn of_account_pages_newest_first(ledger: Store) {
    for number in 1..=5 {
        let start = Start::of(&format!("visit-{number}"), bob(), alice(), minutes(number));
        let visit = begin(&ledger, &start).await;
        apply(&ledger, decide::end(&visit, EndCause::Stopped, None, minutes(number))).await;
    }
    begin(&ledger, &Start::of("elsewhere", bob(), carol(), minutes(6))).await;
    let first = ledger.of_account(alice().id(), None, 2).await.unwrap();
    assert_eq!(ids(&first), ["visit-5", "visit-4"]);
    let rest = ledger.of_account(alice().id(), Some(&"visit-4".into()), 9).await.unwrap();
    assert_eq!(ids(&rest), ["visit-3", "visit-2", "visit-1"]);
    assert_eq!(ledger.of_account(alice().id(), Some(&"visit-1".into()), 9).await.unwrap(), []);
}

/// An agent's history is found.
pub async fn by_true_user_lists_newest_first_ended_ones_included(ledger: Store) {
    let first = begin(&ledger, &Start::of("first", bob(), alice(), MONDAY)).await;
    apply(&ledger, decide::end(&first, EndCause::Stopped, None, minutes(1))).await;
    begin(&ledger, &Start::of("second", bob(), carol(), minutes(2))).await;
    begin(&ledger, &Start::of("elsewhere", eve(), carol(), minutes(3))).await;
    assert_eq!(ids(&ledger.by_true_user(bob().id(), 9).await.unwrap()), ["second", "first"]);
    assert_eq!(ids(&ledger.by_true_user(bob().id(), 1).await.unwrap()), ["second"]);
}
