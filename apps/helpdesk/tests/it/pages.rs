//! The shop's own pages, for a customer as themselves.

use serde_json::{Value, json};

use crate::fresh::{Fresh, on_both};
use crate::program::Shop;

on_both! {
    lists_come_a_page_at_a_time_and_lead_on
    a_name_can_be_changed_and_a_wrong_one_is_refused_with_what_was_typed
    an_invoice_is_paid_once
    cards_and_links_come_and_go
    news_is_read_when_it_is_marked_and_not_when_it_is_looked_at
    search_finds_only_ones_own
}

async fn lists_come_a_page_at_a_time_and_lead_on(fresh: Fresh) {
    let shop = Shop::demo(&fresh).await;
    let mut alice = shop.signed_in("alice").await;
    let (mut next, mut seen) = (json!("/orders"), Vec::new());
    while let Some(path) = next.as_str().map(str::to_owned) {
        let list = alice.json(&path).await;
        let orders = list["orders"].as_array().unwrap();
        assert!(orders.len() <= 10);
        seen.extend(orders.iter().map(|order| order["id"].as_str().unwrap().to_owned()));
        next = list["next"].clone();
    }
    assert_eq!(seen.len(), 26);
    seen.dedup();
    assert_eq!(seen.len(), 26, "no order comes twice");
    let order = alice.json(&format!("/orders/{}", seen[0])).await;
    let cost = |line: &Value| line["quantity"].as_i64().unwrap() * line["unit_cents"].as_i64().unwrap();
    let sum: i64 = order["lines"].as_array().unwrap().iter().map(cost).sum();
    assert_eq!(order["order"]["total_cents"], sum);
    assert_eq!(shop.signed_in("carol").await.page(&format!("/orders/{}", seen[0])).await.status, 404);
    shop.close().await;
}

async fn a_name_can_be_changed_and_a_wrong_one_is_refused_with_what_was_typed(fresh: Fresh) {
    let shop = Shop::demo(&fresh).await;
    let mut alice = shop.signed_in("alice").await;
    let answer = alice.form("/profile", "_method=PATCH&name=+Alice+O%E2%80%99Hara+").await;
    assert_eq!((answer.status, answer.header("location")), (303, Some("/profile")));
    assert_eq!(alice.json("/whoami").await["current_user"]["name"], "Alice O’Hara");
    let answer = alice.send_json("PATCH", "/profile", &json!({"name": " "}), &[]).await;
    assert_eq!((answer.status, &answer.json()["field"]), (422, &json!("name")));
    assert_eq!(alice.send_json("PATCH", "/profile", &json!({"name": 7}), &[]).await.status, 400);
    let page = alice.form("/profile", "_method=PATCH&name=%3Cb%3E%E2%80%AE").await;
    assert_eq!(page.status, 422);
    assert!(page.body.contains("value=\"&#60;b&#62;"), "kept, and harmless: {}", page.body);
    assert_eq!(alice.json("/profile").await["name"], "Alice O’Hara");
    shop.close().await;
}

async fn an_invoice_is_paid_once(fresh: Fresh) {
    let shop = Shop::demo(&fresh).await;
    let mut alice = shop.signed_in("alice").await;
    let invoice = alice.json("/invoices").await["invoices"][0]["id"].clone();
    let card = alice.json("/payment-methods").await["payment_methods"][0]["id"].clone();
    let payment = json!({"invoice_id": invoice, "payment_method_id": card});
    let mut carol = shop.signed_in("carol").await;
    assert_eq!(carol.post_json("/payments", &payment).await.status, 422, "neither is Carol’s");
    let paid = alice.post_json("/payments", &payment).await;
    assert_eq!(paid.status, 201);
    assert!(paid.json()["invoice"]["paid_at"].is_string());
    assert_eq!(alice.post_json("/payments", &payment).await.status, 409);
    shop.close().await;
}

async fn cards_and_links_come_and_go(fresh: Fresh) {
    let shop = Shop::demo(&fresh).await;
    let mut alice = shop.signed_in("alice").await;
    for (path, new) in [
        ("/payment-methods", "number=4242+4242+4242+4242&expires=09%2F31"),
        ("/linked-accounts", "provider=Tea+diary&handle=alice"),
    ] {
        let list = path.trim_start_matches('/').replace('-', "_");
        assert_eq!(alice.form(path, "number=1&handle=").await.status, 422, "{path}");
        assert_eq!(alice.form(path, new).await.status, 303, "{path}");
        let kept = alice.json(path).await;
        assert!(!kept.to_string().contains("4242424242"), "no whole card number is kept");
        let id = kept[&list].as_array().unwrap().last().unwrap()["id"].as_str().unwrap().to_owned();
        let one = format!("{path}/{id}");
        assert_eq!(shop.signed_in("carol").await.form(&one, "_method=DELETE").await.status, 404, "{path}");
        assert_eq!(alice.form(&one, "_method=DELETE").await.status, 303, "{path}");
        assert_eq!(alice.json(path).await[&list].as_array().unwrap().len() + 1, kept[&list].as_array().unwrap().len());
    }
    shop.close().await;
}

async fn news_is_read_when_it_is_marked_and_not_when_it_is_looked_at(fresh: Fresh) {
    let shop = Shop::demo(&fresh).await;
    let mut alice = shop.signed_in("alice").await;
    let unread =
        |list: Value| list["notifications"].as_array().unwrap().iter().filter(|one| one["read_at"].is_null()).count();
    alice.page("/notifications").await;
    assert_eq!(unread(alice.json("/notifications").await), 2);
    assert_eq!(alice.form("/notifications", "id=news-alice-1").await.status, 303);
    assert_eq!(unread(alice.json("/notifications").await), 1);
    assert_eq!(alice.post_json("/notifications", &json!({})).await.json(), json!({"marked": 1}));
    assert_eq!(unread(alice.json("/notifications").await), 0);
    shop.close().await;
}

async fn search_finds_only_ones_own(fresh: Fresh) {
    let shop = Shop::demo(&fresh).await;
    let mut alice = shop.signed_in("alice").await;
    let order = alice.json("/orders").await["orders"][0]["id"].as_str().unwrap().to_owned();
    let found = alice.json(&format!("/search?q={}", order.to_lowercase())).await;
    assert_eq!(found["orders"][0]["id"], order.as_str());
    assert_eq!(found["invoices"][0]["order_id"], order.as_str());
    let nothing = json!({"orders": [], "invoices": [], "next": null});
    assert_eq!(alice.json("/search?q=%25").await, nothing, "a wildcard is a plain character");
    assert_eq!(shop.signed_in("carol").await.json(&format!("/search?q={order}")).await, nothing);
    shop.close().await;
}

#[tokio::test]
async fn pages_protect_themselves() {
    let fresh = Fresh::sqlite();
    let shop = Shop::demo(&fresh).await;
    let mut alice = shop.signed_in("alice").await;
    let (one, two) = (alice.page("/").await, alice.page("/nowhere").await);
    assert_eq!((one.status, two.status), (200, 404));
    for page in [&one, &two] {
        let policy = page.header("content-security-policy").unwrap();
        for part in ["default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'"] {
            assert!(policy.contains(part), "{policy}");
        }
        assert!(!policy.contains("unsafe"), "{policy}");
        assert_eq!(page.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(page.header("cross-origin-opener-policy"), Some("same-origin"));
        assert_eq!(page.header("referrer-policy"), Some("same-origin"));
        assert_eq!(page.header("cache-control"), Some("no-store"));
    }
    assert_ne!(one.header("content-security-policy"), two.header("content-security-policy"), "a nonce is used once");
    shop.close().await;
}

#[tokio::test]
async fn problems_are_problems_to_a_program_and_pages_to_people() {
    let fresh = Fresh::sqlite();
    let shop = Shop::demo(&fresh).await;
    let json = [("accept", "application/json")];
    for (method, path, status) in
        [("GET", "/orders", 401), ("GET", "/nowhere", 404), ("PUT", "/profile", 405), ("POST", "/session", 401)]
    {
        let answer = shop.browser().send(method, path, &json, "").await;
        assert_eq!(
            (answer.status, answer.header("content-type")),
            (status, Some("application/problem+json")),
            "{path}"
        );
        assert_eq!(answer.json()["status"], status);
    }
    let page = shop.browser().page("/nowhere").await;
    assert!(page.body.contains("<h1>There is nothing here</h1>"));
    let plain = [("content-type", "text/plain")];
    assert_eq!(shop.browser().send("POST", "/session", &plain, "hello").await.status, 415);
    let huge = "x".repeat(70_000);
    assert_eq!(shop.browser().form("/session", &format!("email={huge}")).await.status, 413);
    shop.close().await;
}

#[tokio::test]
async fn assets_are_sent_once() {
    let fresh = Fresh::sqlite();
    let shop = Shop::serve(&fresh, &[]).await;
    for name in ["helpdesk.css", "helpdesk.js", "crane.svg"] {
        let path = format!("/assets/{name}");
        let first = shop.browser().page(&path).await;
        assert_eq!(first.status, 200, "{name}");
        let again = shop.browser().send("GET", &path, &[("if-none-match", first.header("etag").unwrap())], "").await;
        assert_eq!((again.status, again.body.as_str()), (304, ""), "{name}");
    }
    shop.close().await;
}

#[tokio::test]
async fn metrics_count_by_route_and_never_by_path() {
    let fresh = Fresh::sqlite();
    let shop = Shop::demo(&fresh).await;
    let mut alice = shop.signed_in("alice").await;
    alice.page("/orders/secret-number").await;
    let metrics = alice.page("/metrics").await.body;
    assert!(
        metrics.contains(r#"helpdesk_requests_total{method="GET",route="/orders/{id}",status="404"} 1"#),
        "{metrics}"
    );
    assert!(metrics.contains(r#"helpdesk_sign_ins_total{outcome="welcome"} 1"#), "{metrics}");
    assert!(!metrics.contains("secret-number"));
    shop.close().await;
}
