//! Stopping works while the database does not answer.

use std::io::Write;

use testkit::people::MONDAY;
use testkit::scene::intent;
use vicarious_core::ports::{Admission, Ledger, Running};
use vicarious_core::{EndCause, Kind};

use crate::support::{Fresh, bob_as_alice, kinds, on_both, tamper};

on_both! {
    a_stop_during_an_outage_is_recorded_before_anything_else_runs
    a_stop_survives_a_restart
    a_torn_last_line_does_not_keep_the_store_from_starting
    the_journal_is_emptied_once_its_stops_are_recorded
}

async fn a_stop_during_an_outage_is_recorded_before_anything_else_runs(fresh: Fresh) {
    let store = fresh.open().await;
    let running = bob_as_alice(&store).await;
    tamper(&store, "ALTER TABLE vicarious_impersonations RENAME TO hidden").await;
    assert!(store.by_handle(&running.handle).await.is_err());
    store.journal_stop(&running.handle, MONDAY).await.unwrap();
    assert!(store.admit(intent(&running, "r1", "/orders", MONDAY)).await.is_err());
    tamper(&store, "ALTER TABLE hidden RENAME TO vicarious_impersonations").await;
    let refused = store.admit(intent(&running, "r2", "/orders", MONDAY)).await.unwrap();
    assert_eq!(refused, Admission::Over(EndCause::Stopped));
    assert_eq!(kinds(&store).await, [Kind::Started, Kind::Stopped]);
}

async fn a_stop_survives_a_restart(fresh: Fresh) {
    let store = fresh.open().await;
    let running = bob_as_alice(&store).await;
    store.journal_stop(&running.handle, MONDAY).await.unwrap();
    drop(store);
    let store = fresh.open().await;
    assert_eq!(kinds(&store).await, [Kind::Started, Kind::Stopped]);
    assert_eq!(store.running(Running::All).await.unwrap(), []);
}

async fn a_torn_last_line_does_not_keep_the_store_from_starting(fresh: Fresh) {
    let store = fresh.open().await;
    let running = bob_as_alice(&store).await;
    drop(store);
    std::fs::write(fresh.journal(), br#"{"handle":"00ff"#).unwrap();
    let store = fresh.open().await;
    assert_eq!(store.running(Running::All).await.unwrap().len(), 1);
    // A torn line does not swallow the one that follows it.
    store.journal_stop(&running.handle, MONDAY).await.unwrap();
    drop(store);
    let mut file = std::fs::OpenOptions::new().append(true).open(fresh.journal()).unwrap();
    file.write_all(b"{\"handle\":").unwrap();
    let store = fresh.open().await;
    assert_eq!(kinds(&store).await, [Kind::Started, Kind::Stopped]);
}

async fn the_journal_is_emptied_once_its_stops_are_recorded(fresh: Fresh) {
    let store = fresh.open().await;
    let running = bob_as_alice(&store).await;
    store.journal_stop(&running.handle, MONDAY).await.unwrap();
    assert!(std::fs::metadata(fresh.journal()).unwrap().len() > 0);
    store.by_id(&running.id).await.unwrap();
    assert_eq!(std::fs::metadata(fresh.journal()).unwrap().len(), 0);
}
