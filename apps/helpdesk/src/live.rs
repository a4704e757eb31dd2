//! What arrives without being asked for: channels, what is told over them, and broadcasts from outside.

pub(crate) mod broadcasts;
mod channels;
mod telling;

use std::sync::Arc;
use std::time::Duration;

use vicarious::cable::{Cable, Channel, Origins, PresenceChannel, Shadowers, channels as channels_of};
use vicarious::{Connected, Vicarious};

use self::channels::{CommandsChannel, LiveChannel, NotificationsChannel};
use self::telling::Teller;

pub(crate) use self::telling::tell_news;

/// Where sockets are opened.
pub(crate) const PATH: &str = "/cable";
/// What each socket adds to the time over which all are closed at a stop, so that they do not come back all at once.
const BETWEEN: Duration = Duration::from_millis(2);
/// How long closing all sockets may take.
const AT_MOST: Duration = Duration::from_secs(10);

/// Starts the server of the channels.
pub(crate) fn cable(vicarious: &Vicarious, public_url: Option<&str>) -> Cable<Connected> {
    // A proxy may change the `Host`, so behind one the origin is compared with what was said.
    let origins = public_url.map_or_else(Origins::same, |public_url| Origins::listed().and(public_url));
    let cable = channels_of(vicarious)
        .state(vicarious.clone())
        .channel::<LiveChannel>()
        .channel::<NotificationsChannel>()
        .channel::<CommandsChannel>()
        .presence(Shadowers::Name)
        .origins(origins)
        .build();
    vicarious.watch(Arc::new(Teller::start(&cable)));
    cable
}

/// Closes every socket, spread over a time that grows with their number and is bounded.
pub(crate) async fn drain(cable: &Cable<Connected>) {
    let sockets = u32::try_from(cable.connections()).unwrap_or(u32::MAX);
    cable.drain(BETWEEN.saturating_mul(sockets).min(AT_MOST)).await;
}

/// The channels that a broadcast from outside may be sent on.
const CHANNELS: [&str; 3] = [
    <NotificationsChannel as Channel<Connected>>::NAME,
    <CommandsChannel as Channel<Connected>>::NAME,
    <PresenceChannel as Channel<Connected>>::NAME,
];
