//! The layer, driven as a browser or a program would, on a ledger in memory.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "what helps a test fails with it")]

mod answers;
mod any_sequence;
mod attested;
mod bearer;
mod caching;
mod channel_actions;
mod check;
mod component;
mod connecting;
mod cross_site;
mod deep_links;
mod dressing;
mod fail_closed;
#[expect(clippy::duplicate_mod, reason = "the table holds for both ways in which a handle travels")]
#[path = "fail_closed.rs"]
mod fail_closed_in_a_header;
mod grants;
mod guessing;
mod handle;
mod languages;
mod long_lived;
mod lookups;
mod on_time;
mod outages;
mod own_forms;
mod plain_sight;
mod promises;
mod put_out;
mod races;
mod reading;
mod rights;
mod same_everywhere;
mod secrets;
mod starting;
mod story;
mod support;
mod support_codes;
mod tabs;
mod tickets;
mod time_limits;
mod unsent;
mod watching;
mod what_runs;
mod whose;
