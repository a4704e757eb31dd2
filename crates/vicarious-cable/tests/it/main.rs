//! Channels for identity pairs, over real sockets.

#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

mod audiences;
mod closing;
mod delivery_tables;
mod identity;
mod presence;
mod record;
mod standing;
mod support;
