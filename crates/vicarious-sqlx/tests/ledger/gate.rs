//! The host's transactions share the database with the ledger.

use std::sync::{Arc, Mutex};

use testkit::people::MONDAY;
use testkit::scene::intent;
use tokio::task::JoinSet;
use vicarious_core::ports::{Admission, Ledger};
use vicarious_sqlx::{Options, Store, WriteTx};

use crate::support::{Fresh, bob_as_alice, on_both, tamper};

on_both! {
    a_committed_transaction_is_kept
    a_dropped_transaction_leaves_nothing_and_lets_the_next_one_in
    a_transaction_given_up_in_the_middle_of_a_statement_leaves_nothing
    transactions_and_requests_get_along
}

async fn add(tx: &mut WriteTx, customer: i64) {
    let sql = "INSERT INTO customers (id) VALUES ($1)";
    if let Some(sqlite) = tx.sqlite() {
        sqlx::query(sql).bind(customer).execute(sqlite).await.unwrap();
    } else if let Some(postgres) = tx.postgres() {
        sqlx::query(sql).bind(customer).execute(postgres).await.unwrap();
    }
}

async fn customers(store: &Store) -> Vec<i64> {
    let sql = "SELECT id FROM customers ORDER BY id";
    let found: Vec<(i64,)> = match (store.sqlite(), store.postgres()) {
        (Some(sqlite), _) => sqlx::query_as(sql).fetch_all(sqlite).await.unwrap(),
        (_, Some(postgres)) => sqlx::query_as(sql).fetch_all(postgres).await.unwrap(),
        _ => unreachable!("a store has one of the two"),
    };
    found.into_iter().map(|(id,)| id).collect()
}

async fn with_customers(fresh: &Fresh) -> Store {
    let store = fresh.open().await;
    tamper(&store, "CREATE TABLE customers (id BIGINT PRIMARY KEY)").await;
    store
}

async fn a_committed_transaction_is_kept(fresh: Fresh) {
    let store = with_customers(&fresh).await;
    let mut tx = store.begin().await.unwrap();
    add(&mut tx, 1).await;
    tx.commit().await.unwrap();
    assert_eq!(customers(&store).await, [1]);
}

async fn a_dropped_transaction_leaves_nothing_and_lets_the_next_one_in(fresh: Fresh) {
    let store = with_customers(&fresh).await;
    for _ in 0..10 {
        let mut tx = store.begin().await.unwrap();
        add(&mut tx, 1).await;
        drop(tx);
        let mut tx = store.begin().await.unwrap();
        // It would clash with the one that was dropped.
        add(&mut tx, 1).await;
        tx.rollback().await.unwrap();
    }
    assert_eq!(customers(&store).await, [0; 0]);
}

async fn a_transaction_given_up_in_the_middle_of_a_statement_leaves_nothing(fresh: Fresh) {
    let store = with_customers(&fresh).await;
    for polls in 0..20 {
        let attempt = async {
            let mut tx = store.begin().await.unwrap();
            add(&mut tx, 1).await;
            add(&mut tx, 2).await;
            std::future::pending::<()>().await;
        };
        give_up_after(polls, attempt).await;
        assert_eq!(customers(&store).await, [0; 0]);
        let tx = store.begin().await.unwrap();
        tx.rollback().await.unwrap();
    }
}

/// Polls a future that often, and drops it.
async fn give_up_after(polls: usize, attempt: impl Future<Output = ()>) {
    let mut attempt = Box::pin(attempt);
    for _ in 0..polls {
        let once = std::future::poll_fn(|context| {
            let _ = attempt.as_mut().poll(context);
            std::task::Poll::Ready(())
        });
        once.await;
        tokio::task::yield_now().await;
    }
}

async fn transactions_and_requests_get_along(fresh: Fresh) {
    let store = with_customers(&fresh).await;
    let running = bob_as_alice(&store).await;
    let mut tasks = JoinSet::new();
    for number in 0..64 {
        let (store, asked) = (store.clone(), intent(&running, &format!("r{number}"), "/orders", MONDAY));
        tasks.spawn(async move {
            assert_eq!(store.admit(asked).await.unwrap(), Admission::Admitted);
            let mut tx = store.begin().await.unwrap();
            add(&mut tx, number).await;
            tx.commit().await.unwrap();
        });
    }
    tasks.join_all().await;
    assert_eq!(customers(&store).await.len(), 64);
}

#[tokio::test]
async fn on_sqlite_the_readers_cannot_write_past_the_gate() {
    let fresh = Fresh::sqlite();
    let store = with_customers(&fresh).await;
    let readers = store.sqlite().unwrap();
    assert!(sqlx::query("INSERT INTO customers (id) VALUES (1)").execute(readers).await.is_err());
    assert_eq!(customers(&store).await, [0; 0]);
}

#[tokio::test]
async fn waiting_writers_of_sqlite_are_served_in_the_order_they_came() {
    let fresh = Fresh::sqlite();
    let store = with_customers(&fresh).await;
    let order = Arc::new(Mutex::new(Vec::new()));
    let first = store.begin().await.unwrap();
    let mut writers = JoinSet::new();
    for number in 0..16 {
        let (store, order) = (store.clone(), order.clone());
        writers.spawn(async move {
            let tx = store.begin().await.unwrap();
            order.lock().unwrap().push(number);
            tx.commit().await.unwrap();
        });
    }
    // On this single-threaded runtime every writer now stands in line.
    tokio::task::yield_now().await;
    first.commit().await.unwrap();
    writers.join_all().await;
    assert_eq!(*order.lock().unwrap(), (0..16).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_store_uses_the_hosts_own_pool_of_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let options =
        sqlx::sqlite::SqliteConnectOptions::new().filename(folder.path().join("own.db")).create_if_missing(true);
    let pool = sqlx::SqlitePool::connect_with(options).await.unwrap();
    let store = Options::new().on_sqlite(pool).await.unwrap();
    bob_as_alice(&store).await;
    assert!(folder.path().join("own.db-wal").exists());
}

#[tokio::test]
async fn what_cannot_be_used_is_named_without_its_secrets() {
    for (url, named) in [("mysql://root:secret@db/x", "mysql"), ("sqlite::memory:", "memory"), ("nonsense", "nonsense")]
    {
        let error = Store::connect(url).await.unwrap_err().to_string();
        assert!(error.contains(named) && !error.contains("secret"), "{error}");
    }
}
