//! The table of audiences, row by row.

use cable_axum::Channel as _;
use serde_json::json;
use testkit::people::{alice, bob, carol, eve};
use vicarious_cable::{Audience, AudienceKind, Reach as _};
use vicarious_core::Account;

use crate::support::{Commands, Person, Socket, Tables, World, identifier};

/// Alice herself, Bob as Alice, Eve as Alice, Bob himself, Bob as Carol.
async fn everybody(world: &World) -> [Person; 5] {
    [
        world.person(&alice()),
        world.inside(&bob(), &alice()).await,
        world.inside(&eve(), &alice()).await,
        world.person(&bob()),
        world.inside(&bob(), &carol()).await,
    ]
}

fn rows() -> [(Audience, [bool; 5]); 6] {
    let (alice, bob): (Account, Account) = (alice(), bob());
    let (a, b) = (|| alice.id().clone(), || bob.id().clone());
    let exactly = serde_json::from_value(json!({"kind": "exactly", "account": a(), "shadower": b()})).unwrap();
    [
        (Audience::account(a()), [true, true, true, false, false]),
        (Audience::owner(a()), [true, false, false, false, false]),
        (Audience::shadowed(a()), [false, true, true, false, false]),
        (Audience::pair(a(), b()), [false, true, false, false, false]),
        (exactly, [false, true, false, false, false]),
        (Audience::true_user(b()), [false, true, false, true, true]),
    ]
}

/// Returns whether a socket got `message` before the mark.
async fn got(socket: &mut Socket, message: &serde_json::Value) -> usize {
    let frames = socket.until(|frame| frame["message"] == "mark").await;
    frames.iter().filter(|frame| frame["message"] == *message).count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_channel_that_streams_for_its_identity_gets_each_row_of_the_table() {
    let world = World::new().await;
    let listens = identifier(Tables::NAME, json!({"how": "identity"}));
    let mut sockets = Vec::new();
    for person in everybody(&world).await {
        sockets.push(person.subscribed(&listens).await);
    }
    for (audience, expected) in rows() {
        let message = json!({"to": audience});
        let delivered = world.cable.reach::<Tables>(&audience, &message).await.unwrap();
        assert_eq!(delivered, expected.iter().filter(|is| **is).count(), "{audience:?}");
        mark(&world).await;
        for (socket, is_expected) in sockets.iter_mut().zip(expected) {
            assert_eq!(got(socket, &message).await, usize::from(is_expected), "{audience:?}");
        }
    }
}

/// Sends something that everybody gets once.
async fn mark(world: &World) {
    for audience in [Audience::account(alice().id().clone()), Audience::account(carol().id().clone())] {
        world.cable.reach::<Tables>(&audience, "mark").await.unwrap();
    }
    world.cable.reach::<Tables>(&Audience::owner(bob().id().clone()), "mark").await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_subscription_to_one_kind_gets_that_kind_only_and_is_rejected_where_there_is_none() {
    let world = World::new().await;
    let people = everybody(&world).await;
    for kind in AudienceKind::ALL {
        for (nth, person) in people.iter().enumerate() {
            let identifier = identifier(Commands::NAME, json!({"audience": kind}));
            let mut socket = person.welcomed().await;
            socket.ask_for(&identifier).await;
            let is_shadower = [false, true, true, false, true][nth];
            let applies = match kind {
                AudienceKind::Owner => !is_shadower,
                AudienceKind::Shadowed | AudienceKind::Pair => is_shadower,
                _ => true,
            };
            let answer = socket.next().await;
            assert_eq!(answer["type"] == "confirm_subscription", applies, "{kind:?} {nth} {answer}");
            if !applies {
                continue;
            }
            for (audience, expected) in rows() {
                let message = json!({"to": audience});
                world.cable.reach::<Commands>(&audience, &message).await.unwrap();
                socket.perform(&identifier, &json!({"action": "echo", "text": "mark"})).await;
                let frames = socket.until(|frame| frame["message"]["echo"] == "mark").await;
                let is_own = audience_kind(&audience) == kind;
                let is_expected = expected[nth] && is_own;
                assert_eq!(frames.len(), usize::from(is_expected), "{kind:?} {nth} {audience:?} {frames:?}");
            }
        }
    }
}

fn audience_kind(audience: &Audience) -> AudienceKind {
    serde_json::from_value(json!(audience)["kind"].clone()).unwrap()
}

#[test]
fn an_audience_that_is_spelled_wrongly_is_refused() {
    for wrong in [
        json!({"kind": "pair", "account": "1"}),
        json!({"kind": "owner", "account": "1", "shadower": "2"}),
        json!({"kind": "everybody", "account": "1"}),
        json!({"kind": "account"}),
    ] {
        assert!(serde_json::from_value::<Audience>(wrong.clone()).is_err(), "{wrong}");
    }
}

#[test]
fn streams_of_different_audiences_never_collide() {
    let audiences = [
        Audience::account("1"),
        Audience::owner("1"),
        Audience::shadowed("1"),
        Audience::true_user("1"),
        Audience::pair("1", "2"),
        Audience::pair("2", "1"),
        Audience::pair("12", ""),
        serde_json::from_value(json!({"kind": "exactly", "account": "1", "shadower": "2"})).unwrap(),
        serde_json::from_value(json!({"kind": "exactly", "account": "1"})).unwrap(),
    ];
    for (nth, one) in audiences.iter().enumerate() {
        for other in &audiences[nth + 1..] {
            assert_ne!(one.stream("C"), other.stream("C"));
        }
        assert_ne!(one.stream("C"), one.stream("D"));
        assert_ne!(one.stream("C"), cable_axum::Stream::of("C", ["1"]));
    }
}
