//! One connection's protocol: performs what `cable-core` decides.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use cable_core::{Connection, Data, Disconnect, Effect, Identifier, Ignored, Input};
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::Cable;
use crate::access::{Deed, Ending, Permit, Refused};
use crate::channel::{AnyChannel, Change, Subscription, encode};
use crate::client::Client;
use crate::frame;
use crate::hub::Place;
use crate::roster::Seat;
use crate::socket::{Patience, Standing};

mod timers;

use timers::Timers;

/// A connection and its subscriptions. Dropped, it leaves the roster and every stream.
pub(crate) struct Session<I: Send + Sync + 'static> {
    cable: Cable<I>,
    client: Arc<Client<I>>,
    seat: Seat,
    connection: Connection,
    subscriptions: Vec<Open<I>>,
    timers: Timers,
}

/// A subscription that its channel has accepted.
struct Open<I> {
    identifier: Arc<str>,
    name: &'static str,
    channel: Box<dyn AnyChannel<I>>,
    places: Vec<Place>,
}

impl<I: Send + Sync + 'static> Session<I> {
    /// Enters a connection into the roster. From here on it can be found and closed.
    pub(crate) fn new(cable: &Cable<I>, client: Arc<Client<I>>) -> Self {
        let seat = cable.server.roster.enter(&client);
        metrics::gauge!("cable_connections").increment(1);
        Self {
            cable: cable.clone(),
            client,
            seat,
            connection: Connection::new(),
            subscriptions: Vec::new(),
            timers: Timers::default(),
        }
    }

    pub(crate) fn client(&self) -> &Arc<Client<I>> {
        &self.client
    }

    /// Welcomes the client, if its identity still stands.
    pub(crate) async fn open(&mut self) {
        match self.cable.server.access.still(&self.client.identity).await {
            Ok(()) => self.input(Input::Accepted).await,
            Err(why) => {
                self.client.close(&why, Patience::Some);
            }
        }
    }

    pub(crate) async fn text(&mut self, text: &str) {
        let at = self.cable.server.started.elapsed();
        self.input(Input::Text { text, at }).await;
    }

    pub(crate) async fn binary(&mut self) {
        self.input(Input::Binary).await;
    }

    /// Ends the subscriptions that somebody outside asked to end.
    pub(crate) async fn end_what_was_asked(&mut self) {
        for name in self.client.to_end() {
            let named = self.subscriptions.iter().filter(|open| open.name == name);
            for identifier in named.map(|open| Arc::clone(&open.identifier)).collect::<Vec<_>>() {
                self.input(Input::Rejected(&identifier)).await;
            }
        }
    }

    /// Returns when the next timer rings.
    pub(crate) fn next_timer(&self) -> Option<Instant> {
        self.timers.next()
    }

    /// Rings what is due.
    pub(crate) async fn tick(&mut self) {
        for (identifier, timer) in self.timers.due(Instant::now()) {
            let Some(at) = self.position(&identifier) else { continue };
            let mut subscription = self.subscription(&identifier, self.subscriptions[at].name);
            let rung = caught(self.subscriptions[at].channel.tick(timer, &mut subscription)).await;
            let effects = self.finished(&identifier, subscription, rung.is_some()).await;
            self.run(effects).await;
        }
    }

    /// Ends every subscription and tells its channel; the socket takes nothing more.
    pub(crate) async fn end(&mut self) {
        self.client.socket.close_with(frame::CloseCode::NORMAL);
        self.input(Input::Close(Disconnect::REMOTE)).await;
    }

    /// Feeds the state machine, and performs what it answers.
    async fn input(&mut self, input: Input<'_>) {
        let effects = self.connection.handle(input, &self.cable.server.limits);
        self.run(effects).await;
    }

    async fn run(&mut self, effects: Vec<Effect>) {
        let mut effects = VecDeque::from(effects);
        while let Some(effect) = effects.pop_front() {
            let further = match effect {
                Effect::Subscribe(identifier) => self.subscribe(identifier).await,
                Effect::Perform { identifier, data } => self.perform(&identifier, data).await,
                other => {
                    self.simple(other).await;
                    continue;
                }
            };
            further.into_iter().rev().for_each(|effect| effects.push_front(effect));
        }
    }

    /// Performs an effect that has no further ones.
    async fn simple(&mut self, effect: Effect) {
        match effect {
            Effect::Send(text) => {
                self.client.socket.send(&frame::text(&text));
            }
            Effect::Unsubscribe(identifier) => self.unsubscribe(&identifier).await,
            Effect::Close => {
                self.client.socket.close_with(frame::CloseCode::NORMAL);
            }
            Effect::Ignore(why) => ignored(why),
            Effect::Subscribe(_) | Effect::Perform { .. } => {}
        }
    }

    async fn subscribe(&mut self, identifier: Identifier) -> Vec<Effect> {
        let text = Arc::clone(identifier.text());
        let opened = self.opened(identifier).await;
        // The connection may have been closed from outside meanwhile, and its streams must not begin then.
        let input = match opened {
            true if self.client.socket.standing() == Standing::Open => Input::Confirmed(&text),
            _ => Input::Rejected(&text),
        };
        let accepted = matches!(input, Input::Confirmed(_));
        metrics::counter!("cable_subscribes_total", "result" => if accepted { "confirmed" } else { "rejected" })
            .increment(1);
        self.connection.handle(input, &self.cable.server.limits)
    }

    /// Asks whether the subscription may be, and its channel; joins its streams.
    async fn opened(&mut self, identifier: Identifier) -> bool {
        let text = Arc::clone(identifier.text());
        let server = Arc::clone(&self.cable.server);
        let Some(factory) = server.channels.get(identifier.channel()) else {
            tracing::debug!(channel = identifier.channel(), "a client asks for a channel that does not exist");
            return false;
        };
        let name = factory.name();
        let params = Value::Object(identifier.into_params());
        let permit = match self.admit(&Deed { channel: name, identifier: &text, action: None, data: &params }).await {
            Ok(permit) => permit,
            Err(_) => return false,
        };
        let mut subscription = self.subscription(&text, name);
        let opened = caught(factory.open(params, &mut subscription)).await;
        let ending = match opened {
            Some(Ok(channel)) => {
                metrics::gauge!("cable_subscriptions").increment(1);
                self.subscriptions.push(Open { identifier: Arc::clone(&text), name, channel, places: Vec::new() });
                let keep = !subscription.changes.contains(&Change::Unsubscribe);
                let joined = self.change(&text, std::mem::take(&mut subscription.changes)).await;
                if joined && keep { Ending::Done } else { Ending::Declined }
            }
            Some(Err(_)) => Ending::Declined,
            None => Ending::Failed,
        };
        if let Some(permit) = permit {
            permit.finish(ending);
        }
        ending == Ending::Done
    }

    async fn perform(&mut self, identifier: &Arc<str>, data: Data) -> Vec<Effect> {
        let Some(at) = self.position(identifier) else { return Vec::new() };
        let name = self.subscriptions[at].name;
        let action = data.action().to_owned();
        let data = data.into_tagged();
        let permit = match self.admit(&Deed { channel: name, identifier, action: Some(&action), data: &data }).await {
            Ok(permit) => permit,
            Err(Some(problem)) => {
                if let Ok(frame) = encode(identifier, &json!({ "error": problem })) {
                    self.client.socket.send(&frame);
                }
                return Vec::new();
            }
            Err(None) => return Vec::new(),
        };
        let mut subscription = self.subscription(identifier, name);
        let performed = caught(self.subscriptions[at].channel.perform(data, &mut subscription)).await;
        metrics::counter!("cable_actions_total", "channel" => name).increment(1);
        if let Some(permit) = permit {
            permit.finish(match performed {
                Some(true) => Ending::Done,
                Some(false) => Ending::Declined,
                None => Ending::Failed,
            });
        }
        self.finished(identifier, subscription, performed.is_some()).await
    }

    /// Asks whether something may be; otherwise the problem to answer with, or none when the connection was closed.
    async fn admit(&mut self, deed: &Deed<'_>) -> Result<Option<Box<dyn Permit>>, Option<Value>> {
        let admitted = self.cable.server.access.admit(&self.client.identity, deed).await;
        match admitted {
            Ok(permit) => Ok(permit),
            Err(Refused::Problem(problem)) => Err(Some(problem)),
            Err(Refused::Over(why)) => {
                self.client.close(&why, Patience::None);
                Err(None)
            }
        }
    }

    /// Does what a method of a channel asked for; a channel that panicked is not trusted any more.
    async fn finished(
        &mut self,
        identifier: &Arc<str>,
        mut subscription: Subscription<I>,
        survived: bool,
    ) -> Vec<Effect> {
        let keep = survived && !subscription.changes.contains(&Change::Unsubscribe);
        let kept = keep && self.change(identifier, std::mem::take(&mut subscription.changes)).await;
        if kept {
            return Vec::new();
        }
        self.connection.handle(Input::Rejected(identifier), &self.cable.server.limits)
    }

    /// Joins and leaves streams, and sets timers; false when a stream cannot be listened to.
    async fn change(&mut self, identifier: &Arc<str>, changes: Vec<Change>) -> bool {
        let Some(at) = self.position(identifier) else { return false };
        for change in changes {
            let server = &self.cable.server;
            let places = &mut self.subscriptions[at].places;
            match change {
                Change::Join(stream) if places.iter().any(|place| place.stream == stream) => {}
                Change::Join(stream) => {
                    if let Err(error) = server.pubsub.listen(&stream).await {
                        tracing::error!(error = ?error, %stream, "a stream cannot be listened to");
                        return false;
                    }
                    places.push(server.hub.join(&stream, &self.client, identifier));
                }
                Change::Leave(stream) => {
                    for place in places.extract_if(.., |place| place.stream == stream) {
                        server.leave(&place);
                    }
                }
                Change::LeaveAll => places.drain(..).for_each(|place| server.leave(&place)),
                Change::Every(interval, timer) => self.timers.add(Arc::clone(identifier), timer, interval),
                Change::Unsubscribe => {}
            }
        }
        true
    }

    async fn unsubscribe(&mut self, identifier: &Arc<str>) {
        let Some(at) = self.position(identifier) else { return };
        let mut open = self.subscriptions.swap_remove(at);
        self.timers.remove(identifier);
        open.places.drain(..).for_each(|place| self.cable.server.leave(&place));
        metrics::gauge!("cable_subscriptions").decrement(1);
        let mut subscription = self.subscription(identifier, open.name);
        caught(open.channel.unsubscribed(&mut subscription)).await;
    }

    fn subscription(&self, identifier: &Arc<str>, channel: &'static str) -> Subscription<I> {
        Subscription {
            cable: self.cable.clone(),
            client: Arc::clone(&self.client),
            identifier: Arc::clone(identifier),
            channel,
            changes: Vec::new(),
        }
    }

    fn position(&self, identifier: &str) -> Option<usize> {
        self.subscriptions.iter().position(|open| *open.identifier == *identifier)
    }
}

impl<I: Send + Sync + 'static> Drop for Session<I> {
    fn drop(&mut self) {
        let server = &self.cable.server;
        for open in self.subscriptions.drain(..) {
            open.places.iter().for_each(|place| server.leave(place));
            metrics::gauge!("cable_subscriptions").decrement(1);
        }
        server.roster.leave(self.seat);
        metrics::gauge!("cable_connections").decrement(1);
    }
}

/// Runs a channel's code; none when it panicked.
async fn caught<T>(running: impl Future<Output = T>) -> Option<T> {
    let mut running = pin!(running);
    poll_fn(|context| {
        // A channel that panicked is dropped, so that nobody sees what it left half done.
        match catch_unwind(AssertUnwindSafe(|| running.as_mut().poll(context))) {
            Ok(polled) => polled.map(Some),
            Err(_) => {
                tracing::error!("a channel panicked; its subscription ends");
                Poll::Ready(None)
            }
        }
    })
    .await
}

fn ignored(why: Ignored) {
    metrics::counter!("cable_ignored_total").increment(1);
    if why != Ignored::Duplicate {
        tracing::debug!(%why, "a message was ignored");
    }
}
