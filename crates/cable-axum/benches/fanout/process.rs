//! What the system knows about a process.

use std::fs;
use std::time::Duration;

use anyhow::Context as _;

/// Returns the resident memory of a process, in bytes.
pub(crate) fn resident(pid: u32) -> anyhow::Result<u64> {
    let rollup = fs::read_to_string(format!("/proc/{pid}/smaps_rollup"))?;
    let line = rollup.lines().find_map(|line| line.strip_prefix("Rss:")).context("no Rss")?;
    let kib: u64 = line.trim().trim_end_matches("kB").trim().parse()?;
    Ok(kib * 1024)
}

/// Returns how long the threads of a process have run, in user and system mode.
///
/// From `schedstat`, which counts nanoseconds where `stat` counts hundredths of a second.
pub(crate) fn cpu_time(pid: u32) -> anyhow::Result<Duration> {
    let mut total = 0;
    for thread in fs::read_dir(format!("/proc/{pid}/task"))? {
        let schedstat = fs::read_to_string(thread?.path().join("schedstat"))?;
        total += schedstat.split_whitespace().next().context("an empty schedstat")?.parse::<u64>()?;
    }
    Ok(Duration::from_nanos(total))
}

/// Returns how much memory the buffers of all TCP sockets of the system take, in bytes.
pub(crate) fn socket_buffers() -> anyhow::Result<u64> {
    let sockets = fs::read_to_string("/proc/net/sockstat")?;
    let line = sockets.lines().find(|line| line.starts_with("TCP:")).context("no TCP in sockstat")?;
    let pages: u64 = line.rsplit(' ').next().unwrap_or_default().parse()?;
    Ok(pages * 4096)
}
