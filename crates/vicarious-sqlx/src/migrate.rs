//! Brings tables up to date, however many processes start at once.

use sqlx::AssertSqlSafe;

use crate::db::{execute, rows_in};
use crate::tx::{Engine, WriteTx};
use crate::{Error, Store};

/// One step, written for both engines; it is never changed once released.
#[derive(Clone, Copy, Debug)]
pub struct Migration {
    /// Its name, unique among the steps of its owner; steps run in the order in which they are given.
    pub name: &'static str,
    /// The statements for SQLite.
    pub sqlite: &'static str,
    /// The statements for PostgreSQL.
    pub postgres: &'static str,
}

pub(crate) const LEDGER: &[Migration] = &[
    Migration {
        name: "0001_ledger",
        sqlite: include_str!("../migrations/sqlite/0001_ledger.sql"),
        postgres: include_str!("../migrations/postgres/0001_ledger.sql"),
    },
    Migration {
        name: "0002_support_codes",
        sqlite: include_str!("../migrations/sqlite/0002_support_codes.sql"),
        postgres: include_str!("../migrations/postgres/0002_support_codes.sql"),
    },
    Migration {
        name: "0003_grants",
        sqlite: include_str!("../migrations/sqlite/0003_grants.sql"),
        postgres: include_str!("../migrations/postgres/0003_grants.sql"),
    },
];

/// Runs the steps of `owner` that have not run yet, all in one transaction.
///
/// The host may use this for its own tables, under its own name.
///
/// # Errors
///
/// When a step fails: then none of them happened.
pub async fn migrate(store: &Store, owner: &str, migrations: &[Migration]) -> Result<(), Error> {
    run(store.begin().await?, owner, migrations).await
}

pub(crate) async fn run(mut tx: WriteTx, owner: &str, migrations: &[Migration]) -> Result<(), Error> {
    lock(&mut tx).await?;
    execute!(
        tx,
        "CREATE TABLE IF NOT EXISTS vicarious_migrations (
            owner TEXT NOT NULL, name TEXT NOT NULL, PRIMARY KEY (owner, name))"
    )?;
    let done = rows_in!(tx, (String,), "SELECT name FROM vicarious_migrations WHERE owner = $1", owner)?;
    for step in migrations {
        if !done.iter().any(|(name,)| name == step.name) {
            statements(&mut tx, step).await?;
            execute!(tx, "INSERT INTO vicarious_migrations (owner, name) VALUES ($1, $2)", owner, step.name)?;
            tracing::info!(owner, name = step.name, "brought the tables up to date");
        }
    }
    tx.commit().await
}

/// Lets one process migrate at a time. SQLite's transactions do so by themselves.
async fn lock(tx: &mut WriteTx) -> Result<(), sqlx::Error> {
    match &mut tx.engine {
        #[cfg(feature = "sqlite")]
        Engine::Sqlite(_) => Ok(()),
        #[cfg(feature = "postgres")]
        Engine::Postgres(tx) => {
            // The key is "vicariou" in ASCII, so that it meets no other program's.
            sqlx::query("SELECT pg_advisory_xact_lock(8532190936026345333)").execute(&mut **tx).await.map(|_| ())
        }
    }
}

async fn statements(tx: &mut WriteTx, step: &Migration) -> Result<(), sqlx::Error> {
    match &mut tx.engine {
        #[cfg(feature = "sqlite")]
        Engine::Sqlite(tx) => sqlx::raw_sql(AssertSqlSafe(step.sqlite)).execute(&mut **tx).await.map(|_| ()),
        #[cfg(feature = "postgres")]
        Engine::Postgres(tx) => sqlx::raw_sql(AssertSqlSafe(step.postgres)).execute(&mut **tx).await.map(|_| ()),
    }
}
