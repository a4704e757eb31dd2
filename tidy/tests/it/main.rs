//! Repository rules.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot read the repository has failed")]

mod dependencies;
mod documents;
mod sentences;
mod sources;
