//! One connection's protocol: performs what `cable-core` decides.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use cable_core::{Connection, Data, Disconnect, Effect, Identifier, Ignored, Input};
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::Cable;
use crate::access::{Deed, Ending, Permit, Refused};
use crate::channel::{AnyChannel, Change, Subscription, encode};
use crate::client::Client;
use crate::frame;
use crate::hub::Place;
use crate::measure;
use crate::roster::Seat;
use crate::socket::Patience;

mod caught;
mod timers;

use caught::caught;
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
    pub(crate) fn new(cable: Cable<I>, client: Arc<Client<I>>) -> Self {
        let seat = cable.server.roster.enter(&client);
        measure::connections(1.0);
        if cable.server.draining.load(Ordering::SeqCst) {
            // It was on its way here when the others were told.
            client.close(&Disconnect::SERVER_RESTART, Patience::Some);
        }
        Self {
            cable,
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
        if !self.client.is_open() {
            return;
        }
        let still = caught("access", self.cable.server.access.still(&self.client.identity)).await;
        match still.unwrap_or(Err(Disconnect::UNAVAILABLE)) {
            Ok(()) => {
                self.input(Input::Accepted).await;
                self.client.welcome();
            }
            Err(why) => {
                self.client.close(&why, Patience::Some);
            }
        }
    }

    pub(crate) async fn text(&mut self, text: &str) {
        let at = self.at();
        self.input(Input::Text { text, at }).await;
    }

    pub(crate) async fn binary(&mut self) {
        let at = self.at();
        self.input(Input::Binary { at }).await;
    }

    pub(crate) async fn control(&mut self) {
        let at = self.at();
        self.input(Input::Control { at }).await;
    }

    fn at(&self) -> Duration {
        self.cable.server.started.elapsed()
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
            // INVARIANT: nothing begins for a connection that was closed meanwhile.
            if !self.client.is_open() {
                return;
            }
            let Some(at) = self.position(&identifier) else { continue };
            let mut subscription = self.subscription(&identifier, self.subscriptions[at].name);
            let ticking = self.subscriptions[at].channel.tick(timer, &mut subscription);
            let rung = caught("channel", ticking).await;
            let effects = self.finished(&identifier, subscription, rung.is_some()).await;
            self.run(effects).await;
        }
    }

    /// Ends every subscription and tells its channel; the socket takes nothing more by then.
    pub(crate) async fn end(&mut self) {
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
            Effect::Close(why) => {
                self.client.close(&why, Patience::Some);
            }
            Effect::Ignore(why) => ignored(why),
            Effect::Subscribe(_) | Effect::Perform { .. } => {}
        }
    }

    async fn subscribe(&mut self, identifier: Identifier) -> Vec<Effect> {
        let text = Arc::clone(identifier.text());
        // The connection may have been closed from outside meanwhile.
        let is_accepted = self.opened(identifier).await && self.client.is_open();
        measure::subscribe(if is_accepted { "confirmed" } else { "rejected" });
        let input = if is_accepted { Input::Confirmed(&text) } else { Input::Rejected(&text) };
        self.connection.handle(input, &self.cable.server.limits)
    }

    /// Asks whether the subscription may be, and its channel; joins its streams.
    async fn opened(&mut self, identifier: Identifier) -> bool {
        let text = Arc::clone(identifier.text());
        let server = Arc::clone(&self.cable.server);
        let channel = identifier.channel().to_owned();
        let params = Value::Object(identifier.into_params());
        let asked = Deed { channel: &channel, identifier: &text, action: None, data: &params };
        let Ok(permit) = self.admit(&asked).await else { return false };
        // Asked for first, because who tries out names is to be on record.
        let Some(factory) = server.channels.get(&*channel) else {
            tracing::debug!(channel, "a client asks for a channel that does not exist");
            finish(permit, Ending::Declined);
            return false;
        };
        let name = factory.name();
        let mut subscription = self.subscription(&text, name);
        let opened = caught("channel", factory.open(params, &mut subscription)).await;
        let ending = match opened {
            Some(Ok(channel)) => {
                measure::subscriptions(1.0);
                make_room_for_one(&mut self.subscriptions);
                self.subscriptions.push(Open { identifier: Arc::clone(&text), name, channel, places: Vec::new() });
                if self.change(&text, subscription.changes).await { Ending::Done } else { Ending::Declined }
            }
            Some(Err(_)) => Ending::Declined,
            None => Ending::Failed,
        };
        finish(permit, ending);
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
        let performed = caught("channel", self.subscriptions[at].channel.perform(data, &mut subscription)).await;
        if performed != Some(false) {
            measure::action(name);
        }
        finish(
            permit,
            match performed {
                Some(true) => Ending::Done,
                Some(false) => Ending::Declined,
                None => Ending::Failed,
            },
        );
        self.finished(identifier, subscription, performed.is_some()).await
    }

    /// Asks whether something may be; otherwise the problem to answer with, or none when the connection was closed.
    async fn admit(&mut self, deed: &Deed<'_>) -> Result<Option<Box<dyn Permit>>, Option<Value>> {
        let admitted = caught("access", self.cable.server.access.admit(&self.client.identity, deed)).await;
        match admitted.unwrap_or(Err(Refused::Over(Disconnect::UNAVAILABLE))) {
            // INVARIANT: nothing begins for a connection that was closed meanwhile. What was admitted counts as interrupted.
            Ok(_) if !self.client.is_open() => Err(None),
            Ok(permit) => Ok(permit),
            Err(Refused::Problem(problem)) => Err(Some(problem)),
            Err(Refused::Over(why)) => {
                self.client.close(&why, Patience::None);
                Err(None)
            }
        }
    }

    /// Does what a method of a channel asked for; a channel that panicked is not trusted any more.
    async fn finished(&mut self, identifier: &Arc<str>, subscription: Subscription<I>, survived: bool) -> Vec<Effect> {
        if survived && self.change(identifier, subscription.changes).await {
            return Vec::new();
        }
        self.connection.handle(Input::Rejected(identifier), &self.cable.server.limits)
    }

    /// Joins and leaves streams, and sets timers; false when the subscription is to end.
    async fn change(&mut self, identifier: &Arc<str>, changes: Vec<Change>) -> bool {
        let Some(at) = self.position(identifier) else { return false };
        if changes.contains(&Change::Unsubscribe) {
            return false;
        }
        for change in changes {
            if !self.client.is_open() {
                return false;
            }
            let server = &self.cable.server;
            let places = &mut self.subscriptions[at].places;
            match change {
                Change::Join(stream) if places.iter().any(|place| place.stream == stream) => {}
                Change::Join(stream) => {
                    // In this order, so that whoever leaves the stream at the same time knows that it is still needed.
                    make_room_for_one(places);
                    places.push(server.hub.join(&stream, &self.client, identifier));
                    let listening = caught("pub/sub", server.pubsub.listen(&stream)).await;
                    if let Some(Err(error)) = &listening {
                        tracing::error!(error = ?error, %stream, "a stream cannot be listened to");
                    }
                    if !matches!(listening, Some(Ok(()))) {
                        return false;
                    }
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
        measure::subscriptions(-1.0);
        let mut subscription = self.subscription(identifier, open.name);
        caught("channel", open.channel.unsubscribed(&mut subscription)).await;
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
            measure::subscriptions(-1.0);
        }
        server.roster.leave(self.seat);
        measure::connections(-1.0);
    }
}

/// Tells whoever admitted a deed how it ended.
fn finish(permit: Option<Box<dyn Permit>>, ending: Ending) {
    if let Some(permit) = permit {
        permit.finish(ending);
    }
}

fn ignored(why: Ignored) {
    measure::ignored();
    if why != Ignored::Duplicate {
        tracing::debug!(%why, "a message was ignored");
    }
}

/// Makes room for one thing where there is nothing: most have one only, and a list begins with room for four.
fn make_room_for_one<T>(list: &mut Vec<T>) {
    if list.is_empty() {
        list.reserve_exact(1);
    }
}
