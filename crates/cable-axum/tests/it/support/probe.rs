use std::time::Duration;

use cable_axum::{Channel, Reject, Stream, Subscription};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::World;

/// Does what its parameters and actions say.
pub(crate) struct Probe {
    params: Params,
    ticks: u64,
}

#[derive(Deserialize)]
pub(crate) struct Params {
    /// Names the subscription in the log.
    #[serde(default)]
    id: u64,
    say: Option<Value>,
    gate: Option<String>,
    /// The method that panics.
    panic: Option<String>,
    #[serde(default)]
    reject: bool,
    #[serde(default)]
    finish: bool,
    #[serde(default)]
    streams: Vec<String>,
    every_ms: Option<u64>,
    /// How long a tick takes.
    #[serde(default)]
    tick_ms: u64,
}

#[derive(Deserialize)]
#[serde(tag = "action", rename_all = "snake_case")]
pub(crate) enum Action {
    Say { value: Value },
    Receive(Map<String, Value>),
    Join { stream: String },
    JoinFor { parts: Vec<String> },
    Leave { stream: String },
    LeaveFor { parts: Vec<String> },
    LeaveAll,
    Finish,
    Broadcast { stream: String, message: Value },
    Wait { gate: String },
    Panic,
}

impl Probe {
    fn panics_in(&self, method: &str) {
        assert!(self.params.panic.as_deref() != Some(method), "as asked for");
    }
}

impl Channel<String> for Probe {
    const NAME: &'static str = "ProbeChannel";
    type Params = Params;
    type Action = Action;

    async fn subscribed(params: Params, subscription: &mut Subscription<String>) -> Result<Self, Reject> {
        let probe = Self { params, ticks: 0 };
        let params = &probe.params;
        if let Some(value) = &params.say {
            subscription.transmit(value);
        }
        if let (Some(gate), Some(world)) = (&params.gate, subscription.cable().state::<World>()) {
            world.gate(gate).pass().await;
        }
        probe.panics_in("subscribed");
        params.streams.iter().for_each(|name| subscription.stream_from(name));
        if let Some(every) = params.every_ms {
            subscription.every(Duration::from_millis(every), "tick");
        }
        if params.finish {
            subscription.unsubscribe();
        }
        if params.reject { Err(Reject) } else { Ok(probe) }
    }

    async fn perform(&mut self, action: Action, subscription: &mut Subscription<String>) {
        self.panics_in("perform");
        match action {
            Action::Say { value } => drop(subscription.transmit(&value)),
            Action::Receive(data) => drop(subscription.transmit(&json!({ "received": data }))),
            Action::Join { stream } => subscription.stream_from(&stream),
            Action::JoinFor { parts } => subscription.stream_for(parts),
            Action::Leave { stream } => subscription.stop_stream_from(&stream),
            Action::LeaveFor { parts } => subscription.stop_stream_for(parts),
            Action::LeaveAll => subscription.stop_all_streams(),
            Action::Finish => subscription.unsubscribe(),
            Action::Broadcast { stream, message } => {
                let reached = subscription.cable().broadcast(&Stream::named(&stream), &message).await;
                subscription.transmit(&reached.unwrap());
            }
            Action::Wait { gate } => {
                let world = subscription.cable().state::<World>().unwrap().clone();
                world.gate(&gate).pass().await;
            }
            Action::Panic => panic!("as asked for"),
        }
    }

    async fn tick(&mut self, _: &'static str, subscription: &mut Subscription<String>) {
        self.panics_in("tick");
        passes(Duration::from_millis(self.params.tick_ms)).await;
        self.ticks += 1;
        subscription.transmit(&json!({ "tick": self.ticks }));
    }

    async fn unsubscribed(&mut self, subscription: &mut Subscription<String>) {
        subscription.cable().state::<World>().unwrap().log(format!("unsubscribed {}", self.params.id));
        self.panics_in("unsubscribed");
    }
}

/// Lets time pass, which takes none where the test has stopped the clock.
pub(crate) async fn passes(time: Duration) {
    tokio::time::sleep_until(tokio::time::Instant::now() + time).await;
}
