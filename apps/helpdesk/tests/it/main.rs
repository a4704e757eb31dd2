//! The shop as strangers meet it: a process with a command line, answering HTTP, on SQLite and on PostgreSQL.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "what helps a test fails with it")]

mod browser;
mod channels;
mod commands;
mod fresh;
mod kills;
mod live;
mod many_sockets;
mod organisations;
mod pages;
mod program;
mod promises;
mod serving;
mod sign_in;
mod socket;
mod support_access;
