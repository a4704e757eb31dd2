//! The chains show what somebody did to the entries afterwards.

use sha2::{Digest, Sha256};
use testkit::people::MONDAY;
use testkit::scene::{intent, outcome};
use vicarious_core::ports::Ledger;
use vicarious_core::{Entry, Kind};
use vicarious_sqlx::{FaultKind, Store};

use crate::support::{Fresh, assert_verifies, bob_as_alice, on_both, tamper};

on_both! {
    a_hash_is_what_the_documentation_says
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

/// The fields of the hash as the database has them, in their order: text, numbers or bytes.
const FIELDS: [(&str, char); 16] = [
    ("at", 'n'),
    ("kind", 't'),
    ("true_user", 't'),
    ("\"current_user\"", 't'),
    ("impersonation", 't'),
    ("request", 't'),
    ("method", 't'),
    ("route", 't'),
    ("path", 't'),
    ("status", 'n'),
    ("reason", 't'),
    ("ticket", 't'),
    ("body", 't'),
    ("chain", 't'),
    ("chain_seq", 'n'),
    ("prev_hash", 'b'),
];

/// Looks up one value of the entry with this number.
macro_rules! value {
    ($store:expr, $value:ty, $column:expr, $seq:expr) => {{
        let sql = sqlx::AssertSqlSafe(format!("SELECT {} FROM vicarious_entries WHERE seq = {}", $column, $seq));
        match ($store.sqlite(), $store.postgres()) {
            (Some(sqlite), _) => sqlx::query_scalar::<_, $value>(sql).fetch_one(sqlite).await.unwrap(),
            (_, Some(postgres)) => sqlx::query_scalar::<_, $value>(sql).fetch_one(postgres).await.unwrap(),
            (None, None) => None,
        }
    }};
}

// Computed here once more, from the columns alone, so that what was written by an older program still verifies.
async fn a_hash_is_what_the_documentation_says(fresh: Fresh) {
    let store = fresh.open().await;
    let running = bob_as_alice(&store).await;
    let mut odd = outcome(&intent(&running, "r\0", "/orders/ü", MONDAY), 200, MONDAY).with("duration_us", 7);
    odd.ticket = None;
    store.append(odd).await.unwrap();
    store.append(Entry::bare(Kind::PauseEnded, MONDAY)).await.unwrap();
    for seq in 1..=3 {
        let mut hashed = Vec::new();
        for (column, kind) in FIELDS {
            let value = match kind {
                'n' => value!(store, Option<i64>, column, seq).map(|number| number.to_be_bytes().to_vec()),
                't' => value!(store, Option<String>, column, seq).map(String::into_bytes),
                _ => value!(store, Option<Vec<u8>>, column, seq),
            };
            hashed.push(u8::from(value.is_some()));
            if let Some(value) = value {
                hashed.extend((value.len() as u64).to_be_bytes());
                hashed.extend(value);
            }
        }
        let hash = value!(store, Option<Vec<u8>>, "hash", seq).unwrap();
        assert_eq!(hash, Sha256::digest(&hashed).as_slice(), "entry {seq}");
    }
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
