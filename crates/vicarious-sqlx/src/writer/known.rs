//! The impersonations that requests name: what never changes is kept, what changes is read for every batch.

use std::collections::{HashMap, HashSet};

use vicarious_core::impersonation::End;
use vicarious_core::{EndCause, Impersonation, ImpersonationId, Timestamp};

use crate::db::{Db, rows_in};
use crate::rows::{self, ImpersonationRow};
use crate::tx::{Engine, WriteTx};

/// How many are kept before all are forgotten.
const KEPT_AT_MOST: usize = 10_000;
/// Fewer than this are not worth looking through.
const SWEPT_FROM: usize = 64;

#[derive(Default)]
pub(super) struct Known {
    rows: HashMap<String, Impersonation>,
    /// With this many, those that are over are forgotten: about twice as many as were left the last time.
    sweep_at: usize,
}

/// What changes: the identifier, last use, cause and time of the end.
pub(super) type Pulse = (String, i64, Option<String>, Option<i64>);

impl Known {
    pub(super) fn get(&self, id: &str) -> Option<&Impersonation> {
        self.rows.get(id)
    }

    pub(super) fn get_mut(&mut self, id: &str) -> Option<&mut Impersonation> {
        self.rows.get_mut(id)
    }

    /// Keeps the impersonations as they were read at the beginning of this transaction, until it ends.
    ///
    /// INVARIANT: whether one has ended is read every time, in the transaction that writes the intents.
    pub(super) async fn refresh(
        &mut self,
        tx: &mut WriteTx,
        pulses: Vec<Pulse>,
        now: Timestamp,
    ) -> Result<(), sqlx::Error> {
        self.sweep(now);
        for (id, last_seen_at, cause, ended_at) in pulses {
            if !self.rows.contains_key(&id) {
                let sql = "SELECT * FROM vicarious_impersonations WHERE id = $1";
                let found = rows_in!(tx, ImpersonationRow, sql, &id)?;
                let found: Vec<Impersonation> = rows::all(found).map_err(misread)?;
                self.rows.extend(found.into_iter().map(|row| (row.id.to_string(), row)));
            }
            if let Some(row) = self.rows.get_mut(&id) {
                row.last_seen_at = rows::time(last_seen_at).map_err(misread)?;
                row.end = end(cause, ended_at)?;
            }
        }
        Ok(())
    }

    fn sweep(&mut self, now: Timestamp) {
        if self.rows.len() < self.sweep_at {
            return;
        }
        self.rows.retain(|_, row| row.over_at(now).is_none());
        if self.rows.len() >= KEPT_AT_MOST {
            self.rows.clear();
        }
        self.sweep_at = (2 * self.rows.len()).clamp(SWEPT_FROM, KEPT_AT_MOST);
    }
}

fn end(cause: Option<String>, at: Option<i64>) -> Result<Option<End>, sqlx::Error> {
    let (Some(cause), Some(at)) = (cause, at) else { return Ok(None) };
    let unknown = || misread(crate::Error::Stored(format!("the end of an impersonation: {cause}")));
    let cause = EndCause::parse(&cause).ok_or_else(unknown)?;
    Ok(Some(End { cause, at: rows::time(at).map_err(misread)? }))
}

fn misread(error: crate::Error) -> sqlx::Error {
    sqlx::Error::Decode(error.into())
}

/// Begins a transaction, and reads in it what may have changed of these impersonations.
pub(super) async fn begin(
    db: &Db,
    named: impl Iterator<Item = &ImpersonationId>,
) -> Result<(WriteTx, Vec<Pulse>), sqlx::Error> {
    let ids: HashSet<&str> = named.map(ImpersonationId::as_str).collect();
    match db {
        #[cfg(feature = "sqlite")]
        Db::Sqlite { gate, .. } => {
            // The answer is one row: each would wake this thread up once more. Numbers never go back, whatever was
            // deleted.
            let sql = "SELECT (SELECT json_group_array(json_array(id, last_seen_at, end_cause, ended_at))
                        FROM vicarious_impersonations WHERE id IN (SELECT value FROM json_each($1))),
                    MAX(COALESCE((SELECT seq FROM sqlite_sequence WHERE name = 'vicarious_entries'), 0),
                        COALESCE((SELECT MAX(seq) FROM vicarious_entries), 0))";
            let ids = serde_json::json!(ids).to_string();
            let mut tx = gate.begin().await?;
            let (pulses, last): (String, i64) = sqlx::query_as(sql).bind(ids).fetch_one(&mut *tx).await?;
            tx.knows_last_entry(last);
            let pulses = serde_json::from_str(&pulses).map_err(|error| sqlx::Error::Decode(error.into()))?;
            Ok((WriteTx::new(Engine::Sqlite(tx)), pulses))
        }
        #[cfg(feature = "postgres")]
        Db::Postgres(pool) => {
            let mut tx = pool.begin().await?;
            // INVARIANT: I5: whoever writes an intent and whoever records an end holds the lock on this row from here
            // to the commit, and draws the numbers of its entries meanwhile. So if this comes first, the end waits and
            // has a larger number. If the end comes first, this waits for its commit and then, at READ COMMITTED, gets
            // the row as it has become, not as it was when the statement began; a stricter isolation gives an error.
            // Everybody locks in the order of the starts, so that nobody waits in a circle.
            let sql = "SELECT id, last_seen_at, end_cause, ended_at FROM vicarious_impersonations
                WHERE id = ANY($1) ORDER BY n FOR NO KEY UPDATE";
            let ids: Vec<&str> = ids.into_iter().collect();
            let pulses =
                if ids.is_empty() { Vec::new() } else { sqlx::query_as(sql).bind(ids).fetch_all(&mut *tx).await? };
            Ok((WriteTx::new(Engine::Postgres(tx)), pulses))
        }
    }
}
