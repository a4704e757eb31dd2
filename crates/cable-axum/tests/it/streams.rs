//! Streams, broadcasts, and how many they reach.

use cable_axum::Stream;
use serde_json::{Value, json};

use crate::support::{Probe, confirmed, delivered, identifier, on_each};

#[tokio::test]
async fn streams_are_joined_and_left_while_the_subscription_goes_on() {
    on_each(async |server| {
        let mut alice = server.connect("alice").await;
        let identifier = alice.subscribe(&json!({ "streams": ["a", "a", "b"] })).await;
        let reaches = async |name: &str| server.cable.broadcast(&Stream::named(name), name).await.unwrap();
        assert_eq!((reaches("a").await, reaches("b").await, reaches("c").await), (1, 1, 0));
        alice.perform(&identifier, json!({ "action": "leave", "stream": "a" })).await;
        alice.perform(&identifier, json!({ "action": "join", "stream": "c" })).await;
        assert_eq!(alice.0.settle().await, [delivered(&identifier, "a"), delivered(&identifier, "b")]);
        assert_eq!((reaches("a").await, reaches("b").await, reaches("c").await), (0, 1, 1));
        alice.perform(&identifier, json!({ "action": "leave_all" })).await;
        assert_eq!(alice.0.settle().await, [delivered(&identifier, "b"), delivered(&identifier, "c")]);
        assert_eq!((reaches("a").await, reaches("b").await, reaches("c").await), (0, 0, 0));
        assert_eq!(server.world.logged("forget").len(), 3);
    })
    .await;
}

#[tokio::test]
async fn streams_for_parts_belong_to_the_channel_and_keep_their_order() {
    on_each(async |server| {
        let mut alice = server.connect("alice").await;
        let identifier = alice.subscribe(&json!({ "streams": ["ProbeChannel:a:b"] })).await;
        alice.perform(&identifier, json!({ "action": "join_for", "parts": ["a", "b"] })).await;
        assert!(alice.0.settle().await.is_empty());
        let reaches = async |parts: &[&str]| server.cable.broadcast_to::<Probe>(parts, &parts).await.unwrap();
        let all = [&["a", "b"][..], &["b", "a"], &["a:b"], &["a"], &[]];
        let mut reached = Vec::new();
        for parts in all {
            reached.push(reaches(parts).await);
        }
        assert_eq!(reached, [1, 0, 0, 0, 0]);
        assert_eq!(alice.0.settle().await, [delivered(&identifier, json!(["a", "b"]))]);
        alice.perform(&identifier, json!({ "action": "leave_for", "parts": ["a", "b"] })).await;
        assert!(alice.0.settle().await.is_empty());
        assert_eq!(reaches(&["a", "b"]).await, 0);
    })
    .await;
}

#[tokio::test]
async fn a_connection_counts_once_however_many_of_its_subscriptions_are_reached() {
    on_each(async |server| {
        let (mut alice, mut bob) = (server.connect("alice").await, server.connect("bob").await);
        let mut hers = Vec::new();
        for id in 0..5 {
            hers.push(alice.subscribe(&json!({ "id": id, "streams": ["news"] })).await);
        }
        bob.subscribe(&json!({ "streams": ["news"] })).await;
        assert_eq!(server.cable.broadcast(&Stream::named("news"), &1).await.unwrap(), 2);
        let mut reached = alice.0.settle().await;
        reached.sort_by_key(|frame| frame["identifier"].to_string());
        assert_eq!(reached, hers.iter().map(|identifier| delivered(identifier, 1)).collect::<Vec<_>>());
    })
    .await;
}

#[tokio::test]
async fn whatever_is_broadcast_arrives_as_it_is() {
    on_each(async |server| {
        let mut alice = server.connect("alice").await;
        let identifier = alice.subscribe(&json!({ "streams": ["news"] })).await;
        let long = "x".repeat(70_000);
        let messages =
            [json!("{\"a\":1}"), json!(null), json!(0), json!(""), json!([false]), json!("ü👩🏽‍💻\u{2028}"), json!(long)];
        for message in &messages {
            server.cable.broadcast(&Stream::named("news"), message).await.unwrap();
        }
        assert_eq!(alice.0.settle().await, messages.map(|message| delivered(&identifier, message)));
    })
    .await;
}

#[tokio::test]
async fn an_action_may_broadcast_to_its_own_stream() {
    on_each(async |server| {
        let mut alice = server.connect("alice").await;
        let identifier = alice.subscribe(&json!({ "streams": ["news"] })).await;
        alice.perform(&identifier, json!({ "action": "broadcast", "stream": "news", "message": "mine" })).await;
        assert_eq!(alice.0.settle().await, [delivered(&identifier, "mine"), delivered(&identifier, 1)]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn everybody_sees_the_broadcasts_of_a_stream_in_the_same_order() {
    on_each(async |server| {
        let mut clients = Vec::new();
        // More than are delivered to without a pause.
        for nth in 0..100 {
            let mut client = server.connect(&format!("user{nth}")).await;
            client.subscribe(&json!({ "streams": ["news"] })).await;
            clients.push(client);
        }
        let senders = (0..4).map(|sender| {
            let cable = server.cable.clone();
            tokio::spawn(async move {
                for nth in 0..10 {
                    let reached = cable.broadcast(&Stream::named("news"), &json!([sender, nth])).await.unwrap();
                    assert_eq!(reached, 100);
                }
            })
        });
        for sender in senders.collect::<Vec<_>>() {
            sender.await.unwrap();
        }
        let mut seen: Vec<Vec<Value>> = Vec::new();
        for client in &mut clients {
            seen.push(client.0.settle().await.into_iter().map(|mut frame| frame["message"].take()).collect());
        }
        assert_eq!(seen[0].len(), 40);
        assert!(seen.iter().all(|order| *order == seen[0]));
    })
    .await;
}

#[tokio::test]
async fn who_leaves_and_comes_back_at_once_still_hears_the_stream() {
    on_each(async |server| {
        let mut alice = server.connect("alice").await;
        let identifier = identifier(&json!({ "streams": ["news"] }));
        for _ in 0..20 {
            alice.command("subscribe", &identifier).await;
            alice.command("unsubscribe", &identifier).await;
        }
        alice.command("subscribe", &identifier).await;
        assert_eq!(alice.0.settle().await, vec![confirmed(&identifier); 21]);
        assert_eq!(server.cable.broadcast(&Stream::named("news"), &1).await.unwrap(), 1);
        assert_eq!(alice.0.settle().await, [delivered(&identifier, 1)]);
    })
    .await;
}
