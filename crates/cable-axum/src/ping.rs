//! Pings: a client that hears nothing for six seconds goes away.

use std::sync::{Arc, Weak};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use cable_core::wire;
use tokio::time::MissedTickBehavior;

use crate::frame;
use crate::roster::Roster;

/// In how many moments of the interval between two pings some are sent.
pub(crate) const MOMENTS: usize = 30;

/// Starts to ping, until the roster is gone.
pub(crate) fn start<I: Send + Sync + 'static>(roster: &Arc<Roster<I>>, every: Duration) {
    tokio::spawn(ping(Arc::downgrade(roster), every));
}

async fn ping<I: Send + Sync + 'static>(roster: Weak<Roster<I>>, every: Duration) {
    let moments = u32::try_from(MOMENTS).unwrap_or(1);
    let mut ticks = tokio::time::interval((every / moments).max(Duration::from_millis(1)));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (mut turn, mut last) = (0, [0; MOMENTS]);
    loop {
        ticks.tick().await;
        let Some(roster) = roster.upgrade() else { return };
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        // Clients expect it to grow, also when the clock is set back.
        let at = now.max(last[turn] + 1);
        last[turn] = at;
        roster.ping(turn, &frame::text(&wire::ping(at)));
        turn = (turn + 1) % MOMENTS;
    }
}
