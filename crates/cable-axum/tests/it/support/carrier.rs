use std::sync::Arc;

use cable_axum::ports::{Broadcast, Pending, PubSub, PubSubError, Receive};
use cable_axum::{Local, Stream};

use super::World;

/// Carries broadcasts within the process, and logs what it is asked for.
pub(crate) struct Carrier {
    world: World,
    local: Local,
}

impl Carrier {
    pub(crate) fn new(world: World) -> Self {
        Self { world, local: Local::new() }
    }
}

impl PubSub for Carrier {
    fn deliver_to(&self, receiver: Arc<dyn Receive>) {
        self.local.deliver_to(receiver);
    }

    fn listen<'a>(&'a self, stream: &'a Stream) -> Pending<'a, Result<(), PubSubError>> {
        Box::pin(async move {
            self.world.log(format!("listen {stream}"));
            match stream.as_str() {
                "=listened-late" => self.world.gate("listen").pass().await,
                "=out-of-reach" => return Err(PubSubError("as asked for".into())),
                _ => {}
            }
            self.local.listen(stream).await
        })
    }

    fn forget(&self, stream: &Stream) {
        self.world.log(format!("forget {stream}"));
    }

    fn publish(&self, broadcast: Broadcast) -> Pending<'_, Result<usize, PubSubError>> {
        self.local.publish(broadcast)
    }
}
