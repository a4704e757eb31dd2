//! An Action Cable server for axum: channels, subscriptions, streams and broadcasts over WebSockets.
//!
//! The official JavaScript client cannot tell it from Rails. Who a user is, is the application's: everything is generic
//! over an identity, which [`Access`] finds out when a connection is made, and which never changes afterwards.
//!
//! | module | what it does |
//! |---|---|
//! | `access`, `channel`, `cable` | what an application decides; what it serves; the server that it mounts and broadcasts through |
//! | `upgrade`, [`handshake`] | from a request to a connection |
//! | `task`, `session` | one connection: reads, decides, and performs what `cable-core` answers |
//! | `io`, `socket`, [`frame`] | the receiving and the sending half of a socket; RFC 6455 framing as values |
//! | `hub`, `roster`, `ping`, `local` | who listens to what; every connection; pings; broadcasts within one process |
//! | `measure` | what is counted |
//! | `bare`, `echo` | with the feature `bench`: what the benchmark compares with, and what the conformance run talks to |
//! | `testing` | with the feature of that name: connections for tests of channels, without a network and with one |

mod access;
#[cfg(feature = "bench")]
mod bare;
mod cable;
mod channel;
mod client;
#[cfg(feature = "bench")]
mod echo;
pub mod frame;
pub mod handshake;
mod hub;
mod io;
mod local;
mod measure;
mod ping;
mod roster;
mod session;
mod socket;
mod task;
#[cfg(feature = "testing")]
pub mod testing;
mod upgrade;

pub use access::{Access, Deed, Ending, Permit, Refused};
#[cfg(feature = "bench")]
#[doc(hidden)]
pub use bare::Bare;
pub use cable::{BroadcastError, Builder, Cable};
pub use cable_core::{Disconnect, Limits, Origins, Stream, ports};
pub use channel::{Channel, NoAction, NoParams, Reject, Subscription};
#[cfg(feature = "bench")]
#[doc(hidden)]
pub use echo::echo;
pub use local::Local;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
