//! What arrives without being asked for: channels, and what is told over them.

pub(crate) mod channels;
mod herald;

use std::time::Duration;

use serde_json::json;
use vicarious::Connected;
use vicarious::cable::{
    Audience, Cable, Channel, Origins, PresenceChannel, Reach as _, Shadowers, channels as channels_of,
};

use self::channels::{CommandsChannel, Desk, NotificationsChannel, StaffChannel, SupportChannel};
use crate::app::App;
use crate::shop::notifications::{self, Notification};

/// Where sockets are opened.
pub(crate) const PATH: &str = "/cable";
/// What each socket adds to the time over which all are closed at a stop, so that they do not come back all at once.
const BETWEEN: Duration = Duration::from_millis(2);
/// How long closing all sockets may take.
const AT_MOST: Duration = Duration::from_secs(10);

/// Starts the server of the channels.
pub(crate) fn cable(desk: Desk, public_url: Option<&str>) -> Cable<Connected> {
    let vicarious = desk.vicarious.clone();
    // A proxy may change the `Host`, so behind one the origin is compared with what was said.
    let origins = public_url.map_or_else(Origins::same, |public_url| Origins::listed().and(public_url));
    let cable = channels_of(&vicarious)
        .channel::<NotificationsChannel>()
        .channel::<CommandsChannel>()
        .channel::<SupportChannel>()
        .channel::<StaffChannel>()
        .presence(Shadowers::Name)
        .state(desk)
        .origins(origins)
        .build();
    herald::begin(&vicarious, &cable);
    cable
}

/// Tells a piece of news to whoever sees the account, and to which state it took an order. What cannot be told is still
/// there to be read.
pub(crate) async fn news(app: &App, account: &str, news: &Notification, order: Option<(&str, &str)>) {
    let told = async {
        let unread = notifications::unread(&app.database, account).await?;
        let order = order.map(|(id, state)| json!({"id": id, "state": state}));
        let message = json!({"type": "notification", "notification": news, "unread": unread, "order": order});
        app.cable.reach::<NotificationsChannel>(&Audience::account(account), &message).await?;
        anyhow::Ok(())
    };
    if let Err(error) = told.await {
        tracing::error!(error = ?error, "a customer cannot be told");
    }
}

/// Tells every page of an account how much news is unread now.
pub(crate) async fn unread(app: &App, account: &str) {
    let told = async {
        let message = json!({"type": "read", "unread": notifications::unread(&app.database, account).await?});
        app.cable.reach::<NotificationsChannel>(&Audience::account(account), &message).await?;
        anyhow::Ok(())
    };
    if let Err(error) = told.await {
        tracing::error!(error = ?error, "a customer cannot be told");
    }
}

/// Closes every socket, spread over a time that grows with their number and is bounded.
pub(crate) async fn drain(cable: &Cable<Connected>) {
    let sockets = u32::try_from(cable.connections()).unwrap_or(u32::MAX);
    cable.drain(BETWEEN.saturating_mul(sockets).min(AT_MOST)).await;
}

/// The channels that a broadcast from outside may be sent on.
pub(crate) const CHANNELS: [&str; 3] = [
    <NotificationsChannel as Channel<Connected>>::NAME,
    <CommandsChannel as Channel<Connected>>::NAME,
    <PresenceChannel as Channel<Connected>>::NAME,
];
