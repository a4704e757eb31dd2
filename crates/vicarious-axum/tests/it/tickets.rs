//! A ticket is a claim for one connection, checked as a cookie is; so is what a job takes along.

use std::time::Duration;

use axum::extract::Request;
use http::Method;
use http::request::Parts;
use jiff::SignedDuration;
use serde_json::Value;
use testkit::people::{alice, bob, carol, dana};
use vicarious_axum::{Carried, Connecting, DeadCause, KeyRing, Refused};
use vicarious_core::{EndCause, Identity};

use crate::connecting::connected;
use crate::support::{HANDLE, World};

/// The upgrade request of a socket on another host, to which this host's cookies do not go.
fn request(ticket: &str) -> Parts {
    let request = Request::get(format!("/cable?ticket={ticket}")).header("user-agent", "a test").body(());
    request.unwrap().into_parts().0
}

async fn redeem(world: &World, ticket: &str) -> String {
    match world.vicarious.redeem(ticket, &request(ticket)).await.unwrap() {
        Connecting::Nobody => "nobody".to_owned(),
        Connecting::Ended(cause) => format!("ended: {}", cause.as_str()),
        Connecting::As(who) => format!("{} by {}", who.current_user().unwrap().id, who.true_user().unwrap().id),
    }
}

#[tokio::test]
async fn a_ticket_is_good_for_one_connection_as_whoever_asked_for_it() {
    let world = World::new().await;
    for (browser, who) in [
        (world.browser(&alice()), "alice by alice"),
        (world.browser(&bob()), "bob by bob"),
        (world.inside(&bob(), &alice()).await, "alice by bob"),
    ] {
        let ticket = world.vicarious.cable_ticket(&connected(&world, &browser).await).ticket;
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        assert!(ticket.bytes().all(fits), "into a query and a subprotocol: {ticket}");
        assert_eq!(redeem(&world, &ticket).await, who);
        assert_eq!(redeem(&world, &ticket).await, "nobody", "one use");
    }
}

#[tokio::test]
async fn a_ticket_lapses_and_cannot_be_made_elsewhere() {
    let world = World::with(|builder| builder.tickets_last(Duration::from_secs(30))).await;
    let who = connected(&world, &world.browser(&alice())).await;
    let ticket = world.vicarious.cable_ticket(&who);
    assert_eq!(ticket.expires_at, world.clock.now() + SignedDuration::from_secs(30));
    let other = World::with(|builder| builder.keys(KeyRing::generate())).await;
    *other.accounts.sessions.lock().unwrap() = world.accounts.sessions.lock().unwrap().clone();
    assert_eq!(redeem(&other, &ticket.ticket).await, "nobody", "other keys");
    world.clock.advance(SignedDuration::from_secs(30));
    assert_eq!(redeem(&world, &ticket.ticket).await, "nobody", "too late");
    let browser = world.inside(&bob(), &alice()).await;
    for forged in ["", "ticket", browser.cookies[HANDLE].as_str(), &ticket.ticket[1..]] {
        assert_eq!(redeem(&world, forged).await, "nobody", "{forged}");
    }
}

#[tokio::test]
async fn what_has_changed_since_a_ticket_was_made_counts() {
    let world = World::with(|builder| builder.cache_for(Duration::from_secs(3600))).await;
    let ticket = async |browser: &crate::support::Browser| {
        world.vicarious.cable_ticket(&connected(&world, browser).await).ticket
    };
    let mut inside = world.inside(&bob(), &alice()).await;
    let stopped = ticket(&inside).await;
    inside.stop().await;
    assert_eq!(redeem(&world, &stopped).await, "ended: stopped");
    let own = ticket(&inside).await;
    inside.start(&carol()).await;
    assert_eq!(redeem(&world, &own).await, "ended: handle_missing", "their sign-in is inside an account by now");
    let mut browser = world.browser(&alice());
    let signed_out = ticket(&browser).await;
    browser.json(Method::DELETE, "/session", Value::Null).await;
    assert_eq!(redeem(&world, &signed_out).await, "nobody");
}

#[tokio::test]
async fn the_connection_of_a_shadower_is_on_record_without_its_ticket() {
    let world = World::new().await;
    let browser = world.inside(&bob(), &alice()).await;
    let who = connected(&world, &browser).await;
    let ticket = world.vicarious.cable_ticket(&who).ticket;
    let before = world.kinds().len();
    assert_eq!(redeem(&world, &ticket).await, "alice by bob");
    let entries: Vec<Value> =
        world.ledger.entries_snapshot()[before..].iter().map(|recorded| recorded.to_json()).collect();
    assert_eq!(entries.len(), 2, "{entries:?}");
    assert_eq!((&entries[0]["kind"], &entries[0]["path"]), (&"request.intent".into(), &"/cable".into()));
    assert_eq!(entries[0]["headers"]["user-agent"], "a test");
    assert_eq!((&entries[1]["kind"], &entries[1]["status"]), (&"request.outcome".into(), &101.into()));
    assert!(!world.record().contains(&ticket[..20]));
}

#[tokio::test]
async fn a_job_takes_both_users_along_as_text_and_is_checked_again() {
    let world = World::new().await;
    let mut browser = world.inside(&bob(), &alice()).await;
    let carried = world.vicarious.carry(&connected(&world, &browser).await);
    let text = serde_json::to_string(&carried).unwrap();
    let carried: Carried = serde_json::from_str(&text).unwrap();
    assert_eq!((carried.current_user.as_str(), carried.true_user.as_str()), ("alice", "bob"));
    let Connecting::As(who) = world.vicarious.take_up(&carried).await.unwrap() else { panic!("it goes on") };
    let as_known = vicarious_axum::with_identity(who.identity().clone(), async { vicarious_axum::identity() }).await;
    assert_eq!(as_known.shadower().map(|bob| bob.id.as_str()), Some("bob"));
    world.ledger.fail(true);
    assert_eq!(world.vicarious.take_up(&carried).await.unwrap_err(), Refused::Unavailable, "an outage is no end");
    world.ledger.fail(false);
    browser.stop().await;
    let ended = world.vicarious.take_up(&carried).await.unwrap();
    assert!(matches!(ended, Connecting::Ended(DeadCause::Ended(EndCause::Stopped))), "{ended:?}");
}

#[tokio::test]
async fn a_claim_to_another_pair_than_the_one_on_record_is_refused() {
    let world = World::new().await;
    let browser = world.inside(&bob(), &alice()).await;
    let other = world.inside(&dana(), &carol()).await;
    let carried = world.vicarious.carry(&connected(&world, &browser).await);
    let others = world.vicarious.carry(&connected(&world, &other).await);
    let own = world.vicarious.carry(&connected(&world, &world.browser(&bob())).await);
    let unknown = Carried { impersonation: Some("unknown".into()), ..carried.clone() };
    for claim in [
        Carried { current_user: carol().id().clone(), ..carried.clone() },
        Carried { true_user: dana().id().clone(), ..carried.clone() },
        Carried { impersonation: others.impersonation.clone(), ..carried.clone() },
        Carried { sign_in: others.sign_in.clone(), ..carried.clone() },
        Carried { sign_in: own.sign_in.clone(), ..carried.clone() },
        Carried { impersonation: None, ..carried.clone() },
        Carried { current_user: alice().id().clone(), ..own.clone() },
        Carried { current_user: dana().id().clone(), true_user: dana().id().clone(), ..own },
        unknown,
    ] {
        let answer = world.vicarious.take_up(&claim).await.unwrap();
        assert!(matches!(answer, Connecting::Ended(_)), "{claim:?} is {answer:?}");
    }
    assert!(world.vicarious.take_up(&carried).await.is_ok_and(|who| matches!(who, Connecting::As(_))));
    assert_eq!(vicarious_axum::identity(), Identity::anonymous());
}
