//! Numbers as people read them.

use std::time::Duration;

/// Returns the value below which so many hundredths of all lie.
pub(crate) fn percentile(sorted: &[u64], hundredths: usize) -> u64 {
    let at = (sorted.len() * hundredths / 100).min(sorted.len().saturating_sub(1));
    sorted.get(at).copied().unwrap_or_default()
}

pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// Returns nanoseconds as milliseconds.
#[expect(clippy::cast_precision_loss, reason = "only a few digits are printed")]
pub(crate) fn ms(nanoseconds: u64) -> f64 {
    nanoseconds as f64 / 1e6
}

/// Returns microseconds for each of `count`.
#[expect(clippy::cast_precision_loss, reason = "only a few digits are printed")]
pub(crate) fn us_each(time: Duration, count: usize) -> f64 {
    time.as_secs_f64() * 1e6 / count as f64
}

#[expect(clippy::cast_precision_loss, reason = "only a few digits are printed")]
pub(crate) fn kib_each(bytes: u64, count: usize) -> f64 {
    bytes as f64 / 1024.0 / count as f64
}

/// Returns whole numbers for each second.
#[expect(clippy::cast_precision_loss, reason = "only a few digits are printed")]
pub(crate) fn per_second(count: usize, time: Duration) -> f64 {
    count as f64 / time.as_secs_f64()
}
