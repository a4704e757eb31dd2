//! Records what changed, in the transaction that changes it.

use vicarious_core::audit::{RequestFacts, RequestId};
use vicarious_core::{Entry, Identity, Kind, Timestamp};

use crate::insert::{self, Posted};
use crate::record::Head;
use crate::{Error, WriteTx};

/// Records that a field of the customer's data changed from `old` to `new`, if somebody acts as the customer.
///
/// The entry is part of the host's transaction: either both are there afterwards, or neither. While acting as
/// oneself, nothing is recorded.
///
/// # Errors
///
/// When the database cannot answer: then the transaction must not be committed.
pub async fn changed(
    tx: &mut WriteTx,
    identity: &Identity,
    request: Option<&RequestId>,
    field: &str,
    (old, new): (&str, &str),
    now: Timestamp,
) -> Result<(), Error> {
    let Some(impersonation) = identity.impersonation() else { return Ok(()) };
    let mut entry = Entry::of(impersonation, Kind::Changed, now).with("field", field).with("old", old).with("new", new);
    entry.request = request.map(|id| RequestFacts {
        id: id.clone(),
        method: String::new(),
        route: None,
        path: String::new(),
        status: None,
    });
    let mut head = tx.head.take().unwrap_or_else(Head::new);
    insert::entries(tx, &mut head, &[&entry], &Posted::default()).await?;
    tx.head = Some(head);
    Ok(())
}
