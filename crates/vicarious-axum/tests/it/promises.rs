//! Two more claims of the articles that the project starts from, which are the host's to decide.

use http::StatusCode;
use jiff::SignedDuration;
use serde_json::json;
use testkit::people::{alice, bob, carol};
use vicarious_core::decide::Terms;

use crate::support::World;

#[tokio::test]
async fn customers_may_shadow_each_other_where_the_host_says_so() {
    // Carol keeps Alice's books.
    let world = World::with(|builder| {
        builder.who_may_whom(|who, whom| who.account.id() == carol().id() && whom.account.id() == alice().id())
    })
    .await;
    let mut books = world.inside(&carol(), &alice()).await;
    assert_eq!(books.who().await, (json!(alice().id()), json!(carol().id())));
    assert_eq!(world.browser(&alice()).start(&carol()).await.status, StatusCode::NOT_FOUND, "not the other way round");
    assert_eq!(world.browser(&bob()).start(&alice()).await.status, StatusCode::NOT_FOUND, "nor anybody else");
}

#[tokio::test]
async fn expiry_is_a_setting() {
    for minutes in [5, 60] {
        let length = SignedDuration::from_mins(minutes);
        let terms = Terms { length, idle: SignedDuration::from_hours(2), ..Terms::default() };
        let world = World::with(|builder| builder.terms(terms)).await;
        let mut browser = world.inside(&bob(), &alice()).await;
        world.clock.advance(length - SignedDuration::from_secs(1));
        assert_eq!(browser.get("/").await.status, StatusCode::OK);
        world.clock.advance(SignedDuration::from_secs(1));
        assert_eq!(browser.get("/").await.status, StatusCode::GONE);
    }
}

#[tokio::test]
async fn a_rule_that_could_have_no_effect_is_a_mistake_that_is_named() {
    let rules = vicarious_core::Rules::new().confirm("GET /export", "export everything");
    let built = vicarious_axum::Vicarious::builder(crate::support::Accounts::default())
        .ledger(testkit::MemoryLedger::new())
        .keys(vicarious_axum::KeyRing::generate())
        .rules(rules)
        .build();
    let mistake = built.err().expect("a mistake").to_string();
    assert!(mistake.contains("GET `/export`"), "{mistake}");
}

#[tokio::test]
async fn a_link_from_a_ticket_leads_over_the_sign_in_to_the_start_page() {
    let world = World::with(|builder| builder.sign_in_page("/session/new?then=")).await;
    let path = "/impersonation/new?account=alice&ticket=SUP-1";
    let page = world.nobody().get(path).await;
    assert_eq!(page.status, StatusCode::SEE_OTHER);
    assert_eq!(page.location(), "/session/new?then=%2Fimpersonation%2Fnew%3Faccount%3Dalice%26ticket%3DSUP-1");
    assert_eq!(world.nobody().get_json(path).await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_refused_start_keeps_reason_ticket_and_status() {
    let world = World::new().await;
    let mut browser = world.inside(&bob(), &alice()).await;
    assert_eq!(browser.start(&carol()).await.status, StatusCode::CONFLICT);
    let entries = world.ledger.entries_snapshot();
    let refused = entries.iter().find(|one| one.entry.kind.as_str() == "impersonation.refused").unwrap().to_json();
    assert_eq!(refused["reason"], "cannot see the invoice");
    assert_eq!((&refused["ticket"], &refused["status"]), (&json!("SUP-1"), &json!(409)));
}
