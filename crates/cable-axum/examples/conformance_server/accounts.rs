//! `AccountChannel`.

use cable_axum::{Channel, Reject, Subscription};
use serde::Deserialize;
use serde_json::json;

use crate::Pair;

pub(crate) struct Account;

#[derive(Deserialize)]
pub(crate) struct Params {
    audience: Audience,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Audience {
    Account,
    Pair,
    Both,
    Compact,
}

#[derive(Deserialize)]
#[serde(tag = "action", rename_all = "snake_case")]
pub(crate) enum Action {
    Leave,
}

impl Channel<Pair> for Account {
    const NAME: &'static str = "AccountChannel";
    type Params = Params;
    type Action = Action;

    async fn subscribed(params: Params, subscription: &mut Subscription<Pair>) -> Result<Self, Reject> {
        let identity = subscription.identity();
        let account = vec![identity.current_user.clone()];
        let pair = vec![identity.current_user.clone(), part(identity.shadower())];
        let compact = std::iter::once(&*identity.current_user).chain(identity.shadower()).map(str::to_owned).collect();
        let streams = match params.audience {
            Audience::Account => vec![account],
            Audience::Pair => vec![pair],
            Audience::Both => vec![account, pair],
            Audience::Compact => vec![compact],
        };
        streams.into_iter().for_each(|parts| subscription.stream_for(parts));
        Ok(Self)
    }

    async fn perform(&mut self, Action::Leave: Action, subscription: &mut Subscription<Pair>) {
        let current_user = subscription.identity().current_user.clone();
        subscription.stop_stream_for([current_user]);
        subscription.transmit(&json!({ "left": true }));
    }
}

/// Returns how somebody, or nobody, is named in a stream: no name is empty.
pub(crate) fn part(name: Option<&str>) -> String {
    name.unwrap_or_default().to_owned()
}
