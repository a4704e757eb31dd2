//! Arbitrary events to the state machine of a connection, one a line: what happens, and then what the client says.

#![no_main]

use std::sync::Arc;
use std::time::Duration;

use cable_core::{Connection, Disconnect, Effect, Input, Limits};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

/// What an edge would know that does as the effects say.
#[derive(Default)]
struct Edge {
    asked: Vec<Arc<str>>,
    confirmed: Vec<Arc<str>>,
}

impl Edge {
    fn perform(&mut self, effect: Effect) {
        match effect {
            Effect::Subscribe(identifier) => {
                assert!(!self.asked.contains(identifier.text()), "asked for twice");
                self.asked.push(Arc::clone(identifier.text()));
            }
            Effect::Unsubscribe(identifier) => {
                let at = self.asked.iter().position(|known| *known == identifier);
                self.asked.remove(at.expect("ended without having begun"));
                self.confirmed.retain(|known| *known != identifier);
            }
            Effect::Perform { identifier, .. } => assert!(self.asked.contains(&identifier)),
            Effect::Send(text) => self.send(&text),
            _ => {}
        }
    }

    fn send(&mut self, text: &str) {
        let frame: Value = serde_json::from_str(text).unwrap();
        if frame["type"] == "confirm_subscription" {
            let identifier: Arc<str> = frame["identifier"].as_str().unwrap().into();
            assert!(self.asked.contains(&identifier), "confirmed without having been asked for");
            assert!(!self.confirmed.contains(&identifier), "confirmed twice");
            self.confirmed.push(identifier);
        }
    }
}

/// The subscription that `text` picks, of those that there are.
fn picked(connection: &Connection, text: &str) -> Arc<str> {
    let known: Vec<_> = connection.identifiers().collect();
    let index = usize::from(text.bytes().next().unwrap_or_default());
    known.get(index % known.len().max(1)).map_or_else(|| text.into(), |known| Arc::clone(known))
}

fuzz_target!(|input: &str| {
    let mut limits = Limits::default();
    limits.subscriptions = 4;
    limits.burst = 20;
    let (mut connection, mut edge) = (Connection::new(), Edge::default());
    let (mut at, mut closed) = (Duration::ZERO, false);
    for line in input.split('\n') {
        let mut letters = line.chars();
        let what = letters.next();
        let text = letters.as_str();
        let was_open = connection.is_open();
        let chosen = picked(&connection, text);
        let effects = match what {
            Some('a') => connection.handle(Input::Accepted, &limits),
            Some('c') => connection.handle(Input::Confirmed(&chosen), &limits),
            Some('r') => connection.handle(Input::Rejected(&chosen), &limits),
            Some('x') => connection.handle(Input::Close(Disconnect::RATE_LIMITED), &limits),
            Some('w') => {
                at += Duration::from_millis(100);
                continue;
            }
            _ => connection.handle(Input::Text { text, at }, &limits),
        };
        closed |= was_open && !connection.is_open();
        assert!(!closed || was_open || effects.is_empty(), "something happens after the end");
        effects.into_iter().for_each(|effect| edge.perform(effect));
        assert!(connection.identifiers().eq(edge.asked.iter()), "the edge knows other subscriptions");
        assert!(edge.asked.len() <= limits.subscriptions);
        assert!(connection.is_open() || edge.asked.is_empty(), "a subscription outlives its connection");
    }
});
