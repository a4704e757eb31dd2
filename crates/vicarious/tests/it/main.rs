//! What the documentation shows, as code that is compiled and run, and what it says of time. `tidy` holds the pages to it.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod adapters;
mod channels;
mod downstream;
mod ends_in_time;
mod expiry;
mod export;
mod guide;
mod long_lived;
mod own_sessions;
mod proxy;
mod readme;
mod rules;
mod shop;
mod signed_cookie;
mod stateless_jwt;
mod stuck_pages;
mod testing;
mod words;
