//! Times and money, as the database holds them and as people read them.

use std::fmt;

use jiff::Timestamp;
use serde::{Serialize, Serializer};

/// A point in time: microseconds since 1970 in the database, RFC 3339 in JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, sqlx::Type)]
#[sqlx(transparent)]
pub(crate) struct At(i64);

impl At {
    /// Returns the present.
    pub(crate) fn now() -> Self {
        Timestamp::now().into()
    }

    /// Returns the time `days` later, or earlier when negative.
    #[must_use]
    pub(crate) fn plus_days(self, days: i64) -> Self {
        self.plus_seconds(days * 24 * 60 * 60)
    }

    /// Returns the time `seconds` later, or earlier when negative.
    #[must_use]
    pub(crate) fn plus_seconds(self, seconds: i64) -> Self {
        Self(self.0.saturating_add(seconds.saturating_mul(1_000_000)))
    }

    /// Returns this time as a timestamp; what lies outside the calendar is its beginning.
    pub(crate) fn timestamp(self) -> Timestamp {
        Timestamp::from_microsecond(self.0).unwrap_or(Timestamp::UNIX_EPOCH)
    }

    /// Returns the day for people: `3 March 2026`.
    pub(crate) fn day(self) -> String {
        self.timestamp().strftime("%-d %B %Y").to_string()
    }

    /// Returns day and time of day for people: `3 March 2026, 14:02 UTC`.
    pub(crate) fn moment(self) -> String {
        self.timestamp().strftime("%-d %B %Y, %H:%M UTC").to_string()
    }
}

impl From<Timestamp> for At {
    fn from(at: Timestamp) -> Self {
        Self(at.as_microsecond())
    }
}

impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.timestamp().fmt(f)
    }
}

impl Serialize for At {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// An amount of money in cents of a euro.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, sqlx::Type)]
#[serde(transparent)]
#[sqlx(transparent)]
pub(crate) struct Cents(pub(crate) i64);

impl fmt::Display for Cents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "−" } else { "" };
        let cents = self.0.unsigned_abs();
        write!(f, "{sign}€{}.{:02}", cents / 100, cents % 100)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_reads_as_money() {
        assert_eq!(Cents(1205).to_string(), "€12.05");
        assert_eq!(Cents(-50).to_string(), "−€0.50");
    }

    #[test]
    fn times_read_as_dates_and_are_rfc_3339_in_json() -> Result<(), serde_json::Error> {
        let at = At(1_772_546_520_000_000);
        assert_eq!(at.moment(), "3 March 2026, 14:02 UTC");
        assert_eq!(serde_json::to_string(&at)?, "\"2026-03-03T14:02:00Z\"");
        Ok(())
    }
}
