//! An agent who was put out is told so where they would go in again.

use http::Method;
use jiff::SignedDuration;
use serde_json::json;
use testkit::people::{alice, bob, carol, dana, eve};
use vicarious_core::{Account, Identity};

use crate::support::{Browser, World};

const CUSTOMER: &str = "<bdi>Alice Ames</bdi> ended your last visit on Sunday 22 November, 09:00 UTC.";

/// Returns the page on which somebody would go into an account.
async fn start_page(browser: &mut Browser, account: &Account) -> String {
    let page = browser.get(&format!("/impersonation/new?account={}", account.id())).await;
    assert_eq!(page.status, 200, "{page:?}");
    page.text
}

/// Ends what runs, as `by`, or from outside where that is nobody; returns a new browser of Bob, who was inside.
async fn put_out(world: &World, by: Option<&Account>) -> Browser {
    world.inside(&bob(), &alice()).await;
    let row = world.running().await.remove(0);
    match by {
        Some(by) => world.vicarious.revoke(&Identity::own(by.clone()), &row.id).await.unwrap(),
        None => {
            let end = vicarious_core::decide::end(&row, vicarious_core::EndCause::Revoked, None, world.clock.now());
            vicarious_core::ports::Ledger::apply(&*world.ledger, vec![end.unwrap()]).await.unwrap();
        }
    }
    world.browser(&bob())
}

#[tokio::test]
async fn an_agent_reads_that_the_customer_ended_their_last_visit_and_may_still_start() {
    let world = World::new().await;
    let mut bob = put_out(&world, Some(&alice())).await;
    let page = start_page(&mut bob, &alice()).await;
    assert!(page.contains(CUSTOMER), "{page}");
    assert!(page.contains("Ask <bdi>Alice Ames</bdi> before you go in again"), "{page}");
    assert!(page.contains("Start as Alice Ames</button>") && !page.contains(" disabled"), "{page}");
    assert!(!start_page(&mut bob, &carol()).await.contains("ended your last visit"), "of another customer");
    assert!(!start_page(&mut world.browser(&eve()), &alice()).await.contains("ended your"), "of another agent");

    assert_eq!(bob.start(&alice()).await.status, 201);
    bob.stop().await;
    assert!(!start_page(&mut bob, &alice()).await.contains("ended your last visit"), "a visit has gone well since");
}

#[tokio::test]
async fn it_is_told_for_a_day() {
    let world = World::new().await;
    put_out(&world, Some(&alice())).await;
    world.clock.advance(SignedDuration::from_hours(24) - SignedDuration::from_secs(1));
    assert!(start_page(&mut world.browser(&bob()), &alice()).await.contains(CUSTOMER));
    world.clock.advance(SignedDuration::from_secs(1));
    assert!(!start_page(&mut world.browser(&bob()), &alice()).await.contains("ended your last visit"));
}

#[tokio::test]
async fn who_else_ended_it_is_named_as_the_record_names_them() {
    let world = World::new().await;
    let page = start_page(&mut put_out(&world, Some(&dana())).await, &alice()).await;
    let said = format!("<bdi>{}</bdi> ended your last visit to <bdi>Alice Ames</bdi> on", dana().person.name);
    assert!(page.contains(&said), "{page}");

    let world = World::new().await;
    let page = start_page(&mut put_out(&world, None).await, &alice()).await;
    assert!(page.contains("Your last visit to <bdi>Alice Ames</bdi> was ended from outside on"), "{page}");
    assert!(page.contains("Ask your administrator before you go in again"), "{page}");

    let world = World::new().await;
    let page = start_page(&mut put_out(&world, Some(&bob())).await, &alice()).await;
    assert!(!page.contains("last visit"), "agents know what they ended themselves: {page}");
}

#[tokio::test]
async fn whoever_starts_again_finds_their_reason_and_their_ticket_filled_in() {
    let world = World::new().await;
    let mut pair = world.browser(&bob());
    let reason = "50% & “frei”?".to_owned() + &"ü".repeat(480);
    let wish = json!({ "account_id": "alice", "reason": reason, "ticket": "SUP-1#2" });
    assert_eq!(pair.json(Method::POST, "/impersonation", wish).await.status, 201);
    let row = world.running().await.remove(0);
    world.vicarious.revoke(&Identity::own(alice()), &row.id).await.unwrap();
    let ended = pair.get("/notes").await;
    assert_eq!(ended.status, 410);
    let link = ended.text.split("href=\"").find(|rest| rest.starts_with("/impersonation/new?")).unwrap();
    let link = link.split('"').next().unwrap().replace("&amp;", "&");
    pair.stop().await;
    let page = pair.get(&link).await.text;
    let filled =
        |name: &str, value: &str| format!("<input id=\"{name}\" name=\"{name}\" type=\"text\" value=\"{value}\"");
    for field in [filled("reason", &reason.replace('&', "&amp;")), filled("ticket", "SUP-1#2")] {
        assert!(page.contains(&field), "{field}: {page}");
    }
}
