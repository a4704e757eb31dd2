//! Helpdesk.
fn main() {}
