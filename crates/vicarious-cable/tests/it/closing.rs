//! A socket never outlives its identity: T35, and T38 as far as what is queued.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use cable_axum::Channel as _;
use serde_json::{Value, json};
use testkit::people::{alice, bob, carol, dana, eve};
use vicarious_cable::{Audience, Reach as _};
use vicarious_core::Identity;
use vicarious_core::decide::Decision;

use crate::support::{Person, Socket, Tables, World, identifier};

fn listens() -> String {
    identifier(Tables::NAME, json!({"how": "identity"}))
}

/// Sockets of everybody who must stay when Bob's impersonation of Alice ends.
async fn others(world: &World) -> Vec<Socket> {
    let mut sockets = Vec::new();
    for person in [
        world.person(&alice()),
        world.inside(&eve(), &alice()).await,
        world.inside(&bob(), &carol()).await,
        world.person(&bob()),
    ] {
        sockets.push(person.subscribed(&listens()).await);
    }
    sockets
}

/// Checks that these sockets are open and get what is for them.
async fn assert_open(sockets: &mut [Socket]) {
    for socket in sockets {
        socket.ask_for("mark").await;
        assert_eq!(socket.next().await["type"], "reject_subscription");
    }
}

async fn inside(world: &World) -> (Person, Vec<Socket>) {
    let agent = world.inside(&bob(), &alice()).await;
    let mut sockets = Vec::new();
    for _ in 0..3 {
        sockets.push(agent.subscribed(&listens()).await);
    }
    (agent, sockets)
}

async fn assert_ended(sockets: &mut [Socket]) {
    for socket in sockets {
        socket.assert_closed("impersonation_ended", false).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stopping_closes_the_sockets_of_that_impersonation_and_no_others() {
    let world = World::new().await;
    let mut others = others(&world).await;
    let (mut agent, mut sockets) = inside(&world).await;
    let (status, _) = agent.json("DELETE", "/impersonation", Value::Null).await;
    assert_eq!(status, 200);
    assert_ended(&mut sockets).await;
    assert_open(&mut others).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn signing_out_while_impersonating_closes_what_a_stop_closes() {
    let world = World::new().await;
    let mut others = others(&world).await;
    let (mut agent, mut sockets) = inside(&world).await;
    let (status, _) = agent.json("DELETE", "/session", Value::Null).await;
    assert_eq!(status, 204);
    assert_ended(&mut sockets).await;
    assert_open(&mut others).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn signing_out_closes_the_sockets_of_that_sign_in_only() {
    let world = World::new().await;
    let (mut phone, laptop) = (world.person(&alice()), world.person(&alice()));
    let mut on_the_phone = phone.subscribed(&listens()).await;
    let mut on_the_laptop = [laptop.subscribed(&listens()).await];
    let (status, _) = phone.json("DELETE", "/session", Value::Null).await;
    assert_eq!(status, 204);
    on_the_phone.assert_closed("signed_out", false).await;
    assert_open(&mut on_the_laptop).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn revoking_closes_them() {
    let world = World::new().await;
    let mut others = others(&world).await;
    let (mut agent, mut sockets) = inside(&world).await;
    let running = agent.json("GET", "/impersonation", Value::Null).await.1;
    let id = running["impersonation"]["id"].as_str().unwrap().into();
    world.vicarious.revoke(&Identity::own(dana()), &id).await.unwrap();
    assert_ended(&mut sockets).await;
    assert_open(&mut others).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn withdrawing_consent_closes_them() {
    let world = World::new().await;
    let mut own = [world.person(&alice()).subscribed(&listens()).await];
    let (_, mut sockets) = inside(&world).await;
    let consent = format!("standing-{}", alice().id()).into();
    world.vicarious.decide_consent(&Identity::own(alice()), &consent, Decision::Withdraw).await.unwrap();
    assert_ended(&mut sockets).await;
    assert_open(&mut own).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn time_running_out_closes_them_though_nobody_asks() {
    let world = World::new().await;
    let (_, mut sockets) = inside(&world).await;
    world.clock.advance(jiff::SignedDuration::from_mins(31));
    world.vicarious.sweep().await.unwrap();
    assert_ended(&mut sockets).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn losing_the_right_closes_them() {
    let world = World::new().await;
    let (_, mut sockets) = inside(&world).await;
    world.accounts.change(&bob(), |bob| bob.staff = false);
    world.vicarious.sweep().await.unwrap();
    assert_ended(&mut sockets).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disabled_customer_ends_what_shadowers_have_open() {
    let world = World::new().await;
    let (_, mut sockets) = inside(&world).await;
    world.accounts.change(&alice(), |alice| alice.account.active = false);
    world.vicarious.sweep().await.unwrap();
    assert_ended(&mut sockets).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn switching_to_another_customer_closes_the_sockets_as_the_first() {
    let world = World::new().await;
    let (mut agent, mut sockets) = inside(&world).await;
    let running = agent.json("GET", "/impersonation", Value::Null).await.1;
    let body = json!({
        "account_id": carol().id(),
        "reason": "the other one",
        "instead_of": running["impersonation"]["id"],
    });
    let (status, answer) = agent.json("POST", "/impersonation", body).await;
    assert_eq!(status, 201, "{answer}");
    assert_ended(&mut sockets).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn starting_closes_what_the_same_sign_in_has_open_as_itself() {
    let world = World::new().await;
    let mut agent = world.person(&bob());
    let mut before = agent.subscribed(&listens()).await;
    let mut elsewhere = [world.person(&bob()).subscribed(&listens()).await];
    let (status, _) =
        agent.json("POST", "/impersonation", json!({"account_id": alice().id(), "reason": "a test"})).await;
    assert_eq!(status, 201);
    before.assert_closed("identity_changed", false).await;
    assert_open(&mut elsewhere).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_ended_page_that_comes_back_is_told_to_stay_away() {
    let world = World::new().await;
    let (mut agent, _sockets) = inside(&world).await;
    let before = agent.clone();
    agent.json("DELETE", "/impersonation", Value::Null).await;
    before.connect().await.assert_closed("impersonation_ended", false).await;
}

/// While the account is written to without a pause, the impersonation stops; nothing that was sent after the answer
/// arrives, and what arrives last is the goodbye.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_written_to_them_after_the_answer_of_a_stop() {
    let world = Arc::new(World::new().await);
    for _ in 0..20 {
        let (mut agent, mut sockets) = inside(&world).await;
        let stopped = Arc::new(AtomicBool::new(false));
        let (sender, known) = (Arc::clone(&world), Arc::clone(&stopped));
        let sending = tokio::spawn(async move {
            let audience = Audience::account(alice().id().clone());
            let mut late = 0;
            while late < 20 {
                let is_late = known.load(Ordering::SeqCst);
                let delivered = sender.cable.reach::<Tables>(&audience, &json!({ "late": is_late })).await.unwrap();
                assert!(!is_late || delivered == 0, "a broadcast after the stop was delivered");
                late += u32::from(is_late);
            }
        });
        let (status, _) = agent.json("DELETE", "/impersonation", Value::Null).await;
        stopped.store(true, Ordering::SeqCst);
        assert_eq!(status, 200);
        for socket in &mut sockets {
            let frames = socket.until(|frame| frame["type"] == "disconnect").await;
            assert!(frames.iter().all(|frame| frame["message"] == json!({"late": false})), "{frames:?}");
            assert_eq!(socket.next().await, Value::Null);
        }
        sending.await.unwrap();
    }
}

/// An end that comes while connections are being made closes each of them, whether it was welcomed or not.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_that_are_being_made_do_not_slip_through() {
    let world = World::new().await;
    for _ in 0..30 {
        let mut agent = world.inside(&bob(), &alice()).await;
        let connecting: Vec<_> = (0..8)
            .map(|_| {
                let agent = agent.clone();
                tokio::spawn(async move { agent.connect().await })
            })
            .collect();
        agent.json("DELETE", "/impersonation", Value::Null).await;
        for socket in connecting {
            socket.await.unwrap().assert_closed("impersonation_ended", false).await;
        }
    }
    assert_eq!(world.cable.count(|connected| connected.is_impersonating()), 0);
}

/// With a clock that runs by itself, nobody has to look: the node that has the sockets ends what runs out.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_impersonation_that_runs_out_while_nothing_happens_closes_them_by_itself() {
    let world = World::timed(std::time::Duration::from_secs(2)).await;
    let (_, mut sockets) = inside(&world).await;
    let mut own = [world.person(&alice()).subscribed(&listens()).await];
    assert_ended(&mut sockets).await;
    let entries = world.ledger.entries_snapshot();
    let expired = entries.iter().find(|recorded| recorded.entry.kind == vicarious_core::Kind::Expired).unwrap();
    let started = entries.iter().find(|recorded| recorded.entry.kind == vicarious_core::Kind::Started).unwrap();
    let late = expired.entry.at.duration_since(started.entry.at) - jiff::SignedDuration::from_secs(2);
    println!("expired {late:?} after its time");
    assert!(!late.is_negative() && late < jiff::SignedDuration::from_secs(2), "{late:?}");
    assert_open(&mut own).await;
}
