//! A client: HTTP with cookies, and sockets, byte by byte.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// How long an answer may take before a test gives up.
const PATIENCE: Duration = Duration::from_secs(10);

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
            self.cookie(),
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

    fn cookie(&self) -> String {
        let pairs = self.cookies.iter().map(|(name, value)| format!("{name}={value}"));
        pairs.collect::<Vec<_>>().join("; ")
    }

    /// Opens a socket.
    pub(crate) async fn connect(&self) -> Socket {
        let protocols = "actioncable-v1-json, actioncable-unsupported";
        let (status, socket) = self.upgrade(&format!("http://{}", self.address), protocols).await;
        assert_eq!(status, 101);
        socket
    }

    /// Opens a socket, and waits for the welcome.
    pub(crate) async fn welcomed(&self) -> Socket {
        let mut socket = self.connect().await;
        assert_eq!(socket.next().await, json!({"type": "welcome"}));
        socket
    }

    /// Opens a socket and subscribes.
    pub(crate) async fn subscribed(&self, identifier: &str) -> Socket {
        let mut socket = self.welcomed().await;
        socket.subscribe(identifier).await;
        assert_eq!(socket.next().await["type"], "confirm_subscription");
        socket
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
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        let head = format!(
            "GET {path} HTTP/1.1\r\nhost: {}\r\ncookie: {}\r\norigin: {origin}\r\nconnection: Upgrade\r\n\
             upgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
             sec-websocket-protocol: {protocols}\r\n\r\n",
            self.address,
            self.cookie(),
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        while !answer.ends_with(b"\r\n\r\n") {
            answer.push(stream.read_u8().await.unwrap());
        }
        let answer = String::from_utf8(answer).unwrap();
        (answer[9..12].parse().unwrap(), Socket { stream })
    }
}

/// An open socket.
pub(crate) struct Socket {
    stream: TcpStream,
}

impl Socket {
    pub(crate) async fn send(&mut self, command: &Value) {
        let text = command.to_string();
        // Masked with zeros: the bytes stay as they are.
        let mut frame = vec![0x81, 0x80 | 126];
        frame.extend_from_slice(&u16::try_from(text.len()).unwrap().to_be_bytes());
        if text.len() < 126 {
            frame = vec![0x81, 0x80 | u8::try_from(text.len()).unwrap()];
        }
        frame.extend_from_slice(&[0; 4]);
        frame.extend_from_slice(text.as_bytes());
        self.stream.write_all(&frame).await.unwrap();
    }

    pub(crate) async fn subscribe(&mut self, identifier: &str) {
        self.send(&json!({"command": "subscribe", "identifier": identifier})).await;
    }

    /// Performs an action.
    pub(crate) async fn perform(&mut self, identifier: &str, data: Value) {
        let command = json!({"command": "message", "identifier": identifier, "data": data.to_string()});
        self.send(&command).await;
    }

    /// Returns the next frame that is no ping; null when the socket is closed.
    pub(crate) async fn next(&mut self) -> Value {
        tokio::time::timeout(PATIENCE, self.no_ping()).await.unwrap()
    }

    async fn no_ping(&mut self) -> Value {
        while let Some(text) = self.frame().await {
            let frame: Value = serde_json::from_str(&text).unwrap();
            if frame["type"] != "ping" {
                return frame;
            }
        }
        Value::Null
    }

    /// Returns what arrives until a mark that the test has sent to this socket, so that silence needs no waiting.
    pub(crate) async fn until(&mut self, is_mark: impl Fn(&Value) -> bool) -> Vec<Value> {
        let mut frames = Vec::new();
        loop {
            let frame = self.next().await;
            assert!(!frame.is_null(), "closed after {frames:?}");
            if is_mark(&frame) {
                return frames;
            }
            frames.push(frame);
        }
    }

    /// Checks that the server says why, and closes.
    pub(crate) async fn assert_closed(&mut self, reason: &str, reconnect: bool) {
        let mut frame = self.next().await;
        while frame["type"] != "disconnect" && !frame.is_null() {
            frame = self.next().await;
        }
        assert_eq!(frame, json!({"type": "disconnect", "reason": reason, "reconnect": reconnect}));
        assert_eq!(self.next().await, Value::Null);
    }

    /// Returns the next text; none after a close frame or the end.
    async fn frame(&mut self) -> Option<String> {
        let kind = self.stream.read_u8().await.ok()?;
        let length = match self.stream.read_u8().await.ok()? {
            126 => u64::from(self.stream.read_u16().await.ok()?),
            127 => self.stream.read_u64().await.ok()?,
            length => u64::from(length),
        };
        let mut payload = vec![0; usize::try_from(length).unwrap()];
        self.stream.read_exact(&mut payload).await.ok()?;
        (kind == 0x81).then(|| String::from_utf8(payload).unwrap())
    }
}
