//! Consents that an agent recorded, and the customer never gave.

use http::{Method, StatusCode};
use serde_json::json;
use testkit::people::{bob, eve};
use vicarious_axum::Said;
use vicarious_core::audit::Kind;
use vicarious_core::decide::{Decision, Terms};
use vicarious_core::{Account, Consent, Identity};

use crate::support::World;

async fn world() -> (World, Account) {
    let world = World::with(|builder| builder.terms(Terms { attested: true, ..Terms::default() })).await;
    let customer = world.add("customer", &[]);
    (world, customer)
}

async fn attest(world: &World, agent: &Account, customer: &Account) -> Consent {
    let said = Said { channel: "phone", quotation: "yes, do look", ticket: None, page: None };
    world.vicarious.attest_consent(&Identity::own(agent.clone()), customer.id(), said).await.unwrap()
}

// T56: an agent who records two keeps none of them.
#[tokio::test]
async fn a_customer_who_disowns_one_has_disowned_all_that_this_agent_recorded() {
    let (world, customer) = world().await;
    let recorded = [attest(&world, &bob(), &customer).await, attest(&world, &bob(), &customer).await];
    let by_other = attest(&world, &eve(), &customer).await;
    let mut inside = world.inside(&bob(), &customer).await;
    let rests_on = world.running().await[0].consent.clone().unwrap();
    let other = recorded.iter().find(|consent| consent.id != rests_on).unwrap();
    let herself = Identity::own(customer.clone());
    world.vicarious.decide_consent(&herself, &other.id, Decision::Disown).await.unwrap();
    assert_eq!(world.running().await, [], "what rests on the first has ended");
    assert_eq!(inside.json(Method::DELETE, "/impersonation", json!(null)).await.status, StatusCode::OK);
    assert_eq!(world.browser(&bob()).start(&customer).await.status, StatusCode::FORBIDDEN);
    assert_eq!(world.count(Kind::ConsentDisowned.as_str()), 1);
    // What somebody else recorded is the customer's to judge by itself.
    assert_eq!(world.browser(&eve()).start(&customer).await.status, StatusCode::CREATED, "{by_other:?}");
    // And of the other one she can still say so, too.
    world.vicarious.decide_consent(&herself, &rests_on, Decision::Disown).await.unwrap();
}
