//! One client: connects, subscribes, and checks every frame.

use std::future::poll_fn;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::ready;

use anyhow::{Context as _, bail, ensure};
use tokio::io::{AsyncRead as _, AsyncWriteExt as _, ReadBuf};
use tokio::net::{TcpSocket, TcpStream};
use tokio::sync::watch;

use crate::agreed::{identifier, now};
use crate::frames::{self, Frame};
use crate::tally::{End, Tally};

/// How much is read at once.
const PIECE: usize = 16 * 1024;
/// What a client that will stop reading lets the system keep for it, in bytes.
const SMALL: u32 = 4 * 1024;

/// What one client does.
#[derive(Clone)]
pub(crate) struct Part {
    pub(crate) client: usize,
    pub(crate) user: u64,
    pub(crate) topic: Option<u64>,
    /// Says whether to read; only for a client that will stop.
    pub(crate) reads: Option<watch::Receiver<bool>>,
}

pub(crate) struct Client {
    part: Part,
    stream: TcpStream,
    /// The beginning of a frame whose rest has not arrived.
    rest: Vec<u8>,
    /// Why the server says that it closes.
    reason: Option<String>,
    tally: Arc<Tally>,
}

impl Client {
    /// Connects, and returns when the subscription is confirmed.
    pub(crate) async fn connect(address: SocketAddr, part: Part, tally: Arc<Tally>) -> anyhow::Result<Self> {
        let socket = TcpSocket::new_v4()?;
        if part.reads.is_some() {
            socket.set_recv_buffer_size(SMALL)?;
        }
        let stream = socket.connect(address).await?;
        stream.set_nodelay(true)?;
        let mut client = Self { part, stream, rest: Vec::new(), reason: None, tally };
        client.upgrade(address).await?;
        ensure!(client.expect().await? == r#"{"type":"welcome"}"#, "no welcome");
        let escaped = identifier(client.part.topic).replace('"', "\\\"");
        let subscribe = format!(r#"{{"command":"subscribe","identifier":"{escaped}"}}"#);
        client.stream.write_all(&frames::masked(&subscribe)).await?;
        let confirmed = format!(r#"{{"identifier":"{escaped}","type":"confirm_subscription"}}"#);
        ensure!(client.expect().await? == confirmed, "no confirmation");
        client.tally.confirm();
        Ok(client)
    }

    async fn upgrade(&mut self, address: SocketAddr) -> anyhow::Result<()> {
        let request = format!(
            "GET /cable?user={} HTTP/1.1\r\nHost: {address}\r\nOrigin: http://{address}\r\nConnection: Upgrade\r\n\
             Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
             Sec-WebSocket-Protocol: actioncable-v1-json, actioncable-unsupported\r\n\r\n",
            self.part.user
        );
        self.stream.write_all(request.as_bytes()).await?;
        loop {
            if let Some(end) = self.rest.windows(4).position(|end| end == b"\r\n\r\n") {
                ensure!(self.rest.starts_with(b"HTTP/1.1 101 "), "not upgraded");
                self.rest.drain(..end + 4);
                return Ok(());
            }
            ensure!(self.read(|_, _| {}).await?, "closed instead of upgraded");
        }
    }

    /// Returns the next text; pings may come before it.
    async fn expect(&mut self) -> anyhow::Result<String> {
        loop {
            let mut bytes = &self.rest[..];
            let text = match frames::next(&mut bytes)? {
                Some(Frame::Text(text)) => Some(text.to_owned()),
                Some(Frame::Close) => bail!("closed"),
                None => None,
            };
            let taken = self.rest.len() - bytes.len();
            self.rest.drain(..taken);
            match text {
                Some(text) if is_ping(&text) => {}
                Some(text) => return Ok(text),
                None => ensure!(self.read(|_, _| {}).await?, "closed too early"),
            }
        }
    }

    /// Reads until the server closes.
    pub(crate) async fn listen(mut self) {
        let end = self.frames().await;
        let at = now();
        if let Err(error) = end {
            println!("client {}: {error:#}", self.part.client);
        }
        self.tally.end(End { client: self.part.client, reason: self.reason.take(), at });
    }

    async fn frames(&mut self) -> anyhow::Result<()> {
        loop {
            if let Some(reads) = &mut self.part.reads {
                reads.wait_for(|reads| *reads).await?;
            }
            let mut seen = Ok(false);
            let more = self.read(|client, bytes| seen = client.look(bytes)).await;
            // A reset is an end as good as any.
            if seen? || !more.unwrap_or(false) {
                return Ok(());
            }
        }
    }

    /// Looks at all whole frames; true after a close.
    fn look(&mut self, bytes: &mut &[u8]) -> anyhow::Result<bool> {
        while let Some(frame) = frames::next(bytes)? {
            let Frame::Text(text) = frame else { return Ok(true) };
            if text.starts_with(r#"{"identifier":"#) {
                let after = now().saturating_sub(frames::number(text, r#""at":"#).context("no time")?);
                self.tally.message(self.part.client, frames::number(text, r#""n":"#).context("no number")?, after);
            } else if let Some(reason) = text.strip_prefix(r#"{"type":"disconnect","reason":""#) {
                self.reason = reason.split('"').next().map(str::to_owned);
            } else {
                ensure!(is_ping(text), "an unexpected text: {text}");
            }
        }
        Ok(false)
    }

    /// Reads once, and has everything that was not taken yet looked at; false at the end.
    async fn read(&mut self, mut look: impl FnMut(&mut Self, &mut &[u8])) -> anyhow::Result<bool> {
        poll_fn(|context| {
            let mut piece = [0; PIECE];
            let mut piece = ReadBuf::new(&mut piece);
            ready!(Pin::new(&mut self.stream).poll_read(context, &mut piece))?;
            let read = piece.filled();
            if self.rest.is_empty() {
                let mut bytes = read;
                look(self, &mut bytes);
                self.rest = bytes.to_vec();
            } else {
                let mut all = std::mem::take(&mut self.rest);
                all.extend_from_slice(read);
                let mut bytes = &all[..];
                look(self, &mut bytes);
                self.rest = bytes.to_vec();
            }
            std::task::Poll::Ready(Ok(!read.is_empty()))
        })
        .await
    }
}

fn is_ping(text: &str) -> bool {
    text.starts_with(r#"{"type":"ping","message":"#)
}
