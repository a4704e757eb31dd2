//! `EchoChannel`.

use std::time::Duration;

use cable_axum::{Channel, NoParams, Reject, Subscription};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::Pair;

pub(crate) struct Echo;

#[derive(Deserialize)]
#[serde(tag = "action", rename_all = "snake_case")]
pub(crate) enum Action {
    Echo(Map<String, Value>),
    Receive(Map<String, Value>),
    Greet,
    Identity,
    Parameters,
    Later(Map<String, Value>),
    Count { to: u64 },
    Fail,
}

impl Channel<Pair> for Echo {
    const NAME: &'static str = "EchoChannel";
    type Params = NoParams;
    type Action = Action;

    async fn subscribed(_: NoParams, _: &mut Subscription<Pair>) -> Result<Self, Reject> {
        Ok(Self)
    }

    async fn perform(&mut self, action: Action, subscription: &mut Subscription<Pair>) {
        match action {
            Action::Echo(data) => answer(subscription, "echo", data),
            Action::Receive(data) => {
                subscription.transmit(&json!({ "received": data }));
            }
            Action::Greet => {
                subscription.transmit(&json!({ "hello": true }));
            }
            Action::Identity => {
                let Pair { current_user, .. } = subscription.identity();
                let shadower = subscription.identity().shadower();
                subscription.transmit(&json!({ "current_user": current_user, "shadower": shadower }));
            }
            Action::Parameters => {
                let parameters = serde_json::from_str::<Value>(subscription.identifier()).unwrap_or_default();
                subscription.transmit(&json!({ "parameters": parameters }));
            }
            Action::Later(data) => {
                let pause = data.get("ms").and_then(Value::as_u64).unwrap_or_default();
                tokio::time::sleep(Duration::from_millis(pause)).await;
                answer(subscription, "later", data);
            }
            Action::Count { to } => (1..=to).for_each(|n| {
                subscription.transmit(&json!({ "n": n }));
            }),
            Action::Fail => {
                if let Err(error) = "not a number".parse::<u64>() {
                    tracing::error!(%error, "an action failed, as asked for");
                }
            }
        }
    }
}

/// Transmits data as it came.
fn answer(subscription: &Subscription<Pair>, action: &str, mut data: Map<String, Value>) {
    data.insert("action".to_owned(), action.into());
    subscription.transmit(&data);
}
