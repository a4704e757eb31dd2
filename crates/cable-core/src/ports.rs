//! What a server needs from outside: something that carries broadcasts between processes.

use std::pin::Pin;
use std::sync::Arc;

use serde_json::value::RawValue;

use crate::Stream;

/// A future that an adapter returns.
pub type Pending<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A message to everybody who listens to a stream.
#[derive(Clone, Debug)]
pub struct Broadcast {
    /// To whom.
    pub stream: Stream,
    /// What, as JSON that is encoded already.
    pub message: Arc<RawValue>,
}

/// Takes what arrives from other processes, or from this one.
pub trait Receive: Send + Sync {
    /// Delivers to the connections of this process; returns how many got it.
    fn receive(&self, broadcast: Broadcast) -> Pending<'_, usize>;
}

/// Carries broadcasts to every process that has somebody who listens, this one included.
pub trait PubSub: Send + Sync {
    /// Says once, before anything else, where to deliver.
    fn deliver_to(&self, receiver: Arc<dyn Receive>);

    /// Begins to listen to a stream; ready when nothing that is published from now on is missed.
    fn listen<'a>(&'a self, stream: &'a Stream) -> Pending<'a, Result<(), PubSubError>>;

    /// Stops listening to a stream that nobody here needs any more.
    ///
    /// Must not wait or broadcast: nobody else joins the stream before it returns, so that no [`Self::listen`] that comes
    /// later is undone by it.
    fn forget(&self, stream: &Stream);

    /// Publishes; returns how many connections of this process got it, where that is known by then.
    fn publish(&self, broadcast: Broadcast) -> Pending<'_, Result<usize, PubSubError>>;
}

/// The carrier cannot be reached.
#[derive(Debug, thiserror::Error)]
#[error("broadcasts cannot be carried")]
pub struct PubSubError(#[source] pub Box<dyn std::error::Error + Send + Sync>);
