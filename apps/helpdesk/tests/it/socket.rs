//! A socket of the channels, byte by byte.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::browser::Browser;

/// How long an answer may take before a test gives up.
const PATIENCE: Duration = Duration::from_secs(20);

/// An open socket.
pub(crate) struct Socket {
    stream: TcpStream,
}

/// Returns the identifier of a subscription with parameters.
pub(crate) fn identifier(channel: &str, mut params: Value) -> String {
    params["channel"] = channel.into();
    params.to_string()
}

impl Socket {
    /// Opens one from a page of the shop, and waits for the welcome.
    pub(crate) async fn welcomed(browser: &Browser) -> Self {
        let mut socket = Self::opened(browser).await;
        assert_eq!(socket.next().await, json!({"type": "welcome"}));
        socket
    }

    /// Opens one from a page of the shop.
    pub(crate) async fn opened(browser: &Browser) -> Self {
        let origin = format!("http://{}", browser.address);
        let (head, stream) = upgrade(browser, Some(&origin)).await;
        assert!(head.starts_with("HTTP/1.1 101"), "{head}");
        assert!(head.contains("sec-websocket-protocol: actioncable-v1-json"), "{head}");
        Self { stream }
    }

    /// Opens one and subscribes.
    pub(crate) async fn subscribed(browser: &Browser, identifier: &str) -> Self {
        let mut socket = Self::welcomed(browser).await;
        assert_eq!(socket.subscribe(identifier).await["type"], "confirm_subscription", "{identifier}");
        socket
    }

    /// Asks for a subscription; returns what comes back.
    pub(crate) async fn subscribe(&mut self, identifier: &str) -> Value {
        self.send(&json!({"command": "subscribe", "identifier": identifier})).await;
        self.next().await
    }

    /// Performs an action.
    pub(crate) async fn perform(&mut self, identifier: &str, data: &Value) {
        self.send(&json!({"command": "message", "identifier": identifier, "data": data.to_string()})).await;
    }

    /// Returns the next frame that is no ping; null when the socket is closed.
    pub(crate) async fn next(&mut self) -> Value {
        loop {
            let frame = tokio::time::timeout(PATIENCE, self.frame()).await.expect("nothing arrives");
            let Some(text) = frame else { return Value::Null };
            let frame: Value = serde_json::from_str(&text).unwrap();
            if frame["type"] != "ping" {
                return frame;
            }
        }
    }

    /// Returns the next message.
    pub(crate) async fn message(&mut self) -> Value {
        let frame = self.next().await;
        assert!(frame["message"].is_object() || frame["message"].is_string(), "{frame}");
        frame["message"].clone()
    }

    /// Asserts that nothing was sent until now: the rejection of nonsense comes behind everything before it.
    pub(crate) async fn assert_silent(&mut self) {
        let frame = self.subscribe("nonsense").await;
        assert_eq!(frame["type"], "reject_subscription", "{frame}");
    }

    /// Asserts that the server says why, and closes.
    pub(crate) async fn assert_closed(&mut self, reason: &str, reconnect: bool) {
        let mut frame = self.next().await;
        while frame["type"] != "disconnect" && !frame.is_null() {
            frame = self.next().await;
        }
        assert_eq!(frame, json!({"type": "disconnect", "reason": reason, "reconnect": reconnect}));
        assert_eq!(self.next().await, Value::Null);
    }

    async fn send(&mut self, command: &Value) {
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

/// Asks for an upgrade, and returns the head of the answer.
pub(crate) async fn upgrade(browser: &Browser, origin: Option<&str>) -> (String, TcpStream) {
    let cookies: Vec<String> = browser.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let origin = origin.map(|origin| format!("origin: {origin}\r\n")).unwrap_or_default();
    let head = format!(
        "GET /cable HTTP/1.1\r\nhost: {}\r\ncookie: {}\r\n{origin}connection: Upgrade\r\nupgrade: websocket\r\n\
         sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
         sec-websocket-protocol: actioncable-v1-json, actioncable-unsupported\r\n\r\n",
        browser.address,
        cookies.join("; "),
    );
    let mut stream = TcpStream::connect(&browser.address).await.unwrap();
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\n") {
        answer.push(stream.read_u8().await.unwrap());
    }
    (String::from_utf8(answer).unwrap().to_lowercase().replacen("http", "HTTP", 1), stream)
}
