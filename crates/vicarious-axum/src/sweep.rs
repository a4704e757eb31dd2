//! Ends what has run out, even when nobody asks for it any more.

use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use vicarious_core::decide::{end, fall_back};
use vicarious_core::ports::{ApplyError, Running, Unavailable};
use vicarious_core::{EndCause, Impersonation};

use crate::engine::Engine;
use crate::host::HostError;

/// How often everything that runs is looked at; what is known to be due is not waited for.
const EVERY: Duration = Duration::from_secs(5);

/// Sweeps until the engine is dropped.
pub(crate) fn spawn(engine: &Arc<Engine>) {
    let (engine, alarm) = (Arc::downgrade(engine), Arc::clone(&engine.alarm));
    tokio::spawn(async move {
        let mut look_at = Instant::now();
        loop {
            let Some(engine) = Weak::upgrade(&engine) else { return };
            let swept = if alarm.take_look() || Instant::now() >= look_at {
                look_at = Instant::now() + EVERY;
                engine.sweep().await
            } else if alarm.is_due(engine.now()) {
                engine.end_overdue().await
            } else {
                Ok(())
            };
            if let Err(outage) = swept {
                tracing::warn!(error = %outage, "could not end what has run out; trying again");
            }
            let now = engine.now();
            // Nobody waits for a sweep to let go of the engine.
            drop(engine);
            alarm.rings(now, look_at.saturating_duration_since(Instant::now())).await;
        }
    });
}

impl Engine {
    /// Looks at everything that runs: ends what is overdue or may not go on, and finds out what others have ended.
    pub(crate) async fn sweep(&self) -> Result<(), Unavailable> {
        self.end_overdue().await?;
        self.check_on(Running::All).await
    }

    /// Records the end of every impersonation whose time has passed, and the fall of every write mode that ran out;
    /// then sets the alarm for what runs on, because use has moved its idle end.
    async fn end_overdue(&self) -> Result<(), Unavailable> {
        self.alarm.clear();
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
        let running = self.ledger.running(Running::All).await?;
        let now = self.now();
        running.iter().for_each(|row| self.alarm.set_for(row, now));
        self.find_out(&running).await
    }

    /// Tells the ends that other processes recorded.
    async fn find_out(&self, running: &[Impersonation]) -> Result<(), Unavailable> {
        for id in self.events.missing(running, self.now()) {
            if let Some(row) = self.ledger.by_id(&id).await? {
                self.events.found_over(&row);
            }
        }
        Ok(())
    }

    /// Ends those whose sign-in is over, whose accounts are gone, or whose pair is no longer permitted: nobody may
    /// come back with their handle, and until then they would count as running.
    pub(crate) async fn check_on(&self, which: Running<'_>) -> Result<(), Unavailable> {
        for row in self.ledger.running(which).await? {
            match self.lost(&row).await {
                Ok(Some(cause)) => match self.apply(end(&row, cause, None, self.now()).into_iter().collect()).await {
                    Ok(()) | Err(ApplyError::Conflict) => {}
                    Err(ApplyError::Unavailable(outage)) => return Err(outage),
                },
                Ok(None) => {}
                // An outage of the host leaves the row alone.
                Err(outage) => tracing::warn!(error = ?outage, "cannot tell whether an impersonation may go on"),
            }
        }
        Ok(())
    }

    /// Returns why an impersonation may not go on, as far as the host is concerned.
    async fn lost(&self, row: &Impersonation) -> Result<Option<EndCause>, HostError> {
        let sign_in = self.host.sign_in(&row.sign_in).await?;
        if sign_in.is_none_or(|sign_in| sign_in.account != row.true_user.id) {
            return Ok(Some(EndCause::SignedOut));
        }
        let (true_user, current) = (self.known(&row.true_user.id).await?, self.known(&row.current_user.id).await?);
        let (Some(true_user), Some(current)) = (true_user, current) else { return Ok(Some(EndCause::AccountGone)) };
        if !true_user.account.active || !current.account.active {
            return Ok(Some(EndCause::AccountGone));
        }
        Ok((!self.host.may(&true_user, &current)).then_some(EndCause::PermissionLost))
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
