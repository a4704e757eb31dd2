//! `helpdesk audit`: checks, exports and follows the record.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use vicarious::ports::{EntryFilter, Ledger};
use vicarious::sqlx::FaultKind;

use super::{WRONG, or_enough, say};
use crate::cli::Audit;
use crate::database::Database;

/// How many entries are read at a time.
const PAGE: usize = 1000;
/// How long to wait before looking for more.
const LOOK_AGAIN: Duration = Duration::from_millis(500);

/// Carries out a command on the record.
pub(crate) async fn run(command: Audit) -> anyhow::Result<ExitCode> {
    let database = match &command {
        Audit::Verify { database } | Audit::Export { database, .. } | Audit::Tail { database, .. } => {
            Database::open_existing(&database.url).await?
        }
    };
    let done = match command {
        Audit::Verify { .. } => verify(&database).await,
        Audit::Export { from, to, .. } => or_enough(export(database.ledger(), from, to).await),
        Audit::Tail { lines, follow, .. } => or_enough(tail(database.ledger(), lines, follow).await),
    };
    database.close().await;
    done
}

async fn verify(database: &Database) -> anyhow::Result<ExitCode> {
    let report = database.store().verify(|_| {}).await?;
    let Some(fault) = report.fault else {
        say(format!("{} entries in {} chains are as they were written.", report.entries, report.chains))?;
        return Ok(ExitCode::SUCCESS);
    };
    let happened = match fault.kind {
        FaultKind::Altered => "is not what was written",
        FaultKind::Removed => "follows one that is gone",
        FaultKind::Reordered => "stands behind one that was written after it",
        FaultKind::Inserted => "was never written there",
    };
    say(format!("Entry {} {happened} (place {} of chain {}).", fault.seq, fault.place, fault.chain))?;
    Ok(ExitCode::from(WRONG))
}

async fn export(ledger: &Arc<dyn Ledger>, from: Option<Timestamp>, to: Option<Timestamp>) -> anyhow::Result<ExitCode> {
    // The ledger lists the newest first: walk back once to learn where pages begin, then print them from the oldest.
    let filter = |before| EntryFilter { from, to, before, limit: PAGE, ..EntryFilter::default() };
    let mut begins = vec![None];
    while let Some(begin) = begins.last().copied() {
        let page = ledger.entries(&filter(begin)).await?;
        match page.last() {
            Some(last) if page.len() == PAGE => begins.push(Some(last.seq)),
            _ => break,
        }
    }
    for begin in begins.into_iter().rev() {
        for recorded in ledger.entries(&filter(begin)).await?.iter().rev() {
            say(recorded.to_json())?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn tail(ledger: &Arc<dyn Ledger>, lines: usize, follow: bool) -> anyhow::Result<ExitCode> {
    let latest = ledger.entries(&EntryFilter { limit: lines.max(1), ..EntryFilter::default() }).await?;
    let mut seen = latest.first().map_or(0, |newest| newest.seq);
    for recorded in latest.iter().take(lines).rev() {
        say(recorded.to_json())?;
    }
    if !follow {
        return Ok(ExitCode::SUCCESS);
    }
    loop {
        tokio::time::sleep(LOOK_AGAIN).await;
        let newest = ledger.entries(&EntryFilter { limit: PAGE, ..EntryFilter::default() }).await?;
        for recorded in newest.iter().rev().filter(|recorded| recorded.seq > seen) {
            say(recorded.to_json())?;
        }
        seen = newest.first().map_or(seen, |newest| newest.seq.max(seen));
    }
}
