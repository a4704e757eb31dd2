//! Broadcasts within one process.

use std::sync::{Arc, OnceLock};

use cable_core::Stream;
use cable_core::ports::{Broadcast, Pending, PubSub, PubSubError, Receive};

/// Carries broadcasts to the connections of this process; the default.
#[derive(Default)]
pub struct Local {
    receiver: OnceLock<Arc<dyn Receive>>,
}

impl Local {
    /// Returns a carrier that nobody listens to yet.
    pub fn new() -> Self {
        Self::default()
    }
}

impl PubSub for Local {
    fn deliver_to(&self, receiver: Arc<dyn Receive>) {
        if self.receiver.set(receiver).is_err() {
            tracing::error!("an in-process pub/sub serves one server only");
        }
    }

    fn listen<'a>(&'a self, _: &'a Stream) -> Pending<'a, Result<(), PubSubError>> {
        Box::pin(async { Ok(()) })
    }

    fn forget(&self, _: &Stream) {}

    fn publish(&self, broadcast: Broadcast) -> Pending<'_, Result<usize, PubSubError>> {
        Box::pin(async move {
            match self.receiver.get() {
                Some(receiver) => Ok(receiver.receive(broadcast).await),
                None => Ok(0),
            }
        })
    }
}
