//! The ledger in memory holds the contract, and fails when told to.

use std::sync::Arc;

use testkit::MemoryLedger;
use testkit::people::{MONDAY, alice, bob};
use testkit::scene::{Start, intent, outcome, started};
use vicarious_core::ports::{Admission, EntryFilter, Ledger};
use vicarious_core::{EndCause, Kind};

async fn in_memory() -> (Arc<dyn Ledger>, ()) {
    (Arc::new(MemoryLedger::new()), ())
}

mod contract {
    testkit::ledger_contract!(super::in_memory);
}

#[tokio::test]
async fn told_to_fail_it_answers_nothing_but_keeps_stops_and_outcomes_for_later() {
    let ledger = MemoryLedger::new();
    let decided = Start::of("first", bob(), alice(), MONDAY).decide().unwrap();
    let running = started(&decided).unwrap();
    ledger.apply(decided).await.unwrap();
    let asked = intent(&running, "r1", "/orders", MONDAY);
    assert_eq!(ledger.admit(asked.clone()).await.unwrap(), Admission::Admitted);

    ledger.fail(true);
    assert!(ledger.by_handle(&running.handle).await.is_err());
    assert!(ledger.admit(asked.clone()).await.is_err());
    assert!(ledger.append(asked.clone()).await.is_err());
    assert!(ledger.entries(&EntryFilter::default()).await.is_err());
    ledger.append_later(outcome(&asked, 200, MONDAY));
    ledger.journal_stop(&running.handle, MONDAY).await.unwrap();

    ledger.fail(false);
    assert_eq!(ledger.admit(asked).await.unwrap(), Admission::Over(EndCause::Stopped));
    let kinds: Vec<_> = ledger.entries_snapshot().iter().map(|recorded| recorded.entry.kind).collect();
    assert_eq!(kinds, [Kind::Started, Kind::Intent, Kind::Stopped, Kind::Outcome]);
}
