//! Putting channels beside an application.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use cable_axum::{Builder, Cable, Channel, Limits, Origins, ports::PubSub};
use vicarious_axum::{Connected, Vicarious};

use crate::closing::Closer;
use crate::guard::Guard;
use crate::presence::{Presence, PresenceChannel, Shadowers};
use crate::{standing, ticket};

/// How often a connection is asked about again, unless the application says otherwise.
const ASKED_AGAIN: Duration = Duration::from_secs(60);

/// Begins to put channels beside an application.
///
/// Name their path with `Builder::channels` of [`Vicarious`], and merge [`routes`] before the layer.
///
/// # Panics
///
/// Outside a tokio runtime.
pub fn channels(vicarious: &Vicarious) -> Channels {
    let cable = Cable::builder(Guard(vicarious.clone()));
    Channels { vicarious: vicarious.clone(), cable, ask_again_every: ASKED_AGAIN }
}

/// Collects what an application serves over channels; see [`channels`].
#[must_use = "nothing happens before `build`"]
pub struct Channels {
    vicarious: Vicarious,
    cable: Builder<Connected>,
    ask_again_every: Duration,
}

impl Channels {
    /// Offers a channel.
    pub fn channel<C: Channel<Connected>>(mut self) -> Self {
        self.cable = self.cable.channel::<C>();
        self
    }

    /// Offers [`PresenceChannel`], which tells who is in an account; `shadowers` says what it tells of shadowers.
    pub fn presence(mut self, shadowers: Shadowers) -> Self {
        self.cable = self.cable.state(Presence::new(shadowers)).channel::<PresenceChannel>();
        self
    }

    /// Gives channels something of the application's to work with; one of each type.
    pub fn state<T: Send + Sync + 'static>(mut self, state: T) -> Self {
        self.cable = self.cable.state(state);
        self
    }

    /// Sets what carries broadcasts; default within this process.
    pub fn pubsub(mut self, pubsub: impl PubSub + 'static) -> Self {
        self.cable = self.cable.pubsub(pubsub);
        self
    }

    /// Sets what one connection may use.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.cable = self.cable.limits(limits);
        self
    }

    /// Sets which pages may connect; default those of the same origin.
    pub fn origins(mut self, origins: Origins) -> Self {
        self.cable = self.cable.origins(origins);
        self
    }

    /// Sets how often each client is pinged; default 3 seconds.
    pub fn ping_every(mut self, interval: Duration) -> Self {
        self.cable = self.cable.ping_every(interval);
        self
    }

    /// Sets how often it is asked of each identity that is connected whether it still stands; default a minute.
    ///
    /// What this process ends or is told of closes sockets at once. This is for the rest: a sign-out on another process, a
    /// sign-in that lapses, an account that was disabled behind its back.
    pub fn ask_again_every(mut self, interval: Duration) -> Self {
        self.ask_again_every = interval;
        self
    }

    /// Starts the server. From here on its sockets close when their identity ends.
    ///
    /// # Panics
    ///
    /// Outside a tokio runtime.
    pub fn build(self) -> Cable<Connected> {
        let closer = Arc::new(Closer::default());
        // Watched before anybody can connect, so that no end is missed.
        self.vicarious.watch(Arc::clone(&closer) as _);
        let cable = self.cable.build();
        closer.closes(&cable);
        standing::watch(&self.vicarious, &cable, self.ask_again_every);
        let connected = cable.clone();
        self.vicarious.tell_online(move |account| {
            connected.count(|connected| {
                let identity = connected.identity();
                !identity.is_impersonating() && identity.current_user().is_some_and(|user| user.id == *account)
            }) > 0
        });
        cable
    }
}

/// Returns the routes of a cable: the connection at `path`, and below it `ticket`, for a cable on another host.
pub fn routes<S: Clone + Send + Sync + 'static>(
    vicarious: &Vicarious,
    cable: &Cable<Connected>,
    path: &str,
) -> Router<S> {
    Router::new()
        .route(path, cable.route())
        .route(&format!("{path}/ticket"), get(ticket::issue).with_state(vicarious.clone()))
}
