//! Support codes: a customer reads one out, and one agent comes in once.

use http::{Method, StatusCode};
use serde_json::{Value, json};
use testkit::people::{alice, bob, carol, eve};
use vicarious_axum::Question;
use vicarious_core::consent::Consent;
use vicarious_core::{Account, Identity, SitePath};

use crate::support::{Answer, Browser, World};

/// Makes a code as a customer who has agreed to nothing else.
async fn code(world: &World, page: &str) -> (Account, Consent, String) {
    let customer = world.add("customer", &[]);
    let (consent, code) = of(world, &customer, page).await;
    (customer, consent, code)
}

async fn of(world: &World, customer: &Account, page: &str) -> (Consent, String) {
    world.vicarious.support_code(&Identity::own(customer.clone()), SitePath::new(page)).await.unwrap()
}

async fn start(browser: &mut Browser, fields: Value) -> Answer {
    let mut body = json!({ "reason": "on the phone", "ticket": "SUP-1" });
    body.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    browser.json(Method::POST, "/impersonation", body).await
}

#[tokio::test]
async fn a_code_finds_the_customer_is_the_consent_and_opens_the_page() {
    let world = World::new().await;
    let (customer, consent, code) = code(&world, "/profile?tab=2").await;
    let mut bob = world.browser(&bob());
    // As people type what they hear.
    let typed = format!(" {} ", code.to_lowercase().replace('-', " "));
    let started = start(&mut bob, json!({ "support_code": typed })).await;
    assert_eq!((started.status, &started.json()["location"]), (StatusCode::CREATED, &json!("/profile?tab=2")));
    assert_eq!(bob.who().await, (json!(customer.id()), json!(testkit::people::bob().id())));
    let row = &world.running().await[0];
    assert_eq!(row.consent.as_ref(), Some(&consent.id));
    assert_eq!(row.ends_at, (world.clock.now() + world.vicarious.terms().length));
    assert!(!world.record().contains(&code), "a code is nowhere on record");
}

#[tokio::test]
async fn a_code_works_once_and_for_nobody_else_afterwards() {
    let world = World::new().await;
    let (_, _, code) = code(&world, "/").await;
    let mut bob = world.browser(&bob());
    assert_eq!(start(&mut bob, json!({ "support_code": code })).await.status, StatusCode::CREATED);
    let mut eve = world.browser(&eve());
    let second = start(&mut eve, json!({ "support_code": code })).await;
    assert_eq!(second.status, StatusCode::UNPROCESSABLE_ENTITY, "{second:?}");
    bob.stop().await;
    let again = start(&mut bob, json!({ "support_code": code })).await;
    assert_eq!(again.status, StatusCode::UNPROCESSABLE_ENTITY, "leaving used it up");
}

// T28
#[tokio::test]
async fn two_agents_with_one_code_at_the_same_moment_are_one_inside_and_one_refused() {
    let world = World::new().await;
    let (customer, consent, code) = code(&world, "/").await;
    let (mut bob, mut eve) = (world.browser(&bob()), world.browser(&eve()));
    let fields = json!({ "support_code": code });
    let (one, other) = tokio::join!(start(&mut bob, fields.clone()), start(&mut eve, fields));
    let mut statuses = [one.status, other.status];
    statuses.sort();
    assert_eq!(statuses, [StatusCode::CREATED, StatusCode::UNPROCESSABLE_ENTITY], "{one:?} {other:?}");
    let running = world.running().await;
    assert_eq!((running.len(), &running[0].current_user.id), (1, customer.id()));
    assert_eq!(running[0].consent, Some(consent.id));
}

#[tokio::test]
async fn wrong_used_lapsed_withdrawn_somebody_elses_and_forbidden_codes_are_refused_alike() {
    let world = World::new().await;
    let (_, _, lapsed) = code(&world, "/").await;
    world.clock.advance(jiff::SignedDuration::from_hours(24));
    let mut bob = world.browser(&bob());
    let (_, replaced) = of(&world, &carol(), "/").await;
    let (_, carols) = of(&world, &carol(), "/").await;
    let privileged = world.add("privileged", &["export"]);
    let (_, forbidden) = of(&world, &privileged, "/").await;
    let opted_out = world.add("opted-out", &[]);
    let (_, withdrawn) = of(&world, &opted_out, "/").await;
    world.vicarious.opt_out(&Identity::own(opted_out)).await.unwrap();
    let mut answers = Vec::new();
    for fields in [
        json!({ "support_code": "2222-2222" }),
        json!({ "support_code": lapsed }),
        json!({ "support_code": replaced }),
        json!({ "support_code": forbidden }),
        json!({ "support_code": withdrawn }),
        // A standing consent of Alice's would do, but this is Carol's code.
        json!({ "support_code": carols, "account_id": alice().id() }),
    ] {
        let answer = start(&mut bob, fields).await;
        answers.push((answer.status, answer.json()));
    }
    let (status, first) = answers[0].clone();
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(first["detail"].as_str().unwrap().contains("is older than 24 hours"), "{first}");
    assert!(answers.iter().all(|answer| *answer == (status, first.clone())), "{answers:#?}");
    assert_eq!(world.running().await.len(), 0);
    assert_eq!(world.count("impersonation.refused"), answers.len(), "every one is on record");
}

#[tokio::test]
async fn guessing_is_stopped_for_an_hour_and_a_right_code_does_not_help_then() {
    let world = World::new().await;
    let (_, _, code) = code(&world, "/").await;
    let mut bob = world.browser(&bob());
    for guess in 0..10 {
        let answer = start(&mut bob, json!({ "support_code": format!("2222-222{guess}") })).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{guess}: {answer:?}");
    }
    let stopped = start(&mut bob, json!({ "support_code": code })).await;
    assert_eq!(stopped.status, StatusCode::TOO_MANY_REQUESTS, "{stopped:?}");
    // Nobody else pays for it, and what needs no code goes on.
    assert_eq!(bob.start(&alice()).await.status, StatusCode::CREATED);
    bob.stop().await;
    world.clock.advance(jiff::SignedDuration::from_mins(61));
    let later = start(&mut world.browser(&testkit::people::bob()), json!({ "support_code": code })).await;
    assert_eq!(later.status, StatusCode::CREATED, "{later:?}");
}

#[tokio::test]
async fn only_a_customer_as_themselves_makes_a_code_and_customers_cannot_use_one() {
    let world = World::new().await;
    let page = || SitePath::new("/");
    let pair = Identity::impersonating(bob(), alice(), inside(&world).await);
    for identity in [Identity::own(bob()), pair, Identity::anonymous()] {
        assert!(world.vicarious.support_code(&identity, page()).await.is_err(), "{identity:?}");
    }
    let (_, _, code) = code(&world, "/").await;
    let by_customer = start(&mut world.browser(&carol()), json!({ "support_code": code })).await;
    assert_eq!(by_customer.status, StatusCode::NOT_FOUND, "{by_customer:?}");
}

async fn inside(world: &World) -> vicarious_core::Impersonation {
    world.inside(&bob(), &alice()).await;
    world.running().await.remove(0)
}

#[tokio::test]
async fn the_start_page_takes_a_code_with_and_without_an_account_and_keeps_what_was_typed() {
    let world = World::new().await;
    let (customer, _, code) = code(&world, "/profile").await;
    let mut bob = world.browser(&bob());
    let page = bob.get("/impersonation/new?reason=a+call").await;
    assert_eq!(page.status, StatusCode::OK, "{page:?}");
    assert!(page.text.contains("name=\"support_code\"") && page.text.contains("value=\"a call\""), "{}", page.text);
    let known = bob.get(&format!("/impersonation/new?account={}", customer.id())).await;
    assert!(known.text.contains("Ask customer") && known.text.contains(">Enter a support code</a>"), "{}", known.text);
    let wrong = [("support_code", "XXXX-XXXX"), ("reason", "a call"), ("ticket", "SUP-9")];
    let refused = bob.form("/impersonation", &wrong).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.text.contains("value=\"a call\"") && refused.text.contains("value=\"SUP-9\""), "{}", refused.text);
    assert!(refused.text.contains("support_code-error") && !refused.text.contains("XXXX-XXXX"), "{}", refused.text);
    let started = bob.form("/impersonation", &[("support_code", &code), ("reason", "a call"), ("ticket", "")]).await;
    assert_eq!((started.status, started.location()), (StatusCode::SEE_OTHER, "/profile"));
    let nobody = world.browser(&carol()).get("/impersonation/new").await;
    assert_eq!(nobody.status, StatusCode::NOT_FOUND);
}

// T49
#[tokio::test]
async fn a_secret_in_the_page_that_help_is_wanted_with_is_not_on_record() {
    let world = World::new().await;
    let page = SitePath::new("/reset?token=3f9a1c77d2e84b06b5a1&tab=2");
    let (consent, _) = world.vicarious.support_code(&Identity::own(carol()), page.clone()).await.unwrap();
    assert_eq!(consent.page.as_ref(), Some(&page), "the agent begins there all the same");
    let record = world.record();
    assert!(record.contains("/reset?") && !record.contains("3f9a1c77d2e84b06b5a1"), "{record}");
}

// T49
#[tokio::test]
async fn nor_is_one_in_the_page_that_an_agent_asks_to_begin_on() {
    let world = World::new().await;
    let page = SitePath::new("/reset?token=3f9a1c77d2e84b06b5a1&tab=2");
    let question = Question { reason: "help", ticket: None, page: Some(&page) };
    let unasked = world.add("unasked", &[]);
    let consent = world.vicarious.ask_consent(&Identity::own(bob()), unasked.id(), question).await.unwrap();
    assert_eq!(consent.page, Some(page), "the agent begins there all the same");
    let record = world.record();
    assert!(record.contains("/reset?") && !record.contains("3f9a1c77d2e84b06b5a1"), "{record}");
}
