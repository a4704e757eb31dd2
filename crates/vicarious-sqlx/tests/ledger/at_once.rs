//! What a process knows from its last batch lets it write the next in one statement; others may have been there since.

use testkit::people::{MONDAY, alice, bob, carol, eve};
use testkit::scene::{Start, intent, started};
use vicarious_core::ports::{Admission, EntryFilter, Ledger};
use vicarious_core::{EndCause, Kind, decide};

use crate::support::{Fresh, assert_verifies, bob_as_alice, kinds, on_both, tamper};

on_both! {
    an_end_that_another_process_recorded_is_seen_by_the_very_next_request
    an_end_without_an_entry_counts_all_the_same
    a_statement_that_could_not_begin_leaves_no_doubt
    a_pause_in_the_numbers_hides_nobody_from_the_trail
    entries_of_both_processes_alternate_in_whole_chains
}

async fn an_end_that_another_process_recorded_is_seen_by_the_very_next_request(fresh: Fresh) {
    let (here, there) = (fresh.open().await, fresh.open().await);
    let running = bob_as_alice(&here).await;
    for request in ["r1", "r2", "r3"] {
        let answer = here.admit(intent(&running, request, "/orders", MONDAY)).await.unwrap();
        assert_eq!(answer, Admission::Admitted);
    }
    let stop = decide::end(&running, EndCause::Revoked, None, MONDAY);
    there.apply(stop.into_iter().collect()).await.unwrap();
    let late = here.admit(intent(&running, "late", "/orders", MONDAY)).await.unwrap();
    assert_eq!(late, Admission::Over(EndCause::Revoked));
    assert_eq!(kinds(&here).await, [Kind::Started, Kind::Intent, Kind::Intent, Kind::Intent, Kind::Revoked]);
    assert_verifies(&here).await;
}

async fn an_end_without_an_entry_counts_all_the_same(fresh: Fresh) {
    let store = fresh.open().await;
    let running = bob_as_alice(&store).await;
    for request in ["r1", "r2"] {
        let answer = store.admit(intent(&running, request, "/orders", MONDAY)).await.unwrap();
        assert_eq!(answer, Admission::Admitted);
    }
    tamper(&store, "UPDATE vicarious_impersonations SET end_cause = 'revoked', ended_at = started_at").await;
    let late = store.admit(intent(&running, "late", "/orders", MONDAY)).await.unwrap();
    assert_eq!(late, Admission::Over(EndCause::Revoked));
    assert_eq!(kinds(&store).await, [Kind::Started, Kind::Intent, Kind::Intent]);
}

async fn a_statement_that_could_not_begin_leaves_no_doubt(fresh: Fresh) {
    let store = fresh.open().await;
    let running = bob_as_alice(&store).await;
    store.append(intent(&running, "r1", "/orders", MONDAY)).await.unwrap();
    tamper(&store, "ALTER TABLE vicarious_entries RENAME TO hidden").await;
    assert!(store.append(intent(&running, "r2", "/orders", MONDAY)).await.is_err());
    tamper(&store, "ALTER TABLE hidden RENAME TO vicarious_entries").await;
    store.append(intent(&running, "r3", "/orders", MONDAY)).await.unwrap();
    // Where a commit was in doubt, a new chain begins.
    assert_eq!(store.verify(|_| {}).await.unwrap().chains, 1);
}

/// Entries are found through blocks of 256 neighbours: this process writes at the end of one, then another process
/// fills it, so that what this one writes next is in the block behind it.
async fn a_pause_in_the_numbers_hides_nobody_from_the_trail(fresh: Fresh) {
    let (here, there) = (fresh.open().await, fresh.open().await);
    let running = bob_as_alice(&here).await;
    let decided = Start::of("other", eve(), carol(), MONDAY).decide().unwrap();
    let other = started(&decided).unwrap();
    there.apply(decided).await.unwrap();
    for number in 0..200 {
        here.append(intent(&running, &format!("before-{number}"), "/orders", MONDAY)).await.unwrap();
    }
    for number in 0..100 {
        there.append(intent(&other, &format!("between-{number}"), "/orders", MONDAY)).await.unwrap();
    }
    for number in 0..3 {
        here.append(intent(&running, &format!("after-{number}"), "/orders", MONDAY)).await.unwrap();
    }
    let of_bob = EntryFilter { true_user: Some(bob().id().clone()), limit: 1_000, ..EntryFilter::default() };
    assert_eq!(here.entries(&of_bob).await.unwrap().len(), 1 + 200 + 3);
    let of_alice = EntryFilter { current_user: Some(alice().id().clone()), limit: 1_000, ..EntryFilter::default() };
    assert_eq!(there.entries(&of_alice).await.unwrap().len(), 1 + 200 + 3);
    assert_verifies(&there).await;
}

async fn entries_of_both_processes_alternate_in_whole_chains(fresh: Fresh) {
    let (here, there) = (fresh.open().await, fresh.open().await);
    let running = bob_as_alice(&here).await;
    for number in 0..40 {
        let node = if number % 4 < 2 { &here } else { &there };
        let answer = node.admit(intent(&running, &format!("r{number}"), "/orders", MONDAY)).await.unwrap();
        assert_eq!(answer, Admission::Admitted);
    }
    assert_eq!(kinds(&here).await.len(), 41);
    assert_verifies(&there).await;
}
