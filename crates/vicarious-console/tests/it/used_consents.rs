//! What people read of a consent for one use while it is used, and afterwards.

use axum::http::{Method, StatusCode};
use jiff::SignedDuration;
use serde_json::{Value, json};
use testkit::people::{alice, bob, dana};

use crate::support::{Browser, World, text};

/// Lets Bob in by a support code of Alice's.
async fn by_code(world: &World) -> Browser {
    let made = world.browser(&alice()).json(Method::POST, "/support-code", json!({ "page": "/invoices" })).await;
    let code = made.json()["support_code"].as_str().unwrap().to_owned();
    let mut bob = world.browser(&bob());
    let body = json!({ "support_code": code, "reason": "a call", "ticket": "SUP-1" });
    let started = bob.json(Method::POST, "/impersonation", body).await;
    assert_eq!(started.status, StatusCode::CREATED, "{}", started.body);
    bob
}

/// Lets Bob in after a question that Alice answered.
async fn by_answer(world: &World) -> Browser {
    let mut bob = world.browser(&bob());
    let body = json!({ "account_id": "alice", "reason": "a page looks wrong" });
    let asked = bob.json(Method::POST, "/consents/requests", body).await.json();
    let path = format!("/consents/{}", asked["id"].as_str().unwrap());
    world.browser(&alice()).json(Method::PATCH, &path, json!({ "decision": "give" })).await;
    bob.start(&alice()).await;
    bob
}

/// Returns what Alice's page says is in force, and what was before.
async fn shown(world: &World) -> (String, String) {
    let page = text(&world.browser(&alice()).page("/consents").await);
    let (_, rest) = page.split_once(" In force ").unwrap();
    let (in_force, rest) = rest.split_once(" Read out a code ").unwrap();
    let (_, before) = rest.split_once(" Before ").unwrap();
    (in_force.to_owned(), before.to_owned())
}

async fn listed(world: &World) -> Value {
    world.browser(&alice()).ask("/consents").await.json()["consents"][0].clone()
}

#[tokio::test]
async fn a_consent_is_in_force_only_while_somebody_is_in_because_of_it() {
    for is_code in [true, false] {
        let world = World::new();
        let mut bob = if is_code { by_code(&world).await } else { by_answer(&world).await };
        let (in_force, before) = shown(&world).await;
        assert!(in_force.contains("Bob Baker until today 11:00 Agreed, in use, today 10:00."), "{in_force}");
        assert!(in_force.contains("Withdraw"), "{in_force}");
        assert!(before.starts_with("Nothing yet."), "{before}");
        let now = listed(&world).await;
        assert_eq!((&now["state"], &now["used_at"]), (&json!("given"), &json!("2026-03-02T10:00:00Z")));
        assert_eq!(now["used_by"]["id"], "bob");

        bob.stop().await;
        let (in_force, before) = shown(&world).await;
        assert!(in_force.starts_with("You have not agreed to anything: nobody can come in."), "{in_force}");
        assert!(!in_force.contains("Withdraw"), "{in_force}");
        assert!(before.starts_with("Used today 10:00 "), "{before}");
        let how =
            if is_code { "Support code made today 10:00, used by Bob Baker" } else { "Bob Baker asked today 10:00" };
        assert!(before.contains(how), "{before}");
        assert_eq!(listed(&world).await["state"], "used");

        world.clock.advance(SignedDuration::from_hours(2));
        assert_eq!(listed(&world).await["state"], "used", "it was used, and did not lapse");
    }
}

#[tokio::test]
async fn one_that_is_in_use_ends_with_its_withdrawal() {
    let world = World::new();
    let mut pair = by_code(&world).await;
    let path = format!("/consents/{}", listed(&world).await["id"].as_str().unwrap());
    let withdrawn = world.browser(&alice()).json(Method::PATCH, &path, json!({ "decision": "withdraw" })).await;
    assert_eq!(withdrawn.json()["state"], "withdrawn");
    assert_eq!(pair.ask("/invoices").await.json()["cause"], "consent_withdrawn");
}

#[tokio::test]
async fn one_whose_impersonation_ran_out_unnoticed_is_used_up() {
    let world = World::new();
    by_code(&world).await;
    world.clock.advance(SignedDuration::from_mins(11));
    assert_eq!(listed(&world).await["state"], "used", "nobody has recorded that it was idle for too long");
}

#[tokio::test]
async fn one_that_is_continued_stays_in_use() {
    let world = World::new();
    let mut bob = by_answer(&world).await;
    let running = bob.ask("/impersonation").await.json()["impersonation"]["id"].clone();
    let body = json!({ "account_id": "alice", "reason": "still wrong", "instead_of": running });
    let continued = bob.json(Method::POST, "/impersonation", body).await;
    assert_eq!(continued.status, StatusCode::CREATED, "{}", continued.body);
    assert_eq!(listed(&world).await["state"], "given");
    bob.stop().await;
    assert_eq!(listed(&world).await["state"], "used");
}

#[tokio::test]
async fn agents_and_administrators_read_the_same() {
    let world = World::new();
    let made = world.browser(&alice()).json(Method::POST, "/support-code", json!({})).await;
    assert_eq!(made.status, StatusCode::CREATED);
    let mut dana = world.browser(&dana());
    let unused = text(&dana.page("/consents").await);
    assert!(unused.contains("Alice Ames Support code, not used yet whoever has the code"), "{unused}");
    by_code(&world).await.stop().await;
    let used = text(&dana.page("/consents").await);
    assert!(used.contains("Alice Ames Used today 10:00 Bob Baker, with a code no reason Today 10:00 over"), "{used}");
    assert_eq!(dana.ask("/consents").await.json()["consents"][0]["state"], "used");

    let mut bob = by_answer(&world).await;
    assert!(text(&bob.page("/consents").await).contains("Agreed, in use"));
    bob.stop().await;
    let own = text(&bob.page("/consents").await);
    assert!(own.contains("Alice Ames Used today 10:00 Bob Baker a page looks wrong Today 10:00 over"), "{own}");
}

#[tokio::test]
async fn a_pseudonym_hides_who_used_a_code_too() {
    let world = World::with(|console| console.pseudonyms("a secret"));
    let mut pair = by_code(&world).await;
    for _ in 0..2 {
        let mut alice = world.browser(&alice());
        let (page, listed) = (alice.page("/consents").await, alice.ask("/consents").await);
        let name = listed.json()["consents"][0]["used_by"]["name"].as_str().unwrap().to_owned();
        assert!(name.starts_with("Support agent ") && page.contains(&name), "{page}");
        assert!(!page.contains("Bob") && !listed.body.to_lowercase().contains("bob"), "{page} {}", listed.body);
        pair.stop().await;
    }
}

#[tokio::test]
async fn agreeing_ahead_is_offered_for_the_shortest_time_first() {
    let world = World::new();
    let page = world.browser(&alice()).page("/consents").await;
    assert!(page.contains("<option value=\"day\" selected>") && page.matches(" selected").count() == 1, "{page}");
}

/// Returns what Bob reads about Alice in the list, on the start page, and as JSON.
async fn told(bob: &mut Browser) -> (String, String, Value) {
    let list = text(&bob.page("/accounts?q=Alice").await);
    let start = text(&bob.page("/impersonation/new?account=alice").await);
    (list, start, bob.ask("/accounts/alice").await.json()["consent"].clone())
}

#[tokio::test]
async fn an_agent_is_told_that_the_customer_has_declined() {
    let world = World::new();
    let mut bob = world.browser(&bob());
    let body = json!({ "account_id": "alice", "reason": "a page looks wrong" });
    let asked = bob.json(Method::POST, "/consents/requests", body).await.json();
    let path = format!("/consents/{}", asked["id"].as_str().unwrap());
    world.clock.advance(SignedDuration::from_mins(5));
    world.browser(&alice()).json(Method::PATCH, &path, json!({ "decision": "refuse" })).await;
    world.clock.advance(SignedDuration::from_mins(5));
    let (list, start, json) = told(&mut bob).await;
    assert!(list.contains("alice@example.com Declined today 10:05 nobody"), "{list}");
    assert!(start.contains("Alice Ames declined on Monday 2 March, 10:05 UTC."), "{start}");
    assert!(start.contains("Ask Alice Ames"), "{start}");
    assert_eq!(json, json!({ "state": "refused", "at": "2026-03-02T10:05:00Z" }));
}

#[tokio::test]
async fn an_agent_is_told_that_the_one_visit_is_used_up() {
    let world = World::new();
    let mut bob = by_answer(&world).await;
    world.clock.advance(SignedDuration::from_mins(5));
    bob.stop().await;
    let (list, start, json) = told(&mut bob).await;
    assert!(list.contains("alice@example.com Used today 10:00 nobody"), "{list}");
    assert!(start.contains("Alice Ames had agreed to one visit, which began on Monday 2 March, 10:00 UTC."), "{start}");
    assert_eq!(json, json!({ "state": "used", "at": "2026-03-02T10:00:00Z" }));
}
