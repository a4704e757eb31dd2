//! A fresh database for every test, on both engines.

use sqlx::{AssertSqlSafe, Connection, PgConnection};
use tempfile::TempDir;
use uuid::Uuid;

/// A database of its own, and a folder for everything else.
pub(crate) struct Fresh {
    pub(crate) url: String,
    pub(crate) folder: TempDir,
}

impl Fresh {
    /// Returns an SQLite file that is not there yet.
    pub(crate) fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { url: format!("sqlite://{}", folder.path().join("shop.db").display()), folder }
    }

    /// Returns an empty schema of the server that `VICARIOUS_TEST_POSTGRES` names.
    pub(crate) async fn postgres() -> Self {
        let server = std::env::var("VICARIOUS_TEST_POSTGRES")
            .expect("set VICARIOUS_TEST_POSTGRES to the URL of a PostgreSQL server, or run bin/test, which starts one");
        let schema = format!("shop_{}", Uuid::new_v4().simple());
        let mut connection = PgConnection::connect(&server).await.unwrap();
        let create = AssertSqlSafe(format!("CREATE SCHEMA {schema}"));
        sqlx::raw_sql(create).execute(&mut connection).await.unwrap();
        let question = if server.contains('?') { '&' } else { '?' };
        let url = format!("{server}{question}options=-c%20search_path%3D{schema}");
        Self { url, folder: tempfile::tempdir().unwrap() }
    }
}

/// Writes each claim as one test for each engine.
macro_rules! on_both {
    ($($claim:ident)*) => {
        mod sqlite {
            $(#[tokio::test]
            async fn $claim() { super::$claim(crate::fresh::Fresh::sqlite()).await; })*
        }
        mod postgres {
            $(#[tokio::test]
            async fn $claim() { super::$claim(crate::fresh::Fresh::postgres().await).await; })*
        }
    };
}
pub(crate) use on_both;
