//! A fresh database for every test, on both engines.

use std::path::PathBuf;

use tempfile::TempDir;
use vicarious_sqlx::{Options, Store};

/// A database of its own, and the means to open it again.
pub struct Fresh {
    pub url: String,
    pub folder: TempDir,
}

impl Fresh {
    /// Returns a SQLite file that is not there yet.
    pub fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { url: format!("sqlite://{}", folder.path().join("test.db").display()), folder }
    }

    /// Returns an empty schema of the server that `VICARIOUS_TEST_POSTGRES` names.
    pub async fn postgres() -> Self {
        let server = std::env::var("VICARIOUS_TEST_POSTGRES").expect(
            "set VICARIOUS_TEST_POSTGRES to the URL of a PostgreSQL server, or run bin/test, which starts one",
        );
        let schema = format!("test_{}", uuid::Uuid::new_v4().simple());
        let mut connection = <sqlx::PgConnection as sqlx::Connection>::connect(&server).await.unwrap();
        let create = format!("CREATE SCHEMA {schema}");
        sqlx::raw_sql(sqlx::AssertSqlSafe(create)).execute(&mut connection).await.unwrap();
        let question = if server.contains('?') { '&' } else { '?' };
        let url = format!("{server}{question}options=-c%20search_path%3D{schema}");
        Self { url, folder: tempfile::tempdir().unwrap() }
    }

    pub fn journal(&self) -> PathBuf {
        self.folder.path().join("stops")
    }

    pub async fn open(&self) -> Store {
        Options::new().connections(4).journal(self.journal()).connect(&self.url).await.unwrap()
    }
}

/// Runs statements as somebody who is not the program would, for example with a database tool.
pub async fn tamper(store: &Store, sql: &str) {
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
#[allow(unused_macros, reason = "not every file that shares this module has claims of its own")]
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
