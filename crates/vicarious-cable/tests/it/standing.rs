//! Ends that nobody tells this process: T35 and T37 with several processes, and while the ledger is away.

use std::time::Duration;

use cable_axum::Channel as _;
use serde_json::{Value, json};
use testkit::people::{alice, bob, carol};

use crate::support::{Socket, Tables, World, identifier};

/// Returns a world that soon asks again of everybody who is connected.
async fn asking() -> World {
    World::with(|channels| channels.ask_again_every(Duration::from_millis(20))).await
}

fn listens() -> String {
    identifier(Tables::NAME, json!({"how": "identity"}))
}

async fn assert_open(socket: &mut Socket) {
    socket.ask_for("mark").await;
    assert_eq!(socket.next().await["type"], "reject_subscription");
}

#[tokio::test]
async fn a_sign_out_on_another_process_closes_the_sockets_of_that_sign_in() {
    let world = asking().await;
    let mut alice = world.person(&alice()).subscribed(&listens()).await;
    world.accounts.end_sign_ins();
    let mut carol = world.person(&carol()).subscribed(&listens()).await;
    alice.assert_closed("signed_out", false).await;
    assert_open(&mut carol).await;
}

#[tokio::test]
async fn an_account_that_was_disabled_behind_our_back_loses_its_sockets() {
    let world = asking().await;
    let mut own = world.person(&alice()).subscribed(&listens()).await;
    world.accounts.change(&alice(), |alice| alice.account.active = false);
    own.assert_closed("signed_out", false).await;
}

/// Whether a sign-in that presents no handle has an impersonation open is not known during an outage: it is let in as
/// itself, and that is put right as soon as it can be asked.
#[tokio::test]
async fn whoever_lost_a_handle_and_slipped_in_during_an_outage_is_found_afterwards() {
    let world = asking().await;
    let mut agent = world.inside(&bob(), &alice()).await;
    agent.cookies.retain(|name, _| name == "session");
    world.ledger.fail(true);
    let mut slipped_in = agent.welcomed().await;
    world.ledger.fail(false);
    slipped_in.assert_closed("identity_changed", false).await;
}

#[tokio::test]
async fn a_hard_end_closes_sockets_also_while_the_ledger_cannot_record_it() {
    let world = World::new().await;
    let mut own = world.person(&alice()).subscribed(&listens()).await;
    let mut shadower = world.inside(&bob(), &alice()).await.subscribed(&listens()).await;
    world.ledger.fail(true);
    world.clock.advance(jiff::SignedDuration::from_mins(31));
    shadower.assert_closed("impersonation_ended", false).await;
    assert_open(&mut own).await;
}

#[tokio::test]
async fn whoever_still_stands_stays_connected_also_while_the_ledger_is_away() {
    let world = asking().await;
    let mut own = world.person(&alice()).subscribed(&listens()).await;
    let mut shadower = world.inside(&bob(), &alice()).await.subscribed(&listens()).await;
    for failing in [false, true, false] {
        world.ledger.fail(failing);
        let asked = world.ledger.lookups() + 8;
        let asking = async {
            while world.ledger.lookups() < asked {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(10), asking).await.unwrap();
        assert_open(&mut own).await;
    }
    let (status, _) = world.person(&alice()).json("GET", "/", Value::Null).await;
    assert_eq!(status, 200);
    shadower.ask_for("mark").await;
    assert_eq!(shadower.next().await["type"], "reject_subscription");
}
