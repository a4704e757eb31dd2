use std::sync::Arc;

use cable_core::{Disconnect, Stream, wire};
use serde_json::{Value, json};
use tokio::sync::Mutex;

use super::TestSocket;
use crate::Cable;
use crate::io::Io;
use crate::upgrade;

/// How much fits into the pipe; more waits on the server's side, as on the network.
const PIPE: usize = 64 * 1024;

/// A client that is connected.
pub struct TestConnection {
    inner: Arc<Inner>,
}

/// Returns the streams of a subscription, where the server is at hand.
type Streams = dyn Fn(&str) -> Vec<Stream> + Send + Sync;

struct Inner {
    state: Mutex<State>,
    streams: Box<Streams>,
}

struct State {
    socket: TestSocket,
    /// What has arrived for subscriptions, and nobody has asked for yet.
    frames: Vec<Value>,
    disconnected: Option<Disconnect>,
}

/// A subscription that was confirmed.
pub struct TestSubscription {
    inner: Arc<Inner>,
    identifier: String,
}

/// A subscription was not confirmed.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("the subscription was rejected")]
pub struct Rejected {
    /// What was transmitted before.
    pub transmitted: Vec<Value>,
}

impl TestConnection {
    /// Connects as somebody, as if [`Access::identify`](crate::Access::identify) had said so; returns when welcomed, or
    /// turned away.
    pub async fn open<I: Send + Sync + 'static>(cable: &Cable<I>, identity: I) -> Self {
        let (client, server) = tokio::io::duplex(PIPE);
        let (wire, io) = Io::over(server, cable.server.limits.message_bytes);
        let known = upgrade::begin(cable.clone(), identity, wire, io);
        let hub = Arc::clone(&cable.server.hub);
        let streams = Box::new(move |identifier: &str| hub.streams(&known, identifier));
        Self::begin(TestSocket::piped(client), streams).await
    }

    /// Uses a socket that is connected; returns when welcomed, or turned away. Its streams are not known.
    pub async fn over(socket: TestSocket) -> Self {
        Self::begin(socket, Box::new(|_| Vec::new())).await
    }

    async fn begin(socket: TestSocket, streams: Box<Streams>) -> Self {
        let mut state = State { socket, frames: Vec::new(), disconnected: None };
        while let Some(frame) = state.socket.next().await {
            let is_welcome = frame["type"] == "welcome";
            state.take(frame);
            if is_welcome {
                break;
            }
        }
        Self { inner: Arc::new(Inner { state: Mutex::new(state), streams }) }
    }

    /// Subscribes; `params` is an object without the channel.
    ///
    /// # Errors
    ///
    /// [`Rejected`], also when the connection is closed.
    pub async fn subscribe(&self, channel: &str, params: Value) -> Result<TestSubscription, Rejected> {
        let mut named = json!({ "channel": channel });
        if let (Value::Object(named), Value::Object(params)) = (&mut named, params) {
            named.extend(params);
        }
        let identifier = named.to_string();
        let subscription = TestSubscription { inner: Arc::clone(&self.inner), identifier };
        subscription.send(json!({ "command": wire::command::SUBSCRIBE })).await;
        let mut state = self.inner.state.lock().await;
        let mut answers = state.extract(&subscription.identifier, |frame| frame.get("type").is_some());
        match answers.pop() {
            Some(answer) if answer["type"] == "confirm_subscription" => {
                drop(state);
                Ok(subscription)
            }
            _ => Err(Rejected { transmitted: state.messages(&subscription.identifier) }),
        }
    }

    /// Returns why the server has closed the connection, if it has.
    pub async fn disconnected(&self) -> Option<Disconnect> {
        let mut state = self.inner.state.lock().await;
        state.settle().await;
        state.disconnected.clone()
    }
}

impl TestSubscription {
    /// Returns the identifier that was sent.
    pub fn identifier(&self) -> &str {
        &self.identifier
    }

    /// Performs an action; returns when it is done.
    pub async fn perform(&self, action: &str, data: Value) {
        let mut data = data;
        if let Value::Object(fields) = &mut data {
            fields.insert("action".to_owned(), action.into());
        }
        self.send(json!({ "command": wire::command::MESSAGE, "data": data.to_string() })).await;
    }

    /// Returns what has arrived for this subscription since the last time, in order.
    pub async fn transmitted(&self) -> Vec<Value> {
        let mut state = self.inner.state.lock().await;
        state.settle().await;
        state.messages(&self.identifier)
    }

    /// Returns whether the server has ended the subscription.
    pub async fn is_ended(&self) -> bool {
        let mut state = self.inner.state.lock().await;
        state.settle().await;
        let is_end = |frame: &Value| frame["identifier"] == *self.identifier && frame["type"] == "reject_subscription";
        state.disconnected.is_some() || state.frames.iter().any(is_end)
    }

    /// Returns what the subscription listens to, in no order.
    pub fn streams(&self) -> Vec<Stream> {
        (self.inner.streams)(&self.identifier)
    }

    /// Ends the subscription.
    pub async fn unsubscribe(self) {
        self.send(json!({ "command": wire::command::UNSUBSCRIBE })).await;
    }

    async fn send(&self, mut command: Value) {
        command["identifier"] = self.identifier.as_str().into();
        let mut state = self.inner.state.lock().await;
        state.socket.send(&command.to_string()).await;
        state.settle().await;
    }
}

impl State {
    /// Waits until the server has done all that it was sent.
    async fn settle(&mut self) {
        for frame in self.socket.settle().await {
            self.take(frame);
        }
    }

    fn take(&mut self, frame: Value) {
        if frame["type"] == "disconnect" {
            let reason = frame["reason"].as_str().unwrap_or_default().to_owned();
            let reconnect = frame["reconnect"] == true;
            self.disconnected = Some(Disconnect { reason: reason.into(), reconnect });
        } else {
            self.frames.push(frame);
        }
    }

    fn extract(&mut self, identifier: &str, is_asked_for: impl Fn(&Value) -> bool) -> Vec<Value> {
        self.frames.extract_if(.., |frame| frame["identifier"] == identifier && is_asked_for(frame)).collect()
    }

    fn messages(&mut self, identifier: &str) -> Vec<Value> {
        let frames = self.extract(identifier, |frame| frame.get("message").is_some());
        frames.into_iter().map(|mut frame| frame["message"].take()).collect()
    }
}
