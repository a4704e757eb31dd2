//! The console as people and programs meet it: real pages and JSON behind the real layer.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

mod access_log;
mod bar;
mod consents;
mod doors;
mod grants;
mod impersonations;
mod languages;
mod other_consents;
mod past_consents;
mod people;
mod requests;
mod support;
mod trail;
mod used_consents;
