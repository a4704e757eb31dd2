//! One batch: what waits, sorted by what is to be done with it.

use std::collections::{HashSet, VecDeque};

use tokio::sync::oneshot::Sender;
use vicarious_core::ports::Unavailable;
use vicarious_core::{EndCause, Entry, Impersonation};

use super::known::{self, Known, Pulse};
use super::{Answer, Work};
use crate::core::{Core, NotSealed};
use crate::db::execute;
use crate::tx::WriteTx;

/// How far last use may lag behind in the database, in microseconds: it saves a write for most requests.
const LAG: i64 = 2_000_000;

type Admit = (Entry, Sender<Result<Answer, Unavailable>>);

#[derive(Default)]
pub(super) struct Batch {
    pub(super) admits: Vec<Admit>,
    pub(super) admitted: Vec<Admit>,
    pub(super) over: Vec<(Sender<Result<Answer, Unavailable>>, EndCause)>,
    pub(super) unknown: Vec<(Sender<Result<Answer, Unavailable>>, Unavailable)>,
    pub(super) appends: Vec<(Entry, Sender<Result<(), Unavailable>>)>,
    pub(super) later: Vec<Entry>,
    pub(super) flushes: Vec<Sender<()>>,
}

impl Batch {
    pub(super) fn sort(work: Vec<Work>, backlog: VecDeque<Entry>) -> Self {
        let mut batch = Self { later: backlog.into(), ..Self::default() };
        for work in work {
            match work {
                Work::Admit(intent, sender) => batch.admits.push((intent, sender)),
                Work::Append(entry, sender) => batch.appends.push((entry, sender)),
                Work::Later(entry) => batch.later.push(entry),
                Work::Flush(sender) => batch.flushes.push(sender),
            }
        }
        batch
    }

    pub(super) fn put_first(&mut self, mut entries: Vec<Entry>) {
        entries.append(&mut self.later);
        self.later = entries;
    }

    /// Decides who is admitted, and makes everything durable; who is not may be told at once.
    pub(super) async fn write(&mut self, core: &Core, known: &mut Known) -> Result<(), NotSealed> {
        if self.admits.is_empty() && self.appends.is_empty() && self.later.is_empty() {
            return Ok(());
        }
        #[cfg(feature = "sqlite")]
        if self.write_at_once(core, known).await? {
            return Ok(());
        }
        let named = self.admits.iter().filter_map(|(intent, _)| intent.impersonation.as_ref());
        let (mut tx, pulses) = known::begin(&core.db, named).await.map_err(NotSealed::NotWritten)?;
        self.decide(core, known, &mut tx, pulses).await.map_err(NotSealed::NotWritten)?;
        let admitted = self.admitted.iter().map(|(entry, _)| entry);
        let entries: Vec<&Entry> =
            self.later.iter().chain(self.appends.iter().map(|(entry, _)| entry)).chain(admitted).collect();
        if entries.is_empty() {
            drop(tx.rollback().await);
            return Ok(());
        }
        core.seal(tx, &entries).await
    }

    /// Makes everything durable in one statement, where nobody is known to be over and there is nothing else to write;
    /// returns whether it did. That nobody is over, the statement itself makes sure of.
    #[cfg(feature = "sqlite")]
    async fn write_at_once(&mut self, core: &Core, known: &Known) -> Result<bool, NotSealed> {
        let mut active = HashSet::new();
        for (intent, _) in &self.admits {
            let row = intent.impersonation.as_ref().and_then(|id| known.get(id.as_str()));
            let Some(row) = row.filter(|row| row.over_at(intent.at).is_none() && !moves(row, intent)) else {
                return Ok(false);
            };
            if core.journal.holds(&row.handle) {
                return Ok(false);
            }
            active.insert(row.id.as_str());
        }
        self.admits.iter().for_each(|(intent, _)| core.open.open(intent));
        let admits = self.admits.iter().map(|(entry, _)| entry);
        let entries: Vec<&Entry> =
            self.later.iter().chain(self.appends.iter().map(|(entry, _)| entry)).chain(admits).collect();
        if !core.seal_at_once(&entries, &serde_json::json!(active).to_string()).await? {
            self.admits.iter().for_each(|(intent, _)| core.open.close(intent));
            return Ok(false);
        }
        self.admitted.append(&mut self.admits);
        Ok(true)
    }

    /// INVARIANT: I3, I5: an intent is written in the transaction that has seen, and keeps, its impersonation active.
    async fn decide(
        &mut self,
        core: &Core,
        known: &mut Known,
        tx: &mut WriteTx,
        pulses: Vec<Pulse>,
    ) -> Result<(), sqlx::Error> {
        if let Some(now) = self.admits.iter().map(|(intent, _)| intent.at).max() {
            known.refresh(tx, pulses, now).await?;
        }
        let mut moved = HashSet::new();
        for (intent, sender) in std::mem::take(&mut self.admits) {
            let row = intent.impersonation.as_ref().and_then(|id| known.get_mut(id.as_str()));
            let Some(row) = row else {
                self.unknown.push((sender, Unavailable::new("the intent names no known impersonation")));
                continue;
            };
            let stopped = core.journal.holds(&row.handle).then_some(EndCause::Stopped);
            if let Some(cause) = row.over_at(intent.at).or(stopped) {
                self.over.push((sender, cause));
                continue;
            }
            if moves(row, &intent) {
                row.last_seen_at = intent.at;
                moved.insert(row.id.clone());
            }
            core.open.open(&intent);
            self.admitted.push((intent, sender));
        }
        for id in moved {
            let seen = known.get(id.as_str()).map(|row| row.last_seen_at.as_microsecond());
            let sql = "UPDATE vicarious_impersonations SET last_seen_at = $1 WHERE id = $2 AND last_seen_at < $1";
            execute!(tx, sql, seen, id.as_str())?;
        }
        Ok(())
    }
}

/// Returns whether a request is so much later than the last use on record that it is to be recorded.
fn moves(row: &Impersonation, intent: &Entry) -> bool {
    intent.at.as_microsecond() - row.last_seen_at.as_microsecond() > LAG
}
