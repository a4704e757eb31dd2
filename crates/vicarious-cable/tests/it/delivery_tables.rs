//! The delivery tables of the article that channels for pairs begin with, and a fourth for `.compact`.

use cable_axum::Channel as _;
use serde_json::{Value, json};
use testkit::people::{alice, bob};

use crate::support::{Tables, World, identifier};

/// To whom is broadcast: Alice, Bob, the pair of Alice and Bob.
fn targets() -> [Vec<String>; 3] {
    let (alice, bob) = (alice().id().to_string(), bob().id().to_string());
    [vec![alice.clone()], vec![bob.clone()], vec![alice, bob]]
}

/// Checks what Alice without a shadower and Alice with Bob as shadower receive.
async fn table(how: &str, alone: [bool; 3], shadowed: [bool; 3]) {
    let world = World::new().await;
    let listens = identifier(Tables::NAME, json!({ "how": how }));
    for (person, expected) in [(world.person(&alice()), alone), (world.inside(&bob(), &alice()).await, shadowed)] {
        let mut socket = person.subscribed(&listens).await;
        for (target, expected) in targets().iter().zip(expected) {
            let message = json!({ "to": target });
            let delivered = world.cable.broadcast_to::<Tables>(target, &message).await.unwrap();
            assert_eq!(delivered, usize::from(expected), "{how} {target:?}");
            // An unsubscription is not answered, but the rejection of nonsense is, behind everything before it.
            socket.ask_for("mark").await;
            let frames: Vec<Value> = socket.until(|frame| frame["type"] == "reject_subscription").await;
            assert_eq!(frames.len(), usize::from(expected), "{how} {target:?} {frames:?}");
            assert!(frames.iter().all(|frame| frame["message"] == message));
        }
        drop(socket);
        gone(&world).await;
    }
}

/// Waits until nobody is connected.
async fn gone(world: &World) {
    while world.cable.connections() > 0 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn table_1_streaming_for_the_current_user_ignores_the_shadower() {
    table("current", [true, false, false], [true, false, false]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn table_2_streaming_for_the_pair_reaches_that_pair_only() {
    table("pair", [false, false, false], [false, false, true]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn table_3_streaming_for_both_reaches_either() {
    table("both", [true, false, false], [true, false, true]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn table_4_compact_streams_for_the_pair_if_there_is_one_and_else_for_the_current_user() {
    table("compact", [true, false, false], [false, false, true]).await;
}
