//! `StreamChannel`.

use std::time::Duration;

use cable_axum::{Cable, Channel, Reject, Stream, Subscription};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::Pair;

pub(crate) struct Streams {
    farewell: Option<String>,
}

#[derive(Deserialize)]
pub(crate) struct Params {
    greeting: Option<Value>,
    #[serde(default)]
    wait_ms: u64,
    #[serde(default)]
    fail: bool,
    #[serde(default)]
    streams: Vec<String>,
    #[serde(default)]
    reject: bool,
    farewell: Option<String>,
}

#[derive(Deserialize)]
#[serde(tag = "action", rename_all = "snake_case")]
pub(crate) enum Action {
    Start { stream: String },
    Stop { stream: String },
    StopAll,
    Finish,
    Say { stream: String, message: Value },
    SayMany { stream: String, to: u64 },
}

impl Channel<Pair> for Streams {
    const NAME: &'static str = "StreamChannel";
    type Params = Params;
    type Action = Action;

    async fn subscribed(params: Params, subscription: &mut Subscription<Pair>) -> Result<Self, Reject> {
        if let Some(greeting) = params.greeting {
            subscription.transmit(&json!({ "greeting": greeting }));
        }
        tokio::time::sleep(Duration::from_millis(params.wait_ms)).await;
        if params.fail {
            fail();
        }
        params.streams.iter().for_each(|name| subscription.stream_from(name));
        if params.reject { Err(Reject) } else { Ok(Self { farewell: params.farewell }) }
    }

    async fn perform(&mut self, action: Action, subscription: &mut Subscription<Pair>) {
        match action {
            Action::Start { stream } => {
                subscription.stream_from(&stream);
                subscription.transmit(&json!({ "started": stream }));
            }
            Action::Stop { stream } => {
                subscription.stop_stream_from(&stream);
                subscription.transmit(&json!({ "stopped": stream }));
            }
            Action::StopAll => {
                subscription.stop_all_streams();
                subscription.transmit(&json!({ "stopped": "all" }));
            }
            Action::Finish => subscription.unsubscribe(),
            Action::Say { stream, message } => say(subscription.cable(), &stream, &message).await,
            Action::SayMany { stream, to } => {
                for n in 1..=to {
                    say(subscription.cable(), &stream, &json!({ "n": n })).await;
                }
            }
        }
    }

    async fn unsubscribed(&mut self, subscription: &mut Subscription<Pair>) {
        if let Some(stream) = &self.farewell {
            say(subscription.cable(), stream, &json!({ "farewell": subscription.identifier() })).await;
        }
    }
}

#[expect(clippy::panic, reason = "a channel that fails is what is asked for")]
fn fail() {
    panic!("as asked for");
}

/// Broadcasts to the stream of a name.
pub(crate) async fn say(cable: &Cable<Pair>, stream: &str, message: &impl Serialize) {
    if let Err(error) = cable.broadcast(&Stream::named(stream), message).await {
        tracing::error!(%error, stream, "a message was not sent");
    }
}
