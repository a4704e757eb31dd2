//! A host's tests, and what they find in hosts that were put together wrongly.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod attacks;
mod inside;
mod probes;
mod shop;
