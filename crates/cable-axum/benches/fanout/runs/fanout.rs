//! One stream, many clients; in alternation with a loop that writes the same bytes and does nothing else.

use std::time::Duration;

use super::{SELDOM, SETTLE, alike};
use crate::load::Load;
use crate::options::Options;
use crate::remote::Remote;
use crate::report::{kib_each, median, ms, per_second, percentile, us_each};

/// How many rounds are not counted, because everything is new to them.
const WARM_UP: usize = 3;

/// One kind of sending, over all rounds.
#[derive(Default)]
struct Series {
    cpu: Vec<f64>,
    arrivals: Vec<u64>,
    last: Vec<f64>,
}

pub(crate) async fn run(options: &Options) -> anyhow::Result<()> {
    println!("\nOne stream. Times in ms after the message was made; CPU in µs of server time per delivery.");
    println!(
        "{:>7} {:>9} {:>8} {:>9} {:>6} | {:>7} {:>7} {:>7} {:>6} | {:>7} {:>7} | {:>5} {:>5} {:>5}",
        "clients",
        "connect/s",
        "KiB idle",
        "KiB after",
        "bytes",
        "p50",
        "p99",
        "last",
        "CPU",
        "bare",
        "CPU",
        "ratio",
        "lost",
        "dup"
    );
    for &clients in &options.clients {
        measure(options, clients).await?;
    }
    Ok(())
}

async fn measure(options: &Options, clients: usize) -> anyhow::Result<()> {
    let mut remote = Remote::start(options, SELDOM).await?;
    let before = remote.resident()?;
    let load = Load::start(remote.address, options.connecting, alike(clients)).await?;
    tokio::time::sleep(SETTLE).await;
    let idle = remote.resident()?.saturating_sub(before);
    let mut number = 0;
    for &size in &options.sizes {
        let (mut sent, mut bare) = (Series::default(), Series::default());
        let received = load.tally.received(0);
        let first = number;
        for nth in 0..WARM_UP + options.rounds {
            for (word, series) in [("broadcast", &mut sent), ("bare", &mut bare)] {
                number += 1;
                let order = format!("{word} {number} {size}");
                let round = round(&mut remote, &load, &order, clients).await?;
                if nth >= WARM_UP {
                    series.add(round, clients);
                }
            }
        }
        let lost = (number - first) * clients as u64 - (load.tally.received(0) - received);
        let after = remote.resident()?.saturating_sub(before);
        sent.arrivals.sort_unstable();
        println!(
            "{clients:>7} {:>9.0} {:>8.2} {:>9.2} {size:>6} | {:>7.1} {:>7.1} {:>7.1} {:>6.2} | {:>7.1} {:>7.2} | {:>5.2} {lost:>5} {:>5}",
            per_second(clients, load.took),
            kib_each(idle, clients),
            kib_each(after, clients),
            ms(percentile(&sent.arrivals, 50)),
            ms(percentile(&sent.arrivals, 99)),
            median(sent.last.clone()),
            median(sent.cpu.clone()),
            median(bare.last.clone()),
            median(bare.cpu.clone()),
            median(sent.cpu.iter().zip(&bare.cpu).map(|(sent, bare)| sent / bare).collect()),
            load.tally.duplicated(),
        );
    }
    Ok(())
}

/// Sends once; returns the server's time and the arrivals, sorted.
async fn round(remote: &mut Remote, load: &Load, order: &str, clients: usize) -> anyhow::Result<(Duration, Vec<u64>)> {
    load.tally.take_arrivals();
    let before = remote.cpu_time()?;
    remote.order(order).await?;
    load.tally.all_arrived(clients).await;
    let took = remote.cpu_time()?.saturating_sub(before);
    let mut arrivals = load.tally.take_arrivals();
    arrivals.sort_unstable();
    Ok((took, arrivals))
}

impl Series {
    fn add(&mut self, (cpu, arrivals): (Duration, Vec<u64>), clients: usize) {
        self.cpu.push(us_each(cpu, clients));
        self.last.push(ms(arrivals.last().copied().unwrap_or_default()));
        self.arrivals.extend(arrivals);
    }
}
