//! See exactly what your customer sees, and leave a trail that proves it.
//!
//! This crate is what an application depends on: it re-exports the others and has no code of its own. Features:
//! `sqlite` and `postgres` bring the ledger for that database, `console` (default) the pages for agents,
//! administrators and customers, `cable` channels over WebSockets, `jwt` tokens for other services, `axum-login` (0.18) and `tower-sessions` (0.15; as
//! `tower-sessions-14`, 0.14) the host port of an application on that library, `testing` what its tests use.

pub use vicarious_axum::*;
pub use vicarious_core::*;

#[cfg(feature = "axum-login")]
pub use vicarious_axum_login as axum_login;
#[cfg(feature = "cable")]
pub use vicarious_cable as cable;
#[cfg(feature = "console")]
pub use vicarious_console as console;
#[cfg(feature = "jwt")]
pub use vicarious_jwt as jwt;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
pub use vicarious_sqlx as sqlx;
#[cfg(feature = "testing")]
pub use vicarious_testing as testing;
#[cfg(any(feature = "tower-sessions", feature = "tower-sessions-14"))]
pub use vicarious_tower_sessions as tower_sessions;
