//! The Action Cable protocol (`actioncable-v1-json`) as values and pure functions.
//!
//! A [`Connection`] takes an [`Input`] and returns [`Effect`]s; whoever owns the socket performs them. Nothing here
//! waits, reads a clock, or knows what a socket, a task or a user is.
//!
//! Read in this order: [`wire`], [`Limits`], [`Identifier`], [`Command`], [`Connection`], [`Stream`], [`Origins`],
//! [`ports`].
//!
//! # Examples
//!
//! ```
//! use std::time::Duration;
//! use cable_core::{Connection, Effect, Input, Limits};
//!
//! let limits = Limits::default();
//! let mut connection = Connection::new();
//! connection.handle(Input::Accepted, &limits);
//! let text = r#"{"command":"subscribe","identifier":"{\"channel\":\"ChatChannel\",\"room\":7}"}"#;
//! let effects = connection.handle(Input::Text { text, at: Duration::ZERO }, &limits);
//! let [Effect::Subscribe(identifier)] = &effects[..] else { panic!("{effects:?}") };
//! assert_eq!(identifier.channel(), "ChatChannel");
//! assert_eq!(identifier.params()["room"], 7);
//! ```

mod command;
mod connection;
mod identifier;
mod json;
mod limits;
mod origin;
pub mod ports;
mod stream;
pub mod wire;

pub use command::{Command, CommandError, Data};
pub use connection::{Connection, Effect, Ignored, Input};
pub use identifier::{Identifier, IdentifierError};
pub use limits::Limits;
pub use origin::Origins;
pub use stream::Stream;
pub use wire::Disconnect;
