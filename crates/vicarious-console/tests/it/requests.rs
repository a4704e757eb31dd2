//! Asking for consent.

use axum::http::{Method, StatusCode};
use serde_json::json;
use testkit::people::{alice, bob, eve};

use crate::support::World;

#[tokio::test]
async fn asking_answers_with_the_consent_that_waits() {
    let world = World::new();
    let mut bob = world.browser(&bob());
    let body = json!({ "account_id": "alice", "reason": "the invoice looks wrong", "ticket": "SUP-1" });
    let asked = bob.json(Method::POST, "/consents/requests", body.clone()).await;
    assert_eq!(asked.status, StatusCode::CREATED);
    let consent = asked.json();
    assert_eq!(
        (&consent["state"], &consent["reason"], &consent["ticket"]),
        (&json!("asked"), &body["reason"], &json!("SUP-1"))
    );
    assert_eq!((&consent["account"]["id"], &consent["requested_by"]["id"]), (&json!("alice"), &json!("bob")));
    assert_eq!(bob.ask("/consents").await.json()["consents"], json!([consent]));
    let again = bob.json(Method::POST, "/consents/requests", body).await;
    assert_eq!((again.status, again.problem().as_str()), (StatusCode::CONFLICT, "already-decided"));
    let listed = world.browser(&eve()).ask("/consents").await.json();
    assert_eq!(listed["consents"], json!([]), "what others asked for is not Eve's business");
}

#[tokio::test]
async fn a_form_goes_back_to_the_start_page_with_everything_typed() {
    let world = World::new();
    let fields = [
        ("account_id", "alice"),
        ("reason", "the invoice & more"),
        ("ticket", "SUP-1"),
        ("go_to", "/invoices"),
        ("return_to", "/accounts?q=Al"),
    ];
    let asked = world.browser(&bob()).form("/consents/requests", &fields).await;
    let wanted = "/impersonation/new?account=alice&reason=the+invoice+%26+more&ticket=SUP-1&go_to=%2Finvoices\
                  &return_to=%2Faccounts%3Fq%3DAl";
    assert_eq!(asked.location(), wanted);
}

#[tokio::test]
async fn a_reason_is_needed() {
    let world = World::new();
    let mut bob = world.browser(&bob());
    for reason in ["", "  ", &"x".repeat(501)] {
        let asked =
            bob.json(Method::POST, "/consents/requests", json!({ "account_id": "alice", "reason": reason })).await;
        assert_eq!(asked.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(asked.json()["field"], "reason");
    }
    let page = bob.form("/consents/requests", &[("account_id", "alice")]).await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(page.body.contains("href=\"/impersonation/new?account=alice\""), "{}", page.body);
}

#[tokio::test]
async fn whoever_declined_cannot_be_asked() {
    let world = World::new();
    world.browser(&alice()).json(Method::POST, "/consents/opt-out", json!({})).await;
    let asked = world
        .browser(&bob())
        .json(Method::POST, "/consents/requests", json!({ "account_id": "alice", "reason": "help" }))
        .await;
    assert_eq!((asked.status, asked.problem().as_str()), (StatusCode::FORBIDDEN, "consent-required"));
    assert!(world.browser(&bob()).page("/accounts").await.contains("Declines since"));
}
