//! The WebSocket server, seen from outside.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

mod client;
mod encoding;
mod frames;
mod handshake;
mod oracle;
mod subscriptions;
mod support;
