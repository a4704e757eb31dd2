//! The impersonations that requests name: what never changes is kept, what changes is read for every batch.

use std::collections::{HashMap, HashSet};

use vicarious_core::impersonation::End;
use vicarious_core::{EndCause, Entry, Impersonation};

use crate::db::rows_in;
use crate::rows::{self, ImpersonationRow};
use crate::tx::{Engine, WriteTx};

/// How many are kept before all are forgotten.
const KEPT_AT_MOST: usize = 10_000;

#[derive(Default)]
pub(super) struct Known(HashMap<String, Impersonation>);

/// What changes: the identifier, last use, cause and time of the end.
type Pulse = (String, i64, Option<String>, Option<i64>);

impl Known {
    pub(super) fn get(&self, id: &str) -> Option<&Impersonation> {
        self.0.get(id)
    }

    pub(super) fn get_mut(&mut self, id: &str) -> Option<&mut Impersonation> {
        self.0.get_mut(id)
    }

    /// Reads the impersonations that these intents name, and keeps them as they are until the transaction ends.
    ///
    /// INVARIANT: whether one has ended is read here every time, in the transaction that writes the intents.
    pub(super) async fn refresh(
        &mut self,
        tx: &mut WriteTx,
        intents: impl Iterator<Item = &Entry>,
    ) -> Result<(), sqlx::Error> {
        if self.0.len() > KEPT_AT_MOST {
            self.0.clear();
        }
        let named = intents.filter_map(|intent| intent.impersonation.as_ref());
        let ids: HashSet<&str> = named.map(|id| id.as_str()).collect();
        let pulses = pulses(tx, &ids).await?;
        for (id, last_seen_at, cause, ended_at) in pulses {
            if !self.0.contains_key(&id) {
                let sql = "SELECT * FROM vicarious_impersonations WHERE id = $1";
                let found = rows_in!(tx, ImpersonationRow, sql, &id)?;
                let found: Vec<Impersonation> = rows::all(found).map_err(misread)?;
                self.0.extend(found.into_iter().map(|row| (row.id.to_string(), row)));
            }
            if let Some(row) = self.0.get_mut(&id) {
                row.last_seen_at = rows::time(last_seen_at).map_err(misread)?;
                row.end = end(cause, ended_at)?;
            }
        }
        Ok(())
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

async fn pulses(tx: &mut WriteTx, ids: &HashSet<&str>) -> Result<Vec<Pulse>, sqlx::Error> {
    match &mut tx.engine {
        #[cfg(feature = "sqlite")]
        Engine::Sqlite(tx) => {
            // One row: each would wake this thread up once more.
            let sql = "SELECT json_group_array(json_array(id, last_seen_at, end_cause, ended_at))
                FROM vicarious_impersonations WHERE id IN (SELECT value FROM json_each($1))";
            let ids = serde_json::json!(ids).to_string();
            let (found,): (String,) = sqlx::query_as(sql).bind(ids).fetch_one(&mut **tx).await?;
            serde_json::from_str(&found).map_err(|error| sqlx::Error::Decode(error.into()))
        }
        #[cfg(feature = "postgres")]
        Engine::Postgres(tx) => {
            // INVARIANT: I5: whoever writes an intent and whoever records an end holds the lock on this row from here
            // to the commit, and draws the numbers of its entries meanwhile. So if this comes first, the end waits and
            // has a larger number. If the end comes first, this waits for its commit and then, at READ COMMITTED, gets
            // the row as it has become, not as it was when the statement began; a stricter isolation gives an error.
            // Everybody locks in the order of the starts, so that nobody waits in a circle.
            let sql = "SELECT id, last_seen_at, end_cause, ended_at FROM vicarious_impersonations
                WHERE id = ANY($1) ORDER BY n FOR NO KEY UPDATE";
            let ids: Vec<&str> = ids.iter().copied().collect();
            sqlx::query_as(sql).bind(ids).fetch_all(&mut **tx).await
        }
    }
}
