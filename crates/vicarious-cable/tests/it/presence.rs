//! Who is in an account.

use serde_json::json;
use testkit::people::{alice, bob};
use vicarious_cable::Shadowers;

use crate::support::{World, presence};

#[tokio::test]
async fn everybody_in_an_account_is_told_who_comes_and_goes() {
    let world = World::new().await;
    let alone = json!({"present": [{"role": "owner", "name": "Alice Ames"}]});
    let both = json!({"present": [{"role": "owner", "name": "Alice Ames"}, {"role": "shadower", "name": "Bob Baker"}]});

    let mut owner = world.person(&alice()).welcomed().await;
    owner.ask_for(&presence()).await;
    assert_eq!(owner.next().await["message"], alone);
    assert_eq!(owner.next().await["type"], "confirm_subscription");

    let agent = world.inside(&bob(), &alice()).await;
    let mut shadower = agent.welcomed().await;
    shadower.ask_for(&presence()).await;
    assert_eq!(shadower.next().await["message"], both);
    assert_eq!(owner.next().await["message"], both);

    drop(shadower);
    assert_eq!(owner.next().await["message"], alone);
}

/// Not even by a message that says nothing new, at the very moment.
#[tokio::test]
async fn nothing_gives_a_hidden_shadower_away() {
    let world = World::with(|channels| channels.presence(Shadowers::Hide)).await;
    let alone = json!({"present": [{"role": "owner", "name": "Alice Ames"}]});
    let mut owner = world.person(&alice()).welcomed().await;
    owner.ask_for(&presence()).await;
    assert_eq!(owner.next().await["message"], alone);
    assert_eq!(owner.next().await["type"], "confirm_subscription");

    let mut shadower = world.inside(&bob(), &alice()).await.welcomed().await;
    shadower.ask_for(&presence()).await;
    assert_eq!(shadower.next().await["message"], alone);
    assert_eq!(shadower.next().await["type"], "confirm_subscription");
    owner.ask_for("mark").await;
    assert_eq!(owner.next().await["type"], "reject_subscription");
}

#[tokio::test]
async fn a_customer_is_online_through_their_own_connections_and_no_agents() {
    let world = World::new().await;
    let is_online = |who: vicarious_core::Account| world.vicarious.is_online(who.id()).unwrap();
    let shadower = world.inside(&bob(), &alice()).await.welcomed().await;
    assert!(!is_online(alice()) && !is_online(bob()));
    let owner = world.person(&alice()).welcomed().await;
    assert!(is_online(alice()));
    drop((owner, shadower));
}
