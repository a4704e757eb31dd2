//! Some clients stop reading; the others shall not notice.

use std::time::{Duration, Instant};

use tokio::sync::watch;

use super::{SETTLE, USUAL, alike};
use crate::load::Load;
use crate::options::Options;
use crate::process;
use crate::remote::Remote;
use crate::report::{ms, percentile};

const CLIENTS: usize = 1_000;
const SIZE: usize = 1_024;
/// Between two broadcasts.
const EVERY: Duration = Duration::from_millis(10);
/// For how long all read.
const BEFORE: Duration = Duration::from_secs(3);
/// The slow ones must be gone by then.
const AT_MOST: Duration = Duration::from_secs(60);

struct Broadcasts<'a> {
    remote: &'a mut Remote,
    load: &'a Load,
    number: u64,
    /// The most memory that the server had.
    peak: u64,
    /// The most that sockets had in buffers of the system.
    buffers: u64,
}

pub(crate) async fn run(options: &Options) -> anyhow::Result<()> {
    let slow = options.slow.min(CLIENTS);
    let mut remote = Remote::start(options, USUAL).await?;
    let (reads, may_read) = watch::channel(true);
    let mut parts = alike(CLIENTS);
    parts.iter_mut().take(slow).for_each(|part| part.reads = Some(may_read.clone()));
    let load = Load::start(remote.address, options.connecting, parts).await?;
    tokio::time::sleep(SETTLE).await;
    let idle = remote.resident()?;
    let mut broadcasts = Broadcasts { remote: &mut remote, load: &load, number: 0, peak: 0, buffers: 0 };
    println!("\n{slow} of {CLIENTS} clients stop reading; {SIZE} bytes to all, 100 times a second. Times in ms.");

    let begun = Instant::now();
    broadcasts.phase("all read", |_| begun.elapsed() < BEFORE).await?;
    reads.send(false)?;
    let begun = Instant::now();
    broadcasts.phase("some do not", |gone| gone < slow as u64 && begun.elapsed() < AT_MOST).await?;
    let took = begun.elapsed();
    reads.send(true)?;
    load.tally.all_ended(slow).await;
    let begun = Instant::now();
    broadcasts.phase("they are gone", |_| begun.elapsed() < BEFORE).await?;

    let sent = broadcasts.number * (CLIENTS - slow) as u64;
    let (peak, buffers) = (broadcasts.peak, broadcasts.buffers);
    println!(
        "too_slow {} after {:.1} s; of the others lost {}, duplicated {}",
        remote.order("too-slow").await?,
        took.as_secs_f64(),
        sent - load.tally.received(slow),
        load.tally.duplicated()
    );
    ends(&load, slow);
    let mib = |bytes: u64| bytes / 1024 / 1024;
    println!(
        "server memory: {} MiB idle, {} MiB at most, {} MiB in the end; TCP buffers of the system: {} MiB at most",
        mib(idle),
        mib(peak),
        mib(remote.resident()?),
        mib(buffers)
    );
    Ok(())
}

/// Prints how connections ended.
fn ends(load: &Load, slow: usize) {
    let ended = load.tally.ended();
    let told = ended.iter().filter(|end| end.reason.as_deref() == Some("too_slow")).count();
    let others = ended.iter().filter(|end| end.client >= slow).count();
    println!("reading again, {told} find the reason; of the others {others} ended");
}

impl Broadcasts<'_> {
    /// Broadcasts for as long as `goes_on`, given how many were too slow so far, and prints the latency of who reads.
    async fn phase(&mut self, name: &str, goes_on: impl Fn(u64) -> bool) -> anyhow::Result<()> {
        self.load.tally.take_arrivals();
        let mut ticks = tokio::time::interval(EVERY);
        let (mut gone, first) = (0, self.number);
        while goes_on(gone) {
            ticks.tick().await;
            self.number += 1;
            self.remote.order(&format!("broadcast {} {SIZE}", self.number)).await?;
            if self.number.is_multiple_of(10) {
                self.peak = self.peak.max(self.remote.resident()?);
                self.buffers = self.buffers.max(process::socket_buffers()?);
                gone = self.remote.order("too-slow").await?;
            }
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
        let mut arrivals = self.load.tally.take_arrivals();
        arrivals.sort_unstable();
        println!(
            "{name:>14}: {:>5} broadcasts, {:>7} arrivals, p50 {:>5.1}, p99 {:>5.1}, last {:>6.1}",
            self.number - first,
            arrivals.len(),
            ms(percentile(&arrivals, 50)),
            ms(percentile(&arrivals, 99)),
            ms(arrivals.last().copied().unwrap_or_default()),
        );
        Ok(())
    }
}
