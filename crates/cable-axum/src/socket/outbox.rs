//! What waits to be written.

use std::collections::VecDeque;

use bytes::{Buf, Bytes};

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
    pub(super) queue: VecDeque<Bytes>,
    /// How many bytes that is.
    pub(super) waiting: usize,
    /// Whether the beginning of the first frame is written already.
    pub(super) begun: bool,
    /// How many pings in a row found something waiting.
    pub(super) stalled: u8,
    pub(super) state: State,
}

impl Outbox {
    pub(super) fn push(&mut self, bytes: Bytes) {
        self.waiting += bytes.len();
        self.queue.push_back(bytes);
    }

    /// Puts a frame in front of what waits, behind the one that is begun.
    pub(super) fn push_next(&mut self, bytes: Bytes) {
        self.waiting += bytes.len();
        self.queue.insert(usize::from(self.begun), bytes);
    }

    pub(super) fn advance(&mut self, written: usize) {
        let Some(front) = self.queue.front_mut() else { return };
        front.advance(written);
        self.waiting -= written;
        self.begun = written > 0 || self.begun;
        if front.is_empty() {
            self.queue.pop_front();
            self.begun = false;
        }
        if self.queue.is_empty() {
            self.clear();
        }
    }

    /// Forgets what waits, except the rest of a frame that is begun: half a frame would break what follows.
    pub(super) fn keep_begun_frame(&mut self) {
        self.queue.truncate(usize::from(self.begun));
        self.waiting = self.queue.iter().map(Bytes::len).sum();
    }

    pub(super) fn clear(&mut self) {
        // Frees the memory too: most sockets never wait again.
        self.queue = VecDeque::new();
        (self.waiting, self.begun, self.stalled) = (0, false, 0);
    }
}
