//! Nothing begins for a connection that was closed from outside meanwhile, and whoever decides is asked about everything.

use std::sync::Arc;
use std::time::Duration;

use cable_axum::testing::TestConnection;
use cable_axum::{Access, Cable, Channel, Deed, Disconnect, Ending, Permit, Refused, Reject, Subscription};
use http::request::Parts;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::support::World;

/// Admits everything, in its own time, and notes what it was asked.
struct Slow(World);

impl Access for Slow {
    type Identity = String;

    async fn identify(&self, _: &mut Parts) -> Result<String, Disconnect> {
        Err(Disconnect::UNAUTHORIZED)
    }

    async fn admit(&self, _: &String, deed: &Deed<'_>) -> Result<Option<Box<dyn Permit>>, Refused> {
        self.0.log(format!("asked {} {}", deed.channel, deed.action.unwrap_or("to subscribe")));
        if deed.data["late"] == true {
            self.0.gate("admit").pass().await;
        }
        Ok(Some(Box::new(Noted(self.0.clone()))))
    }
}

struct Noted(World);

impl Permit for Noted {
    fn finish(self: Box<Self>, ending: Ending) {
        self.0.log(format!("ending {ending:?}"));
    }
}

/// Notes whatever begins.
struct Late(World);

#[derive(Deserialize)]
struct Params {
    #[serde(default)]
    ticks: bool,
}

#[derive(Deserialize)]
#[serde(tag = "action", rename_all = "snake_case")]
enum Action {
    Go,
}

impl Channel<String> for Late {
    const NAME: &'static str = "LateChannel";
    type Params = Params;
    type Action = Action;

    async fn subscribed(params: Params, subscription: &mut Subscription<String>) -> Result<Self, Reject> {
        let world = subscription.cable().state::<World>().ok_or(Reject)?.clone();
        world.log("begun subscribed".to_owned());
        for timer in ["first", "second"].into_iter().filter(|_| params.ticks) {
            subscription.every(Duration::from_secs(1), timer);
        }
        Ok(Self(world))
    }

    async fn perform(&mut self, Action::Go: Action, _: &mut Subscription<String>) {
        self.0.log("begun go".to_owned());
    }

    async fn tick(&mut self, timer: &'static str, _: &mut Subscription<String>) {
        self.0.log(format!("begun {timer}"));
        self.0.gate("tick").pass().await;
    }

    async fn unsubscribed(&mut self, _: &mut Subscription<String>) {
        self.0.log("unsubscribed".to_owned());
    }
}

async fn connected() -> (Cable<String>, World, Arc<TestConnection>) {
    let world = World::default();
    let cable = Cable::builder(Slow(world.clone())).channel::<Late>().state(world.clone()).build();
    let connection = TestConnection::open(&cable, "bob".to_owned()).await;
    (cable, world, Arc::new(connection))
}

fn close(cable: &Cable<String>) {
    assert_eq!(cable.disconnect(&Disconnect::of("impersonation_ended", false), |_| true), 1);
}

#[tokio::test]
async fn an_action_that_was_admitted_after_its_connection_was_closed_does_not_begin() {
    let (cable, world, connection) = connected().await;
    let late = connection.subscribe(Late::NAME, json!({})).await.unwrap();
    tokio::spawn(async move { late.perform("go", json!({ "late": true })).await });
    world.gate("admit").reached().await;
    close(&cable);
    world.gate("admit").open();
    world.until_logged("unsubscribed", 1).await;
    assert_eq!(world.logged("begun"), ["begun subscribed"]);
    assert_eq!(world.logged("ending"), ["ending Done"], "of the subscription; the action was interrupted");
}

#[tokio::test]
async fn a_subscription_that_was_admitted_after_its_connection_was_closed_does_not_begin() {
    let (cable, world, connection) = connected().await;
    let asking = Arc::clone(&connection);
    let asked = tokio::spawn(async move { asking.subscribe(Late::NAME, json!({ "late": true })).await.is_ok() });
    world.gate("admit").reached().await;
    close(&cable);
    world.gate("admit").open();
    assert!(!asked.await.unwrap());
    while cable.connections() > 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(world.logged("begun"), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn of_timers_that_ring_together_none_rings_after_the_connection_was_closed() {
    let (cable, world, connection) = connected().await;
    let _ticking = connection.subscribe(Late::NAME, json!({ "ticks": true })).await.unwrap();
    world.gate("tick").reached().await;
    close(&cable);
    (0..2).for_each(|_| world.gate("tick").open());
    world.until_logged("unsubscribed", 1).await;
    assert_eq!(world.logged("begun"), ["begun subscribed", "begun first"]);
}

/// Otherwise nothing would be on record of somebody who tries out names.
#[tokio::test]
async fn whoever_decides_is_asked_about_channels_that_do_not_exist_too() {
    let (_cable, world, connection) = connected().await;
    assert!(connection.subscribe("NoSuchChannel", json!({})).await.is_err());
    assert_eq!(world.logged(""), ["asked NoSuchChannel to subscribe", "ending Declined"]);
}

#[tokio::test]
async fn what_is_admitted_in_time_begins() {
    let (_cable, world, connection) = connected().await;
    let late = connection.subscribe(Late::NAME, Value::Object(serde_json::Map::new())).await.unwrap();
    late.perform("go", json!({})).await;
    assert_eq!(world.logged("begun"), ["begun subscribed", "begun go"]);
    assert_eq!(world.logged("ending"), ["ending Done", "ending Done"]);
}
