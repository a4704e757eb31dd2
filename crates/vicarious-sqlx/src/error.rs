use std::error::Error as _;
use std::fmt;

use vicarious_core::ports::Unavailable;

/// Why a store could not be opened, read or written.
///
/// `Debug` is a sentence too, with the causes, because that is what is seen of an error that leaves `main`.
#[derive(thiserror::Error)]
pub enum Error {
    /// The database answered with an error, or not at all.
    #[error("the database cannot answer")]
    Sql(#[from] sqlx::Error),
    /// The URL names no database that this program was built for; only its scheme is shown.
    #[error("cannot use a database at `{0}:…`: {help}", help = help(.0))]
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

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = self.to_string();
        let mut cause = self.source();
        while let Some(error) = cause {
            let told = error.to_string();
            // Some repeat their own causes.
            if !text.contains(&told) {
                text = format!("{text}: {told}");
            }
            cause = error.source();
        }
        f.write_str(&text)
    }
}

/// Says what would help with a URL of this scheme.
fn help(scheme: &str) -> String {
    let feature = match scheme {
        "sqlite" => "sqlite",
        "postgres" | "postgresql" => "postgres",
        _ => return "expected sqlite:// or postgres://".to_owned(),
    };
    let built = match (cfg!(feature = "sqlite"), cfg!(feature = "postgres")) {
        (true, _) => "with SQLite only",
        (_, true) => "with PostgreSQL only",
        (false, false) => "without a database",
    };
    format!("this program was built {built}: enable the feature `{feature}`")
}

impl From<Error> for Unavailable {
    fn from(error: Error) -> Self {
        Self::new(error)
    }
}

pub(crate) fn unavailable(error: sqlx::Error) -> Unavailable {
    Unavailable::new(error)
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::Error;

    #[test]
    fn an_error_that_leaves_main_says_why_and_once() {
        let refused = || io::Error::new(io::ErrorKind::ConnectionRefused, "nobody listens");
        let shown = format!("{:?}", Error::Sql(sqlx::Error::Io(refused())));
        assert!(shown.starts_with("the database cannot answer: "), "{shown}");
        assert_eq!(shown.matches("nobody listens").count(), 1, "{shown}");
        let shown = format!("{:?}", Error::Journal(refused()));
        assert_eq!(shown, "the journal of stops cannot be used: nobody listens");
    }

    #[test]
    fn a_scheme_that_is_none_names_those_that_are() {
        let shown = format!("{:?}", Error::Url("mysql".to_owned()));
        assert_eq!(shown, "cannot use a database at `mysql:…`: expected sqlite:// or postgres://");
    }

    #[test]
    #[cfg(not(feature = "sqlite"))]
    fn a_database_that_is_not_built_in_names_its_feature() {
        let shown = Error::Url("sqlite".to_owned()).to_string();
        assert!(shown.ends_with("enable the feature `sqlite`"), "{shown}");
    }

    #[test]
    #[cfg(not(feature = "postgres"))]
    fn a_database_that_is_not_built_in_names_its_feature() {
        let shown = Error::Url("postgres".to_owned()).to_string();
        assert!(shown.ends_with("enable the feature `postgres`"), "{shown}");
    }
}
