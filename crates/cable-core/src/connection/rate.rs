//! How many commands may come.

use std::time::Duration;

use crate::Limits;

/// A bucket that is full at first, loses a token for each command, and fills up again evenly.
#[derive(Debug, Default)]
pub(super) struct Bucket {
    /// How many are missing, in thousandths.
    missing: u64,
    /// When that was so, in milliseconds.
    at: u64,
}

impl Bucket {
    /// Takes a token; returns whether there was one.
    pub(super) fn take(&mut self, at: Duration, limits: &Limits) -> bool {
        let now = u64::try_from(at.as_millis()).unwrap_or(u64::MAX);
        let gained = now.saturating_sub(self.at).saturating_mul(u64::from(limits.commands_per_second));
        self.at = self.at.max(now);
        self.missing = self.missing.saturating_sub(gained);
        if self.missing + 1000 > u64::from(limits.burst) * 1000 {
            return false;
        }
        self.missing += 1000;
        true
    }
}
