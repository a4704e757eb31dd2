//! What the crate offers for tests of channels.

use cable_axum::testing::{Recorded, TestConnection};
use cable_axum::{Cable, Disconnect, Stream};
use serde_json::json;

use crate::support::{ByUser, Probe, Server, Transport, World};

#[tokio::test]
async fn a_channel_is_tested_without_a_network() {
    let (world, recorded) = (World::default(), Recorded::default());
    let builder = Cable::builder(ByUser(world.clone())).pubsub(recorded.clone());
    let cable = builder.channel::<Probe>().state(world.clone()).build();
    let bob = TestConnection::open(&cable, "bob".to_owned()).await;
    assert!(bob.subscribe("ProbeChannel", json!({ "reject": true })).await.is_err());
    let told = bob.subscribe("ProbeChannel", json!({ "say": "why", "reject": true })).await.map(drop);
    assert_eq!(told.unwrap_err().transmitted, ["why"]);

    let probe = bob.subscribe("ProbeChannel", json!({ "say": "hello", "streams": ["news"] })).await.unwrap();
    assert_eq!(probe.transmitted().await, ["hello"]);
    assert_eq!(probe.streams(), [Stream::named("news")]);
    probe.perform("broadcast", json!({ "stream": "news", "message": 5 })).await;
    assert_eq!(probe.transmitted().await, [5, 1]);
    assert_eq!(recorded.broadcasts(), [(Stream::named("news"), json!(5))]);
    assert!(recorded.broadcasts().is_empty());

    probe.perform("leave_all", json!({})).await;
    assert_eq!(probe.streams(), []);
    assert!(!probe.is_ended().await);
    probe.perform("finish", json!({})).await;
    assert!(probe.is_ended().await);

    let other = bob.subscribe("ProbeChannel", json!({ "id": 7 })).await.unwrap();
    other.unsubscribe().await;
    assert_eq!(world.logged("unsubscribed").last().unwrap(), "unsubscribed 7");

    assert_eq!(bob.disconnected().await, None);
    cable.disconnect(&Disconnect::REMOTE, |user| user == "bob");
    assert_eq!(bob.disconnected().await, Some(Disconnect::REMOTE));
    assert!(bob.subscribe("ProbeChannel", json!({})).await.is_err());
}

#[tokio::test]
async fn a_connection_without_a_network_is_asked_the_same_questions() {
    let server = Server::start(Transport::Pipe).await;
    let ended = TestConnection::open(&server.cable, "ended".to_owned()).await;
    assert_eq!(ended.disconnected().await, Some(Disconnect::of("impersonation_ended", false)));
}

#[tokio::test]
async fn the_same_is_done_over_a_socket() {
    let server = Server::start(Transport::Axum).await;
    let bob = TestConnection::over(server.upgrade("bob", &[]).await.unwrap()).await;
    let probe = bob.subscribe("ProbeChannel", json!({ "streams": ["news"] })).await.unwrap();
    server.cable.broadcast(&Stream::named("news"), "hello").await.unwrap();
    assert_eq!(probe.transmitted().await, ["hello"]);
}
