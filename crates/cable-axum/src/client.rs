//! A connection, as everybody but its own task sees it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use cable_core::Disconnect;

use crate::socket::{Patience, Socket};

/// Somebody who is connected.
pub(crate) struct Client<I> {
    pub(crate) identity: I,
    pub(crate) socket: Socket,
    /// The last broadcast that was counted for this connection.
    counted: AtomicU64,
    /// The channels whose subscriptions are to end; its own task ends them.
    to_end: Mutex<Vec<&'static str>>,
}

impl<I> Client<I> {
    pub(crate) fn new(identity: I, socket: Socket) -> Self {
        Self { identity, socket, counted: AtomicU64::new(0), to_end: Mutex::new(Vec::new()) }
    }

    /// Returns whether the broadcast with this number is counted for the first time.
    pub(crate) fn count(&self, broadcast: u64) -> bool {
        self.counted.swap(broadcast, Ordering::Relaxed) != broadcast
    }

    /// Tells the client why, and closes; false when that had begun before.
    pub(crate) fn close(&self, why: &Disconnect, patience: Patience) -> bool {
        let closed = self.socket.close(why, patience);
        if closed {
            metrics::counter!("cable_disconnects_total", "reason" => why.reason.clone().into_owned()).increment(1);
        }
        closed
    }

    /// Asks the connection's task to end its subscriptions to a channel.
    pub(crate) fn end(&self, channel: &'static str) {
        self.to_end.lock().unwrap_or_else(PoisonError::into_inner).push(channel);
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
