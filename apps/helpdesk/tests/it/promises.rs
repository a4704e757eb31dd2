//! What the two articles that the project starts from ask for, one claim a test, over HTTP as a stranger sees it.

use serde_json::{Value, json};

use crate::browser::{Answer, Browser, PASSWORD};
use crate::fresh::Fresh;
use crate::program::Shop;

async fn open() -> (Fresh, Shop) {
    let fresh = Fresh::sqlite();
    let shop = Shop::demo(&fresh).await;
    (fresh, shop)
}

async fn start(browser: &mut Browser, account: &str) -> Answer {
    browser.post_json("/impersonation", &json!({"account_id": account, "reason": "a question about tea"})).await
}

async fn stop(browser: &mut Browser) -> Answer {
    browser.send_json("DELETE", "/impersonation", &Value::Null, &[]).await
}

async fn go_up(browser: &mut Browser) {
    let body = json!({"mode": "write", "reason": "asked to"});
    assert_eq!(browser.send_json("PATCH", "/impersonation", &body, &[]).await.status, 200);
}

#[tokio::test]
async fn the_application_knows_current_user_and_true_user() {
    let (_fresh, shop) = open().await;
    let mut bob = shop.signed_in("bob").await;
    start(&mut bob, "alice").await;
    let who = bob.json("/whoami").await;
    assert_eq!((&who["current_user"]["id"], &who["true_user"]["id"]), (&json!("alice"), &json!("bob")));
    let mut alice = shop.signed_in("alice").await;
    let who = alice.json("/whoami").await;
    assert_eq!((&who["current_user"]["id"], &who["true_user"]["id"]), (&json!("alice"), &json!("alice")));
    assert_eq!(who["impersonation"], Value::Null);
}

#[tokio::test]
async fn start_is_a_post_stop_is_a_delete_and_everybody_else_gets_a_plain_404() {
    let (_fresh, shop) = open().await;
    let mut bob = shop.signed_in("bob").await;
    assert_eq!(start(&mut bob, "alice").await.status, 201);
    assert_eq!(stop(&mut bob).await.status, 200);
    let mut carol = shop.signed_in("carol").await;
    let refused = start(&mut carol, "alice").await;
    let unknown = start(&mut carol, "nobody-of-that-name").await;
    assert_eq!((refused.status, &refused.body), (404, &unknown.body));
    assert_eq!(start(&mut shop.browser(), "alice").await.status, 401);
    for path in ["/accounts", "/audit", "/impersonations"] {
        assert_eq!(carol.page(path).await.status, 404, "{path}");
    }
}

#[tokio::test]
async fn a_paginated_searchable_table_of_people_has_show_and_impersonate() {
    let (_fresh, shop) = open().await;
    let mut bob = shop.signed_in("bob").await;
    let page = bob.page("/accounts").await;
    assert!(page.body.contains("Show") && page.body.contains("Impersonate"), "{}", page.body);
    let mut seen = std::collections::BTreeSet::new();
    let mut next = json!("/accounts");
    while let Some(path) = next.as_str().map(str::to_owned) {
        let answer = bob.json(&path).await;
        for account in answer["accounts"].as_array().unwrap() {
            assert!(seen.insert(account["id"].as_str().unwrap().to_owned()), "nobody appears twice");
        }
        next = answer["next"].clone();
    }
    assert_eq!(seen.len(), 202, "every customer, and nobody else");
    let found = bob.json("/accounts?q=alice%40example.com").await;
    assert_eq!(found["accounts"][0]["id"], "alice");
    assert_eq!(found["accounts"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn rights_decide_who_may_impersonate_whom() {
    let (_fresh, shop) = open().await;
    for (who, whom, status) in [
        ("bob", "alice", 201),
        ("eve", "carol", 201),
        ("dana", "alice", 201),
        ("bob", "eve", 404),
        ("bob", "dana", 404),
        ("bob", "bob", 404),
        ("dana", "bob", 404),
        ("alice", "carol", 404),
        ("alice", "bob", 404),
    ] {
        let mut browser = shop.signed_in(who).await;
        assert_eq!(start(&mut browser, whom).await.status, status, "{who} as {whom}");
    }
}

#[tokio::test]
async fn stop_stands_in_place_of_log_out_and_leaves_a_notice() {
    let (_fresh, shop) = open().await;
    let mut bob = shop.signed_in("bob").await;
    assert!(bob.page("/").await.body.contains("Log out"));
    start(&mut bob, "alice").await;
    let page = bob.page("/").await;
    assert!(page.body.contains("Stop") && !page.body.contains("Log out"), "{}", page.body);
    let stopped = bob.form("/impersonation", "_method=DELETE").await;
    assert_eq!(stopped.status, 303);
    let page = bob.page(stopped.header("location").unwrap()).await;
    assert!(page.body.contains("You are logged out as alice@example.com"), "{}", page.body);
    assert!(!bob.page("/").await.body.contains("You are logged out"), "it is shown once");
}

#[tokio::test]
async fn consent_is_asked_for_given_and_on_record() {
    let (_fresh, shop) = open().await;
    let mut bob = shop.signed_in("bob").await;
    let mut dana = shop.signed_in("dana").await;
    let people = bob.json("/accounts").await;
    let customer =
        people["accounts"].as_array().unwrap().iter().find(|one| one["id"] != "alice" && one["id"] != "carol");
    let customer = customer.unwrap().clone();
    let id = customer["id"].as_str().unwrap();
    let refused = start(&mut bob, id).await;
    assert_eq!(refused.status, 403);
    assert!(refused.json()["type"].as_str().unwrap().ends_with("consent-required"));
    let asked = bob.post_json("/consents/requests", &json!({"account_id": id, "reason": "the parcel is lost"})).await;
    assert_eq!(asked.status, 201, "{}", asked.body);
    let consent = format!("/consents/{}", asked.json()["id"].as_str().unwrap());
    let give = json!({"decision": "give"});
    assert_eq!(bob.send_json("PATCH", &consent, &give, &[]).await.status, 404, "an agent cannot agree for a customer");
    assert_eq!(dana.send_json("PATCH", &consent, &give, &[]).await.status, 404);
    let mut theirs = shop.browser();
    let sign_in = json!({"email": customer["email"], "password": PASSWORD});
    assert_eq!(theirs.post_json("/session", &sign_in).await.status, 200);
    assert_eq!(theirs.send_json("PATCH", &consent, &give, &[]).await.status, 200);
    assert_eq!(start(&mut bob, id).await.status, 201);
    let withdrawn = theirs.send_json("PATCH", &consent, &json!({"decision": "withdraw"}), &[]).await;
    assert_eq!(withdrawn.status, 200, "{}", withdrawn.body);
    let dead = bob.send("GET", "/whoami", &[("accept", "application/json")], "").await;
    assert_eq!((dead.status, dead.json()["cause"].clone()), (410, json!("consent_withdrawn")));
    for kind in ["consent.asked", "consent.given", "consent.withdrawn"] {
        let trail = dana.json(&format!("/audit?kind={kind}&current_user={id}")).await;
        assert_eq!(trail["entries"].as_array().unwrap().len(), 1, "{kind}");
    }
}

#[tokio::test]
async fn every_impersonated_request_is_on_record_with_both_users() {
    let (_fresh, shop) = open().await;
    let mut bob = shop.signed_in("bob").await;
    start(&mut bob, "alice").await;
    for path in ["/", "/orders", "/invoices", "/nowhere"] {
        bob.page(path).await;
    }
    bob.post_json("/payments", &json!({})).await;
    let mut dana = shop.signed_in("dana").await;
    let trail = dana.json("/audit?true_user=bob").await;
    let entries = trail["entries"].as_array().unwrap();
    for path in ["/", "/orders", "/invoices", "/nowhere", "/payments"] {
        let entry = entries.iter().find(|entry| entry["path"] == path).unwrap_or_else(|| panic!("{path} in {trail}"));
        assert_eq!(
            (&entry["true_user"]["email"], &entry["current_user"]["email"]),
            (&json!("bob@example.com"), &json!("alice@example.com"),)
        );
        assert_eq!(entry["reason"], "a question about tea");
    }
}

#[tokio::test]
async fn payments_are_refused_while_impersonating() {
    let (_fresh, shop) = open().await;
    let mut bob = shop.signed_in("bob").await;
    start(&mut bob, "alice").await;
    assert_eq!(bob.post_json("/payments", &json!({"invoice": "INV-10000"})).await.status, 403);
    go_up(&mut bob).await;
    assert_eq!(bob.post_json("/payments", &json!({"invoice": "INV-10000"})).await.status, 403, "in write mode too");
}

#[tokio::test]
async fn the_banner_names_both_and_is_on_no_customers_own_page() {
    let (_fresh, shop) = open().await;
    let mut bob = shop.signed_in("bob").await;
    start(&mut bob, "alice").await;
    let page = bob.page("/orders").await;
    let (_, banner) = page.body.split_once("<aside id=\"vicarious-banner\"").expect("a banner");
    let (banner, _) = banner.split_once("</aside>").unwrap();
    assert!(banner.contains("Bob") && banner.contains("Alice") && banner.contains("Stop"), "{banner}");
    let mut alice = shop.signed_in("alice").await;
    assert!(!alice.page("/orders").await.body.contains("vicarious-banner"));
}

#[tokio::test]
async fn a_confirmation_names_the_customer() {
    let (_fresh, shop) = open().await;
    let mut bob = shop.signed_in("bob").await;
    start(&mut bob, "alice").await;
    go_up(&mut bob).await;
    let asked = bob.send_json("PATCH", "/profile", &json!({"name": "Alicia"}), &[]).await;
    assert_eq!(asked.status, 428);
    assert!(asked.json()["question"].as_str().unwrap().contains("Alice"), "{}", asked.body);
}

#[tokio::test]
async fn controls_under_never_are_shown_disabled_with_the_reason() {
    let (_fresh, shop) = open().await;
    let mut bob = shop.signed_in("bob").await;
    start(&mut bob, "alice").await;
    let page = bob.page("/linked-accounts").await;
    assert!(page.body.contains("disabled") && page.body.contains("Nobody can do this while acting"), "{}", page.body);
    let mut alice = shop.signed_in("alice").await;
    assert!(!alice.page("/linked-accounts").await.body.contains("Nobody can do this while acting"));
}

#[tokio::test]
async fn signing_in_resets_the_session() {
    let (_fresh, shop) = open().await;
    let mut browser = shop.signed_in("alice").await;
    let before = browser.cookies.clone();
    assert_eq!(browser.sign_in("carol").await.status, 200);
    assert_ne!(browser.cookies, before, "a new identifier");
    let mut old = shop.browser();
    old.cookies = before;
    assert_eq!(old.json("/whoami").await["current_user"], Value::Null, "the old one is worth nothing");
}

#[tokio::test]
async fn the_session_identifier_is_under_the_servers_control() {
    let (_fresh, shop) = open().await;
    let mut browser = shop.signed_in("alice").await;
    let copy = browser.cookies.clone();
    assert_eq!(browser.send_json("DELETE", "/session", &Value::Null, &[]).await.status, 204);
    let mut thief = shop.browser();
    thief.cookies = copy;
    assert_eq!(thief.json("/whoami").await["current_user"], Value::Null, "a copy ends with the original");
}

#[tokio::test]
async fn signing_in_anew_ends_what_the_sign_in_before_had_running() {
    let (_fresh, shop) = open().await;
    let mut browser = shop.signed_in("bob").await;
    assert_eq!(start(&mut browser, "alice").await.status, 201);
    assert_eq!(browser.sign_in("carol").await.status, 200);
    let mut alice = shop.signed_in("alice").await;
    let access = alice.json("/access-log").await["accesses"][0].clone();
    assert!(access["ended_at"].is_string(), "the customer sees at once that it is over: {access}");
}

#[tokio::test]
async fn a_link_from_a_ticket_leads_over_the_sign_in_to_the_start_page() {
    let (_fresh, shop) = open().await;
    let mut browser = shop.browser();
    let link = "/impersonation/new?account=alice&ticket=SUP-4711&reason=an+invoice";
    let asked = browser.page(link).await;
    assert_eq!(asked.status, 303);
    let page = browser.page(asked.header("location").unwrap()).await;
    assert!(page.body.contains("name=\"then\""), "{}", page.body);
    let then = "then=%2Fimpersonation%2Fnew%3Faccount%3Dalice%26ticket%3DSUP-4711%26reason%3Dan%2Binvoice";
    let signed_in = browser
        .form("/session", &format!("email=bob%40example.com&password={}&{then}", PASSWORD.replace(' ', "+")))
        .await;
    assert_eq!((signed_in.status, signed_in.header("location")), (303, Some(link)));
    assert!(browser.page(link).await.body.contains("SUP-4711"));
}
