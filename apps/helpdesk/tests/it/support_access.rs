//! An agent in a customer's account, as far as the shop has to do with it.

use serde_json::{Value, json};

use crate::browser::Browser;
use crate::fresh::{Fresh, on_both};
use crate::program::{Shop, ask, printed};

on_both! {
    a_changed_name_is_on_record_with_the_change_and_with_both_people
    looking_changes_nothing_of_the_customers
    money_cards_and_links_are_out_of_reach
    consent_is_given_again_at_each_start_of_the_demo_and_stays_one
}

/// Starts as somebody, and returns the impersonation.
async fn start(agent: &mut Browser, account: &str) -> Value {
    let answer = agent
        .post_json("/impersonation", &json!({"account_id": account, "reason": "Wrong name", "ticket": "SUP-1"}))
        .await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    answer.json()["impersonation"].clone()
}

/// Sends JSON, and answers the confirmation that is asked for.
async fn confirmed(agent: &mut Browser, method: &str, path: &str, body: &Value) -> u16 {
    let question = agent.send_json(method, path, body, &[]).await;
    assert_eq!(question.status, 428, "{}", question.body);
    assert!(question.json()["question"].as_str().unwrap().contains("Alice Winter"));
    let confirmation = question.json()["confirmation"].as_str().unwrap().to_owned();
    agent.send_json(method, path, body, &[("confirmation", &confirmation)]).await.status
}

/// Returns the record, oldest first.
async fn record(fresh: &Fresh) -> Vec<Value> {
    let export = ask(fresh, &["audit", "export"]).await;
    assert!(export.status.success());
    printed(&export).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

async fn a_changed_name_is_on_record_with_the_change_and_with_both_people(fresh: Fresh) {
    let shop = Shop::demo(&fresh).await;
    let mut bob = shop.signed_in("bob").await;
    let impersonation = start(&mut bob, "alice").await;
    let write = json!({"mode": "write", "reason": "She asked for it"});
    assert_eq!(bob.send_json("PATCH", "/impersonation", &write, &[]).await.status, 200);
    assert_eq!(confirmed(&mut bob, "PATCH", "/profile", &json!({"name": "Alice Summer"})).await, 200);
    assert_eq!(bob.json("/whoami").await["current_user"]["name"], "Alice Summer");
    let record = record(&fresh).await;
    let changes: Vec<&Value> = record.iter().filter(|entry| entry["kind"] == "data.changed").collect();
    let [change] = changes.as_slice() else { panic!("{changes:?}") };
    assert_eq!(change["true_user"]["id"], "bob");
    assert_eq!(change["current_user"]["id"], "alice");
    assert_eq!(change["impersonation"], impersonation["id"]);
    assert_eq!((&change["old"], &change["new"]), (&json!("Alice Winter"), &json!("Alice Summer")));
    let intent = record.iter().find(|entry| entry["kind"] == "request.intent" && entry["request"] == change["request"]);
    assert_eq!(intent.unwrap()["route"], "/profile", "the change names the request that made it");
    shop.close().await;
}

async fn looking_changes_nothing_of_the_customers(fresh: Fresh) {
    let shop = Shop::demo(&fresh).await;
    let mut alice = shop.signed_in("alice").await;
    let before = alice.json("/notifications").await;
    let mut bob = shop.signed_in("bob").await;
    start(&mut bob, "alice").await;
    for path in ["/", "/notifications", "/orders", "/invoices", "/profile", "/search?q=tea"] {
        let page = bob.page(path).await;
        assert_eq!(page.status, 200, "{path}");
        assert!(
            page.body.contains("as-customer") && page.body.contains("Stop"),
            "{path} looks like the customer’s own"
        );
        assert!(!page.body.contains("Log out"), "{path}");
    }
    assert_eq!(alice.json("/notifications").await, before);
    assert!(!alice.page("/profile").await.body.contains("Last here"), "she has not been on her first page herself");
    alice.page("/").await;
    drop(shop);
    let shop = Shop::demo(&fresh).await;
    assert!(shop.signed_in("alice").await.page("/profile").await.body.contains("Last here"));
    shop.close().await;
}

async fn money_cards_and_links_are_out_of_reach(fresh: Fresh) {
    let shop = Shop::demo(&fresh).await;
    let mut bob = shop.signed_in("bob").await;
    start(&mut bob, "alice").await;
    let write = json!({"mode": "write", "reason": "Trying"});
    assert_eq!(bob.send_json("PATCH", "/impersonation", &write, &[]).await.status, 200);
    let invoice = bob.json("/invoices").await["invoices"][0]["id"].as_str().unwrap().to_owned();
    for (method, path) in [
        ("POST", "/payments"),
        ("POST", "/payment-methods"),
        ("DELETE", "/payment-methods/card-alice"),
        ("POST", "/linked-accounts"),
        ("DELETE", "/linked-accounts/link-alice-0"),
        ("POST", "/consents"),
    ] {
        let answer = bob.send_json(method, path, &json!({"invoice_id": invoice}), &[]).await;
        assert_eq!(answer.status, 403, "{method} {path}: {}", answer.body);
    }
    let page = bob.page(&format!("/invoices/{invoice}")).await.body;
    assert!(page.contains("disabled aria-describedby=\"pay-reason\""), "the button is there, disabled, and says why");
    assert_eq!(bob.json("/payment-methods").await["payment_methods"].as_array().unwrap().len(), 1);
    shop.close().await;
}

async fn consent_is_given_again_at_each_start_of_the_demo_and_stays_one(fresh: Fresh) {
    for round in 0..3 {
        let shop = Shop::demo(&fresh).await;
        for who in ["alice", "carol"] {
            let mut customer = shop.signed_in(who).await;
            let given = given_consents(&mut customer).await;
            let [given] = given.as_slice() else { panic!("round {round}: {given:?}") };
            if round == 0 {
                let withdraw = json!({"decision": "withdraw"});
                let path = format!("/consents/{}", given["id"].as_str().unwrap());
                assert_eq!(customer.send_json("PATCH", &path, &withdraw, &[]).await.status, 200);
            }
            if round == 1 {
                assert_eq!(customer.post_json("/consents/opt-out", &json!({})).await.status, 200);
            }
        }
        let mut bob = shop.signed_in("bob").await;
        let reason = json!({"account_id": "customer-001", "reason": "Just looking"});
        assert_eq!(bob.post_json("/impersonation", &reason).await.status, 403, "nobody else has agreed");
        shop.close().await;
    }
}

/// Returns the consents that somebody has given and that hold.
async fn given_consents(customer: &mut Browser) -> Vec<Value> {
    let list = customer.json("/consents").await;
    let given = |consent: &&Value| consent["state"] == "given";
    list["consents"].as_array().unwrap().iter().filter(given).cloned().collect()
}

#[tokio::test]
async fn staff_cannot_be_entered_and_customers_see_nothing_of_the_back_room() {
    let fresh = Fresh::sqlite();
    let shop = Shop::demo(&fresh).await;
    for who in ["bob", "dana"] {
        let mut staff = shop.signed_in(who).await;
        for target in ["bob", "eve", "dana", "nobody"] {
            let answer =
                staff.post_json("/impersonation", &json!({"account_id": target, "reason": "Just looking"})).await;
            assert_eq!(answer.status, 404, "{who} as {target}");
        }
    }
    let mut alice = shop.signed_in("alice").await;
    for path in ["/accounts", "/audit", "/impersonations"] {
        assert_eq!(alice.page(path).await.status, 404, "{path}");
    }
    assert_eq!(
        alice.post_json("/impersonation", &json!({"account_id": "carol", "reason": "Just looking"})).await.status,
        404
    );
    shop.close().await;
}
