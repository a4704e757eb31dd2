//! Times, as they are written into sessions.

use jiff::Timestamp;
use serde_json::Value;
use time::OffsetDateTime;

/// Returns the time that a session holds as a text (RFC 3339) or a number (seconds since 1970).
pub(crate) fn read(value: &Value) -> Option<Timestamp> {
    match value {
        Value::String(text) => text.parse().ok(),
        Value::Number(seconds) => Timestamp::from_second(seconds.as_i64()?).ok(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

/// Returns a time as session stores have it; what they cannot express is long past.
pub(crate) fn expiry(at: Timestamp) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp_nanos(at.as_nanosecond()).unwrap_or(OffsetDateTime::UNIX_EPOCH)
}
