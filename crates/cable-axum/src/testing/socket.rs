use std::io;
use std::net::SocketAddr;
use std::pin::Pin;

use bytes::{Buf as _, BytesMut};
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::frame::CloseCode;
use crate::io::Transport;

/// The example of RFC 6455.
const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
const TEXT: u8 = 0x1;
const CLOSE: u8 = 0x8;
const PING: u8 = 0x9;
const PONG: u8 = 0xa;

/// The client's side of a connection, frame by frame.
pub struct TestSocket {
    stream: Pin<Box<dyn Transport>>,
    received: BytesMut,
    head: String,
    closed: Option<u16>,
    pings: Vec<u64>,
    fences: u32,
}

/// A server did not upgrade the connection.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// It could not be reached, or broke off.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// It answered with something else.
    #[error("the server answered with {status}")]
    Answered {
        /// The status.
        status: u16,
    },
}

impl TestSocket {
    /// Connects to a server, as a page of the same origin does. Of `headers`, those with a value replace what would be
    /// sent, and those with an empty one leave it out.
    ///
    /// # Errors
    ///
    /// [`ConnectError`] when there is no upgrade.
    pub async fn connect(address: SocketAddr, path: &str, headers: &[(&str, &str)]) -> Result<Self, ConnectError> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let host = address.to_string();
        let is_given = headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("host"));
        let host = if is_given { &[][..] } else { &[("host", &*host)] };
        Self::upgrade(stream, path, &[host, headers].concat()).await
    }

    /// Upgrades a connection to a server, which may be a pipe.
    ///
    /// # Errors
    ///
    /// [`ConnectError`] when there is no upgrade.
    pub async fn upgrade(
        stream: impl AsyncRead + AsyncWrite + Send + 'static,
        path: &str,
        headers: &[(&str, &str)],
    ) -> Result<Self, ConnectError> {
        let mut socket = Self::piped(stream);
        socket.stream.write_all(request(path, headers).as_bytes()).await?;
        let end = loop {
            if let Some(end) = socket.received.windows(4).position(|four| four == b"\r\n\r\n") {
                break end + 4;
            }
            if socket.stream.read_buf(&mut socket.received).await? == 0 {
                return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
            }
        };
        socket.head = String::from_utf8_lossy(&socket.received.split_to(end)).into_owned();
        let status = socket.head.get(9..12).and_then(|status| status.parse().ok()).unwrap_or_default();
        if status == 101 { Ok(socket) } else { Err(ConnectError::Answered { status }) }
    }

    pub(super) fn piped(stream: impl Transport + 'static) -> Self {
        Self {
            stream: Box::pin(stream),
            received: BytesMut::new(),
            head: String::new(),
            closed: None,
            pings: Vec::new(),
            fences: 0,
        }
    }

    /// Returns a header of the server's answer to the upgrade; `name` in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.find(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// Sends a text. Whether it arrives is seen by what comes back.
    pub async fn send(&mut self, text: &str) {
        self.send_frame(TEXT, text.as_bytes()).await;
    }

    /// Begins to close.
    pub async fn close(&mut self, code: CloseCode) {
        self.send_frame(CLOSE, &code.get().to_be_bytes()).await;
    }

    /// Sends bytes as they are.
    pub async fn send_bytes(&mut self, bytes: &[u8]) {
        // It fails where the server has gone, which reading then shows.
        let _ = self.stream.write_all(bytes).await;
        let _ = self.stream.flush().await;
    }

    async fn send_frame(&mut self, opcode: u8, payload: &[u8]) {
        let mut frame = vec![0x80 | opcode];
        match u16::try_from(payload.len()) {
            Ok(length @ 0..=125) => frame.push(0x80 | length.to_be_bytes()[1]),
            Ok(length) => {
                frame.push(0x80 | 126);
                frame.extend(length.to_be_bytes());
            }
            Err(_) => {
                frame.push(0x80 | 127);
                frame.extend((payload.len() as u64).to_be_bytes());
            }
        }
        // A mask of zeros changes nothing.
        frame.extend([0; 4]);
        frame.extend(payload);
        self.send_bytes(&frame).await;
    }

    /// Returns the next frame that is no ping; none once the connection is closed.
    pub async fn next(&mut self) -> Option<Value> {
        loop {
            let (opcode, payload) = self.frame().await?;
            if opcode == TEXT
                && let Some(frame) = self.read(&payload)
            {
                return Some(frame);
            }
        }
    }

    /// Waits until the server has done all that it was sent; returns the frames up to then, without pings.
    pub async fn settle(&mut self) -> Vec<Value> {
        self.fences += 1;
        let fence = self.fences.to_be_bytes();
        self.send_frame(PING, &fence).await;
        let mut frames = Vec::new();
        while let Some((opcode, payload)) = self.frame().await {
            match opcode {
                TEXT => frames.extend(self.read(&payload)),
                PONG if payload[..] == fence => break,
                _ => {}
            }
        }
        frames
    }

    /// Returns the times of the pings that have been read.
    pub fn pings(&self) -> &[u64] {
        &self.pings
    }

    /// Waits for the end; returns the code of the server's close frame, or none if it broke off.
    pub async fn closed(&mut self) -> Option<u16> {
        while self.frame().await.is_some() {}
        self.closed
    }

    /// Returns the next frame; none at the end.
    async fn frame(&mut self) -> Option<(u8, BytesMut)> {
        loop {
            if let Some((opcode, payload)) = self.whole() {
                if opcode == CLOSE {
                    self.closed = payload.first_chunk().map(|code| u16::from_be_bytes(*code));
                    self.send_frame(CLOSE, &payload).await;
                }
                return Some((opcode, payload));
            }
            match self.stream.read_buf(&mut self.received).await {
                Ok(read) if read > 0 => {}
                _ => return None,
            }
        }
    }

    /// Reads a text of the protocol, unless it is a ping.
    fn read(&mut self, payload: &[u8]) -> Option<Value> {
        let frame: Value = serde_json::from_slice(payload).ok()?;
        if frame["type"] == "ping" {
            self.pings.extend(frame["message"].as_u64());
            return None;
        }
        Some(frame)
    }

    /// Takes a frame that has arrived as a whole.
    fn whole(&mut self) -> Option<(u8, BytesMut)> {
        let mut rest = &self.received[..];
        let (opcode, short) = (rest.try_get_u8().ok()? & 0xf, rest.try_get_u8().ok()?);
        let length = match short {
            126 => usize::from(rest.try_get_u16().ok()?),
            127 => usize::try_from(rest.try_get_u64().ok()?).ok()?,
            short => usize::from(short),
        };
        let header = self.received.len() - rest.len();
        if rest.len() < length {
            return None;
        }
        self.received.advance(header);
        Some((opcode, self.received.split_to(length)))
    }
}

fn request(path: &str, headers: &[(&str, &str)]) -> String {
    let given = |name: &str| headers.iter().rev().find(|(given, _)| given.eq_ignore_ascii_case(name));
    let host = given("host").map_or("localhost", |(_, host)| *host);
    let origin = format!("http://{host}");
    let usual = [
        ("host", host),
        ("origin", &origin),
        ("connection", "Upgrade"),
        ("upgrade", "websocket"),
        ("sec-websocket-version", "13"),
        ("sec-websocket-key", KEY),
        ("sec-websocket-protocol", "actioncable-v1-json, actioncable-unsupported"),
    ];
    let usual = usual.into_iter().filter(|(name, _)| given(name).is_none());
    let given = headers.iter().copied().filter(|(_, value)| !value.is_empty());
    let lines = usual.chain(given).map(|(name, value)| format!("{name}: {value}\r\n")).collect::<String>();
    format!("GET {path} HTTP/1.1\r\n{lines}\r\n")
}
