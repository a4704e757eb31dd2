//! The sending half of a socket: whoever has a frame writes it at once, and only what does not fit waits.

use std::io;
use std::io::ErrorKind;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

use bytes::{Bytes, BytesMut};
use cable_core::Disconnect;
use futures_util::task::AtomicWaker;
use tokio::net::TcpStream;

use crate::frame::{self, CloseCode};
use crate::measure;

mod outbox;
#[cfg(test)]
mod tests;

use outbox::{Outbox, State};

/// When so many pings came while the first of them could not be written, the client reads too slowly.
const STALLED_PINGS: u8 = 5;

/// Where frames are written.
pub(crate) enum Wire {
    /// A plain socket, which anybody may write to.
    Tcp(TcpStream),
    /// Anything else, such as TLS: only the connection's own task may write to it.
    Task,
}

/// How patient a close is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Patience {
    /// The client is told if it can be told at once; nothing at all is written afterwards.
    None,
    /// The client has a moment to read what it is told.
    Some,
}

/// The sending half of a socket.
pub(crate) struct Socket {
    wire: Wire,
    out: Mutex<Outbox>,
    task: AtomicWaker,
    at_most: usize,
}

/// What is left to be done for a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// It is open.
    Open,
    /// The client was told, or is being told, and has a moment to answer.
    Closing,
    /// Nothing may be written any more.
    Cut,
}

impl Socket {
    /// Returns a socket; more than `at_most` waiting bytes, and more than one frame, are too slow.
    pub(crate) fn new(wire: Wire, at_most: usize) -> Self {
        Self { wire, out: Mutex::default(), task: AtomicWaker::new(), at_most }
    }

    /// Sends a frame; false when the socket takes no more.
    pub(crate) fn send(&self, frame: &Bytes) -> bool {
        let mut out = self.lock();
        if out.state != State::Open {
            return false;
        }
        // Who has read everything so far is not slow, however large this frame is.
        let is_behind = !out.is_empty();
        if !self.write_or_queue(&mut out, frame) {
            return false;
        }
        if is_behind && out.weight() > self.at_most {
            self.too_slow(&mut out);
            return false;
        }
        true
    }

    /// Sends a ping, ahead of what waits: a client that hears nothing goes away.
    pub(crate) fn ping(&self, frame: &Bytes) {
        let mut out = self.lock();
        if out.state != State::Open {
            return;
        }
        let written = if out.is_empty() { self.try_write(frame) } else { Some(0) };
        match written {
            Some(0) => {
                let is_first = out.is_empty();
                if out.push_ping(frame.clone()) >= STALLED_PINGS {
                    self.too_slow(&mut out);
                } else if is_first {
                    self.task.wake();
                }
            }
            Some(written) => self.queue_rest(&mut out, frame, written),
            None => self.cut(&mut out),
        }
    }

    /// Tells the client why, and closes; false when that had begun before.
    pub(crate) fn close(&self, why: &Disconnect, patience: Patience) -> bool {
        self.finish(&last_words(Some(why), CloseCode::NORMAL), patience)
    }

    /// Closes with a code only.
    pub(crate) fn close_with(&self, code: CloseCode) -> bool {
        self.finish(&last_words(None, code), Patience::Some)
    }

    fn finish(&self, words: &Bytes, patience: Patience) -> bool {
        let mut out = self.lock();
        let was_open = out.state == State::Open;
        match (patience, out.state) {
            (Patience::Some, State::Open) => {
                out.keep_begun_frame();
                out.state = State::Closing;
                self.write_or_queue(&mut out, words);
            }
            (Patience::None, State::Open) => self.finish_at_once(&mut out, words),
            // Nothing is written later, except the last words by a task that alone can write them.
            (Patience::None, State::Closing) => match self.wire {
                Wire::Task if out.len() <= 1 => {}
                _ if out.is_empty() => {}
                _ => self.cut(&mut out),
            },
            _ => {}
        }
        drop(out);
        self.task.wake();
        was_open
    }

    fn finish_at_once(&self, out: &mut Outbox, words: &Bytes) {
        let is_told = match self.wire {
            Wire::Tcp(_) => out.is_empty() && self.try_write(words) == Some(words.len()),
            Wire::Task => out.is_between_frames(),
        };
        out.state = State::Closing;
        if !is_told {
            self.cut(out);
            return;
        }
        out.clear();
        if matches!(self.wire, Wire::Task) {
            // Its task writes a moment later; what waited before is gone.
            out.push(words.clone());
        }
    }

    /// Ends the connection without another word.
    pub(crate) fn abandon(&self) {
        self.cut(&mut self.lock());
    }

    fn cut(&self, out: &mut Outbox) {
        if out.state == State::Open {
            measure::disconnected("gone".into());
        }
        out.clear();
        out.state = State::Cut;
        self.task.wake();
        if let Wire::Tcp(stream) = &self.wire {
            // It fails where the other side has gone already.
            let _ = socket2::SockRef::from(stream).shutdown(std::net::Shutdown::Both);
        }
    }

    fn too_slow(&self, out: &mut Outbox) {
        out.keep_begun_frame();
        out.push(last_words(Some(&Disconnect::TOO_SLOW), CloseCode::NORMAL));
        out.state = State::Closing;
        measure::disconnected(Disconnect::TOO_SLOW.reason);
        self.task.wake();
    }

    /// Writes as much as can be, and queues the rest; false when the other side is gone.
    fn write_or_queue(&self, out: &mut Outbox, frame: &Bytes) -> bool {
        if !out.is_empty() {
            // The task has been woken for what waits, and writes on by itself.
            out.push(frame.clone());
            return true;
        }
        match self.try_write(frame) {
            Some(written) => {
                self.queue_rest(out, frame, written);
                true
            }
            None => {
                self.cut(out);
                false
            }
        }
    }

    /// Queues what was not written of a frame, alone.
    fn queue_rest(&self, out: &mut Outbox, frame: &Bytes, written: usize) {
        match written {
            0 => out.push(frame.clone()),
            _ if written < frame.len() => out.push_rest(frame.slice(written..)),
            _ => return,
        }
        self.task.wake();
    }

    /// Returns how many bytes were written at once, or none when the other side is gone.
    fn try_write(&self, bytes: &[u8]) -> Option<usize> {
        let Wire::Tcp(stream) = &self.wire else { return Some(0) };
        match stream.try_write(bytes) {
            Ok(written) => Some(written),
            Err(error) if error.kind() == ErrorKind::WouldBlock => Some(0),
            Err(_) => None,
        }
    }

    /// Writes what waits, for the connection's own task; ready when nothing waits.
    pub(crate) fn poll_flush(&self, context: &mut Context<'_>) -> Poll<()> {
        let Wire::Tcp(stream) = &self.wire else { return Poll::Ready(()) };
        self.poll_flush_by(|bytes| {
            loop {
                ready!(stream.poll_write_ready(context))?;
                match stream.try_write(bytes) {
                    Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                    written => return Poll::Ready(written),
                }
            }
        })
    }

    /// The same by `write`, for a task that alone can write. Nobody changes what waits while it does.
    pub(crate) fn poll_flush_by(&self, mut write: impl FnMut(&[u8]) -> Poll<io::Result<usize>>) -> Poll<()> {
        loop {
            let mut out = self.lock();
            let Some(front) = out.front() else { return Poll::Ready(()) };
            match ready!(write(front)) {
                Ok(written) if written > 0 => out.advance(written),
                _ => self.cut(&mut out),
            }
        }
    }

    pub(crate) fn standing(&self) -> Standing {
        match self.lock().state {
            State::Open => Standing::Open,
            State::Closing => Standing::Closing,
            State::Cut => Standing::Cut,
        }
    }

    pub(crate) fn tcp(&self) -> Option<&TcpStream> {
        match &self.wire {
            Wire::Tcp(stream) => Some(stream),
            Wire::Task => None,
        }
    }

    /// Has the connection's task woken when there is something for it.
    pub(crate) fn register(&self, context: &Context<'_>) {
        self.task.register(context.waker());
    }

    pub(crate) fn wake(&self) {
        self.task.wake();
    }

    fn lock(&self) -> MutexGuard<'_, Outbox> {
        self.out.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns the last that a client hears, in one piece.
fn last_words(why: Option<&Disconnect>, code: CloseCode) -> Bytes {
    let mut words = BytesMut::new();
    if let Some(why) = why {
        words.extend_from_slice(&frame::text(&why.frame()));
    }
    words.extend_from_slice(&frame::close(code, ""));
    words.freeze()
}
