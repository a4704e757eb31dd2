//! What an application decides: who connects, and what they may do.

use std::pin::Pin;

use cable_core::Disconnect;
use http::request::Parts;
use serde_json::Value;

/// A future that an [`Access`] returns once its type is forgotten.
pub(crate) type Pending<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Decides who a connection belongs to, and what it may do.
///
/// The identity of a connection never changes; whoever becomes somebody else connects again.
pub trait Access: Send + Sync + 'static {
    /// Who is on the other side.
    type Identity: Send + Sync + 'static;

    /// Finds out who asks to connect.
    ///
    /// # Errors
    ///
    /// What the client is told; nobody is ever let in in doubt.
    fn identify(&self, request: &mut Parts) -> impl Future<Output = Result<Self::Identity, Disconnect>> + Send;

    /// Asks afresh whether this identity still stands, once the connection can be found and closed, and before it is
    /// welcomed: so nothing can end in between unnoticed.
    ///
    /// # Errors
    ///
    /// What the client is told.
    fn still(&self, identity: &Self::Identity) -> impl Future<Output = Result<(), Disconnect>> + Send {
        let _ = identity;
        async { Ok(()) }
    }

    /// Asks whether a subscription or an action may be; called before anything of it runs.
    ///
    /// # Errors
    ///
    /// Why not; see [`Refused`].
    fn admit(
        &self,
        identity: &Self::Identity,
        deed: &Deed<'_>,
    ) -> impl Future<Output = Result<Option<Box<dyn Permit>>, Refused>> + Send {
        let _ = (identity, deed);
        async { Ok(None) }
    }
}

/// What somebody is about to do on a channel.
#[derive(Clone, Copy, Debug)]
pub struct Deed<'a> {
    /// The channel's name; for subscribing it may be one that does not exist.
    pub channel: &'a str,
    /// The subscription's identifier, as the client sent it.
    pub identifier: &'a str,
    /// The action; none for subscribing.
    pub action: Option<&'a str>,
    /// The parameters of the subscription, or the data of the action.
    pub data: &'a Value,
}

/// A deed that was admitted, and wants to know how it ends. Dropped without an answer, it was interrupted.
pub trait Permit: Send {
    /// Takes note of the end.
    fn finish(self: Box<Self>, ending: Ending);
}

/// How a deed ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// It was done.
    Done,
    /// The channel rejected the subscription, or has no such action.
    Declined,
    /// The channel panicked.
    Failed,
}

/// Why a deed was not admitted.
#[derive(Clone, Debug, PartialEq)]
pub enum Refused {
    /// It may not be: a subscription is rejected; an action is answered with `{"error": problem}`, an RFC 9457 problem.
    Problem(Value),
    /// The identity does not stand any more: the connection closes.
    Over(Disconnect),
}

/// An [`Access`] whose type is forgotten.
pub(crate) trait AnyAccess<I>: Send + Sync {
    fn identify<'a>(&'a self, request: &'a mut Parts) -> Pending<'a, Result<I, Disconnect>>;
    fn still<'a>(&'a self, identity: &'a I) -> Pending<'a, Result<(), Disconnect>>;
    fn admit<'a>(
        &'a self,
        identity: &'a I,
        deed: &'a Deed<'a>,
    ) -> Pending<'a, Result<Option<Box<dyn Permit>>, Refused>>;
}

impl<A: Access> AnyAccess<A::Identity> for A {
    fn identify<'a>(&'a self, request: &'a mut Parts) -> Pending<'a, Result<A::Identity, Disconnect>> {
        Box::pin(Access::identify(self, request))
    }

    fn still<'a>(&'a self, identity: &'a A::Identity) -> Pending<'a, Result<(), Disconnect>> {
        Box::pin(Access::still(self, identity))
    }

    fn admit<'a>(
        &'a self,
        identity: &'a A::Identity,
        deed: &'a Deed<'a>,
    ) -> Pending<'a, Result<Option<Box<dyn Permit>>, Refused>> {
        Box::pin(Access::admit(self, identity, deed))
    }
}
