//! The connections of one identity are closed among many others.

use super::{USUAL, alike};
use crate::load::Load;
use crate::options::Options;
use crate::remote::Remote;
use crate::report::{ms, percentile};

const CLOSED: usize = 100;

pub(crate) async fn run(options: &Options) -> anyhow::Result<()> {
    let clients = options.open.max(CLOSED);
    let mut remote = Remote::start(options, USUAL).await?;
    let mut parts = alike(clients);
    let target = clients as u64;
    // Spread among the others.
    parts.iter_mut().step_by(clients / CLOSED).take(CLOSED).for_each(|part| part.user = target);
    let load = Load::start(remote.address, options.connecting, parts).await?;

    let at = remote.order(&format!("disconnect {target}")).await?;
    load.tally.all_ended(CLOSED).await;
    let mut after: Vec<_> = load.tally.ended().iter().map(|end| end.at.saturating_sub(at)).collect();
    after.sort_unstable();
    let told = load.tally.ended().iter().filter(|end| end.reason.is_some()).count();

    remote.order("broadcast 1 100").await?;
    load.tally.all_arrived(clients - CLOSED).await;
    println!("\n{CLOSED} connections of one identity, closed among {clients}.");
    println!(
        "told {told}, after p50 {:.1} ms, last {:.1} ms; ended {}; of the others {} got the next broadcast",
        ms(percentile(&after, 50)),
        ms(after.last().copied().unwrap_or_default()),
        load.tally.ended().len(),
        load.tally.arrivals()
    );
    Ok(())
}
