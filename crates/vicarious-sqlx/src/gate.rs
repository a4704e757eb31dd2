//! One fair gate for every writer of a SQLite file in this process.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use sqlx::sqlite::{SqliteArguments, SqliteConnectOptions, SqliteConnection};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection};
use tokio::runtime::Handle;
use tokio::sync::{Mutex, OwnedMutexGuard};

/// The only connection that writes; waiting writers are served first come, first served.
///
/// SQLite has one writer at a time. Without the gate, writers would poll for the file's lock, and whoever polls
/// luckily wins, so that a busy writer starves the others.
#[derive(Clone, Debug)]
pub(crate) struct Gate {
    writer: Arc<Mutex<Writer>>,
    runtime: Handle,
}

#[derive(Debug)]
struct Writer {
    connection: SqliteConnection,
    /// Whether a transaction may be open: set before it begins, cleared once it is known to have ended.
    in_transaction: bool,
}

/// A transaction that holds the gate; rolls back when dropped.
#[derive(Debug)]
pub struct SqliteTx {
    writer: OwnedMutexGuard<Writer>,
    gate: Gate,
    /// The number of the last entry, where it is known.
    last: Option<i64>,
    /// The last statement, which commits by itself.
    unsent: Option<(Arc<str>, SqliteArguments)>,
}

/// The gate, without a transaction.
#[derive(Debug)]
pub(crate) struct SqliteTurn(OwnedMutexGuard<Writer>);

impl Gate {
    pub(crate) async fn open(options: &SqliteConnectOptions) -> Result<Self, sqlx::Error> {
        let writer = Writer { connection: options.connect().await?, in_transaction: false };
        Ok(Self { writer: Arc::new(Mutex::new(writer)), runtime: Handle::current() })
    }

    /// Waits for its turn and begins a transaction that may write at once.
    ///
    /// # Errors
    ///
    /// When another process keeps the file locked, or the file cannot be used.
    pub(crate) async fn begin(&self) -> Result<SqliteTx, sqlx::Error> {
        let mut writer = self.settled().await;
        writer.in_transaction = true;
        sqlx::query("BEGIN IMMEDIATE").execute(&mut writer.connection).await?;
        Ok(SqliteTx { writer, gate: self.clone(), last: None, unsent: None })
    }

    /// Waits for its turn to write a single statement.
    pub(crate) async fn turn(&self) -> SqliteTurn {
        SqliteTurn(self.settled().await)
    }

    /// Takes the gate, and ends what somebody left open in there.
    async fn settled(&self) -> OwnedMutexGuard<Writer> {
        let mut writer = self.writer.clone().lock_owned().await;
        if writer.in_transaction {
            // Fails when nothing is open, for example because beginning failed: then nothing is to be undone.
            drop(sqlx::query("ROLLBACK").execute(&mut writer.connection).await);
            writer.in_transaction = false;
        }
        writer
    }

    pub(crate) async fn close(&self) {
        let mut writer = self.settled().await;
        // Leaves the file without a write-ahead log to be replayed by whoever opens it next.
        drop(sqlx::query("PRAGMA wal_checkpoint(PASSIVE)").execute(&mut writer.connection).await);
        drop(writer.connection.clear_cached_statements().await);
    }
}

impl SqliteTurn {
    /// Runs a statement that is a transaction by itself, and returns how many rows it wrote.
    pub(crate) async fn write(mut self, text: Arc<str>, arguments: SqliteArguments) -> Result<u64, sqlx::Error> {
        let done = sqlx::query_with(AssertSqlSafe(text), arguments).execute(&mut self.0.connection).await?;
        Ok(done.rows_affected())
    }
}

impl SqliteTx {
    pub(crate) fn last_entry(&self) -> Option<i64> {
        self.last
    }

    pub(crate) fn knows_last_entry(&mut self, last: i64) {
        self.last = Some(last);
    }

    /// Keeps the last statement until the commit, so that both go in one: each go wakes two threads. Its text commits by
    /// itself.
    pub(crate) fn commits_with(&mut self, text: Arc<str>, arguments: SqliteArguments) {
        self.unsent = Some((text, arguments));
    }

    pub(crate) async fn commit(mut self) -> Result<(), sqlx::Error> {
        let connection = &mut self.writer.connection;
        match self.unsent.take() {
            Some((text, arguments)) => sqlx::query_with(AssertSqlSafe(text), arguments).execute(connection).await?,
            None => sqlx::query("COMMIT").execute(connection).await?,
        };
        self.writer.in_transaction = false;
        Ok(())
    }

    pub(crate) async fn rollback(mut self) -> Result<(), sqlx::Error> {
        sqlx::query("ROLLBACK").execute(&mut self.writer.connection).await?;
        self.writer.in_transaction = false;
        Ok(())
    }
}

impl Drop for SqliteTx {
    fn drop(&mut self) {
        if self.writer.in_transaction {
            // Whoever takes the gate next rolls back first; this task makes sure that somebody does.
            let gate = self.gate.clone();
            self.gate.runtime.spawn(async move { drop(gate.settled().await) });
        }
    }
}

impl Deref for SqliteTx {
    type Target = SqliteConnection;

    fn deref(&self) -> &SqliteConnection {
        &self.writer.connection
    }
}

impl DerefMut for SqliteTx {
    fn deref_mut(&mut self) -> &mut SqliteConnection {
        &mut self.writer.connection
    }
}
