use std::sync::{Arc, Mutex, PoisonError};

use cable_core::Stream;
use cable_core::ports::{Broadcast, Pending, PubSub, PubSubError, Receive};
use serde_json::Value;

use crate::Local;

/// Carries broadcasts within this process, and remembers them. Clones remember the same.
#[derive(Clone, Default)]
pub struct Recorded {
    carrier: Arc<Local>,
    broadcasts: Arc<Mutex<Vec<Broadcast>>>,
}

impl Recorded {
    /// Returns what was broadcast since the last time, in order.
    pub fn broadcasts(&self) -> Vec<(Stream, Value)> {
        let broadcasts = std::mem::take(&mut *self.broadcasts.lock().unwrap_or_else(PoisonError::into_inner));
        let read = |broadcast: Broadcast| serde_json::from_str(broadcast.message.get()).unwrap_or_default();
        broadcasts.into_iter().map(|broadcast| (broadcast.stream.clone(), read(broadcast))).collect()
    }
}

impl PubSub for Recorded {
    fn deliver_to(&self, receiver: Arc<dyn Receive>) {
        self.carrier.deliver_to(receiver);
    }

    fn listen<'a>(&'a self, stream: &'a Stream) -> Pending<'a, Result<(), PubSubError>> {
        self.carrier.listen(stream)
    }

    fn forget(&self, stream: &Stream) {
        self.carrier.forget(stream);
    }

    fn publish(&self, broadcast: Broadcast) -> Pending<'_, Result<usize, PubSubError>> {
        self.broadcasts.lock().unwrap_or_else(PoisonError::into_inner).push(broadcast.clone());
        self.carrier.publish(broadcast)
    }
}
