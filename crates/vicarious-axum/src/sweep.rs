//! Ends what has run out, even when nobody asks for it any more.

use std::sync::{Arc, Weak};
use std::time::Duration;

use vicarious_core::EndCause;
use vicarious_core::decide::{end, fall_back};
use vicarious_core::ports::{ApplyError, Running, Unavailable};

use crate::engine::Engine;

/// How often the overdue are looked for.
const EVERY: Duration = Duration::from_secs(5);

/// Sweeps until the engine is dropped.
pub(crate) fn spawn(engine: &Arc<Engine>) {
    let engine = Arc::downgrade(engine);
    tokio::spawn(async move {
        let mut ticks = tokio::time::interval(EVERY);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            let Some(engine) = Weak::upgrade(&engine) else { return };
            if let Err(outage) = engine.sweep().await {
                tracing::warn!(error = %outage, "could not end what has run out; trying again");
            }
        }
    });
}

impl Engine {
    /// Records the end of every impersonation whose time has passed, and the fall of every write mode that ran out.
    pub(crate) async fn sweep(&self) -> Result<(), Unavailable> {
        let now = self.now();
        for row in self.ledger.running(Running::Overdue(now)).await? {
            let transition = match row.over_at(now) {
                Some(cause) => end(&row, cause, None, now),
                None => fall_back(&row, now),
            };
            match self.apply(transition.into_iter().collect()).await {
                // A conflict means that somebody else was quicker.
                Ok(()) | Err(ApplyError::Conflict) => {}
                Err(ApplyError::Unavailable(outage)) => return Err(outage),
            }
        }
        Ok(())
    }

    /// Ends every impersonation in `rows` for `cause`, each in its own transaction.
    pub(crate) async fn end_all(
        &self,
        which: Running<'_>,
        cause: EndCause,
        by: Option<&vicarious_core::Person>,
    ) -> Result<(), Unavailable> {
        for row in self.ledger.running(which).await? {
            match self.apply(end(&row, cause, by, self.now()).into_iter().collect()).await {
                Ok(()) | Err(ApplyError::Conflict) => {}
                Err(ApplyError::Unavailable(outage)) => return Err(outage),
            }
        }
        Ok(())
    }
}
