//! What runs out does so on time, not when somebody asks or at the next look at everything.

use std::sync::Arc;
use std::time::{Duration, Instant};

use http::{Method, StatusCode};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use testkit::people::{alice, bob};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use vicarious_axum::{Event, Watch};
use vicarious_core::decide::Terms;

use crate::support::World;

/// Everything is looked at every five seconds; a busy machine may wake late, but not by this much.
const LATE: SignedDuration = SignedDuration::from_millis(500);
const PATIENCE: Duration = Duration::from_secs(30);

struct Bell(UnboundedSender<&'static str>);

impl Watch for Bell {
    fn seen(&self, event: &Event<'_>) {
        let word = match event {
            Event::Ended(_, cause) => cause.as_str(),
            Event::ModeChanged(row) => row.mode.as_str(),
            _ => return,
        };
        self.0.send(word).unwrap();
    }
}

/// A world whose clock goes, and a channel that says what ends.
async fn world(terms: Terms) -> (World, UnboundedReceiver<&'static str>, impl Fn() -> Timestamp + Copy) {
    let began = Instant::now();
    let noon: Timestamp = "2026-11-22T09:00:00Z".parse().unwrap();
    let now = move || noon + SignedDuration::try_from(began.elapsed()).unwrap();
    let world = World::with(|builder| builder.terms(terms).clock(now)).await;
    let (sender, receiver) = unbounded_channel();
    world.vicarious.watch(Arc::new(Bell(sender)));
    (world, receiver, now)
}

async fn rings(bell: &mut UnboundedReceiver<&'static str>) -> &'static str {
    tokio::time::timeout(PATIENCE, bell.recv()).await.expect("it ends by itself").unwrap()
}

#[tokio::test]
async fn the_hard_end_comes_on_time() {
    let terms = Terms { length: SignedDuration::from_millis(700), ..Terms::default() };
    let (world, mut bell, now) = world(terms).await;
    let mut browser = world.browser(&bob());
    assert_eq!(browser.start(&alice()).await.status, StatusCode::CREATED);
    let due = world.running().await.remove(0).ends_at;
    assert_eq!(rings(&mut bell).await, "expired");
    let late = now().duration_since(due);
    assert!(!late.is_negative() && late < LATE, "{late:?}");
}

#[tokio::test]
async fn the_idle_end_comes_on_time_also_when_use_has_moved_it() {
    let terms = Terms { idle: SignedDuration::from_millis(900), ..Terms::default() };
    let (world, mut bell, now) = world(terms).await;
    let mut browser = world.browser(&bob());
    assert_eq!(browser.start(&alice()).await.status, StatusCode::CREATED);
    let first = world.running().await.remove(0).idle_ends_at();
    let mut due = first;
    while due <= first {
        assert_eq!(browser.get("/").await.status, StatusCode::OK);
        due = world.running().await.remove(0).idle_ends_at();
    }
    assert_eq!(rings(&mut bell).await, "idle");
    let late = now().duration_since(due);
    assert!(!late.is_negative() && late < LATE, "{late:?}");
}

#[tokio::test]
async fn write_mode_falls_back_on_time() {
    let terms = Terms { write: SignedDuration::from_millis(700), ..Terms::default() };
    let (world, mut bell, now) = world(terms).await;
    let mut browser = world.browser(&bob());
    assert_eq!(browser.start(&alice()).await.status, StatusCode::CREATED);
    let raise = json!({"mode": "write", "reason": "r"});
    let answer = browser.json(Method::PATCH, "/impersonation", raise).await;
    let due: Timestamp = answer.json()["impersonation"]["mode_ends_at"].as_str().unwrap().parse().unwrap();
    assert_eq!((rings(&mut bell).await, rings(&mut bell).await), ("write", "read"));
    let late = now().duration_since(due);
    assert!(!late.is_negative() && late < LATE, "{late:?}");
}

#[tokio::test]
async fn what_the_host_takes_away_ends_without_a_request_once_it_says_so() {
    let (world, mut bell, now) = world(Terms::default()).await;
    let _inside = world.inside(&bob(), &alice()).await;
    world.accounts.change(&bob(), |user| user.rights.clear());
    let told = now();
    world.vicarious.forget(bob().id());
    assert_eq!(rings(&mut bell).await, "permission_lost");
    assert!(now().duration_since(told) < LATE);
}
