use tokio::task::JoinSet;
use vicarious_core::consent::ConsentState;
use vicarious_core::decide::{self, Ask, Decision};
use vicarious_core::ports::{ApplyError, Running};
use vicarious_core::{ConsentId, EndCause, Kind};

use super::{Store, again, apply, begin, bob_as_alice, conflicts, kinds, minutes};
use crate::people::{MONDAY, alice, bob, carol, eve};
use crate::scene::{Start, consented, handle_of, started};

/// A start is found by its handle, its id and its sign-in.
pub async fn a_start_is_found_by_handle_by_id_and_by_sign_in(ledger: Store) {
    let started = bob_as_alice(&ledger).await;
    assert_eq!(ledger.by_handle(&started.handle).await.unwrap().as_ref(), Some(&started));
    assert_eq!(ledger.by_id(&started.id).await.unwrap().as_ref(), Some(&started));
    assert_eq!(ledger.open_of(&started.sign_in).await.unwrap().as_ref(), Some(&started));
    assert_eq!(ledger.by_handle(&handle_of("another")).await.unwrap(), None);
    assert_eq!(ledger.open_of(&"another".into()).await.unwrap(), None);
}

/// What is read back equals what was written, in every field.
pub async fn everything_about_an_impersonation_is_kept(ledger: Store) {
    let agreed = decide::give_ahead("standing".into(), &alice().person, minutes(600), MONDAY).unwrap();
    let consent = consented(&agreed).unwrap();
    apply(&ledger, [agreed]).await;
    let old = begin(&ledger, &Start::of("old", bob(), alice(), MONDAY).on(consent.clone())).await;
    let next = Start::of("new", bob(), alice(), minutes(1)).on(consent).instead_of(old.clone());
    let new = begin(&ledger, &next).await;
    assert_eq!((&new.follows, new.consent.is_some(), new.ticket.is_some()), (&Some(old.id.clone()), true, true));
    assert_eq!(again(&ledger, &new).await, new);
}

/// One sign-in has one impersonation at a time.
pub async fn a_second_start_of_one_sign_in_conflicts(ledger: Store) {
    bob_as_alice(&ledger).await;
    conflicts(&ledger, Start::of("second", bob(), carol(), MONDAY).decide().unwrap()).await;
    assert_eq!(kinds(&ledger).await, [Kind::Started]);
}

/// However many start at once, one sign-in gets one impersonation.
pub async fn of_many_starts_at_once_from_one_sign_in_one_succeeds(ledger: Store) {
    let mut tasks = JoinSet::new();
    for number in 0..64 {
        let ledger = ledger.clone();
        let start = Start::of(&format!("racer-{number}"), bob(), alice(), MONDAY);
        tasks.spawn(async move { ledger.apply(start.decide().unwrap()).await });
    }
    let results = tasks.join_all().await;
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1);
    assert_eq!(results.iter().filter(|result| matches!(result, Err(ApplyError::Conflict))).count(), 63);
    assert_eq!(ledger.running(Running::All).await.unwrap().len(), 1);
    assert_eq!(kinds(&ledger).await, [Kind::Started]);
}

/// Sign-ins do not get in each other's way.
pub async fn two_sign_ins_of_one_person_start_side_by_side(ledger: Store) {
    bob_as_alice(&ledger).await;
    begin(&ledger, &Start::of("second", bob(), alice(), MONDAY).from_sign_in("bob-phone")).await;
    assert_eq!(ledger.running(Running::By(bob().id())).await.unwrap().len(), 2);
}

/// However many sign-ins one person has, and however many start before any of them knows of another.
pub async fn of_many_starts_at_once_from_many_sign_ins_no_more_succeed_than_may_run(ledger: Store) {
    begin(&ledger, &Start::of("eve's", eve(), alice(), MONDAY)).await;
    let mut tasks = JoinSet::new();
    for number in 0..32 {
        let (ledger, id) = (ledger.clone(), format!("racer-{number}"));
        let start = Start::of(&id, bob(), alice(), MONDAY).from_sign_in(&id).at_once(3);
        tasks.spawn(async move { ledger.apply(start.decide().unwrap()).await });
    }
    let results = tasks.join_all().await;
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 3);
    assert_eq!(results.iter().filter(|result| matches!(result, Err(ApplyError::Conflict))).count(), 29);
    assert_eq!(ledger.running(Running::By(bob().id())).await.unwrap().len(), 3);
    assert_eq!(kinds(&ledger).await, [Kind::Started; 4]);
}

/// What ends in the same step makes room.
pub async fn a_switch_at_the_limit_takes_the_place_of_the_old(ledger: Store) {
    let old = begin(&ledger, &Start::of("first", bob(), alice(), MONDAY).at_once(1)).await;
    let another = Start::of("another", bob(), carol(), MONDAY).from_sign_in("bob-phone").at_once(1);
    conflicts(&ledger, another.decide().unwrap()).await;
    let new = begin(&ledger, &Start::of("second", bob(), carol(), minutes(1)).instead_of(old).at_once(1)).await;
    assert_eq!(ledger.running(Running::All).await.unwrap(), [new]);
}

/// A handle is never used twice, not even after its impersonation ended.
pub async fn a_handle_belongs_to_one_impersonation_for_ever(ledger: Store) {
    let first = bob_as_alice(&ledger).await;
    apply(&ledger, decide::end(&first, EndCause::Stopped, None, minutes(1))).await;
    let mut same = Start::of("first", bob(), carol(), minutes(2));
    conflicts(&ledger, same.decide().unwrap()).await;
    same.id = "renamed".into();
    begin(&ledger, &same).await;
}

/// A switch is one step.
pub async fn a_switch_ends_the_old_and_starts_the_new_in_one_step(ledger: Store) {
    let old = bob_as_alice(&ledger).await;
    let new = begin(&ledger, &Start::of("second", bob(), carol(), minutes(5)).instead_of(old.clone())).await;
    let old = again(&ledger, &old).await;
    assert_eq!(old.end.map(|end| end.cause), Some(EndCause::Switched));
    assert_eq!(ledger.running(Running::All).await.unwrap(), [new]);
    assert_eq!(kinds(&ledger).await, [Kind::Started, Kind::Ended, Kind::Started]);
}

/// All transitions of one call are applied, or none.
pub async fn a_conflict_in_one_transition_undoes_them_all(ledger: Store) {
    let old = bob_as_alice(&ledger).await;
    begin(&ledger, &Start::of("taken", crate::people::eve(), carol(), MONDAY)).await;
    let end = decide::end(&old, EndCause::Revoked, None, minutes(1));
    let clash = Start::of("taken", bob(), carol(), minutes(1)).from_sign_in("bob-phone").decide().unwrap();
    conflicts(&ledger, end.into_iter().chain(clash)).await;
    assert_eq!(again(&ledger, &old).await, old);
    assert_eq!(kinds(&ledger).await, [Kind::Started, Kind::Started]);
}

/// The off switch wins over a decision that did not see it.
pub async fn a_pause_between_decision_and_start_conflicts(ledger: Store) {
    let decided = Start::of("late", bob(), alice(), MONDAY).decide().unwrap();
    apply(&ledger, [decide::pause(None, "an incident", MONDAY)]).await;
    conflicts(&ledger, decided.clone()).await;
    apply(&ledger, [decide::resume(None, minutes(1))]).await;
    apply(&ledger, decided).await;
}

/// A withdrawal wins over a decision that did not see it.
pub async fn a_consent_withdrawn_between_decision_and_start_conflicts(ledger: Store) {
    let agreed = decide::give_ahead("standing".into(), &alice().person, minutes(600), MONDAY).unwrap();
    let consent = consented(&agreed).unwrap();
    apply(&ledger, [agreed]).await;
    let decided = Start::of("late", bob(), alice(), minutes(1)).on(consent.clone()).decide().unwrap();
    apply(&ledger, [decide::decide(&consent, Decision::Withdraw, minutes(1)).unwrap()]).await;
    conflicts(&ledger, decided).await;
    assert_eq!(ledger.running(Running::All).await.unwrap(), []);
}

/// A requested consent has one use.
pub async fn a_requested_consent_is_used_up_by_its_start(ledger: Store) {
    let (agent, account) = (bob(), alice());
    let question = Ask {
        agent: &agent.person,
        account: &account.person,
        reason: "to look at an invoice",
        ticket: None,
        page: None,
        known: &[],
        opted_out: false,
    };
    let asked = decide::ask(ConsentId::new("requested"), question, MONDAY).unwrap();
    let given = decide::decide(&consented(&asked).unwrap(), Decision::Give, minutes(1)).unwrap();
    let consent = consented(&given).unwrap();
    apply(&ledger, [asked]).await;
    apply(&ledger, [given]).await;
    let start = Start::of("first", bob(), alice(), minutes(2)).on(consent);
    let twin = Start { id: "twin".into(), ..start.clone() }.from_sign_in("bob-phone").decide().unwrap();
    let first = started(&start.decide().unwrap()).unwrap();
    apply(&ledger, start.decide().unwrap()).await;
    conflicts(&ledger, twin).await;
    let used = ledger.consent(&"requested".into()).await.unwrap().unwrap();
    assert_eq!((used.state, used.used_by), (ConsentState::Given, Some(first.id)));
    assert_eq!(used.ends_at, minutes(62));
}
