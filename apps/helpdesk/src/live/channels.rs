//! The channels that the shop offers besides [`PresenceChannel`](vicarious::cable::PresenceChannel).

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};
use vicarious::cable::{AudienceKind, Channel, NoAction, NoParams, Reject, Streams as _, Subscription};
use vicarious::{Connected, Staff, Vicarious};

use super::telling::administrators;

/// News of an account, for whoever sees it.
pub(crate) struct NotificationsChannel;

impl Channel<Connected> for NotificationsChannel {
    const NAME: &'static str = "NotificationsChannel";
    type Params = NoParams;
    type Action = NoAction;

    async fn subscribed(_: NoParams, subscription: &mut Subscription<Connected>) -> Result<Self, Reject> {
        if subscription.stream_for_audience(AudienceKind::Account) { Ok(Self) } else { Err(Reject) }
    }
}

/// What the shop's own pages listen to: what has changed for whoever looks at them.
pub(crate) struct LiveChannel;

impl Channel<Connected> for LiveChannel {
    const NAME: &'static str = "LiveChannel";
    type Params = NoParams;
    type Action = NoAction;

    async fn subscribed(_: NoParams, subscription: &mut Subscription<Connected>) -> Result<Self, Reject> {
        subscription.stream_for_identity();
        let vicarious = subscription.cable().state::<Vicarious>().ok_or(Reject)?;
        if vicarious.staff(subscription.identity()).await.unwrap_or_default() == Staff::Administrator {
            subscription.stream(administrators());
        }
        Ok(Self)
    }
}

/// Listens to one kind of audience, and sends back what it is sent: for trying out who gets what.
pub(crate) struct CommandsChannel;

/// Which kind of audience to listen to.
#[derive(Deserialize)]
pub(crate) struct Listening {
    audience: AudienceKind,
}

/// The one action, `echo`, with everything that was sent.
pub(crate) struct Echo(Map<String, Value>);

impl<'de> Deserialize<'de> for Echo {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let data = Map::deserialize(deserializer)?;
        match data.get("action").and_then(Value::as_str) {
            Some("echo") => Ok(Self(data)),
            _ => Err(D::Error::custom("the only action is `echo`")),
        }
    }
}

impl Channel<Connected> for CommandsChannel {
    const NAME: &'static str = "CommandsChannel";
    type Params = Listening;
    type Action = Echo;

    async fn subscribed(listening: Listening, subscription: &mut Subscription<Connected>) -> Result<Self, Reject> {
        // Nobody is in the audience of shadowers who shadows nobody.
        if subscription.stream_for_audience(listening.audience) { Ok(Self) } else { Err(Reject) }
    }

    async fn perform(&mut self, Echo(data): Echo, subscription: &mut Subscription<Connected>) {
        subscription.transmit(&data);
    }
}
