//! Guessing support codes: ten wrong ones an hour for each true user, whatever else they do meanwhile.

use axum::Router;
use futures_util::future::join_all;
use http::{Method, StatusCode};
use serde_json::{Value, json};
use testkit::people::{alice, bob, carol};
use vicarious_axum::{KeyRing, Staff, Vicarious};
use vicarious_core::{Account, Identity, SitePath};

use crate::support::{Answer, Browser, World};

const AT_MOST: usize = 10;

async fn code(world: &World, customer: &Account) -> String {
    world.vicarious.support_code(&Identity::own(customer.clone()), SitePath::root()).await.unwrap().1
}

async fn start(browser: &mut Browser, fields: Value) -> Answer {
    let mut body = json!({ "reason": "on the phone", "ticket": "SUP-1" });
    body.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    browser.json(Method::POST, "/impersonation", body).await
}

/// Gives wrong codes, the way of `fields`, until one more would be too many.
async fn guess(browser: &mut Browser, fields: &Value) {
    for number in 0..AT_MOST {
        let mut fields = fields.clone();
        fields["support_code"] = json!(format!("2222-222{number}"));
        let answer = start(browser, fields).await;
        assert_ne!(answer.status, StatusCode::TOO_MANY_REQUESTS, "{number}: {answer:?}");
        assert!(!answer.status.is_success(), "{number}: {answer:?}");
    }
}

// T02, T08
#[tokio::test]
async fn other_refused_starts_do_not_make_wrong_codes_forgotten() {
    let world = World::new().await;
    let code = code(&world, &world.add("customer", &[])).await;
    let mut bob = world.browser(&bob());
    guess(&mut bob, &json!({})).await;
    for fields in [json!({ "support_code": "3333-3333" }), json!({ "account_id": "nobody" })] {
        for _ in 0..200 {
            start(&mut bob, fields.clone()).await;
        }
    }
    let right = start(&mut bob, json!({ "support_code": code })).await;
    assert_eq!(right.status, StatusCode::TOO_MANY_REQUESTS, "{right:?}");
}

#[tokio::test]
async fn guesses_made_at_the_same_moment_all_count() {
    let world = World::new().await;
    let bob = world.browser(&bob());
    let guesses = (0..40).map(|number| {
        let mut browser = bob.clone();
        async move { start(&mut browser, json!({ "support_code": format!("2222-22{number}") })).await.status }
    });
    let answers = join_all(guesses).await;
    let looked_up = answers.iter().filter(|status| **status == StatusCode::UNPROCESSABLE_ENTITY).count();
    assert!((1..=AT_MOST).contains(&looked_up), "{answers:?}");
}

#[tokio::test]
async fn a_wrong_code_counts_whatever_else_the_start_is_refused_for() {
    for (named, reason) in [(true, ""), (false, "")] {
        let world = World::new().await;
        let code = code(&world, &carol()).await;
        let mut bob = world.browser(&bob());
        let mut fields = json!({ "reason": reason });
        if named {
            fields["account_id"] = json!(carol().id());
        }
        guess(&mut bob, &fields).await;
        let right = start(&mut bob, json!({ "support_code": code })).await;
        assert_eq!(right.status, StatusCode::TOO_MANY_REQUESTS, "{named}: {right:?}");
    }
}

#[tokio::test]
async fn a_wrong_code_counts_from_within_another_account_too() {
    let world = World::new().await;
    let code = code(&world, &carol()).await;
    let mut inside = world.inside(&bob(), &alice()).await;
    guess(&mut inside, &json!({})).await;
    let fields = [("support_code", code.as_str()), ("reason", "a call"), ("_identity", &inside.tag().await)];
    let right = inside.form("/impersonation", &fields).await;
    assert_eq!(right.status, StatusCode::TOO_MANY_REQUESTS, "{right:?}");
    assert!(!right.text.contains(&carol().person.name), "{}", right.text);
}

#[tokio::test]
async fn a_wrong_code_counts_for_those_who_are_no_staff_but_may_act_as_somebody() {
    let world = World::with(|builder| builder.staff(|_| Staff::No)).await;
    let code = code(&world, &world.add("customer", &[])).await;
    let mut bob = world.browser(&bob());
    guess(&mut bob, &json!({})).await;
    let right = start(&mut bob, json!({ "support_code": code })).await;
    assert_eq!(right.status, StatusCode::NOT_FOUND, "as wrong as the others: {right:?}");
    assert_eq!(world.running().await, []);
}

#[tokio::test]
async fn once_there_were_too_many_a_right_code_is_not_even_looked_up() {
    let world = World::new().await;
    let code = code(&world, &world.add("customer", &[])).await;
    let mut bob = world.browser(&bob());
    guess(&mut bob, &json!({})).await;
    let mut asked = Vec::new();
    for code in ["4444-4444", &code] {
        let before = world.lookups();
        let answer = start(&mut bob, json!({ "support_code": code })).await;
        assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS, "{answer:?}");
        asked.push(world.lookups() - before);
    }
    assert_eq!(asked[0], asked[1]);
    let of_customer = world
        .ledger
        .entries_snapshot()
        .into_iter()
        .filter(|row| row.entry.detail.get("asked_for") == Some(&json!("customer")));
    assert_eq!(of_customer.count(), 0, "and nobody reads in the log whose it was");
}

#[tokio::test]
async fn wrong_codes_count_on_every_process_and_only_those_of_one_moment_on_each() {
    let keys = KeyRing::generate();
    let world = World::with(|builder| builder.keys(keys.clone())).await;
    let code = code(&world, &world.add("customer", &[])).await;
    let other = Vicarious::builder(world.accounts.clone())
        .shared_ledger(world.ledger.clone())
        .keys(keys)
        .who_may_whom(|agent, customer| agent.rights.contains("support") && customer.rights.is_empty())
        .staff(|_| Staff::Agent)
        .secure_cookies(false)
        .clock({
            let clock = world.clock.clone();
            move || clock.now()
        })
        .build()
        .unwrap();
    let other = Router::new().layer(other.layer());
    let bob = world.browser(&bob());
    let guesses = (0..40).map(|number| {
        let mut browser = if number % 2 == 0 { bob.clone() } else { bob.at(other.clone()) };
        async move { start(&mut browser, json!({ "support_code": format!("2222-22{number}") })).await.status }
    });
    let answers = join_all(guesses).await;
    let looked_up = answers.iter().filter(|status| **status == StatusCode::UNPROCESSABLE_ENTITY).count();
    assert!((1..=2 * AT_MOST).contains(&looked_up), "{answers:?}");
    // One after the other, on both in turn, until there are ten.
    for number in looked_up..AT_MOST {
        let mut browser = if number % 2 == 0 { bob.clone() } else { bob.at(other.clone()) };
        let answer = start(&mut browser, json!({ "support_code": "3333-3333" })).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{answer:?}");
    }
    for app in [&world.app, &other] {
        let right = start(&mut bob.at(app.clone()), json!({ "support_code": code })).await;
        assert_eq!(right.status, StatusCode::TOO_MANY_REQUESTS, "what is on record counts on both: {right:?}");
    }
}
