//! Who is in an account.

use serde_json::json;
use testkit::people::{alice, bob};

use crate::support::{World, presence};

#[tokio::test]
async fn everybody_in_an_account_is_told_who_comes_and_goes() {
    let world = World::new().await;
    let alone = json!({"present": [{"role": "owner", "name": "Alice Ames"}]});
    let both = json!({"present": [{"role": "owner", "name": "Alice Ames"}, {"role": "shadower", "name": "Bob Baker"}]});

    let mut owner = world.person(&alice()).welcomed().await;
    owner.subscribe(&presence()).await;
    assert_eq!(owner.next().await["message"], alone);
    assert_eq!(owner.next().await["type"], "confirm_subscription");

    let agent = world.inside(&bob(), &alice()).await;
    let mut shadower = agent.welcomed().await;
    shadower.subscribe(&presence()).await;
    assert_eq!(shadower.next().await["message"], both);
    assert_eq!(owner.next().await["message"], both);

    drop(shadower);
    assert_eq!(owner.next().await["message"], alone);
}
