use vicarious_core::ports::Unavailable;

/// Why a store could not be opened, read or written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The database answered with an error, or not at all.
    #[error("the database cannot answer")]
    Sql(#[from] sqlx::Error),
    /// The URL names no database that this program was built for; only its scheme is shown.
    #[error("cannot use a database at `{0}:…`: expected sqlite:// or postgres://, as far as built in")]
    Url(String),
    /// A database in memory is another one for every connection.
    #[error("a database in memory cannot be shared: give it a file")]
    InMemory,
    /// The linked SQLite can corrupt a database in WAL mode.
    #[error("SQLite {0} can corrupt a database: 3.51.3 or newer is needed")]
    OldSqlite(String),
    /// PostgreSQL would acknowledge what is not durable.
    #[error("`synchronous_commit` is off, so nothing would be durable when it is acknowledged")]
    NotDurable,
    /// The journal of stops cannot be read or written.
    #[error("the journal of stops cannot be used")]
    Journal(#[from] std::io::Error),
    /// A row holds something that was never written by this program.
    #[error("a stored row is not understood: {0}")]
    Stored(String),
}

impl From<Error> for Unavailable {
    fn from(error: Error) -> Self {
        Self::new(error)
    }
}

pub(crate) fn unavailable(error: sqlx::Error) -> Unavailable {
    Unavailable::new(error)
}
