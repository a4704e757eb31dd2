//! Every connection: to ping them, to find them, to close them.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use tokio::sync::Notify;

use crate::client::Client;

/// All connections, in as many sections as there are moments in the interval between two pings: each section gets its
/// ping at its own moment, so that never all are written to at once.
pub(crate) struct Roster<I> {
    sections: Vec<Mutex<Section<I>>>,
    next: AtomicUsize,
    count: AtomicUsize,
    emptied: Notify,
}

struct Section<I> {
    places: Vec<Option<Arc<Client<I>>>>,
    free: Vec<usize>,
}

/// Where a connection stands in the roster.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seat {
    section: usize,
    at: usize,
}

impl<I> Roster<I> {
    pub(crate) fn new(sections: usize) -> Self {
        let section = || Mutex::new(Section { places: Vec::new(), free: Vec::new() });
        Self {
            sections: (0..sections.max(1)).map(|_| section()).collect(),
            next: AtomicUsize::new(0),
            count: AtomicUsize::new(0),
            emptied: Notify::new(),
        }
    }

    pub(crate) fn enter(&self, client: &Arc<Client<I>>) -> Seat {
        let section = self.next.fetch_add(1, Ordering::Relaxed) % self.sections.len();
        let mut clients = self.section(section);
        let at = clients.free.pop().unwrap_or(clients.places.len());
        if at == clients.places.len() {
            clients.places.push(None);
        }
        clients.places[at] = Some(Arc::clone(client));
        self.count.fetch_add(1, Ordering::SeqCst);
        Seat { section, at }
    }

    pub(crate) fn leave(&self, seat: Seat) {
        let mut clients = self.section(seat.section);
        if clients.places.get_mut(seat.at).and_then(Option::take).is_some() {
            clients.free.push(seat.at);
            if self.count.fetch_sub(1, Ordering::SeqCst) == 1 {
                self.emptied.notify_waiters();
            }
        }
    }

    /// Waits until there are none.
    pub(crate) async fn emptied(&self) {
        loop {
            let emptied = self.emptied.notified();
            if self.len() == 0 {
                return;
            }
            emptied.await;
        }
    }

    /// Returns how many connections there are.
    pub(crate) fn len(&self) -> usize {
        self.count.load(Ordering::SeqCst)
    }

    /// Calls `visit` for every connection, section by section; `visit` must not come back here.
    pub(crate) fn each(&self, mut visit: impl FnMut(&Arc<Client<I>>)) {
        for section in 0..self.sections.len() {
            self.section(section).places.iter().flatten().for_each(&mut visit);
        }
    }

    /// Pings one section; returns how many there are.
    pub(crate) fn ping(&self, turn: usize, frame: &Bytes) -> usize {
        let section = turn % self.sections.len();
        self.section(section).places.iter().flatten().for_each(|client| client.ping(frame));
        self.sections.len()
    }

    fn section(&self, section: usize) -> MutexGuard<'_, Section<I>> {
        self.sections[section].lock().unwrap_or_else(PoisonError::into_inner)
    }
}
