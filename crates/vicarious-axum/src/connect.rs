//! Connections: who a socket is for, and whether it still is.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::ops::Deref;
use std::sync::Arc;

use axum::extract::{ConnectInfo, FromRequestParts, Request};
use axum::response::{IntoResponse, Response};
use http::request::Parts;
use tower::Service;
use vicarious_core::ports::TellsEnd;
use vicarious_core::{EndCause, HandleHash, Identity, Impersonation, SignInKey};

use crate::engine::{Engine, Look};
use crate::extract::{Acting, ExtractRefused, acting, refused};
use crate::incoming::Incoming;
use crate::inner::Inner;
use crate::presented::Presented;
use crate::record;
use crate::refusals;
use crate::resolve::{Dead, DeadCause, Resolution, Standing};
use crate::{Refused, Vicarious};

/// Who a connection is for, as its upgrade request tells: an extractor.
///
/// Name the route with [`Builder::channels`](crate::Builder::channels), so that a handler may say over the socket what a
/// page of ours would say otherwise.
#[derive(Clone, Debug)]
pub enum Connecting {
    /// Nobody is signed in.
    Nobody,
    /// The request presents a handle that is worth nothing any more, or has lost one: it is nobody, and must not come
    /// back as somebody before that is acknowledged.
    Ended(DeadCause),
    /// Somebody, as themselves or as a customer.
    As(Connected),
}

/// The identity of a connection, and what it takes to ask again whether it still holds.
///
/// Cloning is cheap. As an extractor it refuses whoever is nobody.
#[derive(Clone)]
pub struct Connected(Arc<Inside>);

struct Inside {
    identity: Identity,
    sign_in: SignInKey,
    /// What entries say about where it comes from; only for a shadower, because nobody else gets entries.
    request: Option<Box<Parts>>,
}

/// Whether a connection still is what it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Still {
    /// It is.
    Yes,
    /// Its impersonation is over; or the sign-in has begun one that this connection knows nothing of.
    Ended(DeadCause),
    /// The sign-in is over, or its account is gone or disabled.
    SignedOut,
}

impl Connected {
    /// Returns who is acting, and as whom.
    pub fn identity(&self) -> &Identity {
        &self.0.identity
    }

    /// Returns the sign-in of the true user that this rests on.
    pub fn sign_in(&self) -> &SignInKey {
        &self.0.sign_in
    }

    /// Returns the impersonation as it was when this was connected, if it is one.
    pub fn impersonation(&self) -> Option<&Impersonation> {
        self.0.identity.impersonation()
    }

    /// Returns what entries say about where this comes from; nothing for somebody as themselves.
    pub(crate) fn request(&self) -> Option<&Parts> {
        self.0.request.as_deref()
    }

    pub(crate) fn new(identity: Identity, sign_in: SignInKey, request: Option<&Parts>) -> Self {
        let request = request.filter(|_| identity.is_impersonating()).map(kept).map(Box::new);
        Self(Arc::new(Inside { identity, sign_in, request }))
    }
}

impl Deref for Connected {
    type Target = Identity;

    fn deref(&self) -> &Identity {
        &self.0.identity
    }
}

impl std::fmt::Debug for Connected {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connected").field("identity", &self.0.identity).finish_non_exhaustive()
    }
}

/// Returns what is recorded of a request, and no more: it is kept as long as the connection.
fn kept(parts: &Parts) -> Parts {
    let (mut kept, ()) = http::Request::new(()).into_parts();
    // A query may hold a ticket.
    kept.uri = parts.uri.path().parse().unwrap_or_default();
    for name in record::RECORDED {
        if let Some(value) = parts.headers.get(&name) {
            kept.headers.insert(name, value.clone());
        }
    }
    if let Some(address) = parts.extensions.get::<ConnectInfo<SocketAddr>>() {
        kept.extensions.insert(*address);
    }
    kept
}

impl<S: Sync> FromRequestParts<S> for Connecting {
    type Rejection = ExtractRefused;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        let acting = acting(parts)?;
        Ok(match (&acting.dead, &acting.sign_in) {
            (Some(cause), _) => Self::Ended(*cause),
            (None, Some(key)) if !acting.identity.is_anonymous() => {
                Self::As(Connected::new(acting.identity.clone(), key.clone(), Some(parts)))
            }
            (None, _) => Self::Nobody,
        })
    }
}

impl<S: Sync> FromRequestParts<S> for Connected {
    type Rejection = ExtractRefused;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        match Connecting::from_request_parts(parts, state).await? {
            Connecting::As(connected) => Ok(connected),
            Connecting::Ended(cause) => Err(refused(parts, refusals::ended(cause))),
            Connecting::Nobody => Err(refused(parts, refusals::of_refusal(&vicarious_core::Refusal::NotSignedIn))),
        }
    }
}

impl Vicarious {
    /// Asks afresh, without anything that is remembered, whether a connection still is what it was.
    ///
    /// An end that is found out here is recorded here.
    ///
    /// # Errors
    ///
    /// [`Refused::Unavailable`] when the ledger or the host cannot answer: that is no end.
    pub async fn still(&self, connected: &Connected) -> Result<Still, Refused> {
        let handle = connected.impersonation().map(|row| row.handle);
        let resolution = self.engine.resolve_as(presented(handle), Some(connected.sign_in()), Look::Afresh).await?;
        Ok(match &resolution.standing {
            Standing::Dead(dead) => Still::Ended(dead.cause),
            Standing::Own | Standing::Pair { .. } if is_same(&resolution.identity(), connected) => Still::Yes,
            Standing::Own | Standing::Pair { .. } => Still::SignedOut,
        })
    }

    /// Waits for the end of the impersonation that `identity` is of, and returns its cause. For somebody as themselves
    /// it waits for ever.
    ///
    /// For an identity that was not handed out by the layer; one that was has it itself: [`Identity::ended`].
    pub fn ended(&self, identity: &Identity) -> impl Future<Output = EndCause> + Send + 'static {
        let ended = identity.impersonation().map(|row| self.engine.ends.ended(row));
        async move {
            match ended {
                Some(ended) => ended.await,
                None => std::future::pending().await,
            }
        }
    }
}

pub(crate) fn presented(handle: Option<HandleHash>) -> Presented {
    handle.map_or(Presented::Nothing, Presented::Handle)
}

/// Returns whether two identities are of the same pair within the same impersonation.
pub(crate) fn is_same(one: &Identity, other: &Identity) -> bool {
    let ids = |identity: &Identity| {
        let id = |person: Option<&vicarious_core::Person>| person.map(|person| person.id.clone());
        (id(identity.current_user()), id(identity.true_user()), identity.impersonation().map(|row| row.id.clone()))
    };
    ids(one) == ids(other)
}

/// Follows the impersonation of a connection, so that its end is told here whoever records it.
pub(crate) fn follow(engine: &Engine, resolution: &Resolution, parts: &Parts) {
    if let Standing::Pair { row, .. } = &resolution.standing
        && engine.paths.is_channels(parts)
    {
        engine.follow(row);
    }
}

/// Lets the application say over a socket that the impersonation has ended: its handler runs as nobody.
pub(crate) async fn as_nobody<S>(engine: &Arc<Engine>, inner: Inner<S>, incoming: Incoming, dead: &Dead) -> Response
where
    S: Service<Request, Error = Infallible> + Send,
    S::Response: IntoResponse,
    S::Future: Send,
{
    refusals::record_dead(engine, &incoming.parts, dead);
    inner.run_dressed(engine, incoming.into_request(), Acting { dead: Some(dead.cause), ..Acting::nobody() }).await
}

/// The same, where only the intent has found out that it has ended.
pub(crate) async fn over<S>(
    engine: &Arc<Engine>,
    inner: Inner<S>,
    incoming: Incoming,
    row: Impersonation,
    cause: EndCause,
) -> Response
where
    S: Service<Request, Error = Infallible> + Send,
    S::Response: IntoResponse,
    S::Future: Send,
{
    engine.forget_rows();
    match engine.ended(row, cause).await {
        Ok(Standing::Dead(dead)) => as_nobody(engine, inner, incoming, &dead).await,
        Ok(Standing::Own | Standing::Pair { .. }) => refusals::unavailable(&incoming.parts.headers),
        Err(outage) => {
            tracing::error!(error = ?outage, "cannot record an end that was found out");
            refusals::unavailable(&incoming.parts.headers)
        }
    }
}
