//! Writes entries: one statement for many rows, and a directory of who appears where.

use std::collections::{BTreeSet, HashMap};
use std::fmt::Write as _;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

#[cfg(feature = "postgres")]
use sqlx::postgres::PgArguments;
#[cfg(feature = "sqlite")]
use sqlx::sqlite::SqliteArguments;
use sqlx::{Arguments, AssertSqlSafe};
use vicarious_core::{Entry, Person};

use crate::columns::{Columns, storable};
use crate::db::execute;
use crate::record::{Draft, Head};
use crate::tx::{Engine, WriteTx};

/// How many rows one statement writes at most.
pub(crate) const ROWS_AT_MOST: usize = 128;
/// How many neighbouring numbers make a block.
pub(crate) const BLOCK: i64 = 256;
/// How many pairs of people the cache of blocks may hold before it is emptied.
const PAIRS_AT_MOST: usize = 20_000;

const INTO: &str = r#"INSERT INTO vicarious_entries (at, kind, true_user, "current_user", impersonation, request,
    method, route, path, status, reason, ticket, body, chain, chain_seq, prev_hash, hash) "#;
const COLUMNS: usize = 17;

/// For each true user and current user, the last block in which they are known to stand.
#[derive(Debug, Default)]
pub(crate) struct Posted {
    blocks: HashMap<String, HashMap<String, i64>>,
    pairs: usize,
}

/// That two people appear in a block.
type Post = (String, String, i64);

impl Posted {
    /// Returns that the people of an entry appear in its block, if that is not known yet.
    fn lacks(&self, entry: &Entry, seq: i64) -> Option<Post> {
        let (true_user, current_user) = (id(&entry.true_user), id(&entry.current_user));
        let block = seq / BLOCK;
        if self.blocks.get(true_user).and_then(|blocks| blocks.get(current_user)) == Some(&block) {
            return None;
        }
        Some((storable(true_user).into_owned(), storable(current_user).into_owned(), block))
    }

    /// Remembers what was committed.
    pub(crate) fn extend(&mut self, posts: BTreeSet<Post>) {
        if self.pairs > PAIRS_AT_MOST {
            *self = Self::default();
        }
        for (true_user, current_user, block) in posts {
            let known = self.blocks.entry(true_user).or_default().insert(current_user, block);
            self.pairs += usize::from(known.is_none());
        }
    }
}

/// Appends entries to a chain, within a transaction; returns the posts that are new.
pub(crate) async fn entries(
    tx: &mut WriteTx,
    head: &mut Head,
    entries: &[&Entry],
    posted: &Posted,
) -> Result<BTreeSet<Post>, sqlx::Error> {
    #[cfg(feature = "sqlite")]
    if let Some(last) = tx.last_entry() {
        return with_commit(tx, head, entries, posted, last).await;
    }
    let mut posts = BTreeSet::new();
    let mut draft = Draft::default();
    for entries in entries.chunks(ROWS_AT_MOST) {
        let numbers = insert(tx, head, entries, &mut draft).await?;
        posts.extend(entries.iter().zip(numbers).filter_map(|(entry, seq)| posted.lacks(entry, seq)));
    }
    post(tx, &posts).await?;
    Ok(posts)
}

/// Appends entries whose numbers are known beforehand, the last of them with the commit.
#[cfg(feature = "sqlite")]
async fn with_commit(
    tx: &mut WriteTx,
    head: &mut Head,
    entries: &[&Entry],
    posted: &Posted,
    last: i64,
) -> Result<BTreeSet<Post>, sqlx::Error> {
    let posts = entries.iter().zip(last + 1..).filter_map(|(entry, seq)| posted.lacks(entry, seq)).collect();
    post(tx, &posts).await?;
    let mut draft = Draft::default();
    let mut chunks = entries.chunks(ROWS_AT_MOST).peekable();
    while let Some(chunk) = chunks.next() {
        if chunks.peek().is_some() {
            insert(tx, head, chunk, &mut draft).await?;
            continue;
        }
        match &mut tx.engine {
            Engine::Sqlite(tx) => {
                let rows = bound(head, chunk, &mut draft)?;
                tx.commits_with(text(Dialect::SqliteWithCommit, chunk.len()), rows);
            }
            #[cfg(feature = "postgres")]
            Engine::Postgres(_) => drop(insert(tx, head, chunk, &mut draft).await?),
        }
    }
    Ok(posts)
}

/// Returns a statement that appends entries to a chain in a transaction of its own, if the last entry before has this
/// number and none of these impersonations, a JSON list, has ended; otherwise it writes nothing. None if that is not
/// enough, because people would appear in a block for the first time.
#[cfg(feature = "sqlite")]
pub(crate) fn at_once(
    head: &mut Head,
    entries: &[&Entry],
    posted: &Posted,
    last: i64,
    active: &str,
) -> Result<Option<(Arc<str>, SqliteArguments)>, sqlx::Error> {
    if entries.len() > ROWS_AT_MOST
        || entries.iter().zip(last + 1..).any(|(entry, seq)| posted.lacks(entry, seq).is_some())
    {
        return Ok(None);
    }
    let mut rows: SqliteArguments = bound(head, entries, &mut Draft::default())?;
    rows.add(last).map_err(sqlx::Error::Encode)?;
    rows.add(active.to_owned()).map_err(sqlx::Error::Encode)?;
    Ok(Some((text(Dialect::SqliteAtOnce, entries.len()), rows)))
}

async fn post(tx: &mut WriteTx, posts: &BTreeSet<Post>) -> Result<(), sqlx::Error> {
    for (true_user, current_user, block) in posts {
        let post = r#"INSERT INTO vicarious_blocks (true_user, "current_user", block) VALUES ($1, $2, $3)
            ON CONFLICT DO NOTHING"#;
        execute!(tx, post, true_user, current_user, block)?;
    }
    Ok(())
}

fn id(person: &Option<Person>) -> &str {
    person.as_ref().map_or("", |person| person.id.as_str())
}

/// Inserts the rows of entries and returns their numbers, in the same order.
async fn insert(
    tx: &mut WriteTx,
    head: &mut Head,
    entries: &[&Entry],
    draft: &mut Draft,
) -> Result<Vec<i64>, sqlx::Error> {
    match &mut tx.engine {
        #[cfg(feature = "sqlite")]
        Engine::Sqlite(tx) => {
            let rows: SqliteArguments = bound(head, entries, draft)?;
            let text = AssertSqlSafe(text(Dialect::Sqlite, entries.len()));
            let done = sqlx::query_with(text, rows).execute(&mut **tx).await?;
            // One statement in the only writing transaction numbers its rows without gaps.
            let last = done.last_insert_rowid();
            Ok((last + 1 - i64::try_from(entries.len()).unwrap_or(0)..=last).collect())
        }
        #[cfg(feature = "postgres")]
        Engine::Postgres(tx) => {
            let rows: PgArguments = bound(head, entries, draft)?;
            let text = AssertSqlSafe(text(Dialect::Postgres, entries.len()));
            let numbers = sqlx::query_with(text, rows).fetch_all(&mut **tx).await?;
            numbers.iter().map(|row| sqlx::Row::try_get(row, 0)).collect()
        }
    }
}

fn bound<A: Columns + Arguments>(head: &mut Head, entries: &[&Entry], draft: &mut Draft) -> Result<A, sqlx::Error> {
    /// What a row takes in PostgreSQL's form, about.
    const BYTES: usize = 800;
    let mut arguments = A::default();
    arguments.reserve(entries.len() * COLUMNS, entries.len() * BYTES);
    for entry in entries {
        head.append(entry, draft, &mut arguments).map_err(sqlx::Error::Encode)?;
    }
    Ok(arguments)
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Dialect {
    #[cfg(feature = "sqlite")]
    Sqlite,
    #[cfg(feature = "sqlite")]
    SqliteWithCommit,
    #[cfg(feature = "sqlite")]
    SqliteAtOnce,
    #[cfg(feature = "postgres")]
    Postgres,
}

/// Returns the statement that inserts `rows` rows: always the same text, so that it is prepared once.
fn text(dialect: Dialect, rows: usize) -> Arc<str> {
    type Texts = HashMap<(Dialect, usize), Arc<str>>;
    static TEXTS: LazyLock<Mutex<Texts>> = LazyLock::new(Mutex::default);
    let mut texts = TEXTS.lock().unwrap_or_else(PoisonError::into_inner);
    texts.entry((dialect, rows)).or_insert_with(|| compose(dialect, rows).into()).clone()
}

fn compose(dialect: Dialect, rows: usize) -> String {
    let mut text = INTO.to_owned();
    text.push_str(dialect.before());
    for row in 0..rows {
        text.push_str(if row == 0 { "(" } else { "), (" });
        for column in 1..=COLUMNS {
            let comma = if column == 1 { "" } else { ", " };
            // Writing to a string cannot fail.
            let _ = match dialect {
                // SQLite looks a numbered parameter up by its name, one after the other; an anonymous one costs nothing.
                #[cfg(feature = "sqlite")]
                Dialect::Sqlite | Dialect::SqliteWithCommit | Dialect::SqliteAtOnce => write!(text, "{comma}?"),
                #[cfg(feature = "postgres")]
                Dialect::Postgres => write!(text, "{comma}${}", row * COLUMNS + column),
            };
        }
    }
    text.push_str(dialect.after());
    text
}

impl Dialect {
    fn before(self) -> &'static str {
        match self {
            #[cfg(feature = "sqlite")]
            Self::SqliteAtOnce => "SELECT * FROM (VALUES ",
            _ => "VALUES ",
        }
    }

    fn after(self) -> &'static str {
        match self {
            #[cfg(feature = "sqlite")]
            Self::Sqlite => ")",
            #[cfg(feature = "sqlite")]
            Self::SqliteWithCommit => "); COMMIT",
            // The table that is written to is not read here: SQLite would put all rows aside first.
            #[cfg(feature = "sqlite")]
            Self::SqliteAtOnce => {
                ")) WHERE (SELECT seq FROM sqlite_sequence WHERE name = 'vicarious_entries') = ? AND NOT EXISTS (
                    SELECT 1 FROM json_each(?) named LEFT JOIN vicarious_impersonations active ON active.id = named.value
                    WHERE active.id IS NULL OR active.end_cause IS NOT NULL)"
            }
            #[cfg(feature = "postgres")]
            Self::Postgres => ") RETURNING seq",
        }
    }
}
