//! What one connection may use.

use cable_axum::testing::TestSocket;
use cable_axum::{Disconnect, Limits, Stream};
use serde_json::json;
use tokio::net::TcpSocket;

use crate::support::{Client, Server, Transport, confirmed, delivered, disconnected, on_each, rejected};

async fn with(transport: Transport, change: impl FnOnce(&mut Limits)) -> Server {
    let mut limits = Limits::default();
    change(&mut limits);
    Server::with(transport, |builder| builder.limits(limits)).await
}

#[tokio::test]
async fn a_message_that_is_too_big_closes_the_connection() {
    on_each(async |server| {
        let mut alice = server.connect("alice").await;
        alice.0.send(&" ".repeat(64 * 1024)).await;
        assert!(alice.0.settle().await.is_empty());
        alice.0.send(&" ".repeat(64 * 1024 + 1)).await;
        assert_eq!(alice.rest().await, (Vec::new(), Some(1009)));
    })
    .await;
}

#[tokio::test]
async fn more_commands_than_allowed_close_the_connection_with_the_reason() {
    for transport in [Transport::Axum, Transport::Pipe] {
        let server = with(transport, |limits| (limits.burst, limits.commands_per_second) = (5, 0)).await;
        let mut alice = server.connect("alice").await;
        let identifier = alice.subscribe(&json!({ "id": 1, "streams": ["news"] })).await;
        for nth in 0..5 {
            alice.perform(&identifier, json!({ "action": "say", "value": nth })).await;
        }
        let mut expected = (0..4).map(|nth| delivered(&identifier, nth)).collect::<Vec<_>>();
        expected.push(disconnected(&Disconnect::RATE_LIMITED));
        assert_eq!(alice.rest().await, (expected, Some(1000)));
        assert_eq!(server.world.until_logged("unsubscribed", 1).await, ["unsubscribed 1"]);
    }
}

#[tokio::test]
async fn pings_and_binary_messages_count_too() {
    for flood in [b"\x89\x80\0\0\0\0", b"\x82\x80\0\0\0\0", b"\x8a\x80\0\0\0\0"] {
        let server = with(Transport::Axum, |limits| (limits.burst, limits.commands_per_second) = (5, 0)).await;
        let mut alice = server.connect("alice").await;
        alice.0.send_bytes(&flood.repeat(6)).await;
        assert_eq!(alice.rest().await, (vec![disconnected(&Disconnect::RATE_LIMITED)], Some(1000)));
    }
}

#[tokio::test]
async fn more_subscriptions_than_allowed_are_rejected() {
    for transport in [Transport::Axum, Transport::Pipe] {
        let server = with(transport, |limits| limits.subscriptions = 2).await;
        let mut alice = server.connect("alice").await;
        alice.subscribe(&json!({ "id": 1 })).await;
        let second = alice.subscribe(&json!({ "id": 2 })).await;
        let third = alice.ask(&json!({ "id": 3 })).await;
        assert_eq!(alice.0.settle().await, [rejected(&third)]);
        alice.command("unsubscribe", &second).await;
        alice.command("subscribe", &third).await;
        assert_eq!(alice.0.settle().await, [confirmed(&third)]);
    }
}

/// Connects over a socket that keeps little for a client that does not read.
async fn narrow(server: &Server) -> Client {
    if server.transport == Transport::Pipe {
        return server.connect("alice").await;
    }
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    let stream = socket.connect(server.address()).await.unwrap();
    let mut socket = TestSocket::upgrade(stream, "/cable?user=alice", &[]).await.unwrap();
    assert_eq!(socket.next().await, Some(json!({ "type": "welcome" })));
    Client(socket)
}

#[tokio::test]
async fn who_does_not_read_is_closed_as_too_slow_and_others_are_not_held_up() {
    for transport in [Transport::Axum, Transport::Hyper, Transport::Pipe] {
        let server = with(transport, |limits| limits.waiting_bytes = 64 * 1024).await;
        let (mut slow, mut bob) = (narrow(&server).await, server.connect("bob").await);
        let hers = slow.subscribe(&json!({ "id": 1, "streams": ["news"] })).await;
        let his = bob.subscribe(&json!({ "streams": ["news"] })).await;
        let message = "x".repeat(16 * 1024);
        let mut sent = 0;
        // What the system itself keeps for the client may be some megabytes.
        while server.cable.broadcast(&Stream::named("news"), &message).await.unwrap() == 2 {
            sent += 1;
            assert_eq!(bob.0.next().await, Some(delivered(&his, &*message)));
            assert!(sent < 10_000);
        }
        assert_eq!(bob.0.next().await, Some(delivered(&his, &*message)));
        assert_eq!(server.world.until_logged("unsubscribed", 1).await, ["unsubscribed 1"]);
        assert_eq!(server.cable.count(|_| true), 1);

        let (mut frames, code) = slow.rest().await;
        assert_eq!((frames.pop(), code), (Some(disconnected(&Disconnect::TOO_SLOW)), Some(1000)), "{transport:?}");
        assert!(frames.len() < sent && frames.iter().all(|frame| *frame == delivered(&hers, &*message)));
        assert!(bob.0.settle().await.is_empty());
    }
}

#[tokio::test]
async fn who_does_not_read_and_is_disconnected_is_cut_off_where_it_stands() {
    let server = with(Transport::Axum, |limits| limits.waiting_bytes = 64 * 1024 * 1024).await;
    let mut slow = narrow(&server).await;
    slow.subscribe(&json!({ "streams": ["news"] })).await;
    let message = "x".repeat(64 * 1024);
    // More than the system keeps, so that some of it waits.
    for _ in 0..256 {
        assert_eq!(server.cable.broadcast(&Stream::named("news"), &message).await.unwrap(), 1);
    }
    assert_eq!(server.cable.disconnect(&Disconnect::REMOTE, |_| true), 1);
    let (frames, code) = slow.rest().await;
    assert_eq!(code, None);
    assert!(frames.len() < 256 && frames.iter().all(|frame| frame["message"] == *message));
}
