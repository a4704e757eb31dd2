//! Recomputes every chain, and names the first entry that is not as it was written.

use std::collections::HashMap;

use vicarious_core::ports::Unavailable;

use crate::core::Core;
use crate::db::rows;
use crate::error::unavailable;
use crate::record::EntryRow;

const PAGE: i64 = 1_000;

/// What a verification found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// How many entries were looked at.
    pub entries: u64,
    /// How many chains they form.
    pub chains: usize,
    /// The first entry that is not as it was written, if there is one.
    pub fault: Option<Fault>,
}

/// An entry that is not as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Its number; for one that was removed, the number of the entry that follows it in its chain.
    pub seq: i64,
    /// Its chain.
    pub chain: String,
    /// Its place in the chain.
    pub place: i64,
    /// What happened to it.
    pub kind: FaultKind,
}

/// What happened to an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// Its content is not what was written.
    Altered,
    /// It is gone.
    Removed,
    /// It stands behind one that was written after it.
    Reordered,
    /// It was never written by this program at this place.
    Inserted,
}

/// The last entry seen of a chain.
struct Last {
    seq: i64,
    place: i64,
    hash: Vec<u8>,
}

pub(crate) async fn verify(core: &Core, mut progress: impl FnMut(u64)) -> Result<Report, Unavailable> {
    let mut chains: HashMap<String, Last> = HashMap::new();
    let mut report = Report { entries: 0, chains: 0, fault: None };
    let mut after = i64::MIN;
    loop {
        let sql = "SELECT * FROM vicarious_entries WHERE seq > $1 ORDER BY seq LIMIT $2";
        let page = rows!(core.db, EntryRow, sql, after, PAGE).map_err(unavailable)?;
        let Some(last) = page.last() else { break };
        after = last.seq;
        for row in page {
            report.entries += 1;
            if let Some(fault) = check(core, &row, chains.get(&row.chain)).await? {
                report.fault = Some(fault);
                report.chains = chains.len();
                return Ok(report);
            }
            let last = Last { seq: row.seq, place: row.chain_seq, hash: row.hash };
            chains.insert(row.chain, last);
        }
        progress(report.entries);
    }
    report.chains = chains.len();
    Ok(report)
}

/// Checks an entry against the one before it in its chain.
async fn check(core: &Core, row: &EntryRow, last: Option<&Last>) -> Result<Option<Fault>, Unavailable> {
    let fault = |seq, place, kind| Ok(Some(Fault { seq, chain: row.chain.clone(), place, kind }));
    if row.hash != row.digest() {
        return fault(row.seq, row.chain_seq, FaultKind::Altered);
    }
    let expected = last.map_or(1, |last| last.place + 1);
    if row.chain_seq < expected {
        return fault(row.seq, row.chain_seq, FaultKind::Inserted);
    }
    if row.chain_seq > expected {
        let sql = "SELECT seq FROM vicarious_entries WHERE chain = $1 AND chain_seq = $2 AND seq > $3 LIMIT 1";
        let later = rows!(core.db, (i64,), sql, &row.chain, expected, row.seq).map_err(unavailable)?;
        return match later.first() {
            Some((seq,)) => fault(*seq, expected, FaultKind::Reordered),
            None => fault(row.seq, expected, FaultKind::Removed),
        };
    }
    let known = last.map_or([0; 32].as_slice(), |last| &last.hash);
    if row.prev_hash != known {
        // This entry is whole, so the one before it was exchanged for another that is whole, too.
        let seq = last.map_or(row.seq, |last| last.seq);
        return fault(seq, last.map_or(row.chain_seq, |last| last.place), FaultKind::Altered);
    }
    Ok(None)
}
