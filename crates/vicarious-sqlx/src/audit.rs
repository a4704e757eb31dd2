//! Finds entries, in milliseconds however many there are.
//!
//! Almost all entries are intents and outcomes, and they are in no index but that of their number. People are found
//! through the directory of blocks; times through the numbers, which grow with time; every other kind is rare enough
//! to be indexed by person, kind and impersonation.

use sqlx::AssertSqlSafe;
use vicarious_core::audit::Recorded;
use vicarious_core::ports::EntryFilter;
use vicarious_core::{Kind, Timestamp};

use crate::Error;
use crate::columns::storable;
use crate::core::Core;
use crate::db::{Db, rows};
use crate::insert::BLOCK;
use crate::record::EntryRow;

/// Concurrent writers disagree about the time by less than this many entries.
const DISORDER: i64 = 2_000;
/// How many blocks are looked through at first, and at most, in one statement.
const BLOCKS: (i64, i64) = (4, 64);

/// A statement that grows with the filter.
#[derive(Clone, Default)]
struct Query {
    conditions: Vec<String>,
    arguments: Vec<Argument>,
}

#[derive(Clone)]
enum Argument {
    Text(String),
    Number(i64),
}

impl Query {
    /// Adds a condition, in which `?` stands for the argument.
    fn and(&mut self, condition: &str, argument: Argument) {
        let place = self.place(argument);
        self.conditions.push(condition.replace('?', &place));
    }

    fn place(&mut self, argument: Argument) -> String {
        self.arguments.push(argument);
        format!("${}", self.arguments.len())
    }

    fn conditions(&self) -> String {
        if self.conditions.is_empty() { "1 = 1".to_owned() } else { self.conditions.join(" AND ") }
    }

    async fn fetch(&self, db: &Db, text: String) -> Result<Vec<EntryRow>, sqlx::Error> {
        macro_rules! fetch {
            ($pool:expr) => {{
                let mut query = sqlx::query_as::<_, EntryRow>(AssertSqlSafe(text));
                for argument in &self.arguments {
                    query = match argument {
                        Argument::Text(text) => query.bind(text),
                        Argument::Number(number) => query.bind(number),
                    };
                }
                query.fetch_all($pool).await
            }};
        }
        match db {
            #[cfg(feature = "sqlite")]
            Db::Sqlite { readers, .. } => fetch!(readers),
            #[cfg(feature = "postgres")]
            Db::Postgres(pool) => fetch!(pool),
        }
    }
}

/// The numbers to look at: from the first up to, but not including, the second.
#[derive(Clone, Copy, Debug)]
struct Span {
    from: i64,
    to: i64,
}

/// Whom an entry concerns; none for anybody.
struct People {
    true_user: Option<String>,
    current_user: Option<String>,
}

pub(crate) async fn entries(core: &Core, filter: &EntryFilter) -> Result<Vec<Recorded>, Error> {
    if filter.limit == 0 {
        return Ok(Vec::new());
    }
    let span = span(core, filter).await?;
    let Some(people) = people(core, filter).await? else { return Ok(Vec::new()) };
    let found = if is_rare(filter) || (people.true_user.is_none() && people.current_user.is_none()) {
        by_number(core, filter, span).await?
    } else {
        by_block(core, filter, span, &people).await?
    };
    found.into_iter().map(EntryRow::recorded).collect()
}

/// Looks through the entries, or through an index of the rare kinds, from the newest to the oldest.
async fn by_number(core: &Core, filter: &EntryFilter, span: Span) -> Result<Vec<EntryRow>, sqlx::Error> {
    let mut query = wanted(filter);
    query.and("seq >= ?", Argument::Number(span.from));
    query.and("seq < ?", Argument::Number(span.to));
    let limit = query.place(Argument::Number(limit(filter)));
    let hint = hint(&core.db, filter);
    let text =
        format!("SELECT * FROM vicarious_entries e{hint} WHERE {} ORDER BY seq DESC LIMIT {limit}", query.conditions());
    query.fetch(&core.db, text).await
}

/// Names the index for a rare kind: without statistics, SQLite takes the first one that fits.
fn hint(db: &Db, filter: &EntryFilter) -> &'static str {
    if !is_rare(filter) || !takes_hints(db) {
        ""
    } else if filter.impersonation.is_some() {
        " INDEXED BY vicarious_entries_impersonation"
    } else if filter.current_user.is_some() {
        " INDEXED BY vicarious_entries_current_user"
    } else if filter.true_user.is_some() {
        " INDEXED BY vicarious_entries_true_user"
    } else {
        " INDEXED BY vicarious_entries_kind"
    }
}

fn takes_hints(db: &Db) -> bool {
    match db {
        #[cfg(feature = "sqlite")]
        Db::Sqlite { .. } => true,
        #[cfg(feature = "postgres")]
        Db::Postgres(_) => false,
    }
}

/// Returns whether the filter asks for a kind that the partial indexes hold.
fn is_rare(filter: &EntryFilter) -> bool {
    filter.kind.is_some_and(|kind| !kind.is_per_request())
}

/// Looks through the blocks in which the people stand, from the newest to the oldest.
async fn by_block(
    core: &Core,
    filter: &EntryFilter,
    span: Span,
    people: &People,
) -> Result<Vec<EntryRow>, sqlx::Error> {
    let (mut blocks, most) = BLOCKS;
    let mut below = (span.to - 1).div_euclid(BLOCK) + 1;
    let mut found: Vec<EntryRow> = Vec::new();
    loop {
        let directory = blocks_below(core, people, below, span.from.div_euclid(BLOCK), blocks).await?;
        let (Some(newest), Some(oldest)) = (directory.first(), directory.last()) else { break };
        let mut query = wanted(filter);
        query.and("e.seq >= ?", Argument::Number(span.from.max(oldest * BLOCK)));
        query.and("e.seq < ?", Argument::Number(span.to.min((newest + 1) * BLOCK)));
        let missing = limit(filter) - i64::try_from(found.len()).unwrap_or(i64::MAX);
        let limit = query.place(Argument::Number(missing));
        let text = within(&core.db, &directory, &query.conditions(), &limit);
        found.extend(query.fetch(&core.db, text).await?);
        below = *oldest;
        if found.len() >= filter.limit {
            break;
        }
        blocks = (blocks * 4).min(most);
    }
    Ok(found)
}

/// Returns the statement that looks through some blocks.
fn within(db: &Db, blocks: &[i64], conditions: &str, limit: &str) -> String {
    // Numbers of this program's own making, never text.
    let list: Vec<String> = blocks.iter().map(|block| format!("(CAST({} AS BIGINT))", block * BLOCK)).collect();
    let blocks = format!("WITH blocks (first) AS (VALUES {}) SELECT e.* FROM blocks", list.join(", "));
    let of_block = format!("e.seq >= first AND e.seq < first + {BLOCK} AND {conditions}");
    let order = format!("ORDER BY e.seq DESC LIMIT {limit}");
    match db {
        #[cfg(feature = "sqlite")]
        Db::Sqlite { .. } => format!("{blocks} CROSS JOIN vicarious_entries e WHERE {of_block} {order}"),
        // Without the fence that OFFSET 0 is, it may look through everything between the first and the last block.
        #[cfg(feature = "postgres")]
        Db::Postgres(_) => format!(
            "{blocks} CROSS JOIN LATERAL (SELECT * FROM vicarious_entries e WHERE {of_block} OFFSET 0) e {order}"
        ),
    }
}

async fn blocks_below(
    core: &Core,
    people: &People,
    below: i64,
    from: i64,
    limit: i64,
) -> Result<Vec<i64>, sqlx::Error> {
    const BOTH: &str = r#"SELECT DISTINCT block FROM vicarious_blocks WHERE true_user = $4 AND "current_user" = $5
        AND block >= $1 AND block < $2 ORDER BY block DESC LIMIT $3"#;
    const TRUE_USER: &str = "SELECT DISTINCT block FROM vicarious_blocks WHERE true_user = $4
        AND block >= $1 AND block < $2 ORDER BY block DESC LIMIT $3";
    const CURRENT_USER: &str = r#"SELECT DISTINCT block FROM vicarious_blocks WHERE "current_user" = $4
        AND block >= $1 AND block < $2 ORDER BY block DESC LIMIT $3"#;
    let found = match (&people.true_user, &people.current_user) {
        (Some(true_user), Some(current_user)) => {
            rows!(core.db, (i64,), BOTH, from, below, limit, true_user, current_user)
        }
        (Some(true_user), None) => rows!(core.db, (i64,), TRUE_USER, from, below, limit, true_user),
        (None, Some(current_user)) => rows!(core.db, (i64,), CURRENT_USER, from, below, limit, current_user),
        (None, None) => Ok(Vec::new()),
    };
    Ok(found?.into_iter().map(|(block,)| block).collect())
}

/// Returns whom the entries concern, or none if there cannot be any.
async fn people(core: &Core, filter: &EntryFilter) -> Result<Option<People>, Error> {
    let id = |id: &Option<vicarious_core::AccountId>| id.as_ref().map(|id| storable(id.as_str()).into_owned());
    let mut people = People { true_user: id(&filter.true_user), current_user: id(&filter.current_user) };
    if let Some(impersonation) = &filter.impersonation {
        // An impersonation has one pair of people for ever.
        let sql = r#"SELECT true_user, "current_user" FROM vicarious_impersonations WHERE id = $1"#;
        let pair = rows!(core.db, (String, String), sql, storable(impersonation.as_str()))?;
        let Some((true_user, current_user)) = pair.into_iter().next() else { return Ok(None) };
        people.true_user.get_or_insert(true_user);
        people.current_user.get_or_insert(current_user);
    }
    Ok(Some(people))
}

/// Returns the conditions on the entries themselves.
fn wanted(filter: &EntryFilter) -> Query {
    let mut query = Query::default();
    for (condition, text) in [
        ("true_user = ?", filter.true_user.as_ref().map(|id| id.as_str())),
        (r#""current_user" = ?"#, filter.current_user.as_ref().map(|id| id.as_str())),
        ("impersonation = ?", filter.impersonation.as_ref().map(|id| id.as_str())),
        ("kind = ?", filter.kind.map(Kind::as_str)),
    ] {
        if let Some(text) = text {
            query.and(condition, Argument::Text(storable(text).into_owned()));
        }
    }
    if is_rare(filter) {
        // Word for word the condition of the partial indexes, or they would not be used.
        query.conditions.push("kind NOT IN ('request.intent', 'request.outcome')".to_owned());
    }
    if let Some(from) = filter.from {
        query.and("at >= ?", Argument::Number(from.as_microsecond()));
    }
    if let Some(to) = filter.to {
        query.and("at < ?", Argument::Number(to.as_microsecond()));
    }
    query
}

async fn span(core: &Core, filter: &EntryFilter) -> Result<Span, Error> {
    let last = rows!(core.db, (Option<i64>,), "SELECT MAX(seq) FROM vicarious_entries")?;
    let last = last.into_iter().find_map(|(last,)| last).unwrap_or(0);
    let mut span = Span { from: 1, to: filter.before.unwrap_or(i64::MAX).min(last.saturating_add(1)).max(1) };
    if let Some(from) = filter.from {
        span.from = (first_at(core, from, last).await? - DISORDER).max(1);
    }
    if let Some(to) = filter.to {
        span.to = span.to.min(first_at(core, to, last).await? + DISORDER);
    }
    Ok(span)
}

/// Returns about the first number at or after a time, by bisection within the database: numbers grow with time, give
/// or take the disorder between concurrent writers.
async fn first_at(core: &Core, time: Timestamp, last: i64) -> Result<i64, Error> {
    let sql = "WITH RECURSIVE halves (low, high) AS (
            SELECT CAST(1 AS BIGINT), CAST($2 AS BIGINT)
            UNION ALL
            SELECT CASE WHEN (SELECT at FROM vicarious_entries WHERE seq >= (low + high) / 2 ORDER BY seq LIMIT 1) < $1
                        THEN (low + high) / 2 + 1 ELSE low END,
                   CASE WHEN (SELECT at FROM vicarious_entries WHERE seq >= (low + high) / 2 ORDER BY seq LIMIT 1) < $1
                        THEN high ELSE (low + high) / 2 END
            FROM halves WHERE low < high)
        SELECT MAX(low) FROM halves";
    let found = rows!(core.db, (i64,), sql, time.as_microsecond(), last + 1)?;
    Ok(found.first().map_or(1, |(first,)| *first))
}

fn limit(filter: &EntryFilter) -> i64 {
    i64::try_from(filter.limit).unwrap_or(i64::MAX)
}
