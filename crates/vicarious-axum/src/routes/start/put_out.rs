//! That an agent was put out of the account that they want to enter again.

use jiff::SignedDuration;
use serde_json::Value;
use vicarious_core::Account;
use vicarious_core::audit::{Entry, Kind, Recorded};
use vicarious_core::ports::{EntryFilter, Unavailable};

use crate::engine::Engine;
use crate::page::{PutOut, PutOutBy};

/// For how long it matters.
const MATTERS_FOR: SignedDuration = SignedDuration::from_hours(24);

/// Returns who ended the last visit of `agent` to `account`, if somebody else did, not long ago.
pub(super) async fn put_out(
    engine: &Engine,
    agent: &Account,
    account: &Account,
) -> Result<Option<PutOut>, Unavailable> {
    let latest = async |kind| {
        let filter = EntryFilter {
            true_user: Some(agent.id().clone()),
            current_user: Some(account.id().clone()),
            kind: Some(kind),
            limit: 1,
            ..EntryFilter::default()
        };
        Ok::<_, Unavailable>(engine.ledger.entries(&filter).await?.into_iter().next())
    };
    let matters = |end: &Recorded| engine.now().duration_since(end.entry.at) < MATTERS_FOR;
    let Some(end) = latest(Kind::Revoked).await?.filter(matters) else { return Ok(None) };
    // Whoever has been in again since then knows.
    if latest(Kind::Started).await?.is_some_and(|start| start.seq > end.seq) {
        return Ok(None);
    }
    Ok(by(&end.entry, agent, account).map(|by| PutOut { by, at: end.entry.at }))
}

/// Returns who it was; none where it was the agent, from another place.
fn by(end: &Entry, agent: &Account, account: &Account) -> Option<PutOutBy> {
    let text = |name| end.detail.get("by").and_then(|by| by.get(name)).and_then(Value::as_str);
    match (text("id"), text("name")) {
        (Some(id), _) if id == agent.id().as_str() => None,
        (Some(id), _) if id == account.id().as_str() => Some(PutOutBy::Customer),
        (_, Some(name)) => Some(PutOutBy::Other(name.to_owned())),
        (_, None) => Some(PutOutBy::Outside),
    }
}
