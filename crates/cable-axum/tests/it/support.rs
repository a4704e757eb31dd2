//! A server whose channels do what a test tells them to, over each kind of transport.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use cable_axum::testing::{ConnectError, TestSocket};
use cable_axum::{Builder, Cable, Disconnect};
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::sync::{Notify, Semaphore};

mod access;
mod carrier;
mod probe;

pub(crate) use access::ByUser;
pub(crate) use carrier::Carrier;
pub(crate) use probe::{Probe, passes};

/// Where something waits until a test lets it go on.
pub(crate) struct Gate {
    reached: Semaphore,
    opened: Semaphore,
}

impl Gate {
    pub(crate) async fn pass(&self) {
        self.reached.add_permits(1);
        self.opened.acquire().await.unwrap().forget();
    }

    /// Waits until somebody waits here.
    pub(crate) async fn reached(&self) {
        self.reached.acquire().await.unwrap().forget();
    }

    pub(crate) fn open(&self) {
        self.opened.add_permits(1);
    }
}

/// What tests and channels share.
#[derive(Clone, Default)]
pub(crate) struct World(Arc<Shared>);

#[derive(Default)]
struct Shared {
    log: Mutex<Vec<String>>,
    logged: Notify,
    gates: Mutex<HashMap<String, Arc<Gate>>>,
}

impl World {
    pub(crate) fn gate(&self, name: &str) -> Arc<Gate> {
        let new = || Arc::new(Gate { reached: Semaphore::new(0), opened: Semaphore::new(0) });
        Arc::clone(self.0.gates.lock().unwrap().entry(name.to_owned()).or_insert_with(new))
    }

    pub(crate) fn log(&self, entry: String) {
        self.0.log.lock().unwrap().push(entry);
        self.0.logged.notify_waiters();
    }

    /// Returns what was logged that begins so.
    pub(crate) fn logged(&self, beginning: &str) -> Vec<String> {
        self.0.log.lock().unwrap().iter().filter(|entry| entry.starts_with(beginning)).cloned().collect()
    }

    /// Waits until so many entries begin so.
    pub(crate) async fn until_logged(&self, beginning: &str, count: usize) -> Vec<String> {
        loop {
            let logged = self.0.logged.notified();
            let entries = self.logged(beginning);
            if entries.len() >= count {
                return entries;
            }
            logged.await;
        }
    }
}

/// What a connection runs over.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Transport {
    /// `axum::serve`.
    Axum,
    /// hyper's own HTTP/1 server on TCP.
    Hyper,
    /// hyper's server on a pipe, which stands for TLS and everything else.
    Pipe,
}

pub(crate) struct Server {
    pub(crate) cable: Cable<String>,
    pub(crate) world: World,
    pub(crate) transport: Transport,
    router: Router,
    address: Option<SocketAddr>,
}

impl Server {
    pub(crate) async fn start(transport: Transport) -> Self {
        Self::with(transport, |builder| builder).await
    }

    pub(crate) async fn with(transport: Transport, change: impl FnOnce(Builder<String>) -> Builder<String>) -> Self {
        let world = World::default();
        let builder = Cable::builder(ByUser(world.clone())).pubsub(Carrier::new(world.clone()));
        let cable = change(builder.channel::<Probe>().state(world.clone())).build();
        let router = Router::new().route("/cable", cable.route());
        let mut server = Self { cable, world, transport, router, address: None };
        if transport != Transport::Pipe {
            server.listen().await;
        }
        server
    }

    async fn listen(&mut self) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        self.address = Some(listener.local_addr().unwrap());
        let router = self.router.clone();
        if self.transport == Transport::Axum {
            tokio::spawn(async move { axum::serve(listener, router).await });
        } else {
            tokio::spawn(async move {
                while let Ok((stream, _)) = listener.accept().await {
                    serve(stream, router.clone());
                }
            });
        }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address.unwrap()
    }

    /// Returns the server's end of a new connection.
    pub(crate) fn pipe(&self) -> tokio::io::DuplexStream {
        let (client, server) = tokio::io::duplex(1024);
        serve(server, self.router.clone());
        client
    }

    pub(crate) async fn upgrade(&self, user: &str, headers: &[(&str, &str)]) -> Result<TestSocket, ConnectError> {
        let path = format!("/cable?user={user}");
        match self.address {
            Some(address) => TestSocket::connect(address, &path, headers).await,
            None => TestSocket::upgrade(self.pipe(), &path, headers).await,
        }
    }

    /// Connects somebody who is welcomed.
    pub(crate) async fn connect(&self, user: &str) -> Client {
        let mut socket = self.upgrade(user, &[]).await.unwrap();
        assert_eq!(socket.next().await, Some(json!({ "type": "welcome" })));
        Client(socket)
    }
}

fn serve(stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static, router: Router) {
    let service = TowerToHyperService::new(router);
    let connection = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service);
    tokio::spawn(connection.with_upgrades());
}

/// Runs a scenario over each kind of transport.
pub(crate) async fn on_each(scenario: impl AsyncFn(Server)) {
    for transport in [Transport::Axum, Transport::Hyper, Transport::Pipe] {
        scenario(Server::start(transport).await).await;
    }
}

pub(crate) struct Client(pub(crate) TestSocket);

impl Client {
    pub(crate) async fn command(&mut self, command: &str, identifier: &str) {
        self.0.send(&json!({ "command": command, "identifier": identifier }).to_string()).await;
    }

    /// Asks for a subscription; returns its identifier.
    pub(crate) async fn ask(&mut self, params: &Value) -> String {
        let identifier = identifier(params);
        self.command("subscribe", &identifier).await;
        identifier
    }

    /// Subscribes, and takes the confirmation, which must be the next frame.
    pub(crate) async fn subscribe(&mut self, params: &Value) -> String {
        let identifier = self.ask(params).await;
        assert_eq!(self.0.next().await, Some(confirmed(&identifier)));
        identifier
    }

    pub(crate) async fn perform(&mut self, identifier: &str, data: Value) {
        let message = json!({ "command": "message", "identifier": identifier, "data": data.to_string() });
        self.0.send(&message.to_string()).await;
    }

    /// Takes everything up to the end; the frames, and the code of the close.
    pub(crate) async fn rest(&mut self) -> (Vec<Value>, Option<u16>) {
        let mut frames = Vec::new();
        while let Some(frame) = self.0.next().await {
            frames.push(frame);
        }
        (frames, self.0.closed().await)
    }
}

pub(crate) fn identifier(params: &Value) -> String {
    let mut identifier = json!({ "channel": "ProbeChannel" });
    identifier.as_object_mut().unwrap().extend(params.as_object().unwrap().clone());
    identifier.to_string()
}

pub(crate) fn confirmed(identifier: &str) -> Value {
    json!({ "identifier": identifier, "type": "confirm_subscription" })
}

pub(crate) fn rejected(identifier: &str) -> Value {
    json!({ "identifier": identifier, "type": "reject_subscription" })
}

pub(crate) fn delivered(identifier: &str, message: impl Into<Value>) -> Value {
    json!({ "identifier": identifier, "message": message.into() })
}

pub(crate) fn disconnected(why: &Disconnect) -> Value {
    serde_json::from_str(&why.frame()).unwrap()
}
