//! What the server and its clients agree about: the name of a subscription, and the time.

use std::time::{SystemTime, UNIX_EPOCH};

/// Returns the identifier of a subscription to a topic, or to what all listen to.
pub(crate) fn identifier(topic: Option<u64>) -> String {
    match topic {
        Some(topic) => format!(r#"{{"channel":"NewsChannel","topic":{topic}}}"#),
        None => r#"{"channel":"NewsChannel"}"#.to_owned(),
    }
}

/// Returns the time in nanoseconds since 1970.
pub(crate) fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}
