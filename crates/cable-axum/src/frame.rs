//! RFC 6455 framing, as a server does it, without IO.
//!
//! A [`Decoder`] is fed with whatever bytes have arrived and gives complete [`Message`]s, or the [`Violation`] for which
//! the connection must be closed. [`text()`], [`close()`] and the others give a frame as [`Bytes`](bytes::Bytes), encoded once and
//! shared by all who receive it; [`TextFrame`] builds one in place.
//!
//! No extension is known, so compression is never negotiated.
//!
//! ```
//! use cable_axum::frame::{self, Decoder, Message};
//!
//! let mut decoder = Decoder::new(64 * 1024);
//! let mut input: &[u8] = b"\x89\x82\x01\x02\x03\x04ik";
//! while let Some(message) = decoder.next(&mut input)? {
//!     assert_eq!(message, Message::Ping(b"hi".to_vec()));
//!     assert_eq!(frame::pong(b"hi"), &b"\x8a\x02hi"[..]);
//! }
//! assert!(input.is_empty());
//! # Ok::<(), frame::Violation>(())
//! ```

mod close;
mod decoder;
mod encode;
mod header;
mod mask;
mod message;
mod partial;
mod violation;

pub use close::{Close, CloseCode};
pub use decoder::Decoder;
pub use encode::{TextFrame, binary, close, close_empty, ping, pong, text};
pub use message::Message;
pub use violation::Violation;
