//! A fresh database for every test, on both engines.

use std::path::PathBuf;

use tempfile::TempDir;
use testkit::people::{MONDAY, alice, bob};
use testkit::scene::{Start, started};
use vicarious_core::ports::{EntryFilter, Ledger};
use vicarious_core::{Entry, Impersonation, Kind};
use vicarious_sqlx::{Options, Store};

/// A database of its own, and the means to open it again.
pub(crate) struct Fresh {
    pub(crate) url: String,
    pub(crate) folder: TempDir,
}

impl Fresh {
    /// Returns a SQLite file that is not there yet.
    pub(crate) fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { url: format!("sqlite://{}", folder.path().join("test.db").display()), folder }
    }

    /// Returns an empty schema of the server that `VICARIOUS_TEST_POSTGRES` names.
    pub(crate) async fn postgres() -> Self {
        let server = std::env::var("VICARIOUS_TEST_POSTGRES")
            .expect("set VICARIOUS_TEST_POSTGRES to the URL of a PostgreSQL server, or run bin/test, which starts one");
        let schema = format!("test_{}", uuid::Uuid::new_v4().simple());
        let mut connection = <sqlx::PgConnection as sqlx::Connection>::connect(&server).await.unwrap();
        let create = format!("CREATE SCHEMA {schema}");
        sqlx::raw_sql(sqlx::AssertSqlSafe(create)).execute(&mut connection).await.unwrap();
        let question = if server.contains('?') { '&' } else { '?' };
        let url = format!("{server}{question}options=-c%20search_path%3D{schema}");
        Self { url, folder: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn journal(&self) -> PathBuf {
        self.folder.path().join("stops")
    }

    pub(crate) async fn open(&self) -> Store {
        Options::new().connections(4).journal(self.journal()).connect(&self.url).await.unwrap()
    }
}

/// Runs statements as somebody who is not the program would, for example with a database tool.
pub(crate) async fn tamper(store: &Store, sql: &str) {
    let mut tx = store.begin().await.unwrap();
    let sql = sqlx::AssertSqlSafe(sql.to_owned());
    if let Some(sqlite) = tx.sqlite() {
        sqlx::raw_sql(sql).execute(sqlite).await.unwrap();
    } else if let Some(postgres) = tx.postgres() {
        sqlx::raw_sql(sql).execute(postgres).await.unwrap();
    }
    tx.commit().await.unwrap();
}

/// Writes each claim as one test for each engine.
macro_rules! on_both {
    ($($claim:ident)*) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $claim() { super::$claim(crate::support::Fresh::sqlite()).await; })*
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $claim() { super::$claim(crate::support::Fresh::postgres().await).await; })*
        }
    };
}

pub(crate) use on_both;

/// Bob becomes Alice.
pub(crate) async fn bob_as_alice(store: &Store) -> Impersonation {
    let decided = Start::of("first", bob(), alice(), MONDAY).decide().unwrap();
    let impersonation = started(&decided).unwrap();
    store.apply(decided).await.unwrap();
    impersonation
}

/// Every entry, oldest first.
pub(crate) async fn everything(store: &Store) -> Vec<Entry> {
    let all = EntryFilter { limit: 100_000, ..EntryFilter::default() };
    store.entries(&all).await.unwrap().into_iter().rev().map(|recorded| recorded.entry).collect()
}

pub(crate) async fn kinds(store: &Store) -> Vec<Kind> {
    everything(store).await.iter().map(|entry| entry.kind).collect()
}

/// The words in the detail `outcome`, oldest first.
pub(crate) async fn closings(store: &Store) -> Vec<String> {
    let outcomes = everything(store).await.into_iter().filter(|entry| entry.kind == Kind::Outcome);
    outcomes.filter_map(|entry| Some(entry.detail.get("outcome")?.as_str()?.to_owned())).collect()
}

pub(crate) async fn assert_verifies(store: &Store) {
    assert_eq!(store.verify(|_| {}).await.unwrap().fault, None);
}
