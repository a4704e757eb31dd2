//! Identity at connect: the same answers as over HTTP, and in doubt nobody (T36, T37).

use cable_axum::Channel as _;
use serde_json::{Value, json};
use testkit::people::{alice, bob, carol};
use vicarious_cable::{Audience, Reach as _, page_identity};
use vicarious_core::Identity;
use vicarious_core::ports::Ledger as _;

use crate::support::{Commands, Tables, World, identifier};

#[tokio::test]
async fn nobody_is_refused() {
    let world = World::new().await;
    let mut nobody = world.person(&alice());
    nobody.cookies.clear();
    nobody.connect().await.assert_closed("unauthorized", false).await;
}

#[tokio::test]
async fn a_sign_in_that_is_over_is_refused() {
    let world = World::new().await;
    let mut person = world.person(&alice());
    let before = person.clone();
    person.json("DELETE", "/session", Value::Null).await;
    before.connect().await.assert_closed("unauthorized", false).await;
}

/// In the article a missing shadower silently turns Bob into Alice; here the handle is bound to Bob's sign-in.
#[tokio::test]
async fn a_handle_without_its_sign_in_is_nobody_and_ends() {
    let world = World::new().await;
    let agent = world.inside(&bob(), &alice()).await;
    let mut thief = agent.clone();
    thief.cookies.remove("session");
    thief.connect().await.assert_closed("impersonation_ended", false).await;
    agent.connect().await.assert_closed("impersonation_ended", false).await;
}

#[tokio::test]
async fn a_handle_in_somebody_else_s_browser_is_refused_and_is_not_the_customer() {
    let world = World::new().await;
    let agent = world.inside(&bob(), &alice()).await;
    let handle = agent.cookies.iter().find(|(name, _)| name.as_str() != "session").unwrap();
    for other in [alice(), carol()] {
        let mut thief = world.person(&other);
        thief.cookies.insert(handle.0.clone(), handle.1.clone());
        thief.connect().await.assert_closed("impersonation_ended", false).await;
    }
}

#[tokio::test]
async fn a_forged_handle_is_refused() {
    let world = World::new().await;
    let agent = world.inside(&bob(), &alice()).await;
    let name = agent.cookies.keys().find(|name| *name != "session").unwrap();
    for forged in ["", "x", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"] {
        let mut thief = world.person(&bob());
        thief.cookies.insert(name.clone(), forged.to_owned());
        thief.connect().await.assert_closed("impersonation_ended", false).await;
    }
}

/// A browser that lost its handle must not come back as the agent under the customer's page.
#[tokio::test]
async fn a_lost_handle_does_not_make_the_agent_connect_as_themselves() {
    let world = World::new().await;
    let mut agent = world.inside(&bob(), &alice()).await;
    agent.cookies.retain(|name, _| name == "session");
    agent.connect().await.assert_closed("impersonation_ended", false).await;
}

#[tokio::test]
async fn a_page_of_another_site_gets_nothing_at_all() {
    let world = World::new().await;
    let agent = world.inside(&bob(), &alice()).await;
    let address = world.address;
    for origin in [
        "http://evil.example".to_owned(),
        "null".to_owned(),
        String::new(),
        format!("https://{address}"),
        format!("HTTP://{address}"),
        format!("http://{address}.evil.example"),
        format!("http://sub.{address}"),
        format!("http://{address}/"),
        format!("http://{}:{}", address.ip(), address.port() ^ 1),
        format!("http://{}", address.ip()),
    ] {
        let (status, _) = agent.upgrade(&origin, "actioncable-v1-json").await;
        assert_eq!(status, 404, "{origin}");
    }
}

/// Where cookies do not go, a ticket does: for the same pair, once, and never beyond its impersonation.
#[tokio::test]
async fn a_ticket_carries_the_pair_once() {
    let world = World::new().await;
    let mut agent = world.inside(&bob(), &alice()).await;
    let (status, issued) = agent.json("GET", "/cable/ticket", Value::Null).await;
    assert_eq!(status, 200, "{issued}");
    let protocols = format!("actioncable-v1-json, {}", issued["protocol"].as_str().unwrap());
    let origin = format!("http://{}", world.address);
    let mut elsewhere = agent.clone();
    elsewhere.cookies.clear();

    let (_, mut socket) = elsewhere.upgrade(&origin, &protocols).await;
    assert_eq!(socket.next().await, json!({"type": "welcome"}));
    let listens = identifier(Tables::NAME, json!({"how": "identity"}));
    socket.ask_for(&listens).await;
    assert_eq!(socket.next().await["type"], "confirm_subscription");
    let pair = Audience::pair(alice().id().clone(), bob().id().clone());
    assert_eq!(world.cable.reach::<Tables>(&pair, "hello").await.unwrap(), 1);

    let (_, mut again) = elsewhere.upgrade(&origin, &protocols).await;
    again.assert_closed("unauthorized", false).await;

    let unused = agent.json("GET", "/cable/ticket", Value::Null).await.1;
    agent.json("DELETE", "/impersonation", Value::Null).await;
    let protocols = format!("actioncable-v1-json, {}", unused["protocol"].as_str().unwrap());
    let (_, mut late) = elsewhere.upgrade(&origin, &protocols).await;
    late.assert_closed("impersonation_ended", false).await;
}

#[tokio::test]
async fn a_ticket_that_is_forged_or_too_old_is_nobody() {
    let world = World::new().await;
    let mut person = world.person(&alice());
    let issued = person.json("GET", "/cable/ticket", Value::Null).await.1;
    let origin = format!("http://{}", world.address);
    person.cookies.clear();
    for forged in ["vicarious-ticket.", "vicarious-ticket.AAAA"] {
        let (_, mut socket) = person.upgrade(&origin, &format!("actioncable-v1-json, {forged}")).await;
        socket.assert_closed("unauthorized", false).await;
    }
    world.clock.advance(jiff::SignedDuration::from_mins(5));
    let protocols = format!("actioncable-v1-json, {}", issued["protocol"].as_str().unwrap());
    let (_, mut socket) = person.upgrade(&origin, &protocols).await;
    socket.assert_closed("unauthorized", false).await;
}

/// A client whose network failed comes back with what its browser's cookies are by then.
#[tokio::test]
async fn a_page_that_comes_back_after_a_stop_is_not_the_agents() {
    let world = World::new().await;
    let mut agent = world.inside(&bob(), &alice()).await;
    let running = agent.json("GET", "/impersonation", Value::Null).await.1;
    let id = running["impersonation"]["id"].as_str().unwrap();
    let row = world.ledger.by_id(&id.into()).await.unwrap().unwrap();
    let page = row.tag();
    let mut socket = agent.connect_from_page_of(&page).await;
    assert_eq!(socket.next().await, json!({"type": "welcome"}));
    drop(socket);

    agent.json("DELETE", "/impersonation", Value::Null).await;
    agent.connect_from_page_of(&page).await.assert_closed("identity_changed", false).await;
    let own = page_identity(&Identity::own(bob()));
    assert_eq!(agent.connect_from_page_of(&own).await.next().await, json!({"type": "welcome"}));
    assert_eq!(agent.connect().await.next().await, json!({"type": "welcome"}));
}

#[tokio::test]
async fn a_page_of_the_agents_own_does_not_come_back_as_the_customer_or_as_somebody_else() {
    let world = World::new().await;
    let own = page_identity(&Identity::own(bob()));
    let agent = world.inside(&bob(), &alice()).await;
    let other = world.person(&carol());
    for person in [&agent, &other] {
        for page in [own.clone(), String::new(), format!("{own}&identity={own}"), "own%3Abob".to_owned() + "%20"] {
            person.connect_from_page_of(&page).await.assert_closed("identity_changed", false).await;
        }
    }
}

#[tokio::test]
async fn without_a_shadower_it_is_the_customer() {
    let world = World::new().await;
    let commands = identifier(Commands::NAME, json!({"audience": "owner"}));
    let mut socket = world.person(&alice()).subscribed(&commands).await;
    world.cable.reach::<Commands>(&Audience::owner(alice().id().clone()), "yours").await.unwrap();
    assert_eq!(socket.next().await["message"], "yours");
}
