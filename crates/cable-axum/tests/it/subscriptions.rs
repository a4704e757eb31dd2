//! Subscribing, performing, leaving.

use serde_json::json;

use crate::support::{confirmed, delivered, identifier, on_each, rejected};

#[tokio::test]
async fn what_is_transmitted_while_subscribing_comes_before_the_confirmation() {
    on_each(async |server| {
        let mut alice = server.connect("alice").await;
        let identifier = alice.ask(&json!({ "say": "hello", "streams": ["news"] })).await;
        assert_eq!(alice.0.settle().await, [delivered(&identifier, "hello"), confirmed(&identifier)]);
    })
    .await;
}

#[tokio::test]
async fn a_confirmation_waits_until_every_stream_is_live() {
    on_each(async |server| {
        let mut alice = server.connect("alice").await;
        let other = alice.subscribe(&json!({ "id": 1 })).await;
        alice.perform(&other, json!({ "action": "say", "value": "before" })).await;
        let identifier = alice.ask(&json!({ "streams": ["news", "listened-late"] })).await;
        server.world.gate("listen").reached().await;
        assert_eq!(alice.0.next().await, Some(delivered(&other, "before")));
        server.cable.broadcast(&cable_axum::Stream::named("news"), "first").await.unwrap();
        server.world.gate("listen").open();
        assert_eq!(alice.0.settle().await, [delivered(&identifier, "first"), confirmed(&identifier)]);
    })
    .await;
}

#[tokio::test]
async fn a_stream_that_cannot_be_listened_to_rejects_the_subscription() {
    on_each(async |server| {
        let mut alice = server.connect("alice").await;
        let identifier = alice.ask(&json!({ "id": 1, "streams": ["news", "out-of-reach"] })).await;
        assert_eq!(alice.0.settle().await, [rejected(&identifier)]);
        assert_eq!(server.world.logged("unsubscribed"), ["unsubscribed 1"]);
        assert_eq!(server.world.logged("forget"), ["forget =news", "forget =out-of-reach"]);
    })
    .await;
}

#[tokio::test]
async fn what_cannot_be_subscribed_to_is_rejected_and_can_be_asked_for_again() {
    on_each(async |server| {
        let mut alice = server.connect("alice").await;
        let (by_channel, misfit) = (identifier(&json!({ "reject": true })), identifier(&json!({ "streams": 5 })));
        for identifier in [&by_channel, &misfit, r#"{"channel":"NoSuchChannel"}"#, r#"{"channel":"String"}"#] {
            for _ in 0..2 {
                alice.command("subscribe", identifier).await;
                assert_eq!(alice.0.settle().await, [rejected(identifier)]);
            }
        }
        assert_eq!(server.world.logged("listen"), [""; 0]);
    })
    .await;
}

#[tokio::test]
async fn a_duplicate_is_not_answered_also_while_the_first_is_pending() {
    on_each(async |server| {
        let mut alice = server.connect("alice").await;
        let identifier = alice.ask(&json!({ "gate": "subscribed" })).await;
        alice.command("subscribe", &identifier).await;
        server.world.gate("subscribed").reached().await;
        server.world.gate("subscribed").open();
        assert_eq!(alice.0.settle().await, [confirmed(&identifier)]);
        alice.command("subscribe", &identifier).await;
        assert!(alice.0.settle().await.is_empty());
    })
    .await;
}

#[tokio::test]
async fn commands_of_one_burst_run_in_their_order() {
    on_each(async |server| {
        let mut alice = server.connect("alice").await;
        let mut expected = Vec::new();
        let identifier = identifier(&json!({ "id": 1 }));
        for nth in 0..3 {
            alice.command("subscribe", &identifier).await;
            alice.perform(&identifier, json!({ "action": "say", "value": nth })).await;
            alice.command("unsubscribe", &identifier).await;
            expected.extend([confirmed(&identifier), delivered(&identifier, nth)]);
        }
        assert_eq!(alice.0.settle().await, expected);
        assert_eq!(server.world.logged("unsubscribed").len(), 3);
    })
    .await;
}

#[tokio::test]
async fn what_is_sent_in_one_piece_with_the_upgrade_is_run_after_the_welcome() {
    on_each(async |server| {
        let mut socket = server.upgrade("asked-late", &[]).await.unwrap();
        server.world.gate("still").reached().await;
        let identifier = identifier(&json!({}));
        let early = json!({ "command": "subscribe", "identifier": identifier });
        socket.send(&early.to_string()).await;
        server.world.gate("still").open();
        assert_eq!(socket.settle().await, [json!({ "type": "welcome" }), confirmed(&identifier)]);
    })
    .await;
}

#[tokio::test]
async fn an_action_is_found_by_its_name_or_is_receive_and_others_are_ignored() {
    on_each(async |server| {
        let mut alice = server.connect("alice").await;
        let identifier = alice.subscribe(&json!({})).await;
        alice.perform(&identifier, json!({ "action": "say", "value": [1] })).await;
        alice.perform(&identifier, json!({ "text": "hi" })).await;
        alice.perform(&identifier, json!({ "action": "", "text": "hi" })).await;
        for data in [json!({ "action": "no_such" }), json!({ "action": "say" }), json!({ "action": "subscribed" })] {
            alice.perform(&identifier, data).await;
        }
        let received = json!({ "received": { "text": "hi" } });
        let expected = [json!([1]), received.clone(), received].map(|message| delivered(&identifier, message));
        assert_eq!(alice.0.settle().await, expected);
    })
    .await;
}

#[tokio::test]
async fn a_subscription_may_end_itself_and_is_told_by_a_rejection() {
    on_each(async |server| {
        let mut alice = server.connect("alice").await;
        let identifier = alice.subscribe(&json!({ "id": 1, "streams": ["news"] })).await;
        alice.perform(&identifier, json!({ "action": "finish" })).await;
        alice.perform(&identifier, json!({ "action": "say", "value": "unheard" })).await;
        assert_eq!(alice.0.settle().await, [rejected(&identifier)]);
        assert_eq!(server.world.logged("unsubscribed"), ["unsubscribed 1"]);
        assert_eq!(server.world.logged("forget"), ["forget =news"]);
        let early = alice.ask(&json!({ "id": 2, "finish": true, "streams": ["never"] })).await;
        assert_eq!(alice.0.settle().await, [rejected(&early)]);
        assert_eq!(server.world.logged("unsubscribed").len(), 2);
        assert_eq!(server.world.logged("listen"), ["listen =news"]);
    })
    .await;
}

#[tokio::test]
async fn subscriptions_may_be_ended_from_outside_by_identity_and_channel() {
    on_each(async |server| {
        let (mut alice, mut bob) = (server.connect("alice").await, server.connect("bob").await);
        let hers = [alice.subscribe(&json!({ "id": 1 })).await, alice.subscribe(&json!({ "id": 2 })).await];
        bob.subscribe(&json!({ "id": 3 })).await;
        for _ in 0..3 {
            server.cable.unsubscribe::<crate::support::Probe>(|user| user == "alice");
        }
        let told = [alice.0.next().await.unwrap(), alice.0.next().await.unwrap()];
        assert_eq!(told, [rejected(&hers[0]), rejected(&hers[1])]);
        assert!(alice.0.settle().await.is_empty());
        assert!(bob.0.settle().await.is_empty());
        assert_eq!(server.world.logged("unsubscribed"), ["unsubscribed 1", "unsubscribed 2"]);
        alice.subscribe(&json!({ "id": 1 })).await;
    })
    .await;
}

#[tokio::test]
async fn what_is_not_admitted_is_not_done_and_what_is_learns_its_end() {
    on_each(async |server| {
        let mut alice = server.connect("alice").await;
        let refused = alice.ask(&json!({ "admit": "refuse", "streams": ["news"] })).await;
        assert_eq!(alice.0.settle().await, [rejected(&refused)]);
        let identifier = alice.subscribe(&json!({ "admit": "yes" })).await;
        let say = |admit: &str| json!({ "action": "say", "value": 1, "admit": admit });
        alice.perform(&identifier, say("refuse")).await;
        let problem = delivered(&identifier, json!({ "error": { "title": "not allowed" } }));
        assert_eq!(alice.0.settle().await, [problem]);
        alice.perform(&identifier, say("yes")).await;
        alice.perform(&identifier, json!({ "action": "no_such", "admit": "yes" })).await;
        alice.perform(&identifier, json!({ "action": "panic", "admit": "yes" })).await;
        assert_eq!(alice.0.settle().await, [delivered(&identifier, 1), rejected(&identifier)]);
        assert_eq!(server.world.logged("ending"), ["ending Done", "ending Done", "ending Declined", "ending Failed"]);
        assert_eq!(server.world.logged("listen"), [""; 0]);
    })
    .await;
}
