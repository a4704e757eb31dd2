//! `README.md`: a channel that a customer and whoever is inside their account listen to.

use std::error::Error;

use axum::Router;
use vicarious::testing::{Credential, MemoryLedger, TestApp};
use vicarious::{KeyRing, Vicarious};

use crate::shop::Shop;

async fn with_channels(app: Router, vicarious: Vicarious) -> Result<Router, Box<dyn Error>> {
    use vicarious::Connected;
    use vicarious::cable::{Audience, Channel, NoAction, NoParams, Reach, Reject, Streams, Subscription};

    struct Notifications;

    impl Channel<Connected> for Notifications {
        const NAME: &'static str = "NotificationsChannel";
        type Params = NoParams;
        type Action = NoAction;

        async fn subscribed(_: NoParams, subscription: &mut Subscription<Connected>) -> Result<Self, Reject> {
            subscription.stream_for_identity();
            Ok(Self)
        }
    }

    let cable = vicarious::cable::channels(&vicarious).channel::<Notifications>().build();
    let app = app.merge(vicarious::cable::routes(&vicarious, &cable, "/cable")).layer(vicarious.layer());

    cable.reach::<Notifications>(&Audience::account("alice"), "your parcel is on its way").await?;
    Ok(app)
}

#[tokio::test]
async fn the_channel_is_there_and_nobody_listens_yet() {
    let vicarious =
        Vicarious::builder(Shop::default()).ledger(MemoryLedger::new()).keys(KeyRing::generate()).build().unwrap();
    let app = with_channels(Router::new(), vicarious.clone()).await.unwrap();
    let app = TestApp::new(app, &vicarious, |_| async { Credential::cookie("session", "nobody's") });
    // What is no WebSocket finds no page at `/cable`, and says so; elsewhere nobody says anything.
    app.nobody().get("/cable").await.assert_status(404).assert_shows("Page not found");
    assert_eq!(app.nobody().get("/elsewhere").await.assert_status(404).text, "");
}
