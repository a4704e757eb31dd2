//! Consent by a support code, and what an agent records.

use axum::body::Body;
use axum::http::header::{ACCEPT, HOST, REFERER};
use axum::http::{Method, Request, StatusCode};
use serde_json::json;
use testkit::people::{alice, bob, carol, dana};
use vicarious_core::decide::Terms;

use crate::support::{World, text};

#[tokio::test]
async fn a_customer_gets_a_code_for_a_page_sees_it_once_and_can_withdraw_it() {
    let world = World::new();
    let mut alice = world.browser(&alice());
    let offer = alice.page("/support-code?page=/invoices%3Fpage%3D2").await;
    assert!(text(&offer).contains("An agent can look at /invoices?page=2 with you"), "{}", text(&offer));
    let made = alice.form("/support-code", &[("page", "/invoices?page=2")]).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.body);
    let code = made.body.split("Support code ").nth(1).unwrap().split('"').next().unwrap().to_owned();
    assert_eq!(code.len(), 9, "{code}");
    let consents = alice.page("/consents").await;
    assert!(text(&consents).contains("Whoever you tell the code until"), "{}", text(&consents));
    assert!(!consents.contains(&code), "it is shown once");
    let listed = alice.ask("/consents").await.json();
    assert_eq!((&listed["consents"][0]["kind"], &listed["consents"][0]["state"]), (&json!("code"), &json!("given")));
    let path = format!("/consents/{}", listed["consents"][0]["id"].as_str().unwrap());
    assert_eq!(alice.json(Method::PATCH, &path, json!({ "decision": "withdraw" })).await.status, StatusCode::OK);
    let body = json!({ "support_code": code, "reason": "a call" });
    let late = world.browser(&bob()).json(Method::POST, "/impersonation", body).await;
    assert_eq!(late.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", late.body);
}

/// Opens the page that offers a code by a link on another page.
async fn offered(world: &World, link: &str, referer: &str) -> String {
    let request = Request::get(link).header(ACCEPT, "text/html").header(HOST, "shop.example").header(REFERER, referer);
    text(&world.browser(&alice()).send(request.body(Body::empty()).unwrap()).await.body)
}

#[tokio::test]
async fn a_link_that_names_no_page_means_the_page_it_stands_on() {
    let world = World::new();
    let with_page = offered(&world, "/support-code", "http://shop.example/invoices?secret=1").await;
    assert!(with_page.contains("An agent can look at /invoices with you"), "{with_page}");
    assert!(!with_page.contains("secret"), "{with_page}");
    let named = offered(&world, "/support-code?page=/orders", "http://shop.example/invoices").await;
    assert!(named.contains("An agent can look at /orders with you"), "{named}");
    let elsewhere = "http://evil.example/invoices";
    for (link, referer) in [
        ("/support-code", elsewhere),
        ("/support-code", "http://shop.example/"),
        ("/support-code?page=/", "http://shop.example/invoices"),
        ("/support-code?page=https://evil.example/", "http://shop.example/invoices"),
        ("/support-code", "http://shop.example/consents?page=2"),
        ("/support-code", "http://shop.example/impersonation/new"),
    ] {
        let any = offered(&world, link, referer).await;
        assert!(any.contains("Get help with your account"), "{link} on {referer}: {any}");
        assert!(any.contains("An agent can look at your account with you"), "{link} on {referer}: {any}");
    }
    let made = world.browser(&alice()).form("/support-code", &[("page", "/")]).await;
    assert!(text(&made.body).contains("can see your account once, for at most an hour."), "{}", made.body);
}

#[tokio::test]
async fn an_agent_as_a_customer_is_told_that_only_the_customer_makes_a_code() {
    let world = World::new();
    world.agree(&alice()).await;
    let page = world.inside(&bob(), &alice()).await.open("/support-code").await;
    assert_eq!(page.status, StatusCode::NOT_FOUND);
    assert!(text(&page.body).contains("Only the customer can make a support code"), "{}", page.body);
    assert!(!page.body.contains("name=\"page\""), "{}", page.body);
    let as_himself = world.browser(&bob()).open("/support-code").await;
    assert!(!as_himself.body.contains("Only the customer"), "there is nothing here for agents: {}", as_himself.body);
}

#[tokio::test]
async fn a_code_is_no_business_of_agents_administrators_and_pairs() {
    let world = World::new();
    for account in [bob(), dana()] {
        let mut staff = world.browser(&account);
        assert_eq!(staff.open("/support-code").await.status, StatusCode::NOT_FOUND);
        assert_eq!(staff.json(Method::POST, "/support-code", json!({})).await.status, StatusCode::NOT_FOUND);
    }
    world.agree(&alice()).await;
    let mut pair = world.inside(&bob(), &alice()).await;
    assert_eq!(pair.open("/support-code").await.status, StatusCode::NOT_FOUND);
    assert_eq!(pair.json(Method::POST, "/support-code", json!({})).await.status, StatusCode::FORBIDDEN);
}

fn attesting() -> World {
    World::adjusted(|builder| builder.terms(Terms { attested: true, ..Terms::default() }))
}

fn said(account: &str) -> serde_json::Value {
    json!({ "account_id": account, "channel": "phone", "quotation": "yes, <b>do</b> look", "ticket": "SUP-1" })
}

#[tokio::test]
async fn what_is_said_elsewhere_is_recorded_only_where_the_application_allows_it() {
    let off = World::new().browser(&bob()).json(Method::POST, "/consents/attested", said("alice")).await;
    assert_eq!(off.status, StatusCode::NOT_FOUND);
    let world = attesting();
    for account in [alice(), carol()] {
        let by_customer = world.browser(&account).json(Method::POST, "/consents/attested", said("alice")).await;
        assert_eq!(by_customer.status, StatusCode::NOT_FOUND, "{}", by_customer.body);
    }
    let of_staff = world.browser(&bob()).json(Method::POST, "/consents/attested", said("dana")).await;
    assert_eq!(of_staff.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn whoever_recorded_it_and_left_lands_on_the_page_of_the_ticket_all_the_same() {
    let world = attesting();
    let (mut bob, mut alice) = (world.browser(&bob()), world.browser(&alice()));
    let page = "/invoices?token=3f9a1c77d2e8&n=1";
    let said = |page| [("account_id", "alice"), ("channel", "phone"), ("quotation", "yes"), ("go_to", page)];
    bob.form("/consents/attested", &said(page)).await;
    assert!(alice.page("/consents").await.contains("They would begin on the page <code>/invoices?token=3f9a"));
    for list in ["/consents", "/accounts", "/accounts/alice"] {
        let shown = bob.page(list).await;
        let href = shown.split("href=\"").find(|after| after.starts_with("/impersonation/new?account=alice")).unwrap();
        let wanted = "go_to=%2Finvoices%3Ftoken%3D3f9a1c77d2e8%26n%3D1";
        assert!(href.split('"').next().unwrap().contains(wanted), "{list}: {href}");
    }
    let recorded = world.ledger.entries_snapshot().iter().map(|one| one.to_json().to_string()).collect::<String>();
    assert!(recorded.contains("/invoices?token=") && !recorded.contains("3f9a1c77d2e8"), "{recorded}");
    assert!(!bob.start(&testkit::people::alice()).await.is_empty());
    assert!(!alice.page("/consents").await.contains("would begin"), "they have begun");
}

// T19
#[tokio::test]
async fn a_page_off_the_site_is_none_to_record() {
    for page in ["https://evil.example/", "//evil.example", "/\\evil.example", "/"] {
        let world = attesting();
        let body = json!({ "account_id": "alice", "channel": "phone", "quotation": "yes", "go_to": page });
        let recorded = world.browser(&bob()).json(Method::POST, "/consents/attested", body).await;
        assert_eq!((recorded.status, &recorded.json()["page"]), (StatusCode::CREATED, &json!(null)), "{page}");
    }
}

#[tokio::test]
async fn a_customer_who_did_not_agree_ends_it_and_the_administrator_hears_of_it() {
    let world = attesting();
    let mut bob = world.browser(&bob());
    let start = bob.page("/impersonation/new?account=alice").await;
    assert!(text(&start).contains("Or record that Alice Ames agreed elsewhere"), "{}", text(&start));
    let recorded = bob.json(Method::POST, "/consents/attested", said("alice")).await;
    assert_eq!(recorded.status, StatusCode::CREATED, "{}", recorded.body);
    let pair = bob.start(&alice()).await;
    assert!(!pair.is_empty());

    let mut alice_herself = world.browser(&alice());
    let consents = alice_herself.page("/consents").await;
    let shown = text(&consents);
    assert!(shown.contains("phone: yes, &#60;b&#62;do&#60;/b&#62; look"), "{shown}");
    assert!(shown.contains("I did not agree"), "{shown}");
    let path = format!("/consents/{}", recorded.json()["id"].as_str().unwrap());
    for nobodys in [carol(), dana()] {
        let by_other = world.browser(&nobodys).json(Method::PATCH, &path, json!({ "decision": "disown" })).await;
        assert_eq!(by_other.status, StatusCode::NOT_FOUND);
    }
    let disowned = alice_herself.form(&path, &[("_method", "PATCH"), ("decision", "disown")]).await;
    assert_eq!(disowned.location(), "/consents?done=disown");
    let gone = bob.open("/whoever").await;
    assert_eq!(gone.status, StatusCode::GONE, "{}", gone.body);
    bob.stop().await;

    let again = bob.json(Method::POST, "/consents/attested", said("alice")).await;
    assert_eq!(again.status, StatusCode::FORBIDDEN, "{}", again.body);
    let alarm = text(&world.browser(&dana()).page("/impersonations").await);
    assert!(alarm.contains("Alice Ames says that they never agreed to what Bob"), "{alarm}");
    let quiet = text(&world.browser(&testkit::people::eve()).page("/impersonations").await);
    assert!(!quiet.contains("never agreed"), "{quiet}");
}
