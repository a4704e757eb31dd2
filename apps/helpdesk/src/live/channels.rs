//! The channels that the shop offers besides [`PresenceChannel`](vicarious::cable::PresenceChannel).

use anyhow::anyhow;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value, json};
use vicarious::cable::{AudienceKind, Channel, NoAction, NoParams, Reject, Streams as _, Subscription};
use vicarious::console::Console;
use vicarious::ports::Running;
use vicarious::{Connected, Identity, Staff, Vicarious};

use crate::database::Database;
use crate::shop::notifications;

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

/// What support access has to tell somebody as themselves: a customer who is in their account or asks to be, an agent what
/// was decided.
///
/// It says that something has changed, and the page looks for itself: so it shows what the server would show, and names
/// are nowhere but on pages. What was missed while nobody was connected shows in the counts that come first.
pub(crate) struct SupportChannel;

impl Channel<Connected> for SupportChannel {
    const NAME: &'static str = "SupportChannel";
    type Params = NoParams;
    type Action = NoAction;

    async fn subscribed(_: NoParams, subscription: &mut Subscription<Connected>) -> Result<Self, Reject> {
        if !subscription.stream_for_audience(AudienceKind::Owner) {
            return Err(Reject);
        }
        let desk = subscription.cable().state::<Desk>().ok_or(Reject)?;
        let counts = desk.counts(subscription.identity()).await.map_err(|error| {
            tracing::error!(error = ?error, "cannot tell what there is to see");
            Reject
        })?;
        subscription.transmit(&json!({"type": "state", "counts": counts}));
        Ok(Self)
    }
}

/// Tells administrators as themselves that who is inside whom has changed.
pub(crate) struct StaffChannel;

impl Channel<Connected> for StaffChannel {
    const NAME: &'static str = "StaffChannel";
    type Params = NoParams;
    type Action = NoAction;

    async fn subscribed(_: NoParams, subscription: &mut Subscription<Connected>) -> Result<Self, Reject> {
        let desk = subscription.cable().state::<Desk>().ok_or(Reject)?;
        // Whose rights change is disconnected, and asked again.
        if desk.vicarious.staff(subscription.identity()).await != Ok(Staff::Administrator) {
            return Err(Reject);
        }
        let running = desk.vicarious.ledger().running(Running::All).await.map_err(|_| Reject)?;
        subscription.transmit(&json!({"type": "state", "counts": {"running": running.len()}}));
        subscription.stream_for([Self::NAME]);
        Ok(Self)
    }
}

/// Where channels look.
pub(crate) struct Desk {
    pub(crate) vicarious: Vicarious,
    pub(crate) console: Console,
    pub(crate) database: Database,
}

impl Desk {
    /// Returns what the parts of a page count that may have changed since it was made.
    async fn counts(&self, identity: &Identity) -> anyhow::Result<Value> {
        let Some(user) = identity.current_user() else { return Ok(json!({})) };
        let unread = notifications::unread(&self.database, user.id.as_str()).await?;
        let bar = self.console.bar(identity).await.map_err(|_| anyhow!("cannot tell who is in the account"))?;
        Ok(json!({"unread": unread, "bar": bar.count()}))
    }
}
