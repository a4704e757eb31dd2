//! See exactly what your customer sees, and leave a trail that proves it.
//!
//! This crate is what an application depends on: it re-exports the others and has no code of its own. Features:
//! `sqlite` and `postgres` bring the ledger for that database, `console` (default) the pages for agents,
//! administrators and customers, `cable` channels over WebSockets.

pub use vicarious_axum::*;
pub use vicarious_core::*;

#[cfg(feature = "cable")]
pub use vicarious_cable as cable;
#[cfg(feature = "console")]
pub use vicarious_console as console;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
pub use vicarious_sqlx as sqlx;
