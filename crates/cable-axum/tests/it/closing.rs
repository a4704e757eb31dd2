//! How connections end, and that each subscription learns of it once.

use std::time::Duration;

use cable_axum::frame::CloseCode;
use cable_axum::{Disconnect, Stream};
use serde_json::{Value, json};

use crate::support::{Server, Transport, confirmed, delivered, disconnected, on_each};

/// Ends a connection in some way, after two subscriptions; each must be told once, and the streams be left.
async fn each_is_told_once(server: &Server, end: impl AsyncFnOnce(&Server, crate::support::Client)) {
    let mut alice = server.connect("alice").await;
    for id in [1, 2] {
        alice.subscribe(&json!({ "id": id, "streams": ["news"] })).await;
    }
    end(server, alice).await;
    server.cable.drain(Duration::ZERO).await;
    assert_eq!(server.cable.connections(), 0);
    assert_eq!(server.world.logged("unsubscribed"), ["unsubscribed 1", "unsubscribed 2"]);
    assert_eq!(server.world.logged("forget"), ["forget =news"]);
}

#[tokio::test]
async fn a_client_that_closes_is_answered_at_once_with_its_code() {
    on_each(async |server| {
        each_is_told_once(&server, async |_, mut alice| {
            alice.0.close(CloseCode::GOING_AWAY).await;
            let answered = tokio::time::timeout(Duration::from_secs(2), alice.rest()).await;
            assert_eq!(answered.unwrap(), (Vec::new(), Some(1001)));
        })
        .await;
    })
    .await;
}

#[tokio::test]
async fn a_client_that_is_cut_off_is_gone() {
    on_each(async |server| {
        each_is_told_once(&server, async |server, alice| {
            drop(alice);
            server.world.until_logged("unsubscribed", 2).await;
        })
        .await;
    })
    .await;
}

#[tokio::test]
async fn a_client_that_breaks_the_protocol_is_told_by_the_code() {
    on_each(async |server| {
        each_is_told_once(&server, async |_, mut alice| {
            // Without a mask, and with more behind it that nobody reads.
            alice.0.send_bytes(&[&[0x81, 0x01, b'x'][..], &[b'y'; 10_000]].concat()).await;
            assert_eq!(alice.rest().await, (Vec::new(), Some(1002)));
        })
        .await;
    })
    .await;
}

#[tokio::test]
async fn a_client_that_is_disconnected_is_told_why() {
    on_each(async |server| {
        each_is_told_once(&server, async |server, mut alice| {
            let why = Disconnect::of("impersonation_ended", false);
            assert_eq!(server.cable.disconnect(&why, |_| true), 1);
            assert_eq!(server.cable.disconnect(&why, |_| true), 0);
            assert_eq!(server.cable.count(|_| true), 0);
            assert_eq!(alice.rest().await, (vec![disconnected(&why)], Some(1000)));
        })
        .await;
    })
    .await;
}

#[tokio::test]
async fn a_client_whose_identity_is_over_in_an_action_is_closed_and_nothing_runs() {
    on_each(async |server| {
        each_is_told_once(&server, async |_, mut alice| {
            let identifier = crate::support::identifier(&json!({ "id": 1, "streams": ["news"] }));
            alice.perform(&identifier, json!({ "action": "say", "value": 1, "admit": "over" })).await;
            alice.perform(&identifier, json!({ "action": "say", "value": 2 })).await;
            let why = Disconnect::of("impersonation_ended", false);
            assert_eq!(alice.rest().await, (vec![disconnected(&why)], Some(1000)));
        })
        .await;
    })
    .await;
}

#[tokio::test]
async fn access_that_panics_closes_the_connection_as_an_outage() {
    on_each(async |server| {
        each_is_told_once(&server, async |server, mut alice| {
            let identifier = crate::support::identifier(&json!({ "id": 1, "streams": ["news"] }));
            alice.perform(&identifier, json!({ "action": "say", "value": 1, "admit": "panic" })).await;
            let told = (vec![disconnected(&Disconnect::UNAVAILABLE)], Some(1000));
            assert_eq!(alice.rest().await, told);
            let socket = server.upgrade("trouble", &[]).await.unwrap();
            assert_eq!(crate::support::Client(socket).rest().await, told);
        })
        .await;
    })
    .await;
}

#[tokio::test]
async fn disconnecting_closes_those_who_match_and_nobody_else() {
    on_each(async |server| {
        let mut clients = Vec::new();
        for user in ["alice", "alice", "bob", "alice"] {
            clients.push((user, server.connect(user).await));
        }
        assert_eq!(server.cable.count(|user| user == "alice"), 3);
        assert_eq!(server.cable.disconnect(&Disconnect::REMOTE, |user| user == "alice"), 3);
        for (user, client) in &mut clients {
            match *user {
                "alice" => assert_eq!(client.rest().await, (vec![disconnected(&Disconnect::REMOTE)], Some(1000))),
                _ => assert!(client.0.settle().await.is_empty()),
            }
        }
        assert_eq!(server.cable.count(|_| true), 1);
    })
    .await;
}

#[tokio::test]
async fn who_is_closed_while_still_is_asked_is_never_welcomed() {
    on_each(async |server| {
        let mut alice = crate::support::Client(server.upgrade("asked-late", &[]).await.unwrap());
        server.world.gate("still").reached().await;
        assert_eq!(server.cable.disconnect(&Disconnect::REMOTE, |user| user == "asked-late"), 1);
        server.world.gate("still").open();
        assert_eq!(alice.rest().await, (vec![disconnected(&Disconnect::REMOTE)], Some(1000)));
    })
    .await;
}

#[tokio::test]
async fn a_subscription_that_is_pending_while_its_connection_closes_never_joins_a_stream() {
    on_each(async |server| {
        let mut alice = server.connect("alice").await;
        alice.ask(&json!({ "id": 1, "gate": "subscribed", "streams": ["news"] })).await;
        server.world.gate("subscribed").reached().await;
        assert_eq!(server.cable.disconnect(&Disconnect::REMOTE, |_| true), 1);
        server.world.gate("subscribed").open();
        assert_eq!(alice.rest().await, (vec![disconnected(&Disconnect::REMOTE)], Some(1000)));
        assert_eq!(server.world.until_logged("unsubscribed", 1).await, ["unsubscribed 1"]);
        assert_eq!(server.world.logged("listen"), [""; 0]);
    })
    .await;
}

#[tokio::test]
async fn a_closed_connection_transmits_nothing_from_an_action_that_was_running() {
    on_each(async |server| {
        let mut alice = server.connect("alice").await;
        let identifier = alice.subscribe(&json!({ "id": 1 })).await;
        alice.perform(&identifier, json!({ "action": "wait", "gate": "action" })).await;
        alice.perform(&identifier, json!({ "action": "say", "value": "too late" })).await;
        server.world.gate("action").reached().await;
        server.cable.disconnect(&Disconnect::REMOTE, |_| true);
        server.world.gate("action").open();
        assert_eq!(alice.rest().await, (vec![disconnected(&Disconnect::REMOTE)], Some(1000)));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nothing_is_written_after_disconnecting_also_while_a_broadcast_runs() {
    for transport in [Transport::Axum, Transport::Pipe] {
        let server = Server::start(transport).await;
        for _ in 0..20 {
            let mut alice = server.connect("alice").await;
            let identifier = alice.subscribe(&json!({ "streams": ["news"] })).await;
            let cable = server.cable.clone();
            let broadcasting = tokio::spawn(async move {
                for nth in 0.. {
                    if cable.broadcast(&Stream::named("news"), &nth).await.unwrap() == 0 {
                        break;
                    }
                    tokio::task::yield_now().await;
                }
            });
            for nth in 0..10 {
                assert_eq!(alice.0.next().await, Some(delivered(&identifier, nth)));
            }
            let reading = tokio::spawn(async move { alice.rest().await });
            assert_eq!(server.cable.disconnect(&Disconnect::REMOTE, |_| true), 1);
            broadcasting.await.unwrap();
            ends_in_order(&reading.await.unwrap());
        }
    }
}

/// Messages without a gap, then perhaps the reason and the close, and nothing else: who is not told was cut off.
fn ends_in_order((frames, code): &(Vec<Value>, Option<u16>)) {
    let (told, messages): (Vec<_>, Vec<_>) = frames.iter().partition(|frame| frame["type"] == "disconnect");
    assert!(messages.iter().zip(10..).all(|(frame, nth)| frame["message"] == nth), "{messages:?}");
    match code {
        Some(code) => assert_eq!((*code, frames.last()), (1000, Some(&disconnected(&Disconnect::REMOTE)))),
        None => assert!(told.is_empty()),
    }
}

#[tokio::test]
async fn a_panic_in_any_method_ends_that_subscription_only() {
    on_each(async |server| {
        let (mut alice, mut bob) = (server.connect("alice").await, server.connect("bob").await);
        let well = alice.subscribe(&json!({ "id": 9, "streams": ["news"] })).await;
        let his = bob.subscribe(&json!({ "id": 8, "streams": ["news"] })).await;

        let first = alice.ask(&json!({ "id": 1, "panic": "subscribed", "streams": ["news"] })).await;
        assert_eq!(alice.0.next().await, Some(crate::support::rejected(&first)));

        let second = alice.subscribe(&json!({ "id": 2, "panic": "perform", "streams": ["news"] })).await;
        alice.perform(&second, json!({ "action": "say", "value": 1 })).await;
        assert_eq!(alice.0.next().await, Some(crate::support::rejected(&second)));

        let third = alice.subscribe(&json!({ "id": 3, "panic": "tick", "every_ms": 1 })).await;
        assert_eq!(alice.0.next().await, Some(crate::support::rejected(&third)));

        let fourth = alice.subscribe(&json!({ "id": 4, "panic": "unsubscribed", "streams": ["news"] })).await;
        alice.command("unsubscribe", &fourth).await;

        assert!(alice.0.settle().await.is_empty());
        assert_eq!(server.world.logged("unsubscribed"), ["unsubscribed 2", "unsubscribed 3", "unsubscribed 4"]);
        assert_eq!(server.cable.broadcast(&Stream::named("news"), "alive").await.unwrap(), 2);
        assert_eq!(alice.0.next().await, Some(delivered(&well, "alive")));
        assert_eq!(bob.0.next().await, Some(delivered(&his, "alive")));
        let again = alice.ask(&json!({ "id": 4, "panic": "unsubscribed", "streams": ["news"] })).await;
        assert_eq!(alice.0.next().await, Some(confirmed(&again)));
    })
    .await;
}
