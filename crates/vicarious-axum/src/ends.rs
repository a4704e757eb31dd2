//! Waiting for the end of an impersonation.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::watch;
use vicarious_core::ports::TellsEnd;
use vicarious_core::{EndCause, Impersonation};

use crate::alarm::Alarm;
use crate::events::Events;

pub(crate) type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;
pub(crate) type Ended = Pin<Box<dyn Future<Output = EndCause> + Send>>;

/// What it takes to be told of an end; held by identities, which may outlive the engine.
pub(crate) struct Ends {
    events: Arc<Events>,
    alarm: Arc<Alarm>,
    clock: Clock,
}

impl Ends {
    pub(crate) fn new(events: Arc<Events>, alarm: Arc<Alarm>, clock: Clock) -> Self {
        Self { events, alarm, clock }
    }

    /// Tells the end of an impersonation here whoever records it, and on time.
    pub(crate) fn follow(&self, row: &Impersonation) -> watch::Receiver<Option<EndCause>> {
        self.alarm.set_for(row, (self.clock)());
        self.events.follow(row)
    }

    /// Returns why an impersonation is over, as far as that was told here or its time has passed.
    pub(crate) fn is_over(&self, row: &Impersonation) -> Option<EndCause> {
        let passed = (self.clock)() >= row.ends_at;
        self.events.told(&row.id).or_else(|| passed.then_some(EndCause::Expired))
    }
}

impl TellsEnd for Ends {
    fn ended(&self, row: &Impersonation) -> Ended {
        let mut told = self.follow(row);
        let told = async move {
            match told.wait_for(Option::is_some).await.map(|cause| *cause) {
                Ok(Some(cause)) => cause,
                // Nobody is left who could tell, and the hard end stands.
                Ok(None) | Err(_) => std::future::pending().await,
            }
        };
        // INVARIANT: I9: the hard end needs nobody who records it.
        let passed = passed(Arc::clone(&self.clock), row.ends_at);
        Box::pin(async move {
            tokio::select! {
                biased;
                cause = told => cause,
                () = passed => EndCause::Expired,
            }
        })
    }
}

impl fmt::Debug for Ends {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ends").finish_non_exhaustive()
    }
}

/// Waits until the clock, which may run otherwise than the machine's, says `at`.
async fn passed(clock: Clock, at: Timestamp) {
    loop {
        match Duration::try_from(at.duration_since(clock())) {
            Ok(left) if !left.is_zero() => tokio::time::sleep(left).await,
            Ok(_) | Err(_) => return,
        }
    }
}
