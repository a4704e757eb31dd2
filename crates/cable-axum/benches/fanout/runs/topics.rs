//! A stream for each client: what streams cost that have one listener.

use super::{SELDOM, SETTLE};
use crate::client::Part;
use crate::load::Load;
use crate::options::Options;
use crate::remote::Remote;
use crate::report::{kib_each, median, per_second, us_each};

pub(crate) async fn run(options: &Options) -> anyhow::Result<()> {
    let clients = options.topics;
    let mut remote = Remote::start(options, SELDOM).await?;
    let before = remote.resident()?;
    let part = |client| Part { client, user: client as u64, topic: Some(client as u64), reads: None };
    let load = Load::start(remote.address, options.connecting, (0..clients).map(part).collect()).await?;
    tokio::time::sleep(SETTLE).await;
    let idle = remote.resident()?.saturating_sub(before);
    let mut cpu = Vec::new();
    for round in 1..=options.rounds {
        load.tally.take_arrivals();
        let before = remote.cpu_time()?;
        remote.order(&format!("each {round} 100 {clients}")).await?;
        load.tally.all_arrived(clients).await;
        cpu.push(us_each(remote.cpu_time()?.saturating_sub(before), clients));
    }
    println!("\n{clients} clients with a stream each; a broadcast of 100 bytes to each.");
    println!(
        "connect/s {:.0}, KiB per idle connection {:.2}, CPU per broadcast of one delivery {:.2} µs, lost {}, duplicated {}",
        per_second(clients, load.took),
        kib_each(idle, clients),
        median(cpu),
        (clients * options.rounds) as u64 - load.tally.received(0),
        load.tally.duplicated()
    );
    Ok(())
}
