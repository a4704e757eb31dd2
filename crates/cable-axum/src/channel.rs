//! Channels: what an application serves to its subscriptions.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use cable_core::{Stream, wire};
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer, Serialize};

use crate::Cable;
use crate::client::Client;
use crate::frame;

mod erased;

pub(crate) use erased::{AnyChannel, Factory, factory};

/// A kind of subscription, and the state of one.
///
/// `I` is the identity of a connection. Parameters and actions are types of their own, so that only what they describe
/// can be asked for: an action is an enum that serde reads by its `action` tag, and data without an action is
/// `receive`.
///
/// # Examples
///
/// ```
/// use cable_axum::{Channel, Reject, Subscription};
/// use serde::Deserialize;
///
/// struct Chat {
///     room: u64,
/// }
///
/// #[derive(Deserialize)]
/// struct Params {
///     room: u64,
/// }
///
/// #[derive(Deserialize)]
/// #[serde(tag = "action", rename_all = "snake_case")]
/// enum Action {
///     Speak { text: String },
/// }
///
/// impl Channel<String> for Chat {
///     const NAME: &'static str = "ChatChannel";
///     type Params = Params;
///     type Action = Action;
///
///     async fn subscribed(params: Params, subscription: &mut Subscription<String>) -> Result<Self, Reject> {
///         subscription.stream_for([params.room.to_string()]);
///         Ok(Self { room: params.room })
///     }
///
///     async fn perform(&mut self, action: Action, subscription: &mut Subscription<String>) {
///         let Action::Speak { text } = action;
///         let said = format!("{}: {text}", subscription.identity());
///         subscription.cable().broadcast_to::<Self>([self.room.to_string()], &said).await.ok();
///     }
/// }
/// ```
pub trait Channel<I: Send + Sync + 'static>: Sized + Send + 'static {
    /// The name that clients ask for.
    const NAME: &'static str;
    /// What an identifier says besides the channel; [`NoParams`] for nothing.
    type Params: DeserializeOwned + Send;
    /// What can be performed; [`NoAction`] for nothing.
    type Action: DeserializeOwned + Send;

    /// Begins a subscription. What it transmits arrives before the confirmation, which waits until its streams are live.
    ///
    /// # Errors
    ///
    /// [`Reject`], and the client is told so.
    fn subscribed(
        params: Self::Params,
        subscription: &mut Subscription<I>,
    ) -> impl Future<Output = Result<Self, Reject>> + Send;

    /// Performs an action.
    fn perform(&mut self, action: Self::Action, subscription: &mut Subscription<I>) -> impl Future<Output = ()> + Send {
        let _ = (action, subscription);
        async {}
    }

    /// Does what is to be done each time a timer of [`Subscription::every`] rings.
    fn tick(&mut self, timer: &'static str, subscription: &mut Subscription<I>) -> impl Future<Output = ()> + Send {
        let _ = (timer, subscription);
        async {}
    }

    /// Takes note that the subscription has ended, by whatever cause; it is on no stream any more.
    fn unsubscribed(&mut self, subscription: &mut Subscription<I>) -> impl Future<Output = ()> + Send {
        let _ = subscription;
        async {}
    }
}

/// A subscription is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reject;

/// The parameters of a channel that needs none; others are ignored.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct NoParams {}

/// The actions of a channel that has none.
#[derive(Clone, Copy, Debug)]
pub enum NoAction {}

impl<'de> Deserialize<'de> for NoAction {
    fn deserialize<D: Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
        Err(D::Error::custom("this channel has no actions"))
    }
}

/// What a channel may do with its subscription while one of its methods runs.
///
/// Streams and timers begin and end when the method returns; what is transmitted leaves at once.
pub struct Subscription<I: Send + Sync + 'static> {
    pub(crate) cable: Cable<I>,
    pub(crate) client: Arc<Client<I>>,
    pub(crate) identifier: Arc<str>,
    pub(crate) channel: &'static str,
    pub(crate) changes: Vec<Change>,
}

/// What a method wants to have changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    Join(Stream),
    Leave(Stream),
    LeaveAll,
    Every(Duration, &'static str),
    Unsubscribe,
}

impl<I: Send + Sync + 'static> Subscription<I> {
    /// Returns who is on the other side.
    pub fn identity(&self) -> &I {
        &self.client.identity
    }

    /// Returns the server, for example to broadcast.
    pub fn cable(&self) -> &Cable<I> {
        &self.cable
    }

    /// Returns the channel's name.
    pub fn channel(&self) -> &'static str {
        self.channel
    }

    /// Returns the identifier, byte for byte as the client sent it.
    pub fn identifier(&self) -> &str {
        &self.identifier
    }

    /// Listens to a stream.
    pub fn stream(&mut self, stream: Stream) {
        self.changes.push(Change::Join(stream));
    }

    /// Listens to the stream of this name, whatever the channel.
    pub fn stream_from(&mut self, name: &str) {
        self.stream(Stream::named(name));
    }

    /// Listens to this channel's stream for some parts, typically identifiers of records; their order counts.
    pub fn stream_for<P: AsRef<str>>(&mut self, parts: impl IntoIterator<Item = P>) {
        self.stream(Stream::of(self.channel, parts));
    }

    /// Stops listening to a stream.
    pub fn stop_stream(&mut self, stream: Stream) {
        self.changes.push(Change::Leave(stream));
    }

    /// Stops listening to what [`Self::stream_from`] began.
    pub fn stop_stream_from(&mut self, name: &str) {
        self.stop_stream(Stream::named(name));
    }

    /// Stops listening to what [`Self::stream_for`] began.
    pub fn stop_stream_for<P: AsRef<str>>(&mut self, parts: impl IntoIterator<Item = P>) {
        self.stop_stream(Stream::of(self.channel, parts));
    }

    /// Stops listening to everything.
    pub fn stop_all_streams(&mut self) {
        self.changes.push(Change::LeaveAll);
    }

    /// Calls [`Channel::tick`] with `timer` each time so much time has passed, until the subscription ends.
    pub fn every(&mut self, interval: Duration, timer: &'static str) {
        self.changes.push(Change::Every(interval.max(Duration::from_millis(1)), timer));
    }

    /// Ends the subscription; its client is told by a rejection, which is the protocol's only word for that.
    pub fn unsubscribe(&mut self) {
        self.changes.push(Change::Unsubscribe);
    }

    /// Sends a message to this subscription alone.
    ///
    /// Returns whether it was sent or waits to be: not when the connection is closing, or the message has no JSON form.
    pub fn transmit(&self, message: &(impl Serialize + ?Sized)) -> bool {
        match encode(&self.identifier, message) {
            Ok(frame) => self.client.socket.send(&frame),
            Err(error) => {
                tracing::error!(channel = self.channel, %error, "a message has no JSON form");
                false
            }
        }
    }
}

/// Returns the frame of a message to one identifier.
pub(crate) fn encode(identifier: &str, message: &(impl Serialize + ?Sized)) -> serde_json::Result<Bytes> {
    let message = serde_json::value::to_raw_value(message)?;
    Ok(frame::text(&wire::message(identifier, &message)))
}

impl<I: Send + Sync + 'static> fmt::Debug for Subscription<I> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Subscription").field("identifier", &self.identifier).finish_non_exhaustive()
    }
}
