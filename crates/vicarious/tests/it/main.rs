//! What the documentation shows, as code that is compiled and run, and what it says of time. `tidy` holds the pages to it.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod ends_in_time;
mod guide;
mod long_lived;
mod proxy;
mod shop;
mod stuck_pages;
