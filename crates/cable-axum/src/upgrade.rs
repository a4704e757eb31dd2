//! From a request to a connection.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::body::Body;
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, any};
use cable_core::{Disconnect, wire};
use http::header::{
    CONNECTION, CONTENT_TYPE, HOST, HeaderName, HeaderValue, ORIGIN, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_PROTOCOL,
    UPGRADE,
};
use http::request::Parts;
use http::{HeaderMap, StatusCode};
use hyper::upgrade::OnUpgrade;

use crate::Cable;
use crate::client::Client;
use crate::handshake;
use crate::io::Io;
use crate::measure;
use crate::session::Session;
use crate::socket::{Patience, Socket, Wire};
use crate::task;

const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

impl<I: Send + Sync + 'static> Cable<I> {
    /// Returns the route to mount, usually at `/cable`.
    ///
    /// What is no WebSocket upgrade, or comes from a page that may not connect, is answered as if nothing were here.
    pub fn route<S: Clone + Send + Sync + 'static>(&self) -> MethodRouter<S> {
        let cable = self.clone();
        any(move |request: Request| {
            let cable = cable.clone();
            async move { cable.upgrade(request).await }
        })
    }

    async fn upgrade(&self, request: Request) -> Response {
        let (mut parts, _) = request.into_parts();
        let Ok(key) = handshake::check(&parts) else { return not_found() };
        if !self.allows(&parts) {
            measure::connect("origin");
            let (origin, host) = (parts.headers.get(ORIGIN), parts.headers.get(HOST));
            // Anybody can cause it as often as they like, so it is said aloud once; the metrics count on.
            if self.server.warned_of_origin.swap(true, Ordering::Relaxed) {
                tracing::debug!(?origin, ?host, "a page of another origin may not connect");
            } else {
                tracing::warn!(
                    ?origin,
                    ?host,
                    "a page of another origin may not connect; the next ones are counted only"
                );
            }
            return not_found();
        }
        let Some(upgrade) = parts.extensions.remove::<OnUpgrade>() else {
            tracing::error!("the server below does not upgrade connections");
            return not_found();
        };
        if self.server.draining.load(Ordering::SeqCst) {
            measure::connect("draining");
            return StatusCode::SERVICE_UNAVAILABLE.into_response();
        }
        let identity = self.server.access.identify(&mut parts).await;
        let protocol = handshake::choose_protocol(&parts.headers, wire::SUBPROTOCOLS);
        drop(parts);
        tokio::spawn(connect(self.clone(), upgrade, identity));
        switching(&key, protocol)
    }

    fn allows(&self, parts: &Parts) -> bool {
        let text = |name: HeaderName| parts.headers.get(name).and_then(|value| value.to_str().ok());
        let scheme = text(FORWARDED_PROTO).unwrap_or("http");
        self.server.origins.allow(text(ORIGIN), scheme, text(HOST).unwrap_or_default())
    }
}

/// Waits for the connection, and serves it.
async fn connect<I: Send + Sync + 'static>(cable: Cable<I>, upgrade: OnUpgrade, identity: Result<I, Disconnect>) {
    let upgraded = match upgrade.await {
        Ok(upgraded) => upgraded,
        Err(error) => {
            tracing::debug!(%error, "a connection was not upgraded");
            return;
        }
    };
    let limits = &cable.server.limits;
    let (wire, io) = Io::split(upgraded, limits.message_bytes);
    let waiting_bytes = limits.waiting_bytes;
    match identity {
        Ok(identity) => {
            begin(cable, identity, wire, io);
        }
        Err(why) => {
            measure::connect("refused");
            let client = Client::new((), Socket::new(wire, waiting_bytes));
            client.close(&why, Patience::Some);
            task::linger(io, &client).await;
        }
    }
}

/// Serves somebody, from now on.
pub(crate) fn begin<I: Send + Sync + 'static>(cable: Cable<I>, identity: I, wire: Wire, io: Io) -> Arc<Client<I>> {
    measure::connect("accepted");
    let socket = Socket::new(wire, cable.server.limits.waiting_bytes);
    let client = Arc::new(Client::new(identity, socket));
    let session = Session::new(cable, Arc::clone(&client));
    // A small task of its own: what it took to get here is not kept.
    tokio::spawn(task::serve(session, io));
    client
}

pub(crate) fn switching(key: &handshake::Key, protocol: Option<&'static str>) -> Response {
    let mut headers = HeaderMap::new();
    headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    if let Ok(accept) = HeaderValue::from_str(&key.accept()) {
        headers.insert(SEC_WEBSOCKET_ACCEPT, accept);
    }
    if let Some(protocol) = protocol {
        headers.insert(SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(protocol));
    }
    (StatusCode::SWITCHING_PROTOCOLS, headers, Body::empty()).into_response()
}

pub(crate) fn not_found() -> Response {
    (StatusCode::NOT_FOUND, [(CONTENT_TYPE, "text/plain; charset=utf-8")], "Page not found").into_response()
}
