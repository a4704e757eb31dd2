//! Who listens to what, and how a broadcast reaches all of them.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use cable_core::Stream;
use cable_core::ports::{Broadcast, Pending, Receive};
use serde_json::value::RawValue;

use crate::channel::encode;
use crate::client::Client;

/// How many maps the streams are spread over, so that few wait for each other.
const SHARDS: usize = 32;
/// After so many deliveries others get their turn.
const AT_ONCE: usize = 64;

pub(crate) struct Hub<I> {
    shards: Vec<Mutex<HashMap<Stream, Arc<Topic<I>>>>>,
    hasher: RandomState,
    broadcasts: AtomicU64,
}

/// Everybody who listens to one stream.
struct Topic<I> {
    /// Broadcasts to one stream are delivered one after the other.
    order: tokio::sync::Mutex<()>,
    members: Mutex<Members<I>>,
}

struct Members<I> {
    /// A member keeps its place, because a broadcast may be under way.
    places: Vec<Option<Member<I>>>,
    free: Vec<u32>,
}

struct Member<I> {
    client: Arc<Client<I>>,
    identifier: Arc<str>,
}

/// A place among those who listen to a stream.
#[derive(Debug)]
pub(crate) struct Place {
    pub(crate) stream: Stream,
    at: u32,
}

impl<I: Send + Sync + 'static> Hub<I> {
    pub(crate) fn new() -> Self {
        let shards = (0..SHARDS).map(|_| Mutex::default()).collect();
        Self { shards, hasher: RandomState::new(), broadcasts: AtomicU64::new(0) }
    }

    /// Adds a subscription to a stream.
    pub(crate) fn join(&self, stream: &Stream, client: &Arc<Client<I>>, identifier: &Arc<str>) -> Place {
        let mut shard = self.shard(stream);
        let topic = shard.entry(stream.clone()).or_insert_with(|| Arc::new(Topic::new()));
        let member = Member { client: Arc::clone(client), identifier: Arc::clone(identifier) };
        let at = topic.members().add(member);
        Place { stream: stream.clone(), at }
    }

    /// Takes a subscription off a stream; answers whether it was the last there.
    pub(crate) fn leave(&self, place: &Place) -> bool {
        let mut shard = self.shard(&place.stream);
        let Some(topic) = shard.get(&place.stream) else { return false };
        let is_empty = topic.members().remove(place.at);
        if is_empty {
            shard.remove(&place.stream);
            if shard.is_empty() {
                shard.shrink_to_fit();
            }
        }
        is_empty
    }

    /// Delivers a broadcast; returns how many connections got it.
    async fn deliver(&self, broadcast: &Broadcast) -> usize {
        let topic = self.shard(&broadcast.stream).get(&broadcast.stream).cloned();
        let Some(topic) = topic else { return 0 };
        let _in_order = topic.order.lock().await;
        let number = self.broadcasts.fetch_add(1, Ordering::Relaxed) + 1;
        let mut frames = Frames::new(&broadcast.message);
        let (mut connections, mut deliveries, mut from) = (0, 0, 0);
        loop {
            let next = topic.members().deliver(from, &mut frames, |client, was_sent| {
                deliveries += u64::from(was_sent);
                connections += usize::from(was_sent && client.count(number));
            });
            let Some(next) = next else { break };
            from = next;
            tokio::task::yield_now().await;
        }
        metrics::counter!("cable_broadcasts_total").increment(1);
        metrics::counter!("cable_deliveries_total").increment(deliveries);
        connections
    }

    fn shard(&self, stream: &Stream) -> MutexGuard<'_, HashMap<Stream, Arc<Topic<I>>>> {
        let hash = self.hasher.hash_one(stream);
        #[expect(clippy::cast_possible_truncation, reason = "the remainder is smaller than the number of shards")]
        let at = (hash % SHARDS as u64) as usize;
        self.shards[at].lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<I: Send + Sync + 'static> Receive for Hub<I> {
    fn receive(&self, broadcast: Broadcast) -> Pending<'_, usize> {
        Box::pin(async move { self.deliver(&broadcast).await })
    }
}

impl<I> Topic<I> {
    fn new() -> Self {
        let members = Members { places: Vec::new(), free: Vec::new() };
        Self { order: tokio::sync::Mutex::new(()), members: Mutex::new(members) }
    }

    fn members(&self) -> MutexGuard<'_, Members<I>> {
        self.members.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<I> Members<I> {
    fn add(&mut self, member: Member<I>) -> u32 {
        if let Some(at) = self.free.pop() {
            self.places[at as usize] = Some(member);
            return at;
        }
        self.places.push(Some(member));
        u32::try_from(self.places.len() - 1).unwrap_or(u32::MAX)
    }

    /// Empties a place; answers whether all are empty.
    fn remove(&mut self, at: u32) -> bool {
        if self.places.get_mut(at as usize).and_then(Option::take).is_some() {
            self.free.push(at);
        }
        self.free.len() == self.places.len()
    }

    /// Delivers to the next few from a place on; returns where to go on, if anywhere.
    fn deliver(
        &self,
        from: usize,
        frames: &mut Frames<'_>,
        mut delivered: impl FnMut(&Client<I>, bool),
    ) -> Option<usize> {
        let until = (from + AT_ONCE).min(self.places.len());
        for member in self.places.get(from..until)?.iter().flatten() {
            if let Some(frame) = frames.frame(&member.identifier) {
                delivered(&member.client, member.client.socket.send(frame));
            }
        }
        (until < self.places.len()).then_some(until)
    }
}

/// The frames of one broadcast: one for each identifier, encoded once, shared by all who have it.
struct Frames<'a> {
    message: &'a RawValue,
    last: Option<(Arc<str>, Bytes)>,
    others: HashMap<Arc<str>, Bytes>,
}

impl<'a> Frames<'a> {
    fn new(message: &'a RawValue) -> Self {
        Self { message, last: None, others: HashMap::new() }
    }

    fn frame(&mut self, identifier: &Arc<str>) -> Option<&Bytes> {
        let is_last = self.last.as_ref().is_some_and(|(last, _)| last == identifier);
        if !is_last {
            let known = self.others.remove(identifier);
            let frame = known.map_or_else(|| encode(identifier, self.message).ok(), Some)?;
            if let Some((last, frame)) = self.last.replace((Arc::clone(identifier), frame)) {
                self.others.insert(last, frame);
            }
        }
        self.last.as_ref().map(|(_, frame)| frame)
    }
}
