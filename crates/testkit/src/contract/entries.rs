use vicarious_core::ports::EntryFilter;
use vicarious_core::{EndCause, Entry, Kind, decide};

use super::{Store, apply, begin, bob_as_alice, minutes};
use crate::people::{MONDAY, alice, bob, carol, dana, eve};
use crate::scene::{Start, intent, outcome};

async fn listed(ledger: &Store, filter: EntryFilter) -> Vec<Entry> {
    ledger.entries(&filter).await.unwrap().into_iter().map(|recorded| recorded.entry).collect()
}

fn everything() -> EntryFilter {
    EntryFilter { limit: 100, ..EntryFilter::default() }
}

/// State and record are written together.
pub async fn every_applied_transition_leaves_its_entry(ledger: Store) {
    let decided = Start::of("first", bob(), alice(), MONDAY).decide().unwrap();
    let refused = decide::start_refused(&bob(), "dana", None, &vicarious_core::Refusal::NoSuchAccount, MONDAY);
    let expected: Vec<_> = [&refused, &decided[0]].map(|transition| transition.entry().clone()).into();
    apply(&ledger, decided).await;
    apply(&ledger, [refused]).await;
    assert_eq!(listed(&ledger, everything()).await, expected);
}

/// What is read back equals what was written, in every field.
pub async fn an_entry_is_kept_with_everything_about_it(ledger: Store) {
    let running = bob_as_alice(&ledger).await;
    let mut full = intent(&running, "r1", "/search?q=\u{202e}\"'\\ü", minutes(1)).with("address", "192.0.2.7");
    full = full.with("parameters", serde_json::json!({"q": ["a", null, 1.5, {"deep": true}]}));
    full.kind = Kind::RequestRefused;
    if let Some(request) = &mut full.request {
        request.status = Some(403);
        request.route = None;
    }
    let bare = Entry::bare(Kind::PauseEnded, minutes(2));
    ledger.append(full.clone()).await.unwrap();
    ledger.append(bare.clone()).await.unwrap();
    assert_eq!(listed(&ledger, EntryFilter { limit: 2, ..EntryFilter::default() }).await, [bare, full]);
}

/// Nothing accepted is lost, nothing overtakes.
pub async fn outcomes_accepted_before_a_flush_are_recorded_after_it_in_order(ledger: Store) {
    let running = bob_as_alice(&ledger).await;
    let outcomes: Vec<_> = (0..300)
        .map(|number| outcome(&intent(&running, &format!("r{number}"), "/orders", MONDAY), 200, minutes(1)))
        .collect();
    for outcome in &outcomes {
        ledger.append_later(outcome.clone());
    }
    ledger.flush().await;
    let filter = EntryFilter { kind: Some(Kind::Outcome), limit: 1_000, ..EntryFilter::default() };
    let mut recorded = listed(&ledger, filter).await;
    recorded.reverse();
    assert_eq!(recorded, outcomes);
}

/// Each condition narrows, and all that are set must hold.
pub async fn every_filter_narrows_and_they_combine(ledger: Store) {
    let first = bob_as_alice(&ledger).await;
    let second = begin(&ledger, &Start::of("second", eve(), carol(), minutes(1))).await;
    ledger.admit(intent(&first, "r1", "/orders", minutes(2))).await.unwrap();
    ledger.admit(intent(&second, "r2", "/orders", minutes(3))).await.unwrap();
    apply(&ledger, decide::end(&first, EndCause::Revoked, Some(&dana().person), minutes(4))).await;
    let bob = Some(bob().id().clone());
    let carol = Some(carol().id().clone());
    for (filter, expected) in [
        (everything(), &[4, 3, 2, 1, 0][..]),
        (EntryFilter { true_user: bob.clone(), ..everything() }, &[4, 2, 0]),
        (EntryFilter { current_user: carol.clone(), ..everything() }, &[3, 1]),
        (EntryFilter { kind: Some(Kind::Intent), ..everything() }, &[3, 2]),
        (EntryFilter { impersonation: Some(first.id.clone()), ..everything() }, &[4, 2, 0]),
        (EntryFilter { from: Some(minutes(2)), ..everything() }, &[4, 3, 2]),
        (EntryFilter { to: Some(minutes(2)), ..everything() }, &[1, 0]),
        (EntryFilter { from: Some(minutes(1)), to: Some(minutes(3)), ..everything() }, &[2, 1]),
        (EntryFilter { true_user: bob.clone(), kind: Some(Kind::Intent), ..everything() }, &[2]),
        (EntryFilter { true_user: bob.clone(), current_user: carol, ..everything() }, &[]),
        (EntryFilter { true_user: bob, from: Some(minutes(1)), limit: 1, ..everything() }, &[4]),
    ] {
        let minutes_of = |entry: &Entry| entry.at.duration_since(MONDAY).as_mins();
        let found: Vec<_> = listed(&ledger, filter.clone()).await.iter().map(minutes_of).collect();
        assert_eq!(found, expected, "{filter:?}");
    }
}

/// Paging neither repeats nor skips.
pub async fn a_page_of_entries_continues_where_the_last_one_ended(ledger: Store) {
    for minute in 0..5 {
        ledger.append(Entry::bare(Kind::PauseEnded, minutes(minute))).await.unwrap();
    }
    let page = |before| EntryFilter { before, limit: 2, ..EntryFilter::default() };
    let (mut before, mut seen) = (None, Vec::new());
    loop {
        let found = ledger.entries(&page(before)).await.unwrap();
        let Some(last) = found.last() else { break };
        before = Some(last.seq);
        seen.extend(found.iter().map(|recorded| recorded.entry.at));
    }
    assert_eq!(seen, [4, 3, 2, 1, 0].map(minutes));
}

/// Nothing asked for, nothing listed.
pub async fn no_limit_lists_no_entries(ledger: Store) {
    bob_as_alice(&ledger).await;
    assert_eq!(ledger.entries(&EntryFilter::default()).await.unwrap(), []);
}
