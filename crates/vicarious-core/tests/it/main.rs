//! The rules of impersonation, held to tables and to random histories.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

mod consent_model;
mod grants;
mod model;
mod policy_rights;
mod redaction;
mod rules_table;
mod sequences;
mod site_paths;
mod start_order;
mod times;
mod words;
