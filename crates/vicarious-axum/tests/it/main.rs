//! The layer, driven as a browser or a program would, on a ledger in memory.

mod fail_closed;
mod story;
mod support;
