//! Helpers for testing hosts of Vicarious, and Vicarious itself.
//!
//! - [`people`]: accounts with names that read well in tests.
//! - [`ManualClock`]: a time that moves only when told to.
//! - [`MemoryLedger`]: the ledger port in memory, with a switch that makes it fail.
//! - [`scene`]: impersonations and consents, made by the rules themselves.
//! - [`cable`]: a client of Action Cable, byte by byte.
//! - [`contract`]: what every ledger must hold, one claim at a time; run it with [`ledger_contract!`].

pub mod cable;
mod clock;
pub mod contract;
mod memory;
pub mod people;
pub mod scene;

pub use clock::ManualClock;
pub use memory::MemoryLedger;
