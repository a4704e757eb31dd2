//! The receiving half of a socket, and the sending half where only its task may write.

use std::collections::VecDeque;
use std::io::ErrorKind;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _, ReadBuf};
use tokio::net::TcpStream;

use crate::frame::{Decoder, Message, Violation};
use crate::socket::{Socket, Standing, Wire};

/// How much is read at once, in bytes; on the stack, so that a connection that says nothing has no buffer.
const PIECE: usize = 4 * 1024;
/// After so long without any acknowledgement the other side is gone.
const UNACKNOWLEDGED: Duration = Duration::from_secs(30);
/// How much of what was written may wait in the system until the other side takes more, in bytes. What is on its way does
/// not count. The system would keep megabytes for each client that stops reading, and nobody would notice for a minute.
const UNSENT: u32 = 64 * 1024;

/// What reads from a connection.
pub(crate) struct Io {
    decoder: Decoder,
    messages: VecDeque<Message>,
    /// What broke the protocol, behind the messages before it.
    violation: Option<Violation>,
    /// What came with the upgrade request, and is read first.
    early: Bytes,
    /// Whether the other side has closed, and nothing more comes.
    ended: bool,
    other: Option<Pin<Box<dyn Transport>>>,
}

/// A connection that is no plain socket, such as TLS.
pub(crate) trait Transport: AsyncRead + AsyncWrite + Send {}

impl<T: AsyncRead + AsyncWrite + Send> Transport for T {}

/// What came from the other side.
#[derive(Debug, PartialEq)]
pub(crate) enum Arrived {
    Message(Message),
    Violation(Violation),
    /// Nothing more comes.
    End,
}

impl Io {
    /// Takes an upgraded connection apart: plain sockets can be written to by everybody, others by their task only.
    pub(crate) fn split(upgraded: Upgraded, message_bytes: usize) -> (Wire, Self) {
        match plain(upgraded) {
            Ok((stream, early)) => {
                keep_watch(&stream);
                (Wire::Tcp(stream), Self::new(early, None, message_bytes))
            }
            Err(upgraded) => Self::over(TokioIo::new(upgraded), message_bytes),
        }
    }

    /// Takes any other connection.
    pub(crate) fn over(other: impl Transport + 'static, message_bytes: usize) -> (Wire, Self) {
        (Wire::Task, Self::new(Bytes::new(), Some(Box::pin(other)), message_bytes))
    }

    fn new(early: Bytes, other: Option<Pin<Box<dyn Transport>>>, message_bytes: usize) -> Self {
        let decoder = Decoder::new(message_bytes);
        Self { decoder, messages: VecDeque::new(), violation: None, early, ended: false, other }
    }

    /// Writes what waits; ready when nothing does.
    pub(crate) fn poll_write(&mut self, socket: &Socket, context: &mut Context<'_>) -> Poll<()> {
        let Some(other) = &mut self.other else { return socket.poll_flush(context) };
        ready!(socket.poll_flush_by(|bytes| other.as_mut().poll_write(context, bytes)));
        if socket.standing() != Standing::Cut && ready!(other.as_mut().poll_flush(context)).is_err() {
            socket.abandon();
        }
        Poll::Ready(())
    }

    /// Says that nothing more is written, where the socket below does not do so by itself.
    pub(crate) async fn shut_down(&mut self) {
        if let Some(other) = &mut self.other {
            // It fails where the other side has gone already.
            let _ = other.as_mut().shutdown().await;
        }
    }

    /// Reads until there is something whole.
    pub(crate) fn poll_read(&mut self, socket: &Socket, context: &mut Context<'_>) -> Poll<Arrived> {
        if !self.early.is_empty() {
            let early = std::mem::take(&mut self.early);
            self.decode(&early);
        }
        loop {
            if let Some(message) = self.messages.pop_front() {
                self.ended |= matches!(message, Message::Close(_));
                return Poll::Ready(Arrived::Message(message));
            }
            self.messages = VecDeque::new();
            if let Some(violation) = self.violation.take() {
                return Poll::Ready(Arrived::Violation(violation));
            }
            if self.ended {
                return Poll::Ready(Arrived::End);
            }
            let mut piece = [0; PIECE];
            match ready!(self.poll_piece(socket, context, &mut piece)) {
                Ok(read) if read > 0 => self.decode(&piece[..read]),
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                _ => self.ended = true,
            }
        }
    }

    fn poll_piece(
        &mut self,
        socket: &Socket,
        context: &mut Context<'_>,
        piece: &mut [u8],
    ) -> Poll<std::io::Result<usize>> {
        if let Some(stream) = socket.tcp() {
            ready!(stream.poll_read_ready(context))?;
            return Poll::Ready(stream.try_read(piece));
        }
        let Some(other) = &mut self.other else { return Poll::Ready(Ok(0)) };
        let mut buffer = ReadBuf::new(piece);
        ready!(other.as_mut().poll_read(context, &mut buffer))?;
        Poll::Ready(Ok(buffer.filled().len()))
    }

    fn decode(&mut self, mut bytes: &[u8]) {
        loop {
            match self.decoder.next(&mut bytes) {
                Ok(Some(message)) => self.messages.push_back(message),
                Ok(None) => return,
                Err(violation) => {
                    self.violation = Some(violation);
                    return;
                }
            }
        }
    }
}

/// Returns the plain socket below, under hyper's own server or under `axum::serve`.
fn plain(upgraded: Upgraded) -> Result<(TcpStream, Bytes), Upgraded> {
    // A copy of what came early, because the buffer that it came in is large and would be kept with it.
    let copied = |early: Bytes| Bytes::copy_from_slice(&early);
    match upgraded.downcast::<TokioIo<TcpStream>>() {
        Ok(parts) => Ok((parts.io.into_inner(), copied(parts.read_buf))),
        Err(upgraded) => {
            let parts = hyper_util::server::conn::auto::upgrade::downcast::<TokioIo<TcpStream>>(upgraded)?;
            Ok((parts.io.into_inner(), copied(parts.read_buf)))
        }
    }
}

/// Frames are small and leave at once; a peer that does not even acknowledge them is gone.
fn keep_watch(stream: &TcpStream) {
    let socket = socket2::SockRef::from(stream);
    let set = socket
        .set_tcp_nodelay(true)
        .and_then(|()| socket.set_tcp_user_timeout(Some(UNACKNOWLEDGED)))
        .and_then(|()| socket.set_tcp_notsent_lowat(UNSENT));
    if let Err(error) = set {
        tracing::debug!(%error, "a socket cannot be tuned");
    }
}
