//! Closes sockets whose identity ended without anybody telling this process.

use std::collections::BTreeMap;
use std::ptr;
use std::time::Duration;

use cable_axum::{Cable, Disconnect};
use tokio::time::{MissedTickBehavior, interval, sleep};
use vicarious_axum::{Connected, Still, Vicarious};
use vicarious_core::{ImpersonationId, SignInKey};

use crate::closing::reasons;

/// How late a hard end may be that nobody could record.
const OVERDUE: Duration = Duration::from_secs(1);

/// Watches over all connections, as long as the process runs.
pub(crate) fn watch(vicarious: &Vicarious, cable: &Cable<Connected>, ask_again_every: Duration) {
    tokio::spawn(keep_time(vicarious.clone(), cable.clone()));
    tokio::spawn(ask_again(vicarious.clone(), cable.clone(), ask_again_every));
}

/// Closes what is past its hard end. That is told on time while the ledger answers; while it does not, nothing can be
/// recorded, but what a connection was allowed at its beginning is known here.
async fn keep_time(vicarious: Vicarious, cable: Cable<Connected>) {
    let mut ticks = interval(OVERDUE);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let now = vicarious.now();
        let is_over = |connected: &Connected| connected.impersonation().is_some_and(|row| row.ends_at <= now);
        close(&cable, &reasons::IMPERSONATION_ENDED, is_over);
    }
}

/// Asks of every identity that is connected whether it still stands, one after the other, evenly over the interval.
async fn ask_again(vicarious: Vicarious, cable: Cable<Connected>, every: Duration) {
    loop {
        let identities = by_identity(cable.identities());
        let pause = every / u32::try_from(identities.len().max(1)).unwrap_or(u32::MAX);
        if identities.is_empty() {
            sleep(pause).await;
        }
        for connections in identities.into_values() {
            sleep(pause).await;
            let Some(why) = why_not(&vicarious, &connections).await else { continue };
            // Those that were asked about, and none that has connected since.
            let is_one = |other: &Connected| connections.iter().any(|one| ptr::eq(one.identity(), other.identity()));
            close(&cable, &why, is_one);
        }
    }
}

/// Returns connections by what the answer depends on: all of one sign-in as the same person share theirs. In an order that
/// is the same each time, so that between two questions about one of them there is one interval, and not two.
fn by_identity(connections: Vec<Connected>) -> BTreeMap<(SignInKey, Option<ImpersonationId>), Vec<Connected>> {
    let mut identities: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for connected in connections {
        let impersonation = connected.impersonation().map(|row| row.id.clone());
        identities.entry((connected.sign_in().clone(), impersonation)).or_default().push(connected);
    }
    identities
}

/// Returns why these connections, which are the same person, are to be closed, if they are.
async fn why_not(vicarious: &Vicarious, connections: &[Connected]) -> Option<Disconnect> {
    let connected = connections.first()?;
    match vicarious.still(connected).await {
        Ok(Still::Yes) => None,
        Ok(Still::Ended(_)) if connected.is_impersonating() => Some(reasons::IMPERSONATION_ENDED),
        Ok(Still::Ended(_)) => Some(reasons::IDENTITY_CHANGED),
        Ok(Still::SignedOut) => Some(reasons::SIGNED_OUT),
        // An outage is no end.
        Err(_) => None,
    }
}

fn close(cable: &Cable<Connected>, why: &Disconnect, matches: impl Fn(&Connected) -> bool) {
    let closed = cable.disconnect(why, matches);
    if closed > 0 {
        tracing::info!(reason = %why.reason, closed, "closed connections whose identity has ended meanwhile");
    }
}
