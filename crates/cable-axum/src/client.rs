//! A connection, as everybody but its own task sees it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use cable_core::Disconnect;

use crate::frame::CloseCode;
use crate::measure;
use crate::socket::{Patience, Socket, Standing};

/// Somebody who is connected.
pub(crate) struct Client<I> {
    pub(crate) identity: I,
    pub(crate) socket: Socket,
    /// Whether it was welcomed, and expects pings.
    welcomed: AtomicBool,
    /// The channels whose subscriptions are to end; its own task ends them.
    to_end: Mutex<Vec<&'static str>>,
}

impl<I> Client<I> {
    pub(crate) fn new(identity: I, socket: Socket) -> Self {
        Self { identity, socket, welcomed: AtomicBool::new(false), to_end: Mutex::new(Vec::new()) }
    }

    pub(crate) fn is_open(&self) -> bool {
        self.socket.standing() == Standing::Open
    }

    /// Takes note that it is about to be welcomed.
    pub(crate) fn welcome(&self) {
        self.welcomed.store(true, Ordering::Relaxed);
    }

    pub(crate) fn ping(&self, frame: &Bytes) {
        if self.welcomed.load(Ordering::Relaxed) {
            self.socket.ping(frame);
        }
    }

    /// Tells the client why, and closes; false when that had begun before.
    pub(crate) fn close(&self, why: &Disconnect, patience: Patience) -> bool {
        let closed = self.socket.close(why, patience);
        if closed {
            measure::disconnected(why.reason.clone());
        }
        closed
    }

    /// Answers a client that closes.
    pub(crate) fn left(&self, code: CloseCode) {
        if self.socket.close_with(code) {
            measure::disconnected("left".into());
        }
    }

    /// Closes because the client broke the WebSocket protocol.
    pub(crate) fn breaks_off(&self, code: CloseCode) {
        measure::violation();
        if self.socket.close_with(code) {
            measure::disconnected("violation".into());
        }
    }

    /// Ends a connection that has broken off.
    pub(crate) fn is_gone(&self) {
        self.socket.abandon();
    }

    /// Asks the connection's task to end its subscriptions to a channel.
    pub(crate) fn end(&self, channel: &'static str) {
        let mut to_end = self.to_end.lock().unwrap_or_else(PoisonError::into_inner);
        if !to_end.contains(&channel) {
            to_end.push(channel);
        }
        drop(to_end);
        self.socket.wake();
    }

    /// Returns whether there is something for the connection's task to end.
    pub(crate) fn is_asked(&self) -> bool {
        !self.to_end.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }

    /// Returns what was asked by [`Self::end`] since the last time.
    pub(crate) fn to_end(&self) -> Vec<&'static str> {
        std::mem::take(&mut *self.to_end.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
