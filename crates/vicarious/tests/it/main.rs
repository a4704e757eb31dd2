//! What the documentation shows, as code that is compiled and run. `tidy` holds the pages to it.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod guide;
mod proxy;
mod shop;
mod stuck_pages;
