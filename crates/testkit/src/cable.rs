//! A client of Action Cable, byte by byte, that shows what a browser's hides.

#![expect(clippy::unwrap_used, reason = "a test whose socket breaks has failed")]

use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// How long an answer may take before a test gives up.
const PATIENCE: Duration = Duration::from_secs(20);
/// What the official client offers to speak.
pub const PROTOCOLS: &str = "actioncable-v1-json, actioncable-unsupported";

/// Somebody who opens sockets.
pub trait Visitor {
    /// Returns the address of the server, as `Host` names it.
    fn address(&self) -> String;

    /// Returns what the header `Cookie` says.
    fn cookies(&self) -> String;
}

/// An open socket.
#[derive(Debug)]
pub struct Socket {
    stream: TcpStream,
}

impl Socket {
    /// Opens one from a page of the application's own.
    pub async fn opened(visitor: &impl Visitor) -> Self {
        let origin = format!("http://{}", visitor.address());
        let (head, socket) = Self::upgraded(visitor, "/cable", Some(&origin), PROTOCOLS).await;
        assert!(head.starts_with("HTTP/1.1 101"), "{head}");
        assert!(head.contains("sec-websocket-protocol: actioncable-v1-json"), "{head}");
        socket
    }

    /// Opens one, and waits for the welcome.
    pub async fn welcomed(visitor: &impl Visitor) -> Self {
        let mut socket = Self::opened(visitor).await;
        assert_eq!(socket.next().await, json!({"type": "welcome"}));
        socket
    }

    /// Opens one, and subscribes.
    pub async fn subscribed(visitor: &impl Visitor, identifier: &str) -> Self {
        let mut socket = Self::welcomed(visitor).await;
        assert_eq!(socket.subscribe(identifier).await["type"], "confirm_subscription", "{identifier}");
        socket
    }

    /// Asks for an upgrade from a page of `origin`; returns the head of the answer too, in lower case.
    pub async fn upgraded(visitor: &impl Visitor, path: &str, origin: Option<&str>, protocols: &str) -> (String, Self) {
        let (host, cookies) = (visitor.address(), visitor.cookies());
        let origin = origin.map(|origin| format!("origin: {origin}\r\n")).unwrap_or_default();
        let head = format!(
            "GET {path} HTTP/1.1\r\nhost: {host}\r\ncookie: {cookies}\r\n{origin}connection: Upgrade\r\n\
             upgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
             sec-websocket-protocol: {protocols}\r\n\r\n"
        );
        let mut stream = TcpStream::connect(&host).await.unwrap();
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        while !answer.ends_with(b"\r\n\r\n") {
            answer.push(stream.read_u8().await.unwrap());
        }
        (String::from_utf8(answer).unwrap().to_lowercase().replacen("http", "HTTP", 1), Self { stream })
    }

    /// Sends a command.
    pub async fn send(&mut self, command: &Value) {
        let text = command.to_string();
        let mut frame = vec![0x81, 0x80 | 126];
        frame.extend_from_slice(&u16::try_from(text.len()).unwrap().to_be_bytes());
        if text.len() < 126 {
            frame = vec![0x81, 0x80 | u8::try_from(text.len()).unwrap()];
        }
        // Masked with zeros, so that the bytes stay as they are.
        frame.extend_from_slice(&[0; 4]);
        frame.extend_from_slice(text.as_bytes());
        self.stream.write_all(&frame).await.unwrap();
    }

    /// Asks for a subscription.
    pub async fn ask_for(&mut self, identifier: &str) {
        self.send(&json!({"command": "subscribe", "identifier": identifier})).await;
    }

    /// Asks for a subscription, and returns what comes back.
    pub async fn subscribe(&mut self, identifier: &str) -> Value {
        self.ask_for(identifier).await;
        self.next().await
    }

    /// Performs an action.
    pub async fn perform(&mut self, identifier: &str, data: &Value) {
        self.send(&json!({"command": "message", "identifier": identifier, "data": data.to_string()})).await;
    }

    /// Returns the next frame that is no ping; null when the socket is closed.
    pub async fn next(&mut self) -> Value {
        tokio::time::timeout(PATIENCE, self.no_ping()).await.unwrap()
    }

    /// Returns the next message.
    pub async fn message(&mut self) -> Value {
        let frame = self.next().await;
        assert!(frame["message"].is_object() || frame["message"].is_string(), "{frame}");
        frame["message"].clone()
    }

    /// Returns what arrives until a mark that the test has sent to this socket, so that silence needs no waiting.
    pub async fn until(&mut self, is_mark: impl Fn(&Value) -> bool) -> Vec<Value> {
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

    /// Asserts that nothing was sent until now: the rejection of nonsense comes behind everything before it.
    pub async fn assert_silent(&mut self) {
        let frame = self.subscribe("nonsense").await;
        assert_eq!(frame["type"], "reject_subscription", "{frame}");
    }

    /// Asserts that the server says why, and closes.
    pub async fn assert_closed(&mut self, reason: &str, reconnect: bool) {
        let mut frame = self.next().await;
        while frame["type"] != "disconnect" && !frame.is_null() {
            frame = self.next().await;
        }
        assert_eq!(frame, json!({"type": "disconnect", "reason": reason, "reconnect": reconnect}));
        assert_eq!(self.next().await, Value::Null);
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

/// Returns the identifier of a subscription to `channel` with parameters.
pub fn identifier(channel: &str, mut params: Value) -> String {
    if let Some(params) = params.as_object_mut() {
        params.insert("channel".to_owned(), channel.into());
    }
    params.to_string()
}
