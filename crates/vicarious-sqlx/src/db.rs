//! Two engines behind one enum, and the macros that say a statement once for both.

#[cfg(feature = "postgres")]
use sqlx::postgres::PgPool;
#[cfg(feature = "sqlite")]
use sqlx::sqlite::SqlitePool;

#[cfg(feature = "sqlite")]
use crate::gate::Gate;
use crate::tx::{Engine, WriteTx};

/// Where a store reads and writes.
#[derive(Clone, Debug)]
pub(crate) enum Db {
    #[cfg(feature = "sqlite")]
    Sqlite { readers: SqlitePool, gate: Gate },
    #[cfg(feature = "postgres")]
    Postgres(PgPool),
}

impl Db {
    pub(crate) async fn begin(&self) -> Result<WriteTx, sqlx::Error> {
        let engine = match self {
            #[cfg(feature = "sqlite")]
            Self::Sqlite { gate, .. } => Engine::Sqlite(gate.begin().await?),
            #[cfg(feature = "postgres")]
            Self::Postgres(pool) => Engine::Postgres(pool.begin().await?),
        };
        Ok(WriteTx::new(engine))
    }

    pub(crate) async fn close(&self) {
        match self {
            #[cfg(feature = "sqlite")]
            Self::Sqlite { readers, gate } => {
                readers.close().await;
                gate.close().await;
            }
            #[cfg(feature = "postgres")]
            Self::Postgres(pool) => pool.close().await,
        }
    }
}

/// Runs a statement within a [`WriteTx`] and returns how many rows it touched.
macro_rules! execute {
    ($tx:expr, $sql:expr $(, $argument:expr)* $(,)?) => {
        match &mut $tx.engine {
            #[cfg(feature = "sqlite")]
            $crate::tx::Engine::Sqlite(tx) => sqlx::query($sql)$(.bind($argument))*
                .execute(&mut **tx).await.map(|done| done.rows_affected()),
            #[cfg(feature = "postgres")]
            $crate::tx::Engine::Postgres(tx) => sqlx::query($sql)$(.bind($argument))*
                .execute(&mut **tx).await.map(|done| done.rows_affected()),
        }
    };
}

/// Fetches rows within a [`WriteTx`].
macro_rules! rows_in {
    ($tx:expr, $row:ty, $sql:expr $(, $argument:expr)* $(,)?) => {
        match &mut $tx.engine {
            #[cfg(feature = "sqlite")]
            $crate::tx::Engine::Sqlite(tx) => sqlx::query_as::<_, $row>($sql)$(.bind($argument))*
                .fetch_all(&mut **tx).await,
            #[cfg(feature = "postgres")]
            $crate::tx::Engine::Postgres(tx) => sqlx::query_as::<_, $row>($sql)$(.bind($argument))*
                .fetch_all(&mut **tx).await,
        }
    };
}

/// Fetches rows outside of a transaction.
macro_rules! rows {
    ($db:expr, $row:ty, $sql:expr $(, $argument:expr)* $(,)?) => {
        match &$db {
            #[cfg(feature = "sqlite")]
            $crate::db::Db::Sqlite { readers, .. } => sqlx::query_as::<_, $row>($sql)$(.bind($argument))*
                .fetch_all(readers).await,
            #[cfg(feature = "postgres")]
            $crate::db::Db::Postgres(pool) => sqlx::query_as::<_, $row>($sql)$(.bind($argument))*
                .fetch_all(pool).await,
        }
    };
}

pub(crate) use {execute, rows, rows_in};
