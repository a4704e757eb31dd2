//! An application whose sign-in puts a number into a tower-session; the same claims for each version of tower-sessions.

#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]
#![cfg_attr(
    all(feature = "v14", feature = "v15"),
    expect(clippy::duplicate_mod, reason = "the same claims, for the types of two versions")
)]

mod people;
#[cfg(feature = "v14")]
mod v14;
#[cfg(feature = "v15")]
mod v15;
mod values;
