//! The server: what an application builds, mounts, and broadcasts through.

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use cable_core::ports::{Broadcast, PubSub, PubSubError};
use cable_core::{Disconnect, Limits, Origins, Stream};
use serde::Serialize;
use tokio::time::Instant;

use crate::access::{Access, AnyAccess};
use crate::channel::{Channel, Factory, factory};
use crate::hub::{Hub, Place};
use crate::local::Local;
use crate::measure;
use crate::ping;
use crate::roster::Roster;
use crate::socket::Patience;
use crate::task;

/// An Action Cable server. Cloning is cheap, and all clones are the same server.
///
/// # Examples
///
/// ```
/// use axum::Router;
/// use cable_axum::{Access, Cable, Disconnect};
///
/// struct ByQuery;
///
/// impl Access for ByQuery {
///     type Identity = String;
///
///     async fn identify(&self, request: &mut http::request::Parts) -> Result<String, Disconnect> {
///         request.uri.query().map(str::to_owned).ok_or(Disconnect::UNAUTHORIZED)
///     }
/// }
///
/// # tokio::runtime::Runtime::new().unwrap().block_on(async {
/// let cable = Cable::builder(ByQuery).build();
/// let app: Router = Router::new().route("/cable", cable.route());
/// cable.broadcast(&cable_axum::Stream::named("news"), "hello").await.unwrap();
/// # });
/// ```
pub struct Cable<I: Send + Sync + 'static> {
    pub(crate) server: Arc<Server<I>>,
}

impl<I: Send + Sync + 'static> Clone for Cable<I> {
    fn clone(&self) -> Self {
        Self { server: Arc::clone(&self.server) }
    }
}

impl<I: Send + Sync + 'static> fmt::Debug for Cable<I> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Cable").field("connections", &self.connections()).finish_non_exhaustive()
    }
}

/// What all connections share.
pub(crate) struct Server<I: Send + Sync + 'static> {
    pub(crate) access: Box<dyn AnyAccess<I>>,
    pub(crate) channels: HashMap<&'static str, Box<dyn Factory<I>>>,
    pub(crate) hub: Arc<Hub<I>>,
    pub(crate) roster: Arc<Roster<I>>,
    pub(crate) pubsub: Arc<dyn PubSub>,
    pub(crate) limits: Limits,
    pub(crate) origins: Origins,
    pub(crate) draining: AtomicBool,
    /// Whether a page of another origin was logged aloud.
    pub(crate) warned_of_origin: AtomicBool,
    pub(crate) started: Instant,
    state: HashMap<TypeId, Box<dyn Any + Send + Sync>>,
}

impl<I: Send + Sync + 'static> Server<I> {
    /// Takes a subscription off a stream.
    pub(crate) fn leave(&self, place: &Place) {
        self.hub.leave(place, |stream| self.pubsub.forget(stream));
    }
}

/// Collects what an application decides; see [`Cable::builder`].
#[must_use = "nothing happens before `build`"]
pub struct Builder<I: Send + Sync + 'static> {
    access: Box<dyn AnyAccess<I>>,
    channels: HashMap<&'static str, Box<dyn Factory<I>>>,
    pubsub: Arc<dyn PubSub>,
    limits: Limits,
    origins: Origins,
    ping_every: Duration,
    state: HashMap<TypeId, Box<dyn Any + Send + Sync>>,
}

impl<I: Send + Sync + 'static> Builder<I> {
    /// Offers a channel.
    pub fn channel<C: Channel<I>>(mut self) -> Self {
        self.channels.insert(C::NAME, factory::<I, C>());
        self
    }

    /// Gives channels something of the application's to work with, such as its database; one of each type.
    pub fn state<T: Send + Sync + 'static>(mut self, state: T) -> Self {
        self.state.insert(TypeId::of::<T>(), Box::new(state));
        self
    }

    /// Sets what carries broadcasts; default [`Local`], within this process.
    pub fn pubsub(mut self, pubsub: impl PubSub + 'static) -> Self {
        self.pubsub = Arc::new(pubsub);
        self
    }

    /// Sets what one connection may use.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Sets which pages may connect; default those of the same origin.
    pub fn origins(mut self, origins: Origins) -> Self {
        self.origins = origins;
        self
    }

    /// Sets how often each client is pinged; default 3 seconds, and clients give up after 6 without anything.
    pub fn ping_every(mut self, interval: Duration) -> Self {
        self.ping_every = interval;
        self
    }

    /// Starts the server.
    ///
    /// # Panics
    ///
    /// Outside a tokio runtime.
    pub fn build(self) -> Cable<I> {
        measure::describe();
        let hub = Arc::new(Hub::new());
        self.pubsub.deliver_to(Arc::clone(&hub) as _);
        let roster = Arc::new(Roster::new(ping::MOMENTS));
        ping::start(&roster, self.ping_every);
        let server = Server {
            access: self.access,
            channels: self.channels,
            hub,
            roster,
            pubsub: self.pubsub,
            limits: self.limits,
            origins: self.origins,
            draining: AtomicBool::new(false),
            warned_of_origin: AtomicBool::new(false),
            started: Instant::now(),
            state: self.state,
        };
        Cable { server: Arc::new(server) }
    }
}

impl<I: Send + Sync + 'static> Cable<I> {
    /// Begins to put a server together.
    pub fn builder(access: impl Access<Identity = I>) -> Builder<I> {
        Builder {
            access: Box::new(access),
            channels: HashMap::new(),
            pubsub: Arc::new(Local::new()),
            limits: Limits::default(),
            origins: Origins::same(),
            ping_every: Duration::from_secs(3),
            state: HashMap::new(),
        }
    }

    /// Returns what [`Builder::state`] gave of this type, if anything.
    pub fn state<T: Send + Sync + 'static>(&self) -> Option<&T> {
        self.server.state.get(&TypeId::of::<T>()).and_then(|state| state.downcast_ref())
    }

    /// Sends a message to everybody who listens to a stream; returns how many connections of this process got it.
    ///
    /// # Errors
    ///
    /// [`BroadcastError`] when the message has no JSON form or cannot be carried.
    pub async fn broadcast(
        &self,
        stream: &Stream,
        message: &(impl Serialize + ?Sized),
    ) -> Result<usize, BroadcastError> {
        let message = serde_json::value::to_raw_value(message)?;
        let broadcast = Broadcast { stream: stream.clone(), message: message.into() };
        Ok(self.server.pubsub.publish(broadcast).await?)
    }

    /// Sends a message to those who asked channel `C` to stream for these parts.
    ///
    /// # Errors
    ///
    /// As for [`Self::broadcast`].
    pub async fn broadcast_to<C: Channel<I>>(
        &self,
        parts: impl IntoIterator<Item = impl AsRef<str>>,
        message: &(impl Serialize + ?Sized),
    ) -> Result<usize, BroadcastError> {
        self.broadcast(&Stream::of(C::NAME, parts), message).await
    }

    /// Closes every connection of this process whose identity matches, and returns how many those were.
    ///
    /// When this returns, each of them has its `disconnect` frame, or was cut off because it could not take it, and
    /// nothing is written to it any more. (What is no plain TCP socket gets that frame, and nothing else, a moment
    /// later.) Connections that are still being set up are found too. `matches` must not call the server.
    pub fn disconnect(&self, why: &Disconnect, matches: impl Fn(&I) -> bool) -> usize {
        let mut closed = 0;
        self.server.roster.each(|client| {
            closed += usize::from(matches(&client.identity) && client.close(why, Patience::None));
        });
        closed
    }

    /// Ends the subscriptions to channel `C` of every connection of this process whose identity matches.
    pub fn unsubscribe<C: Channel<I>>(&self, matches: impl Fn(&I) -> bool) {
        self.server.roster.each(|client| {
            if matches(&client.identity) {
                client.end(C::NAME);
            }
        });
    }

    /// Returns how many open connections of this process have an identity that matches.
    pub fn count(&self, matches: impl Fn(&I) -> bool) -> usize {
        let mut count = 0;
        self.server.roster.each(|client| count += usize::from(client.is_open() && matches(&client.identity)));
        count
    }

    /// Returns the identities of the open connections of this process, to look at them in one's own time.
    pub fn identities(&self) -> Vec<I>
    where
        I: Clone,
    {
        let mut identities = Vec::new();
        self.server.roster.each(|client| identities.extend(client.is_open().then(|| client.identity.clone())));
        identities
    }

    /// Returns how many connections this process has, including those that are being closed.
    pub fn connections(&self) -> usize {
        self.server.roster.len()
    }

    /// Refuses new connections and closes those there are, spread evenly over a time, so that they do not come back all
    /// at once. Returns when their channels have been told, but not much later than that time.
    pub async fn drain(&self, over: Duration) {
        self.server.draining.store(true, Ordering::SeqCst);
        let mut clients = Vec::new();
        self.server.roster.each(|client| clients.push(Arc::clone(client)));
        let pause = over / u32::try_from(clients.len().max(1)).unwrap_or(u32::MAX);
        let begun = Instant::now();
        for (nth, client) in (0..).zip(clients) {
            tokio::time::sleep_until(begun + pause * nth).await;
            client.close(&Disconnect::SERVER_RESTART, Patience::Some);
        }
        if tokio::time::timeout(task::LINGER, self.server.roster.emptied()).await.is_err() {
            tracing::warn!(left = self.connections(), "some channels take long to end");
        }
    }
}

/// Why a message was not sent.
#[derive(Debug, thiserror::Error)]
pub enum BroadcastError {
    /// It has no JSON form.
    #[error("the message has no JSON form")]
    Message(#[from] serde_json::Error),
    /// It cannot be carried to other processes.
    #[error(transparent)]
    PubSub(#[from] PubSubError),
}
