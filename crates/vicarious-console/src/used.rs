//! What came of a consent for one use.

use vicarious_core::consent::{Consent, ConsentState, Use};
use vicarious_core::ports::{Running, Unavailable};

use crate::asked::Asked;

/// Finds who entered with a consent, and whether they are still in; none where nobody did.
pub(crate) async fn of(asked: &Asked, consent: &Consent) -> Result<Option<Use>, Unavailable> {
    let ledger = asked.vicarious().ledger();
    let Some(first) = consent.used_by.as_ref().filter(|_| consent.is_spent()) else { return Ok(None) };
    let Some(first) = ledger.by_id(first).await? else { return Ok(None) };
    // The first one may have been continued; none lasts longer than its consent.
    let is_running = consent.state_at(asked.now) == ConsentState::Given
        && ledger.running(Running::On(&consent.id)).await?.iter().any(|row| row.over_at(asked.now).is_none());
    Ok(Some(Use { at: first.started_at, by: first.true_user, is_running }))
}
