//! `TimerChannel`.

use std::time::Duration;

use cable_axum::{Channel, NoAction, NoParams, Reject, Subscription};
use serde_json::json;

use crate::Pair;

pub(crate) struct Timer {
    ticks: u64,
}

impl Channel<Pair> for Timer {
    const NAME: &'static str = "TimerChannel";
    type Params = NoParams;
    type Action = NoAction;

    async fn subscribed(_: NoParams, subscription: &mut Subscription<Pair>) -> Result<Self, Reject> {
        subscription.every(Duration::from_millis(200), "tick");
        Ok(Self { ticks: 0 })
    }

    async fn tick(&mut self, _: &'static str, subscription: &mut Subscription<Pair>) {
        self.ticks += 1;
        subscription.transmit(&json!({ "tick": self.ticks }));
    }
}
