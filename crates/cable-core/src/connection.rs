use std::sync::Arc;
use std::time::Duration;

use crate::command::{Command, CommandError, Data};
use crate::{Disconnect, Identifier, IdentifierError, Limits, wire};

mod rate;
#[cfg(test)]
mod tests;

use rate::Bucket;

/// One connection: which subscriptions it has, and what each input means.
///
/// Effects are to be performed in their order, and before the next input; a [`Effect::Subscribe`] is answered by
/// [`Input::Confirmed`] or [`Input::Rejected`], now or later.
#[derive(Debug, Default)]
pub struct Connection {
    phase: Phase,
    subscriptions: Vec<Subscription>,
    bucket: Bucket,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Phase {
    /// Nobody has decided yet who this is.
    #[default]
    Opening,
    Open,
    Closed,
}

#[derive(Debug)]
struct Subscription {
    identifier: Arc<str>,
    confirmed: bool,
}

/// What happens to a connection.
#[derive(Clone, Debug)]
pub enum Input<'a> {
    /// It was found out who this is, and they may connect.
    Accepted,
    /// The client sent a text.
    Text {
        /// The text.
        text: &'a str,
        /// When, on a clock that only goes forward.
        at: Duration,
    },
    /// The client sent something that is no text.
    Binary {
        /// When, on the same clock.
        at: Duration,
    },
    /// The client sent a frame that only concerns the socket, such as a ping: it means nothing here, but is counted.
    Control {
        /// When, on the same clock.
        at: Duration,
    },
    /// The channel accepted the subscription, and its streams are live.
    Confirmed(&'a str),
    /// The channel refused the subscription, or the server ends it.
    Rejected(&'a str),
    /// The server closes the connection.
    Close(Disconnect),
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Send this text.
    Send(String),
    /// Ask the channel for a subscription.
    Subscribe(Identifier),
    /// Tell the channel that its subscription has ended, and take it off its streams.
    Unsubscribe(Arc<str>),
    /// Call an action.
    Perform {
        /// Of which subscription.
        identifier: Arc<str>,
        /// With what.
        data: Data,
    },
    /// Note, once in a while, that something was ignored: clients do such things, and expect no answer.
    Ignore(Ignored),
    /// Tell the client why, and close the socket.
    Close(Disconnect),
}

/// Why a message was ignored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Ignored {
    /// It is no command.
    #[error(transparent)]
    Command(#[from] CommandError),
    /// It names no subscription that could be.
    #[error(transparent)]
    Identifier(#[from] IdentifierError),
    /// The subscription exists, or is being asked for; one client repeats itself twice a second until it is answered.
    #[error("the subscription exists")]
    Duplicate,
    /// There is no such subscription.
    #[error("there is no such subscription")]
    NoSubscription,
    /// It was no text.
    #[error("the message is binary")]
    Binary,
    /// The connection is not open.
    #[error("the connection is not open")]
    NotOpen,
}

impl Connection {
    /// Returns a connection that nobody has accepted yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns the identifiers of all subscriptions, in the order in which they were asked for.
    pub fn identifiers(&self) -> impl Iterator<Item = &Arc<str>> {
        self.subscriptions.iter().map(|subscription| &subscription.identifier)
    }

    /// Returns whether the connection is open: accepted, and not closed.
    pub fn is_open(&self) -> bool {
        self.phase == Phase::Open
    }

    /// Decides what an input means.
    ///
    /// The edge holds back texts that come before the connection was accepted; they are ignored here.
    pub fn handle(&mut self, input: Input<'_>, limits: &Limits) -> Vec<Effect> {
        match (self.phase, input) {
            (Phase::Closed, _) => Vec::new(),
            (_, Input::Close(why)) => self.close(why),
            (Phase::Opening, Input::Accepted) => {
                self.phase = Phase::Open;
                vec![Effect::Send(wire::welcome())]
            }
            (Phase::Opening, _) | (Phase::Open, Input::Accepted) => vec![Effect::Ignore(Ignored::NotOpen)],
            (Phase::Open, Input::Text { at, .. } | Input::Binary { at } | Input::Control { at })
                if !self.bucket.take(at, limits) =>
            {
                self.close(Disconnect::RATE_LIMITED)
            }
            (Phase::Open, Input::Text { text, .. }) => self.text(text, limits),
            (Phase::Open, Input::Binary { .. }) => vec![Effect::Ignore(Ignored::Binary)],
            (Phase::Open, Input::Control { .. }) => Vec::new(),
            (Phase::Open, Input::Confirmed(identifier)) => self.confirmed(identifier),
            (Phase::Open, Input::Rejected(identifier)) => self.rejected(identifier),
        }
    }

    fn text(&mut self, text: &str, limits: &Limits) -> Vec<Effect> {
        match Command::parse(text, limits) {
            Ok(Command::Subscribe { identifier }) => self.subscribe(&identifier, limits),
            Ok(Command::Unsubscribe { identifier }) => match self.position(&identifier) {
                Some(at) => vec![Effect::Unsubscribe(self.subscriptions.remove(at).identifier)],
                None => vec![Effect::Ignore(Ignored::NoSubscription)],
            },
            Ok(Command::Message { identifier, data }) => match self.position(&identifier) {
                Some(at) => vec![Effect::Perform { identifier: Arc::clone(&self.subscriptions[at].identifier), data }],
                None => vec![Effect::Ignore(Ignored::NoSubscription)],
            },
            Err(error) => vec![Effect::Ignore(error.into())],
        }
    }

    fn subscribe(&mut self, text: &str, limits: &Limits) -> Vec<Effect> {
        if self.position(text).is_some() {
            return vec![Effect::Ignore(Ignored::Duplicate)];
        }
        let identifier = match Identifier::parse(text, limits) {
            Ok(identifier) => identifier,
            // Without an answer a client would ask for it for ever.
            Err(error) => return vec![Effect::Ignore(error.into()), Effect::Send(wire::reject(text))],
        };
        if self.subscriptions.len() >= limits.subscriptions {
            return vec![Effect::Send(wire::reject(text))];
        }
        self.subscriptions.push(Subscription { identifier: Arc::clone(identifier.text()), confirmed: false });
        vec![Effect::Subscribe(identifier)]
    }

    fn confirmed(&mut self, identifier: &str) -> Vec<Effect> {
        match self.subscriptions.iter_mut().find(|subscription| &*subscription.identifier == identifier) {
            Some(subscription) if !subscription.confirmed => {
                subscription.confirmed = true;
                vec![Effect::Send(wire::confirm(identifier))]
            }
            _ => Vec::new(),
        }
    }

    fn rejected(&mut self, identifier: &str) -> Vec<Effect> {
        let Some(at) = self.position(identifier) else { return Vec::new() };
        let subscription = self.subscriptions.remove(at);
        vec![Effect::Unsubscribe(subscription.identifier), Effect::Send(wire::reject(identifier))]
    }

    fn close(&mut self, why: Disconnect) -> Vec<Effect> {
        self.phase = Phase::Closed;
        let ended = self.subscriptions.drain(..).map(|subscription| Effect::Unsubscribe(subscription.identifier));
        std::iter::once(Effect::Close(why)).chain(ended).collect()
    }

    fn position(&self, identifier: &str) -> Option<usize> {
        self.subscriptions.iter().position(|subscription| &*subscription.identifier == identifier)
    }
}
