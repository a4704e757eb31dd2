//! Who listens to what, and how a broadcast reaches all of them.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use cable_core::Stream;
use cable_core::ports::{Broadcast, Pending, Receive};
use serde_json::value::RawValue;

use crate::channel::encode;
use crate::client::Client;
use crate::measure;

/// How many maps the streams are spread over, so that few wait for each other.
const SHARDS: usize = 32;
/// After so many deliveries others get their turn.
const AT_ONCE: usize = 64;

pub(crate) struct Hub<I> {
    shards: Vec<Mutex<HashMap<Stream, Arc<Topic<I>>>>>,
    hasher: RandomState,
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
        Self { shards, hasher: RandomState::new() }
    }

    /// Adds a subscription to a stream.
    pub(crate) fn join(&self, stream: &Stream, client: &Arc<Client<I>>, identifier: &Arc<str>) -> Place {
        let mut shard = self.shard(stream);
        let entry = shard.entry(stream.clone());
        // One text for all who listen.
        let stream = entry.key().clone();
        let topic = entry.or_insert_with(|| Arc::new(Topic::new()));
        let mut members = topic.members();
        let member = Member { client: Arc::clone(client), identifier: members.shared(identifier) };
        Place { stream, at: members.add(member) }
    }

    /// Takes a subscription off a stream, and calls `forget` if it was the last there, before anybody else joins it.
    pub(crate) fn leave(&self, place: &Place, forget: impl FnOnce(&Stream)) {
        let mut shard = self.shard(&place.stream);
        let Some(topic) = shard.get(&place.stream) else { return };
        let is_empty = topic.members().remove(place.at);
        if is_empty {
            shard.remove(&place.stream);
            if shard.capacity() > 4 * shard.len() {
                shard.shrink_to_fit();
            }
            forget(&place.stream);
        }
    }

    /// Delivers a broadcast; returns how many connections got it.
    async fn deliver(&self, broadcast: &Broadcast) -> usize {
        let topic = self.shard(&broadcast.stream).get(&broadcast.stream).cloned();
        let reached = match topic {
            Some(topic) => topic.deliver(&broadcast.message).await,
            None => Vec::new(),
        };
        measure::broadcast(reached.len() as u64);
        distinct(reached)
    }

    /// Returns what a subscription listens to.
    #[cfg(feature = "testing")]
    pub(crate) fn streams(&self, client: &Arc<Client<I>>, identifier: &str) -> Vec<Stream> {
        let has_joined = |topic: &Topic<I>| {
            let is_it = |member: &Member<I>| Arc::ptr_eq(&member.client, client) && *member.identifier == *identifier;
            topic.members().places.iter().flatten().any(is_it)
        };
        let shards = self.shards.iter().map(|shard| shard.lock().unwrap_or_else(PoisonError::into_inner));
        let joined = |shard: MutexGuard<'_, HashMap<Stream, Arc<Topic<I>>>>| {
            let joined = shard.iter().filter(|(_, topic)| has_joined(topic));
            joined.map(|(stream, _)| stream.clone()).collect::<Vec<_>>()
        };
        shards.flat_map(joined).collect()
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

    /// Delivers to everybody; returns the address of the connection for each who got it.
    async fn deliver(&self, message: &RawValue) -> Vec<usize> {
        let _in_order = self.order.lock().await;
        let mut frames = Frames::new(message);
        let (mut reached, mut from) = (Vec::new(), 0);
        loop {
            let next = self.members().deliver(from, &mut frames, &mut reached);
            let Some(next) = next else { return reached };
            from = next;
            tokio::task::yield_now().await;
        }
    }

    fn members(&self) -> MutexGuard<'_, Members<I>> {
        self.members.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<I> Members<I> {
    fn add(&mut self, member: Member<I>) -> u32 {
        while let Some(at) = self.free.pop() {
            // Places at the end that became free are gone.
            if let Some(place) = self.places.get_mut(at as usize) {
                *place = Some(member);
                return at;
            }
        }
        if self.places.is_empty() {
            // Most streams have one listener, and a list begins with room for four.
            self.places.reserve_exact(1);
        }
        self.places.push(Some(member));
        u32::try_from(self.places.len() - 1).unwrap_or(u32::MAX)
    }

    /// Empties a place; answers whether all are empty.
    fn remove(&mut self, at: u32) -> bool {
        if self.places.get_mut(at as usize).and_then(Option::take).is_some() {
            self.free.push(at);
        }
        while self.places.last().is_some_and(Option::is_none) {
            self.places.pop();
        }
        if self.places.capacity() > 4 * self.places.len() {
            self.places.shrink_to(2 * self.places.len());
            self.free.retain(|at| (*at as usize) < self.places.len());
            self.free.shrink_to_fit();
        }
        self.places.is_empty()
    }

    /// Returns the text of whoever joined before, if it is the same: a broadcast need not fetch and compare each.
    fn shared(&self, identifier: &Arc<str>) -> Arc<str> {
        let before = self.places.last().and_then(Option::as_ref).map(|member| &member.identifier);
        Arc::clone(before.filter(|before| *before == identifier).unwrap_or(identifier))
    }

    /// Delivers to the next few from a place on; returns where to go on, if anywhere.
    fn deliver(&self, from: usize, frames: &mut Frames<'_>, reached: &mut Vec<usize>) -> Option<usize> {
        let until = (from + AT_ONCE).min(self.places.len());
        for member in self.places.get(from..until)?.iter().flatten() {
            if let Some(frame) = frames.frame(&member.identifier)
                && member.client.socket.send(frame)
            {
                reached.push(Arc::as_ptr(&member.client).addr());
            }
        }
        (until < self.places.len()).then_some(until)
    }
}

/// Returns how many different connections these are.
fn distinct(mut reached: Vec<usize>) -> usize {
    reached.sort_unstable();
    reached.dedup();
    reached.len()
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

#[cfg(test)]
mod tests;
