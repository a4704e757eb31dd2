//! Tokens: what they say, how long, to whom; and what is not taken for one.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod forged;
mod minted;
mod support;
