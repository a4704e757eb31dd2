//! What people are told while they look: news, who is in their account, who asks, what was decided.

use serde_json::{Value, json};

use crate::browser::Browser;
use crate::fresh::{Fresh, on_both};
use crate::program::Shop;
use crate::socket::{Socket, identifier};

on_both! {
    a_parcel_that_moves_is_told_to_its_customer_and_to_whoever_shadows_her
    only_staff_as_themselves_move_parcels_and_one_step_at_a_time
}

async fn start(agent: &mut Browser, customer: &str) -> String {
    let asked = json!({"account_id": customer, "reason": "a question about tea"});
    let started = agent.post_json("/impersonation", &asked).await;
    assert_eq!(started.status, 201, "{}", started.body);
    started.json()["impersonation"]["id"].as_str().unwrap().to_owned()
}

async fn stop(agent: &mut Browser) {
    assert_eq!(agent.send_json("DELETE", "/impersonation", &Value::Null, &[]).await.status, 200);
}

/// Subscribes to a channel that first says how things are; returns that too.
async fn told_how_it_is(browser: &Browser, channel: &str) -> (Value, Socket) {
    let mut socket = Socket::welcomed(browser).await;
    let state = socket.subscribe(&identifier(channel, json!({}))).await;
    assert_eq!(state["message"]["type"], "state", "{state}");
    assert_eq!(socket.next().await["type"], "confirm_subscription");
    (state["message"]["counts"].clone(), socket)
}

async fn a_parcel_that_moves_is_told_to_its_customer_and_to_whoever_shadows_her(fresh: Fresh) {
    let shop = Shop::demo(&fresh).await;
    let mut alice = shop.signed_in("alice").await;
    let mut bob = shop.signed_in("bob").await;
    let mut eve = shop.signed_in("eve").await;
    start(&mut eve, "alice").await;
    let news = identifier("NotificationsChannel", json!({}));
    let mut sockets = [Socket::subscribed(&alice, &news).await, Socket::subscribed(&eve, &news).await];
    let mut other = Socket::subscribed(&shop.signed_in("carol").await, &news).await;
    let parcels = bob.json("/parcels").await;
    assert_eq!(parcels["parcels"][0]["id"], "KC-10000", "what is to be packed comes first");
    for (nth, state) in ["packed", "on its way", "delivered"].into_iter().enumerate() {
        let moved = bob.send_json("PATCH", "/parcels/KC-10000", &json!({"state": state}), &[]).await;
        assert_eq!(moved.status, 200, "{}", moved.body);
        for socket in &mut sockets {
            let told = socket.message().await;
            assert_eq!((&told["type"], &told["unread"]), (&json!("notification"), &json!(3 + nth)));
            assert_eq!(told["order"], json!({"id": "KC-10000", "state": state}));
            let written = alice.json("/notifications").await["notifications"][0].clone();
            assert_eq!(told["notification"], written);
        }
        assert_eq!(alice.json("/orders/KC-10000").await["order"]["state"], state);
    }
    other.assert_silent().await;
    assert_eq!(alice.post_json("/notifications", &json!({})).await.status, 200);
    assert_eq!(sockets[0].message().await, json!({"type": "read", "unread": 0}));
    shop.close().await;
}

async fn only_staff_as_themselves_move_parcels_and_one_step_at_a_time(fresh: Fresh) {
    let shop = Shop::demo(&fresh).await;
    let packed = json!({"state": "packed"});
    let mut alice = shop.signed_in("alice").await;
    assert_eq!(alice.page("/parcels").await.status, 404);
    assert_eq!(alice.send_json("PATCH", "/parcels/KC-10000", &packed, &[]).await.status, 404);
    let mut bob = shop.signed_in("bob").await;
    for (wrong, status) in [("delivered", 409), ("on its way", 409), ("eaten", 422), ("placed", 422)] {
        let answer = bob.send_json("PATCH", "/parcels/KC-10000", &json!({"state": wrong}), &[]).await;
        assert_eq!(answer.status, status, "{wrong}");
    }
    assert_eq!(bob.send_json("PATCH", "/parcels/KC-0", &packed, &[]).await.status, 409);
    let page = bob.page("/parcels").await.body;
    assert!(page.contains("Mark as packed") && page.contains("Alice Winter"), "{page}");
    assert_eq!(bob.form("/parcels/KC-10000", "_method=PATCH&state=packed").await.header("location"), Some("/parcels"));
    assert_eq!(bob.form("/parcels/KC-10000", "_method=PATCH&state=packed").await.status, 409, "nothing is done twice");
    start(&mut bob, "alice").await;
    assert_eq!(bob.page("/parcels").await.status, 404);
    assert_eq!(bob.send_json("PATCH", "/parcels/KC-10000", &json!({"state": "on its way"}), &[]).await.status, 403);
    assert_eq!(alice.json("/orders/KC-10000").await["order"]["state"], "packed");
    shop.close().await;
}

#[tokio::test]
async fn a_customer_sees_on_every_page_who_is_in_the_account_and_ends_it() {
    let fresh = Fresh::sqlite();
    let shop = Shop::demo(&fresh).await;
    let mut alice = shop.signed_in("alice").await;
    let (counts, mut told) = told_how_it_is(&alice, "SupportChannel").await;
    assert_eq!(counts, json!({"unread": 2, "bar": 0}));
    assert!(!alice.page("/orders").await.body.contains("is viewing your account"));
    let mut bob = shop.signed_in("bob").await;
    let id = start(&mut bob, "alice").await;
    assert_eq!(told.message().await, json!({"type": "visitors"}));
    assert_eq!(told_how_it_is(&alice, "SupportChannel").await.0["bar"], 1);
    let end = format!("action=\"/access-log/{id}\"");
    for path in ["/", "/orders", "/profile", "/nowhere", "/consents", "/access-log"] {
        let page = alice.page(path).await.body;
        assert!(page.contains("Bob Marsh</bdi></strong> from support is viewing your account"), "{path}: {page}");
        assert!(page.contains(&end), "{path}");
        assert!(!bob.page(path).await.body.contains("is viewing your account"), "{path}: an agent is shown no bar");
        assert!(!shop.signed_in("carol").await.page(path).await.body.contains("is viewing"), "{path}");
    }
    let mut of_bob = Socket::subscribed(&bob, &identifier("NotificationsChannel", json!({}))).await;
    assert_eq!(alice.form(&format!("/access-log/{id}"), "_method=DELETE").await.status, 303);
    of_bob.assert_closed("impersonation_ended", false).await;
    assert_eq!(told.message().await, json!({"type": "visitors"}));
    assert!(!alice.page("/orders").await.body.contains("is viewing your account"));
    let over = bob.send("GET", "/impersonation", &[("accept", "application/json")], "").await.json();
    assert_eq!((&over["impersonation"], &over["cause"]), (&Value::Null, &json!("revoked")));
    assert!(over["detail"].as_str().unwrap().contains("the customer"), "{over}");
    shop.close().await;
}

#[tokio::test]
async fn a_question_reaches_the_customer_and_the_decision_the_agent_who_asked() {
    let fresh = Fresh::sqlite();
    let shop = Shop::demo(&fresh).await;
    let mut bob = shop.signed_in("bob").await;
    let people = bob.json("/accounts?q=").await;
    let somebody =
        people["accounts"].as_array().unwrap().iter().find(|one| one["id"] != "alice" && one["id"] != "carol");
    let (id, name) = (somebody.unwrap()["id"].clone(), somebody.unwrap()["name"].clone());
    let email = somebody.unwrap()["email"].as_str().unwrap().to_owned();
    let mut customer = shop.browser();
    let credentials = json!({"email": email, "password": crate::browser::PASSWORD});
    assert_eq!(customer.post_json("/session", &credentials).await.status, 200);
    let (_, mut of_customer) = told_how_it_is(&customer, "SupportChannel").await;
    let (_, mut of_bob) = told_how_it_is(&bob, "SupportChannel").await;
    let (_, mut of_eve) = told_how_it_is(&shop.signed_in("eve").await, "SupportChannel").await;
    for (decision, state, did) in [("refuse", "refused", "declined"), ("give", "given", "agreed")] {
        let asked =
            bob.post_json("/consents/requests", &json!({"account_id": id, "reason": "the parcel is lost"})).await;
        assert_eq!(asked.status, 201, "{}", asked.body);
        assert_eq!(of_customer.message().await, json!({"type": "consents"}));
        let page = customer.page("/profile").await.body;
        assert!(
            page.contains("Bob Marsh</bdi></strong> asks to see your account") && page.contains("href=\"/consents\"")
        );
        let consent = format!("/consents/{}", asked.json()["id"].as_str().unwrap());
        assert_eq!(customer.send_json("PATCH", &consent, &json!({"decision": decision}), &[]).await.status, 200);
        assert_eq!(of_customer.message().await, json!({"type": "consents"}));
        let told = of_bob.message().await;
        assert_eq!((&told["type"], &told["state"], &told["account"]), (&json!("decision"), &json!(state), &id));
        assert_eq!((&told["name"], &told["did"]), (&name, &json!(did)));
        assert!(!customer.page("/profile").await.body.contains("asks to see your account"));
    }
    of_eve.assert_silent().await;
    shop.close().await;
}

#[tokio::test]
async fn only_an_administrator_as_herself_hears_that_who_is_inside_whom_has_changed() {
    let fresh = Fresh::sqlite();
    let shop = Shop::demo(&fresh).await;
    let channel = identifier("StaffChannel", json!({}));
    let mut dana_as_carol = shop.signed_in("dana").await;
    start(&mut dana_as_carol, "carol").await;
    for other in [shop.signed_in("alice").await, shop.signed_in("bob").await, dana_as_carol] {
        let mut socket = Socket::welcomed(&other).await;
        assert_eq!(socket.subscribe(&channel).await["type"], "reject_subscription");
    }
    let (counts, mut told) = told_how_it_is(&shop.signed_in("dana").await, "StaffChannel").await;
    assert_eq!(counts, json!({"running": 1}));
    let mut bob = shop.signed_in("bob").await;
    start(&mut bob, "alice").await;
    assert_eq!(told.message().await, json!({"type": "changed"}));
    stop(&mut bob).await;
    assert_eq!(told.message().await, json!({"type": "changed"}));
    shop.close().await;
}

#[tokio::test]
async fn what_a_page_does_by_itself_is_on_record_and_not_told_to_the_customer() {
    let fresh = Fresh::sqlite();
    let shop = Shop::demo(&fresh).await;
    let mut bob = shop.signed_in("bob").await;
    let id = start(&mut bob, "alice").await;
    let mut socket = Socket::subscribed(&bob, &identifier("NotificationsChannel", json!({}))).await;
    let refused = socket.subscribe(&identifier("SupportChannel", json!({}))).await;
    assert_eq!(refused["type"], "reject_subscription", "what is the customer’s own is not for whoever shadows her");
    bob.json("/whoami").await;
    bob.page("/orders").await;
    stop(&mut bob).await;
    let accesses = shop.signed_in("alice").await.json("/access-log").await;
    assert_eq!(accesses["accesses"][0]["did"], json!(["looked at orders"]));
    let mut dana = shop.signed_in("dana").await;
    let entries = dana.json(&format!("/audit?impersonation={id}&kind=request.intent")).await;
    let mut seen: Vec<String> = Vec::new();
    for entry in entries["entries"].as_array().unwrap() {
        seen.push(format!("{} {}", entry["method"].as_str().unwrap(), entry["route"].as_str().unwrap()));
    }
    seen.sort();
    let expected =
        ["GET /cable", "GET /orders", "GET /whoami", "SUBSCRIBE NotificationsChannel", "SUBSCRIBE SupportChannel"];
    assert_eq!(seen, expected);
    shop.close().await;
}
