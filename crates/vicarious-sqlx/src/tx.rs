//! The host's own transactions.

#[cfg(feature = "postgres")]
use sqlx::postgres::{PgConnection, Postgres};
#[cfg(feature = "sqlite")]
use sqlx::sqlite::SqliteConnection;

#[cfg(feature = "sqlite")]
use crate::gate::SqliteTx;
use crate::record::Head;

/// A transaction on the store's database, for the host's own business.
///
/// On SQLite it holds the writer gate until it ends, so keep it short. Dropping it rolls back, before the gate is
/// handed on.
///
/// # Examples
///
/// ```no_run
/// # async fn rename(store: vicarious_sqlx::Store) -> Result<(), vicarious_sqlx::Error> {
/// let mut tx = store.begin().await?;
/// let rename = "UPDATE customers SET name = $1 WHERE id = $2";
/// # #[cfg(feature = "sqlite")]
/// if let Some(sqlite) = tx.sqlite() {
///     sqlx::query(rename).bind("Alice").bind(1).execute(sqlite).await?;
/// }
/// # #[cfg(feature = "postgres")]
/// if let Some(postgres) = tx.postgres() {
///     sqlx::query(rename).bind("Alice").bind(1).execute(postgres).await?;
/// }
/// tx.commit().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct WriteTx {
    pub(crate) engine: Engine,
    /// The end of this transaction's own chain of entries, once it has one.
    pub(crate) head: Option<Head>,
}

#[derive(Debug)]
pub(crate) enum Engine {
    #[cfg(feature = "sqlite")]
    Sqlite(SqliteTx),
    #[cfg(feature = "postgres")]
    Postgres(sqlx::Transaction<'static, Postgres>),
}

impl WriteTx {
    pub(crate) fn new(engine: Engine) -> Self {
        Self { engine, head: None }
    }

    /// Returns the connection, if this is SQLite.
    #[cfg(feature = "sqlite")]
    pub fn sqlite(&mut self) -> Option<&mut SqliteConnection> {
        match &mut self.engine {
            Engine::Sqlite(tx) => Some(tx),
            #[cfg(feature = "postgres")]
            Engine::Postgres(_) => None,
        }
    }

    /// Returns the connection, if this is PostgreSQL.
    #[cfg(feature = "postgres")]
    pub fn postgres(&mut self) -> Option<&mut PgConnection> {
        match &mut self.engine {
            #[cfg(feature = "sqlite")]
            Engine::Sqlite(_) => None,
            Engine::Postgres(tx) => Some(tx),
        }
    }

    /// Returns the number of the last entry, where it is known: nobody else can add one until this ends.
    #[cfg(feature = "sqlite")]
    pub(crate) fn last_entry(&self) -> Option<i64> {
        match &self.engine {
            Engine::Sqlite(tx) => tx.last_entry(),
            #[cfg(feature = "postgres")]
            Engine::Postgres(_) => None,
        }
    }

    /// Makes everything durable.
    ///
    /// # Errors
    ///
    /// When the database cannot: then nothing happened, unless the connection broke at this very moment.
    pub async fn commit(self) -> Result<(), crate::Error> {
        match self.engine {
            #[cfg(feature = "sqlite")]
            Engine::Sqlite(tx) => tx.commit().await?,
            #[cfg(feature = "postgres")]
            Engine::Postgres(tx) => tx.commit().await?,
        }
        Ok(())
    }

    /// Undoes everything.
    ///
    /// # Errors
    ///
    /// When the database cannot answer; everything is undone all the same.
    pub async fn rollback(self) -> Result<(), crate::Error> {
        match self.engine {
            #[cfg(feature = "sqlite")]
            Engine::Sqlite(tx) => tx.rollback().await?,
            #[cfg(feature = "postgres")]
            Engine::Postgres(tx) => tx.rollback().await?,
        }
        Ok(())
    }
}
