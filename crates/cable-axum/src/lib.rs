//! The Action Cable server for axum.
//!
//! | module | what it does |
//! |---|---|
//! | [`handshake`] | is this request an upgrade, which subprotocol, which accept key |
//! | [`frame`] | RFC 6455 framing of a server as values: bytes in, messages out; messages in, bytes out |

pub mod frame;
pub mod handshake;
