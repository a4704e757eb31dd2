//! The receiving half of a socket, and the sending half where only its task may write.

use std::collections::VecDeque;
use std::io::ErrorKind;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead as _, AsyncWrite as _, ReadBuf};
use tokio::net::TcpStream;

use crate::frame::{Decoder, Message, Violation};
use crate::socket::{Socket, Wire};

/// How much is read at once, in bytes; on the stack, so that a connection that says nothing has no buffer.
const PIECE: usize = 4 * 1024;
/// After so long without any acknowledgement the other side is gone.
const UNACKNOWLEDGED: Duration = Duration::from_secs(30);

/// What reads from a connection.
pub(crate) struct Io {
    decoder: Decoder,
    messages: VecDeque<Message>,
    /// What broke the protocol, behind the messages before it.
    violation: Option<Violation>,
    /// What came with the upgrade request, and is read first.
    early: Bytes,
    other: Option<Pin<Box<TokioIo<Upgraded>>>>,
}

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
        let (wire, early, other) = match plain(upgraded) {
            Ok((stream, early)) => {
                keep_watch(&stream);
                (Wire::Tcp(stream), early, None)
            }
            Err(upgraded) => (Wire::Task, Bytes::new(), Some(Box::pin(TokioIo::new(upgraded)))),
        };
        let decoder = Decoder::new(message_bytes);
        (wire, Self { decoder, messages: VecDeque::new(), violation: None, early, other })
    }

    /// Writes what waits; ready when nothing does.
    pub(crate) fn poll_write(&mut self, socket: &Socket, context: &mut Context<'_>) -> Poll<()> {
        let Some(other) = &mut self.other else { return socket.poll_flush(context) };
        while let Some(front) = socket.front() {
            match ready!(other.as_mut().poll_write(context, &front)) {
                Ok(written) if written > 0 => socket.advance(written),
                _ => socket.abandon(),
            }
        }
        match ready!(other.as_mut().poll_flush(context)) {
            Ok(()) => {}
            Err(_) => socket.abandon(),
        }
        Poll::Ready(())
    }

    /// Reads until there is something whole.
    pub(crate) fn poll_read(&mut self, socket: &Socket, context: &mut Context<'_>) -> Poll<Arrived> {
        if !self.early.is_empty() {
            let early = std::mem::take(&mut self.early);
            self.decode(&early);
        }
        loop {
            if let Some(message) = self.messages.pop_front() {
                return Poll::Ready(Arrived::Message(message));
            }
            self.messages = VecDeque::new();
            if let Some(violation) = self.violation.take() {
                return Poll::Ready(Arrived::Violation(violation));
            }
            let mut piece = [0; PIECE];
            match ready!(self.poll_piece(socket, context, &mut piece)) {
                Ok(0) => return Poll::Ready(Arrived::End),
                Ok(read) => self.decode(&piece[..read]),
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(_) => return Poll::Ready(Arrived::End),
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
    let set = socket.set_tcp_nodelay(true).and_then(|()| socket.set_tcp_user_timeout(Some(UNACKNOWLEDGED)));
    if let Err(error) = set {
        tracing::debug!(%error, "a socket cannot be tuned");
    }
}
