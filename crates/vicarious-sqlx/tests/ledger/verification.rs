//! The chains show what somebody did to the entries afterwards.

use testkit::people::MONDAY;
use testkit::scene::intent;
use vicarious_core::ports::Ledger;
use vicarious_sqlx::{FaultKind, Store};

use crate::support::{Fresh, assert_verifies, bob_as_alice, on_both, tamper};

on_both! {
    an_untouched_log_verifies_and_says_how_far_it_is
    an_altered_entry_is_named_whichever_field_it_is
    a_removed_entry_is_named
    a_reordered_entry_is_named
    an_inserted_entry_is_named
    an_exchanged_entry_is_named
}

async fn ten_entries(fresh: &Fresh) -> Store {
    let store = fresh.open().await;
    let running = bob_as_alice(&store).await;
    for number in 2..=10 {
        store.append(intent(&running, &format!("r{number}"), "/orders", MONDAY)).await.unwrap();
    }
    store
}

async fn found(store: &Store) -> Option<(i64, FaultKind)> {
    store.verify(|_| {}).await.unwrap().fault.map(|fault| (fault.seq, fault.kind))
}

async fn an_untouched_log_verifies_and_says_how_far_it_is(fresh: Fresh) {
    let store = ten_entries(&fresh).await;
    let mut told = Vec::new();
    let report = store.verify(|entries| told.push(entries)).await.unwrap();
    assert_eq!((report.entries, report.chains, report.fault), (10, 1, None));
    assert_eq!(told, [10]);
}

async fn an_altered_entry_is_named_whichever_field_it_is(fresh: Fresh) {
    let store = ten_entries(&fresh).await;
    let text = ["kind", "true_user", r#""current_user""#, "impersonation", "request", "method", "route", "path"];
    let more = ["reason", "ticket", "body", "chain"];
    for field in text.iter().chain(&more) {
        let ways = [("'altered'", "UPDATE"), ("NULL", "UPDATE")];
        for (value, _) in ways.iter().take(if ["kind", "body", "chain"].contains(field) { 1 } else { 2 }) {
            alter_and_restore(&store, field, value).await;
        }
    }
    for field in ["at", "status", "chain_seq"] {
        alter_and_restore(&store, field, "7777").await;
    }
    for field in ["hash", "prev_hash"] {
        let other = format!("(SELECT {field} FROM vicarious_entries WHERE seq = 5)");
        alter_and_restore(&store, field, &other).await;
    }
    assert_verifies(&store).await;
}

async fn alter_and_restore(store: &Store, field: &str, value: &str) {
    tamper(store, "CREATE TABLE kept AS SELECT * FROM vicarious_entries WHERE seq = 4").await;
    tamper(store, &format!("UPDATE vicarious_entries SET {field} = {value} WHERE seq = 4")).await;
    assert_eq!(found(store).await, Some((4, FaultKind::Altered)), "{field} = {value}");
    let restore =
        format!("UPDATE vicarious_entries SET {field} = (SELECT {field} FROM kept) WHERE seq = 4; DROP TABLE kept");
    tamper(store, &restore).await;
}

async fn a_removed_entry_is_named(fresh: Fresh) {
    let store = ten_entries(&fresh).await;
    tamper(&store, "DELETE FROM vicarious_entries WHERE seq = 4").await;
    let fault = store.verify(|_| {}).await.unwrap().fault.unwrap();
    assert_eq!((fault.place, fault.seq, fault.kind), (4, 5, FaultKind::Removed));
}

async fn a_reordered_entry_is_named(fresh: Fresh) {
    let store = ten_entries(&fresh).await;
    tamper(&store, "UPDATE vicarious_entries SET seq = 100 WHERE seq = 4").await;
    assert_eq!(found(&store).await, Some((100, FaultKind::Reordered)));
}

async fn an_inserted_entry_is_named(fresh: Fresh) {
    let store = ten_entries(&fresh).await;
    tamper(&store, "CREATE TABLE copy AS SELECT * FROM vicarious_entries WHERE seq = 4").await;
    tamper(&store, "UPDATE copy SET seq = 100; INSERT INTO vicarious_entries SELECT * FROM copy").await;
    assert_eq!(found(&store).await, Some((100, FaultKind::Inserted)));
}

async fn an_exchanged_entry_is_named(fresh: Fresh) {
    let store = ten_entries(&fresh).await;
    // Whole in itself: a later entry, moved to the place of an earlier one.
    tamper(&store, "DELETE FROM vicarious_entries WHERE seq = 10").await;
    assert_verifies(&store).await;
    tamper(&store, "UPDATE vicarious_entries SET seq = 100 + seq WHERE seq > 5").await;
    assert_verifies(&store).await;
    tamper(&store, "UPDATE vicarious_entries SET seq = 6 WHERE seq = 107").await;
    assert_eq!(found(&store).await, Some((106, FaultKind::Reordered)));
}
