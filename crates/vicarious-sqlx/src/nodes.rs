//! Every intent that was written before its request ran ends in exactly one outcome, even if its process dies: another
//! one then writes `unknown`.
//!
//! Each process says every few seconds that it lives, and from which entry on its open intents are to be looked for.
//! Whoever notices that a process has been silent for too long looks there once, writes the missing outcomes, and
//! marks it as recovered. So a request costs nothing here, and a recovery reads a few seconds' worth of entries.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Weak};
use std::time::Duration;

use vicarious_core::{Entry, Kind, Timestamp};

use crate::Error;
use crate::core::{Core, NotSealed};
use crate::db::{execute, rows, rows_in};
use crate::open::closing;
use crate::record::EntryRow;
use crate::tx::{Engine, WriteTx};

const BEAT: Duration = Duration::from_secs(5);
/// A recovery is tried at every third beat.
const BEATS_BETWEEN_RECOVERIES: u32 = 3;
/// Who has been silent for so long is taken for dead; in microseconds.
const SILENT_FOR: i64 = 30_000_000;
/// How long a recovered process is remembered; in microseconds.
const REMEMBERED_FOR: i64 = 7 * 24 * 3600 * 1_000_000;
const PAGE: i64 = 2_000;

/// Announces this process, and keeps doing so until the store is gone.
pub(crate) async fn start(core: &Arc<Core>) -> Result<(), Error> {
    beat(core).await?;
    recover(core).await?;
    let core = Arc::downgrade(core);
    tokio::spawn(keep_alive(core));
    Ok(())
}

async fn keep_alive(core: Weak<Core>) {
    let mut beats = 0;
    loop {
        tokio::time::sleep(BEAT).await;
        let Some(core) = core.upgrade() else { return };
        beats += 1;
        let mut result = beat(&core).await;
        if beats % BEATS_BETWEEN_RECOVERIES == 0 && result.is_ok() {
            result = recover(&core).await;
        }
        if let Err(error) = result {
            tracing::warn!(?error, "could not announce that this process lives");
        }
    }
}

async fn beat(core: &Core) -> Result<(), Error> {
    let last = rows!(core.db, (Option<i64>,), "SELECT MAX(seq) FROM vicarious_entries")?;
    let scan_from = core.open.beat(last.into_iter().find_map(|(last,)| last).unwrap_or(0));
    let chain = core.chain_name().await;
    let mut tx = core.db.begin().await?;
    let now = database_time(&mut tx).await?;
    execute!(
        tx,
        "INSERT INTO vicarious_nodes (chain, seen_at, scan_from) VALUES ($1, $2, $3) ON CONFLICT (chain)
         DO UPDATE SET seen_at = EXCLUDED.seen_at, scan_from = EXCLUDED.scan_from, recovered_at = NULL",
        &*chain,
        now,
        scan_from
    )?;
    tx.commit().await
}

/// Says that this process is done, if it left nothing open.
pub(crate) async fn leave(core: &Core) -> Result<(), Error> {
    if core.open.is_empty() {
        let chain = core.chain_name().await;
        let mut tx = core.db.begin().await?;
        execute!(tx, "DELETE FROM vicarious_nodes WHERE chain = $1", &*chain)?;
        tx.commit().await?;
    }
    Ok(())
}

/// Writes the outcomes that dead processes did not write.
pub(crate) async fn recover(core: &Core) -> Result<(), Error> {
    let sql = "SELECT chain, scan_from, seen_at FROM vicarious_nodes WHERE recovered_at IS NULL";
    let nodes = rows!(core.db, (String, i64, i64), sql)?;
    if nodes.len() < 2 {
        // Nobody but this process.
        return Ok(());
    }
    let mut tx = core.db.begin().await?;
    let now = database_time(&mut tx).await?;
    tx.rollback().await?;
    for (chain, scan_from, seen_at) in nodes {
        if seen_at < now - SILENT_FOR {
            recover_one(core, &chain, scan_from, now).await?;
        }
    }
    Ok(())
}

async fn recover_one(core: &Core, chain: &str, scan_from: i64, now: i64) -> Result<(), Error> {
    let open = open_intents(core, chain, scan_from).await?;
    let at = crate::rows::time(now)?;
    let outcomes = open.into_iter().map(|row| outcome(row, at)).collect::<Result<Vec<_>, _>>()?;
    let mut tx = core.db.begin().await?;
    let claimed = execute!(
        tx,
        "UPDATE vicarious_nodes SET recovered_at = $1
         WHERE chain = $2 AND recovered_at IS NULL AND seen_at < $3",
        now,
        chain,
        now - SILENT_FOR
    )?;
    if claimed == 0 {
        return tx.rollback().await;
    }
    execute!(tx, "DELETE FROM vicarious_nodes WHERE recovered_at < $1", now - REMEMBERED_FOR)?;
    if !outcomes.is_empty() {
        tracing::warn!(chain, count = outcomes.len(), "recorded unknown outcomes of a process that died");
    }
    core.seal(tx, &outcomes.iter().collect::<Vec<_>>()).await.map_err(|not_sealed| match not_sealed {
        NotSealed::NotWritten(error) => error.into(),
        NotSealed::InDoubt(_, error) => error,
    })
}

/// Returns the intents of a chain that nobody wrote an outcome for; one that has a status needs none.
async fn open_intents(core: &Core, chain: &str, scan_from: i64) -> Result<Vec<EntryRow>, Error> {
    let mut open: BTreeMap<i64, EntryRow> = BTreeMap::new();
    let mut by_request: HashMap<String, i64> = HashMap::new();
    let mut after = scan_from;
    loop {
        let sql = "SELECT * FROM vicarious_entries WHERE seq > $1 AND (kind = 'request.outcome'
            OR (kind = 'request.intent' AND status IS NULL AND chain = $2)) ORDER BY seq LIMIT $3";
        let page = rows!(core.db, EntryRow, sql, after, chain, PAGE)?;
        let Some(last) = page.last() else { break };
        after = last.seq;
        for row in page {
            let Some(request) = row.request.clone() else { continue };
            if row.kind == Kind::Intent.as_str() {
                by_request.insert(request, row.seq);
                open.insert(row.seq, row);
            } else if let Some(intent) = by_request.remove(&request) {
                open.remove(&intent);
            }
        }
    }
    Ok(open.into_values().collect())
}

fn outcome(row: EntryRow, at: Timestamp) -> Result<Entry, Error> {
    Ok(closing(row.recorded()?.entry, "unknown", Some(at)))
}

/// Returns the time in microseconds by the database's clock, which all processes share.
async fn database_time(tx: &mut WriteTx) -> Result<i64, Error> {
    let sql = match &tx.engine {
        #[cfg(feature = "sqlite")]
        Engine::Sqlite(_) => "SELECT CAST(unixepoch('subsec') * 1000000 AS INTEGER)",
        #[cfg(feature = "postgres")]
        Engine::Postgres(_) => "SELECT (EXTRACT(EPOCH FROM clock_timestamp()) * 1000000)::BIGINT",
    };
    let found = rows_in!(tx, (i64,), sql)?;
    found.first().map(|(now,)| *now).ok_or_else(|| Error::Stored("no time".to_owned()))
}
