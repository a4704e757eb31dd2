//! What waits to be written.

use std::collections::VecDeque;

use bytes::{Buf, Bytes};

#[cfg(test)]
mod tests;

/// What a frame that waits takes besides its bytes.
const EACH: usize = 64;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum State {
    #[default]
    Open,
    /// The last words are written, or waiting; nothing is added to them.
    Closing,
    /// Nothing is written any more.
    Cut,
}

#[derive(Debug, Default)]
pub(super) struct Outbox {
    queue: VecDeque<Bytes>,
    /// How many bytes that is.
    waiting: usize,
    /// Whether the beginning of the first frame is written already.
    begun: bool,
    /// Where in the queue a ping waits.
    ping_at: Option<usize>,
    /// How many pings came while that one waited, itself included.
    pings: u8,
    pub(super) state: State,
}

impl Outbox {
    pub(super) fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    /// Returns how many frames wait; while closing, the last of them are the last words.
    pub(super) fn len(&self) -> usize {
        self.queue.len()
    }

    /// Returns what is to be written first.
    pub(super) fn front(&self) -> Option<&Bytes> {
        self.queue.front()
    }

    /// Returns whether nothing of the first frame is written yet.
    pub(super) fn is_between_frames(&self) -> bool {
        !self.begun
    }

    /// Returns about how much memory waits to be written, in bytes.
    pub(super) fn weight(&self) -> usize {
        self.waiting + self.queue.len() * EACH
    }

    /// Puts a frame behind what waits.
    pub(super) fn push(&mut self, frame: Bytes) {
        self.waiting += frame.len();
        self.queue.push_back(frame);
    }

    /// Puts the rest of a frame, of which something was written, into an empty queue.
    pub(super) fn push_rest(&mut self, rest: Bytes) {
        self.push(rest);
        self.begun = true;
    }

    /// Puts a ping in front of what waits, behind the frame that is begun; returns how many pings came since one waits.
    pub(super) fn push_ping(&mut self, ping: Bytes) -> u8 {
        if self.ping_at.is_none() {
            let at = usize::from(self.begun);
            self.waiting += ping.len();
            self.queue.insert(at, ping);
            (self.ping_at, self.pings) = (Some(at), 0);
        }
        self.pings = self.pings.saturating_add(1);
        self.pings
    }

    /// Takes note that so much of [`Self::front`] was written.
    pub(super) fn advance(&mut self, written: usize) {
        let Some(front) = self.queue.front_mut() else { return };
        front.advance(written);
        self.waiting -= written;
        self.begun = written > 0 || self.begun;
        if front.is_empty() {
            self.queue.pop_front();
            self.begun = false;
            self.ping_at = self.ping_at.and_then(|at| at.checked_sub(1));
        }
        if self.queue.is_empty() {
            self.clear();
        }
    }

    /// Forgets what waits, except the rest of a frame that is begun: half a frame would break what follows.
    pub(super) fn keep_begun_frame(&mut self) {
        self.queue.truncate(usize::from(self.begun));
        self.waiting = self.queue.iter().map(Bytes::len).sum();
        self.ping_at = self.ping_at.filter(|at| *at < self.queue.len());
    }

    pub(super) fn clear(&mut self) {
        // Frees the memory too: most sockets never wait again.
        self.queue = VecDeque::new();
        (self.waiting, self.begun, self.ping_at, self.pings) = (0, false, None, 0);
    }
}
