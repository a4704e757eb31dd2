//! A client: HTTP with cookies, and sockets.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use serde_json::Value;
use testkit::cable::{Socket, Visitor};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// Somebody with a browser.
#[derive(Clone)]
pub(crate) struct Person {
    address: SocketAddr,
    pub(crate) cookies: BTreeMap<String, String>,
}

impl Person {
    pub(super) fn new(address: SocketAddr, session: &str) -> Self {
        Self { address, cookies: BTreeMap::from([("session".to_owned(), session.to_owned())]) }
    }

    /// Sends a request, and returns status and JSON of the answer.
    pub(crate) async fn json(&mut self, method: &str, path: &str, body: Value) -> (u16, Value) {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        let head = format!(
            "{method} {path} HTTP/1.1\r\nhost: {}\r\ncookie: {}\r\naccept: application/json\r\n\
             content-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
            self.address,
            self.cookies(),
            body.len(),
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        let answer = String::from_utf8(answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        for line in head.lines() {
            let Some(cookie) = line.strip_prefix("set-cookie: ") else { continue };
            let (name, value) = cookie.split(';').next().unwrap().split_once('=').unwrap();
            match value {
                "" => drop(self.cookies.remove(name)),
                value => drop(self.cookies.insert(name.to_owned(), value.to_owned())),
            }
        }
        (head[9..12].parse().unwrap(), serde_json::from_str(body).unwrap_or(Value::Null))
    }

    /// Opens a socket.
    pub(crate) async fn connect(&self) -> Socket {
        Socket::opened(self).await
    }

    /// Opens a socket, and waits for the welcome.
    pub(crate) async fn welcomed(&self) -> Socket {
        Socket::welcomed(self).await
    }

    /// Opens a socket and subscribes.
    pub(crate) async fn subscribed(&self, identifier: &str) -> Socket {
        Socket::subscribed(self, identifier).await
    }

    /// Asks for an upgrade from a page of some origin; returns the status of the answer too.
    pub(crate) async fn upgrade(&self, origin: &str, protocols: &str) -> (u16, Socket) {
        self.upgrade_at("/cable", origin, protocols).await
    }

    /// Opens a socket from a page that says whom it was served to.
    pub(crate) async fn connect_from_page_of(&self, identity: &str) -> Socket {
        let path = format!("/cable?identity={identity}");
        let (status, socket) = self.upgrade_at(&path, &format!("http://{}", self.address), "actioncable-v1-json").await;
        assert_eq!(status, 101);
        socket
    }

    async fn upgrade_at(&self, path: &str, origin: &str, protocols: &str) -> (u16, Socket) {
        let (head, socket) = Socket::upgraded(self, path, Some(origin), protocols).await;
        (head[9..12].parse().unwrap(), socket)
    }
}

impl Visitor for Person {
    fn address(&self) -> String {
        self.address.to_string()
    }

    fn cookies(&self) -> String {
        let pairs = self.cookies.iter().map(|(name, value)| format!("{name}={value}"));
        pairs.collect::<Vec<_>>().join("; ")
    }
}
