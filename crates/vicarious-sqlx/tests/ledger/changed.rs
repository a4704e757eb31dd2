//! What changed is recorded in the transaction that changes it.

use testkit::people::{MONDAY, alice, bob};
use vicarious_core::ports::{EntryFilter, Ledger};
use vicarious_core::{Identity, Kind};
use vicarious_sqlx::{Store, WriteTx, changed};

use crate::support::{Fresh, assert_verifies, bob_as_alice, kinds, on_both};

on_both! {
    a_change_is_recorded_with_its_transaction
    a_change_that_is_undone_is_not_recorded
    a_customers_own_change_is_not_recorded
}

async fn rename(tx: &mut WriteTx, identity: &Identity, to: &str) {
    changed(tx, identity, Some(&"r1".into()), "name", ("Alice Ames", to), MONDAY).await.unwrap();
}

async fn bob_as_alice_identity(store: &Store) -> Identity {
    Identity::impersonating(bob(), alice(), bob_as_alice(store).await)
}

async fn a_change_is_recorded_with_its_transaction(fresh: Fresh) {
    let store = fresh.open().await;
    let identity = bob_as_alice_identity(&store).await;
    for to in ["Alice Adams", "Alice Archer"] {
        let mut tx = store.begin().await.unwrap();
        rename(&mut tx, &identity, to).await;
        rename(&mut tx, &identity, "Alice Ames").await;
        tx.commit().await.unwrap();
    }
    let filter = EntryFilter {
        kind: Some(Kind::Changed),
        impersonation: Some("first".into()),
        limit: 9,
        ..EntryFilter::default()
    };
    let found = store.entries(&filter).await.unwrap();
    let new: Vec<_> = found.iter().rev().map(|recorded| recorded.entry.detail["new"].clone()).collect();
    assert_eq!(new, ["Alice Adams", "Alice Ames", "Alice Archer", "Alice Ames"]);
    assert_eq!(found[0].entry.request.as_ref().map(|request| request.id.as_str()), Some("r1"));
    assert_eq!(found[0].entry.true_user, Some(bob().person));
    assert_verifies(&store).await;
}

async fn a_change_that_is_undone_is_not_recorded(fresh: Fresh) {
    let store = fresh.open().await;
    let identity = bob_as_alice_identity(&store).await;
    let mut tx = store.begin().await.unwrap();
    rename(&mut tx, &identity, "Alice Adams").await;
    tx.rollback().await.unwrap();
    let mut tx = store.begin().await.unwrap();
    rename(&mut tx, &identity, "Alice Adams").await;
    drop(tx);
    assert_eq!(kinds(&store).await, [Kind::Started]);
}

async fn a_customers_own_change_is_not_recorded(fresh: Fresh) {
    let store = fresh.open().await;
    let mut tx = store.begin().await.unwrap();
    rename(&mut tx, &Identity::own(alice()), "Alice Adams").await;
    rename(&mut tx, &Identity::anonymous(), "Alice Adams").await;
    tx.commit().await.unwrap();
    assert_eq!(kinds(&store).await, []);
}
