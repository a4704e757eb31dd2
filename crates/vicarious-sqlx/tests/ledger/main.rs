//! The ledger on real databases: SQLite in a temporary folder, PostgreSQL at `VICARIOUS_TEST_POSTGRES`.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "helpers of tests fail like tests")]

mod at_once;
mod changed;
mod contract;
mod failures;
mod filters;
mod gate;
mod journal;
mod locking;
mod migrations;
mod nodes;
mod support;
mod verification;
