//! Timers, pings and draining, on a clock that only moves when everybody waits.

use std::time::Duration;

use cable_axum::Disconnect;
use cable_axum::testing::ConnectError;
use serde_json::json;
use tokio::time::Instant;

use crate::support::{Client, Server, Transport, delivered, disconnected, passes};

#[tokio::test(start_paused = true)]
async fn timers_ring_in_their_interval_until_the_subscription_ends() {
    let server = Server::start(Transport::Pipe).await;
    let mut alice = server.connect("alice").await;
    let quick = alice.subscribe(&json!({ "every_ms": 200 })).await;
    let begun = Instant::now();
    for tick in 1..=5 {
        assert_eq!(alice.0.next().await, Some(delivered(&quick, json!({ "tick": tick }))));
        let late = begun.elapsed().as_millis() - 200 * tick;
        assert!(late < 50, "{late} ms");
    }
    alice.command("unsubscribe", &quick).await;
    let slow = alice.subscribe(&json!({ "every_ms": 10_000 })).await;
    assert_eq!(alice.0.next().await, Some(delivered(&slow, json!({ "tick": 1 }))));
}

#[tokio::test(start_paused = true)]
async fn a_timer_that_rings_without_a_pause_does_not_keep_commands_from_being_read() {
    let server = Server::start(Transport::Pipe).await;
    let mut alice = server.connect("alice").await;
    let restless = alice.subscribe(&json!({ "id": 1, "every_ms": 1, "tick_ms": 5 })).await;
    assert_eq!(alice.0.next().await, Some(delivered(&restless, json!({ "tick": 1 }))));
    alice.command("unsubscribe", &restless).await;
    let ended = server.world.until_logged("unsubscribed", 1);
    assert_eq!(tokio::time::timeout(Duration::from_secs(1), ended).await.unwrap(), ["unsubscribed 1"]);
}

#[tokio::test(start_paused = true)]
async fn a_client_is_pinged_in_each_interval_with_a_time_that_grows() {
    let server = Server::start(Transport::Pipe).await;
    let mut alice = server.connect("alice").await;
    let fence = alice.subscribe(&json!({ "every_ms": 30_500 })).await;
    assert_eq!(alice.0.next().await, Some(delivered(&fence, json!({ "tick": 1 }))));
    let pings = alice.0.pings();
    assert!((10..=11).contains(&pings.len()), "{pings:?}");
    assert!(pings.is_sorted_by(|earlier, later| earlier < later), "{pings:?}");
}

#[tokio::test(start_paused = true)]
async fn nobody_is_pinged_before_the_welcome() {
    let server = Server::start(Transport::Pipe).await;
    let mut alice = server.upgrade("asked-late", &[]).await.unwrap();
    server.world.gate("still").reached().await;
    passes(Duration::from_secs(10)).await;
    server.world.gate("still").open();
    assert_eq!(alice.next().await, Some(json!({ "type": "welcome" })));
    assert!(alice.pings().is_empty());
}

#[tokio::test(start_paused = true)]
async fn draining_spreads_the_closing_over_the_time_and_refuses_new_connections() {
    let server = Server::start(Transport::Pipe).await;
    let mut clients = Vec::new();
    for _ in 0..4 {
        clients.push(server.connect("alice").await);
    }
    let begun = Instant::now();
    let cable = server.cable.clone();
    let draining = tokio::spawn(async move { cable.drain(Duration::from_secs(8)).await });
    let closing = clients.into_iter().map(|mut client| {
        tokio::spawn(async move {
            assert_eq!(client.rest().await, (vec![disconnected(&Disconnect::SERVER_RESTART)], Some(1000)));
            begun.elapsed().as_secs()
        })
    });
    let mut closed = Vec::new();
    for closing in closing.collect::<Vec<_>>() {
        closed.push(closing.await.unwrap());
        assert!(matches!(server.upgrade("late", &[]).await, Err(ConnectError::Answered { status: 503 })));
    }
    draining.await.unwrap();
    closed.sort_unstable();
    assert_eq!((closed, server.cable.connections()), (vec![0, 2, 4, 6], 0));
    assert_eq!(begun.elapsed().as_secs(), 6);
}

#[tokio::test(start_paused = true)]
async fn who_is_being_upgraded_while_draining_begins_is_closed_unwelcomed() {
    let server = Server::start(Transport::Pipe).await;
    let late = server.upgrade("identified-late", &[]);
    let draining = async {
        server.world.gate("identify").reached().await;
        server.cable.drain(Duration::ZERO).await;
        server.world.gate("identify").open();
    };
    let (late, ()) = tokio::join!(late, draining);
    assert_eq!(Client(late.unwrap()).rest().await, (vec![disconnected(&Disconnect::SERVER_RESTART)], Some(1000)));
}

#[tokio::test(start_paused = true)]
async fn draining_waits_until_channels_were_told() {
    let server = Server::start(Transport::Pipe).await;
    let mut alice = server.connect("alice").await;
    let identifier = alice.subscribe(&json!({ "id": 1 })).await;
    alice.perform(&identifier, json!({ "action": "wait", "gate": "action" })).await;
    server.world.gate("action").reached().await;
    let opening = async {
        passes(Duration::from_secs(2)).await;
        server.world.gate("action").open();
    };
    tokio::join!(server.cable.drain(Duration::ZERO), opening);
    assert_eq!(server.world.logged("unsubscribed"), ["unsubscribed 1"]);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_does_not_answer_the_close_is_not_waited_for_long() {
    let server = Server::start(Transport::Pipe).await;
    let _silent = server.connect("alice").await;
    let begun = Instant::now();
    server.cable.disconnect(&Disconnect::REMOTE, |_| true);
    server.cable.drain(Duration::ZERO).await;
    assert_eq!((server.cable.connections(), begun.elapsed()), (0, Duration::ZERO));
}
