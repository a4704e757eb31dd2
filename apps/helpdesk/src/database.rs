//! One way to two engines: the same SQL text runs on SQLite and on PostgreSQL, in the database that Vicarious uses.

use std::sync::Arc;

use anyhow::{Context, bail};
use sqlx::postgres::PgConnection;
use sqlx::sqlite::SqliteConnection;
use sqlx::{PgPool, SqlitePool};
use vicarious::audit::RequestId;
use vicarious::ports::Ledger;
use vicarious::sqlx::{Migration, Store, WriteTx, changed, migrate};
use vicarious::{Identity, Timestamp};

const SHOP: &str = include_str!("../migrations/0001_shop.sql");
const ORGANISATIONS: &str = include_str!("../migrations/0002_organisations.sql");
const MIGRATIONS: &[Migration] = &[
    Migration { name: "0001_shop", sqlite: SHOP, postgres: SHOP },
    Migration { name: "0002_organisations", sqlite: ORGANISATIONS, postgres: ORGANISATIONS },
];

/// The shop's database, with Vicarious' tables in it.
#[derive(Clone)]
pub(crate) struct Database {
    store: Store,
    ledger: Arc<dyn Ledger>,
    pool: Pool,
}

/// Where queries that only look run.
#[derive(Clone, Debug)]
pub(crate) enum Pool {
    Sqlite(SqlitePool),
    Postgres(PgPool),
}

/// A transaction that writes. Dropping it undoes everything.
#[derive(Debug)]
pub(crate) struct Tx(WriteTx);

/// The connection of a transaction.
pub(crate) enum Connection<'tx> {
    Sqlite(&'tx mut SqliteConnection),
    Postgres(&'tx mut PgConnection),
}

/// Runs a query that only looks on whichever pool there is.
macro_rules! on {
    ($database:expr, $pool:ident => $query:expr) => {
        match $database.pool() {
            $crate::database::Pool::Sqlite($pool) => $query,
            $crate::database::Pool::Postgres($pool) => $query,
        }
    };
}
pub(crate) use on;

/// Runs a query within whichever transaction there is.
macro_rules! within {
    ($tx:expr, $connection:ident => $query:expr) => {
        match $tx.connection()? {
            $crate::database::Connection::Sqlite($connection) => $query,
            $crate::database::Connection::Postgres($connection) => $query,
        }
    };
}
pub(crate) use within;

impl Database {
    /// Opens the database, making and migrating what is missing.
    pub(crate) async fn open(url: &str) -> anyhow::Result<Self> {
        let store =
            Store::connect(url).await.with_context(|| format!("cannot open the database at `{}`", hide(url)))?;
        migrate(&store, "helpdesk", MIGRATIONS).await.context("cannot make the shop’s tables")?;
        let sqlite = store.sqlite().cloned().map(Pool::Sqlite);
        let pool = sqlite.or_else(|| store.postgres().cloned().map(Pool::Postgres));
        let pool = pool.context("the database is neither SQLite nor PostgreSQL")?;
        Ok(Self { ledger: Arc::new(store.clone()), store, pool })
    }

    /// Opens a database that is there already: a mistyped name must not make an empty one that looks innocent.
    pub(crate) async fn open_existing(url: &str) -> anyhow::Result<Self> {
        let file = url.strip_prefix("sqlite:").map(|rest| rest.strip_prefix("//").unwrap_or(rest));
        if let Some(file) = file.and_then(|file| file.split('?').next())
            && !std::path::Path::new(file).exists()
        {
            bail!("there is no database at {file}: --database says where it is");
        }
        Self::open(url).await
    }

    pub(crate) fn pool(&self) -> &Pool {
        &self.pool
    }

    /// Returns where impersonations and the record are.
    pub(crate) fn ledger(&self) -> &Arc<dyn Ledger> {
        &self.ledger
    }

    /// Returns the same with everything that only this ledger can do.
    pub(crate) fn store(&self) -> &Store {
        &self.store
    }

    /// Begins a transaction that writes. On SQLite it waits for its turn, so keep it short.
    pub(crate) async fn begin(&self) -> anyhow::Result<Tx> {
        Ok(Tx(self.store.begin().await?))
    }

    /// Writes what waits to be written, and lets go of the database.
    pub(crate) async fn close(&self) {
        self.store.close().await;
    }

    /// Returns whether the database answers.
    pub(crate) async fn answers(&self) -> bool {
        on!(self, pool => sqlx::query("SELECT 1").execute(pool).await.is_ok())
    }
}

impl Tx {
    /// Returns the connection, for [`within!`].
    pub(crate) fn connection(&mut self) -> sqlx::Result<Connection<'_>> {
        // Asked twice, because a borrow that was handed out cannot be taken back.
        if self.0.sqlite().is_some() {
            return self.0.sqlite().map(Connection::Sqlite).ok_or(sqlx::Error::PoolClosed);
        }
        self.0.postgres().map(Connection::Postgres).ok_or(sqlx::Error::PoolClosed)
    }

    /// Puts on record, within this transaction, that a field changed while somebody acts as somebody else.
    pub(crate) async fn changed(
        &mut self,
        identity: &Identity,
        request: Option<&RequestId>,
        field: &str,
        values: (&str, &str),
    ) -> anyhow::Result<()> {
        Ok(changed(&mut self.0, identity, request, field, values, Timestamp::now()).await?)
    }

    /// Makes everything within it durable.
    pub(crate) async fn commit(self) -> anyhow::Result<()> {
        Ok(self.0.commit().await?)
    }
}

/// Returns a URL without what stands before the host: it may hold a password.
fn hide(url: &str) -> String {
    match (url.split_once("://"), url.rsplit_once('@')) {
        (Some((scheme, _)), Some((_, host))) => format!("{scheme}://…@{host}"),
        _ => url.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::hide;

    #[test]
    fn a_password_is_not_repeated() {
        assert_eq!(hide("postgres://tea:secret@db/shop"), "postgres://…@db/shop");
        assert_eq!(hide("sqlite://helpdesk.db"), "sqlite://helpdesk.db");
    }
}
