//! The Vicarious ledger on SQLite and PostgreSQL: state and audit in one transaction.
//!
//! [`Store`] implements [`vicarious_core::ports::Ledger`]. The host shares its database: [`Store::begin`] gives it a
//! transaction, [`changed`] records what it changed there, and [`migrate()`] brings its own tables up to date.
//!
//! Read in this order: `connect`, `gate`, `tx`, `migrate`, `state`, `record`, `columns`, `insert`, `core`, `writer`, `journal`,
//! `nodes`, `reads`, `audit`, `verify`.
//!
//! # Features
//!
//! `sqlite` and `postgres`, both on by default. At least one is needed.

#[cfg(not(any(feature = "sqlite", feature = "postgres")))]
compile_error!("vicarious-sqlx needs the feature `sqlite`, the feature `postgres`, or both");

mod audit;
mod changed;
mod columns;
mod connect;
mod core;
mod db;
mod error;
#[cfg(feature = "sqlite")]
mod gate;
mod insert;
mod journal;
mod migrate;
mod nodes;
mod open;
mod reads;
mod record;
mod rows;
mod state;
mod store;
mod tx;
mod verify;
mod writer;

pub use changed::changed;
pub use connect::Options;
pub use error::Error;
#[cfg(feature = "sqlite")]
pub use gate::SqliteTx;
pub use migrate::{Migration, migrate};
pub use store::Store;
pub use tx::WriteTx;
pub use verify::{Fault, FaultKind, Report};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}
