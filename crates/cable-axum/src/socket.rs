//! The sending half of a socket: whoever has a frame writes it at once, and only what does not fit waits.

use std::io::ErrorKind;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

use bytes::{Bytes, BytesMut};
use cable_core::Disconnect;
use futures_util::task::AtomicWaker;
use tokio::net::TcpStream;

use crate::frame::{self, CloseCode};

mod outbox;

use outbox::{Outbox, State};

/// After so many pings in a row that found something waiting, the client reads too slowly.
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
    /// Returns a socket; more than `at_most` waiting bytes are too slow.
    pub(crate) fn new(wire: Wire, at_most: usize) -> Self {
        Self { wire, out: Mutex::default(), task: AtomicWaker::new(), at_most }
    }

    /// Sends a frame; false when the socket takes no more.
    pub(crate) fn send(&self, frame: &Bytes) -> bool {
        let mut out = self.lock();
        if out.state != State::Open {
            return false;
        }
        if !self.write_or_queue(&mut out, frame) {
            return false;
        }
        if out.waiting > self.at_most {
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
        if out.queue.is_empty() {
            self.write_or_queue(&mut out, frame);
            return;
        }
        if out.stalled == 0 {
            out.push_next(frame.clone());
        }
        out.stalled += 1;
        if out.stalled >= STALLED_PINGS {
            self.too_slow(&mut out);
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
        match patience {
            Patience::None if out.state == State::Cut => {}
            Patience::None => {
                let told = was_open && out.queue.is_empty() && self.try_write(words) == Some(words.len());
                out.clear();
                if told {
                    out.state = State::Closing;
                } else if was_open && matches!(self.wire, Wire::Task) {
                    // Its task writes a moment later; what waited before is gone.
                    out.push(words.clone());
                    out.state = State::Closing;
                } else {
                    self.cut(&mut out);
                }
            }
            Patience::Some if was_open => {
                out.keep_begun_frame();
                self.write_or_queue(&mut out, words);
                if out.state == State::Open {
                    out.state = State::Closing;
                }
            }
            Patience::Some => {}
        }
        drop(out);
        self.task.wake();
        was_open
    }

    /// Ends the connection without another word.
    pub(crate) fn abandon(&self) {
        let mut out = self.lock();
        self.cut(&mut out);
        drop(out);
        self.task.wake();
    }

    fn cut(&self, out: &mut Outbox) {
        out.clear();
        out.state = State::Cut;
        if let Wire::Tcp(stream) = &self.wire {
            // It fails where the other side has gone already.
            let _ = socket2::SockRef::from(stream).shutdown(std::net::Shutdown::Both);
        }
    }

    fn too_slow(&self, out: &mut Outbox) {
        out.keep_begun_frame();
        out.push(last_words(Some(&Disconnect::TOO_SLOW), CloseCode::NORMAL));
        out.state = State::Closing;
        metrics::counter!("cable_disconnects_total", "reason" => "too_slow").increment(1);
        self.task.wake();
    }

    /// Writes as much as can be, and queues the rest; false when the other side is gone.
    fn write_or_queue(&self, out: &mut Outbox, frame: &Bytes) -> bool {
        let written = if out.queue.is_empty() { self.try_write(frame) } else { Some(0) };
        match written {
            Some(written) if written == frame.len() => true,
            Some(written) => {
                out.push(frame.slice(written..));
                out.begun = written > 0 || out.begun;
                self.task.wake();
                true
            }
            None => {
                self.cut(out);
                self.task.wake();
                false
            }
        }
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
        loop {
            if !self.has_waiting() {
                return Poll::Ready(());
            }
            let is_writable = ready!(stream.poll_write_ready(context)).is_ok();
            let mut out = self.lock();
            let Some(front) = out.queue.front() else { return Poll::Ready(()) };
            match self.try_write(front).filter(|_| is_writable) {
                Some(written) => out.advance(written),
                None => self.cut(&mut out),
            }
        }
    }

    /// Returns what is to be written first, for a task that writes by itself.
    pub(crate) fn front(&self) -> Option<Bytes> {
        self.lock().queue.front().cloned()
    }

    /// Takes note that so much of [`Self::front`] was written.
    pub(crate) fn advance(&self, written: usize) {
        self.lock().advance(written);
    }

    pub(crate) fn has_waiting(&self) -> bool {
        !self.lock().queue.is_empty()
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
