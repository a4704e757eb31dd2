//! Account impersonation for axum: an agent uses the application as a customer, under rules, in plain sight.
//!
//! [`Vicarious::builder`] takes the application's [`Host`] port and decisions; [`Vicarious::layer`] goes around the
//! application's router, after its last route. Handlers ask [`CurrentUser`], [`TrueUser`], [`AsThemselves`] or
//! [`RequestIdentity`]; code far from the request asks [`identity()`].
//! [`Vicarious::check`] says what is put together wrongly.
//!
//! Read in this order: [`host`](Host), [`answers`](Answers), `builder`, `layer`, `resolve`, `impersonated`, `record`, `mark`,
//! `routes`.

mod admit;
mod alarm;
mod answers;
mod asking;
mod assets;
mod away;
mod back;
mod banner;
mod bearer;
mod blank;
mod builder;
mod cache;
mod carried;
mod check;
mod codes;
mod confirm;
mod connect;
mod cookies;
mod cut;
mod deed;
mod document;
mod ends;
mod engine;
mod events;
mod extract;
mod grants;
mod guesses;
mod host;
mod impersonated;
mod incoming;
mod inner;
mod input;
mod keys;
mod languages;
mod lasting;
mod layer;
mod listed;
mod mark;
mod met;
mod method_override;
mod mounted;
mod online;
mod operations;
mod page;
mod paths;
mod presented;
mod problem;
mod reading;
mod record;
mod refusals;
mod resolve;
mod routes;
mod site;
mod spent;
mod sweep;
mod ticket;
mod treats;
mod unsent;
mod whose;

use std::sync::Arc;

use http::StatusCode;
use vicarious_core::decide::Terms;
use vicarious_core::ports::Ledger;
use vicarious_core::{Refusal, Rules, Timestamp};

pub use answers::Answers;
pub use asking::{Question, Said};
pub use builder::{BuildError, Builder};
pub use carried::Carried;
pub use check::Finding;
pub use connect::{Connected, Connecting, Still};
pub use deed::{Admitted, Deed, Denied};
pub use events::{Event, Watch};
pub use extract::{
    AsThemselves, CurrentUser, ExtractRefused, Notice, RequestIdentity, TrueUser, identity, with_identity,
};
pub use grants::GivenForAll;
pub use host::{Dressed, Found, Host, HostError, Search, SignIn, Staff};
pub use keys::{KeyError, KeyRing};
pub use layer::{VicariousLayer, VicariousService};
pub use listed::{RouteListed, list_routes};
pub use met::RouteMet;
pub use method_override::method_override;
pub use problem::{Next, Problem};
pub use resolve::DeadCause;
pub use site::wants_json;
pub use ticket::Ticket;
pub use treats::Treats;

/// What an `impl` of [`Host`] begins with.
#[doc(no_inline)]
pub use async_trait::async_trait;

/// A running system; cloning it is cheap.
#[derive(Clone)]
pub struct Vicarious {
    engine: Arc<engine::Engine>,
}

impl Vicarious {
    /// Returns a builder around the application's own authentication and accounts.
    pub fn builder<H: Host>(host: H) -> Builder<H> {
        Builder::new(host)
    }

    /// Returns the layer; add it with [`axum::Router::layer`] after the last route.
    pub fn layer(&self) -> VicariousLayer {
        VicariousLayer { engine: Arc::clone(&self.engine) }
    }

    /// Returns where state and audit log are kept.
    pub fn ledger(&self) -> &Arc<dyn Ledger> {
        &self.engine.ledger
    }

    /// Returns the time, by the clock that everything here goes by.
    pub fn now(&self) -> Timestamp {
        self.engine.now()
    }

    /// Returns the rules.
    pub fn rules(&self) -> &Rules {
        &self.engine.rules
    }

    /// Returns the origins that the builder was told of; none where a request's `Host` is believed.
    pub fn origins(&self) -> &[String] {
        &self.engine.own_origins
    }

    /// Returns how long things last.
    pub fn terms(&self) -> &Terms {
        &self.engine.terms
    }
}

/// Why an operation was not carried out.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The rules say no.
    #[error(transparent)]
    Refusal(Refusal),
    /// The ledger or the host cannot answer.
    #[error("this cannot be answered right now")]
    Unavailable,
}

impl Refused {
    /// Returns the problem that answers a request.
    pub fn problem(&self) -> Problem {
        match self {
            Self::Refusal(refusal) => refusals::of_refusal(refusal),
            Self::Unavailable => {
                Problem::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", "This cannot be answered right now")
                    .detail("Please try again in a moment.")
            }
        }
    }
}
