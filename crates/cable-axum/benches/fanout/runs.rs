//! What is measured, a file each.

use std::time::Duration;

use crate::client::Part;

pub(crate) mod close;
pub(crate) mod fanout;
pub(crate) mod slow;
pub(crate) mod topics;

/// No ping falls into a measurement of broadcasts.
const SELDOM: Duration = Duration::from_secs(3600);
/// What a browser is promised.
const USUAL: Duration = Duration::from_secs(3);
/// What must be over before connections are called idle.
const SETTLE: Duration = Duration::from_secs(2);

/// Returns clients who all listen to the same, each a user of their own.
fn alike(clients: usize) -> Vec<Part> {
    (0..clients).map(|client| Part { client, user: client as u64, topic: None, reads: None }).collect()
}
