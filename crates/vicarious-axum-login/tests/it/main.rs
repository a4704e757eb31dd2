//! A real application on axum-login with sessions in memory, before and after our layer was added to it.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

mod handlers_see;
mod layout;
mod sign_ins;
mod sign_out;
mod support;
mod what_is_kept;
mod wrong_order;
