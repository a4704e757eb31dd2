//! The WebSocket server, seen from outside.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

mod client;
mod closing;
mod encoding;
mod frames;
mod handshake;
mod helpers;
mod late;
mod limits;
mod measures;
mod oracle;
mod streams;
mod subscriptions;
mod support;
mod times;
mod upgrading;
