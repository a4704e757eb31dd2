//! Opens a database, and makes sure that it can be trusted.

use std::path::PathBuf;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
use std::time::Duration;

#[cfg(feature = "postgres")]
use sqlx::ConnectOptions as _;
#[cfg(feature = "postgres")]
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
#[cfg(feature = "sqlite")]
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous};

use crate::db::Db;
#[cfg(feature = "sqlite")]
use crate::gate::Gate;
use crate::{Error, Store};

/// How to open a store.
///
/// # Examples
///
/// ```no_run
/// # async fn open() -> Result<(), vicarious_sqlx::Error> {
/// use vicarious_sqlx::Options;
///
/// let store = Options::new().journal("/var/lib/helpdesk/stops").connect("sqlite://helpdesk.db").await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Options {
    journal: Option<PathBuf>,
    connections: u32,
}

impl Default for Options {
    fn default() -> Self {
        Self { journal: None, connections: 8 }
    }
}

impl Options {
    /// Returns the defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the file that remembers stops while the database cannot answer.
    ///
    /// The default is a file beside a SQLite database, and `vicarious.stops` in the working directory otherwise. It
    /// must be on a disk that survives a restart.
    #[must_use]
    pub fn journal(mut self, path: impl Into<PathBuf>) -> Self {
        self.journal = Some(path.into());
        self
    }

    /// Sets how many connections read at once; default 8. On PostgreSQL the same connections write.
    #[must_use]
    pub fn connections(mut self, connections: u32) -> Self {
        self.connections = connections.max(2);
        self
    }

    /// Opens the database at a `sqlite://` or `postgres://` URL, creating a SQLite file that is not there, and brings
    /// its tables up to date.
    ///
    /// # Errors
    ///
    /// When the database cannot be used; see [`Error`].
    pub async fn connect(self, url: &str) -> Result<Store, Error> {
        let scheme = url.split(':').next().unwrap_or_default();
        match scheme {
            #[cfg(feature = "sqlite")]
            "sqlite" => self.connect_sqlite(url.parse()?).await,
            #[cfg(feature = "postgres")]
            "postgres" | "postgresql" => self.connect_postgres(url.parse()?).await,
            _ => Err(Error::Url(scheme.chars().take(16).collect())),
        }
    }

    /// Opens a SQLite file.
    #[cfg(feature = "sqlite")]
    async fn connect_sqlite(self, options: SqliteConnectOptions) -> Result<Store, Error> {
        let gate = open_gate(&options).await?;
        // Whoever reads cannot write past the gate by mistake.
        let readers = options.busy_timeout(BUSY).pragma("query_only", "ON");
        let pool = SqlitePoolOptions::new().max_connections(self.connections).connect_with(readers).await?;
        self.sqlite(pool, gate).await
    }

    /// Uses the host's own pool for reading; the store opens a connection of its own for writing.
    ///
    /// The host writes through [`Store::begin`] only: all writers of the file pass the same gate.
    ///
    /// # Errors
    ///
    /// When the database cannot be used; see [`Error`].
    #[cfg(feature = "sqlite")]
    pub async fn on_sqlite(self, pool: SqlitePool) -> Result<Store, Error> {
        let gate = open_gate(&pool.connect_options()).await?;
        self.sqlite(pool, gate).await
    }

    #[cfg(feature = "sqlite")]
    async fn sqlite(self, readers: SqlitePool, gate: Gate) -> Result<Store, Error> {
        let mut beside = readers.connect_options().get_filename().as_os_str().to_owned();
        beside.push("-stops");
        let journal = self.journal.unwrap_or_else(|| beside.into());
        Store::open(Db::Sqlite { readers, gate }, journal).await
    }

    #[cfg(feature = "postgres")]
    async fn connect_postgres(self, options: PgConnectOptions) -> Result<Store, Error> {
        let pool = PgPoolOptions::new()
            .max_connections(self.connections)
            // Whoever waits longer has lost: the answer is then that the ledger cannot answer.
            .acquire_timeout(PATIENCE)
            .connect_lazy_with(options.statement_cache_capacity(STATEMENTS));
        self.on_postgres(pool).await
    }

    /// Uses the host's own pool.
    ///
    /// # Errors
    ///
    /// When the database cannot be used; see [`Error`].
    #[cfg(feature = "postgres")]
    pub async fn on_postgres(self, pool: PgPool) -> Result<Store, Error> {
        let shown = sqlx::query_as("SHOW synchronous_commit").fetch_one(&pool).await;
        let durable: (String,) = match shown {
            Ok(shown) => shown,
            Err(error) => return Err(reason(error, &pool).await),
        };
        if durable.0 == "off" {
            return Err(Error::NotDurable);
        }
        let journal = self.journal.unwrap_or_else(|| "vicarious.stops".into());
        Store::open(Db::Postgres(pool), journal).await
    }
}

/// How long a connection may take.
#[cfg(feature = "postgres")]
const PATIENCE: Duration = Duration::from_secs(5);

/// Returns why a pool found no connection: by itself it only says that it waited for one.
#[cfg(feature = "postgres")]
async fn reason(error: sqlx::Error, pool: &PgPool) -> Error {
    if !matches!(error, sqlx::Error::PoolTimedOut) {
        return error.into();
    }
    match tokio::time::timeout(PATIENCE, pool.connect_options().connect()).await {
        Ok(Err(reason)) => reason.into(),
        Ok(Ok(_)) | Err(_) => error.into(),
    }
}

/// Enough for one statement of every batch size, and everything else.
const STATEMENTS: usize = 256;

#[cfg(feature = "sqlite")]
const BUSY: Duration = Duration::from_secs(5);

#[cfg(feature = "sqlite")]
async fn open_gate(options: &SqliteConnectOptions) -> Result<Gate, Error> {
    if options.get_filename().as_os_str() == ":memory:" || options.get_filename().to_string_lossy().starts_with("file:")
    {
        return Err(Error::InMemory);
    }
    let version = libsqlite3_sys::SQLITE_VERSION_NUMBER;
    if version < 3_051_003 {
        return Err(Error::OldSqlite(version.to_string()));
    }
    let writer = options
        .clone()
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(BUSY)
        .foreign_keys(true)
        .statement_cache_capacity(STATEMENTS);
    let mut tries = 0;
    loop {
        tries += 1;
        match Gate::open(&writer).await {
            // Several processes that switch a new file to WAL at once meet a lock that is not waited for.
            Err(error) if tries < 20 && is_busy(&error) => tokio::time::sleep(Duration::from_millis(50)).await,
            opened => return Ok(opened?),
        }
    }
}

#[cfg(feature = "sqlite")]
fn is_busy(error: &sqlx::Error) -> bool {
    const BUSY: &str = "5";
    error.as_database_error().and_then(|answer| answer.code()).is_some_and(|code| code == BUSY)
}
