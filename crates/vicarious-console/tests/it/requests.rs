//! Asking for consent.

use axum::http::{Method, StatusCode};
use serde_json::json;
use testkit::people::{alice, bob, dana, eve};

use crate::support::World;

const QUESTION: [(&str, &str); 5] = [
    ("account_id", "alice"),
    ("reason", "the invoice & more"),
    ("ticket", "SUP-1"),
    ("go_to", "/invoices"),
    ("return_to", "/accounts?q=Al"),
];

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
    let asked = world.browser(&bob()).form("/consents/requests", &QUESTION).await;
    let wanted = "/impersonation/new?account=alice&reason=the+invoice+%26+more&ticket=SUP-1&go_to=%2Finvoices\
                  &return_to=%2Faccounts%3Fq%3DAl";
    assert_eq!(asked.location(), wanted);
}

#[tokio::test]
async fn whoever_asked_looks_again_until_there_is_an_answer_and_goes_on_from_there() {
    let world = World::new();
    let mut bob = world.browser(&bob());
    let page = bob.form("/consents/requests", &QUESTION).await.location().to_owned();
    let waiting = bob.page(&page).await;
    let link = format!("href=\"{}\">Look again</a>", page.replace('&', "&amp;"));
    assert!(waiting.contains(&link) && !waiting.contains("Start as"), "{waiting}");
    assert!(bob.page(&page).await.contains(&link), "nobody has answered yet");
    let mut customer = world.browser(&alice());
    let consent = customer.ask("/consents").await.json()["consents"][0]["id"].as_str().unwrap().to_owned();
    customer.json(Method::PATCH, &format!("/consents/{consent}"), json!({ "decision": "give" })).await;
    let answered = bob.page(&page).await;
    assert!(answered.contains("Start as Alice Ames</button>") && !answered.contains("Look again"), "{answered}");
    for said in ["value=\"the invoice &amp; more\"", "value=\"SUP-1\"", "value=\"/invoices\""] {
        assert!(answered.contains(said), "{said}: {answered}");
    }
}

#[tokio::test]
async fn whoever_had_to_ask_first_lands_on_the_page_of_the_ticket_all_the_same() {
    let world = World::new();
    let mut bob = world.browser(&bob());
    let link = "/impersonation/new?account=alice&reason=help&ticket=SUP-1&go_to=%2Finvoices%3Fq%3D%3Cb%3E%26n%3D1";
    let page = bob.page(link).await;
    let told = "the ticket and the page <code>/invoices?q=&lt;b&gt;&amp;n=1</code> are shown";
    assert!(page.contains(told), "{page}");
    let fields = [("account_id", "alice"), ("reason", "help"), ("ticket", "SUP-1"), ("go_to", "/invoices?q=<b>&n=1")];
    bob.form("/consents/requests", &fields).await;

    let mut alice = world.browser(&alice());
    let page = alice.page("/consents").await;
    assert!(page.contains("They would begin on the page <code>/invoices?q=&#60;b&#62;&#38;n=1</code>"), "{page}");
    let consent = alice.ask("/consents").await.json()["consents"][0].clone();
    assert_eq!(consent["page"], "/invoices?q=<b>&n=1");
    let path = format!("/consents/{}", consent["id"].as_str().unwrap());
    alice.json(Method::PATCH, &path, json!({ "decision": "give" })).await;

    for list in ["/consents", "/accounts", "/accounts/alice"] {
        let page = bob.page(list).await;
        let wanted = "go_to=%2Finvoices%3Fq%3D%3Cb%3E%26n%3D1";
        let href = page.split("href=\"").find(|after| after.starts_with("/impersonation/new?account=alice")).unwrap();
        let href = href.split('"').next().unwrap().replace("&#38;", "&");
        assert!(href.contains(wanted), "{list}: {href}");
        assert!(bob.page(&href).await.contains("name=\"go_to\" value=\"/invoices?q=&lt;b&gt;&amp;n=1\""), "{list}");
    }
    let body = [("account_id", "alice"), ("reason", "help"), ("go_to", "/invoices?q=<b>&n=1")];
    assert_eq!(bob.form("/impersonation", &body).await.location(), "/invoices?q=<b>&n=1");
}

// T19
#[tokio::test]
async fn a_page_off_the_site_and_the_first_one_are_no_page_to_ask_for() {
    for page in ["https://evil.example/", "//evil.example", "/\\evil.example", "orders", "/", ""] {
        let world = World::new();
        let body = json!({ "account_id": "alice", "reason": "help", "go_to": page });
        let asked = world.browser(&bob()).json(Method::POST, "/consents/requests", body).await;
        assert_eq!((asked.status, &asked.json()["page"]), (StatusCode::CREATED, &json!(null)), "{page}");
        assert!(!world.browser(&alice()).page("/consents").await.contains("begin on"), "{page}");
    }
}

// The page of a support code is for whoever was told it, so that nobody reads it off a list.
#[tokio::test]
async fn the_page_of_a_support_code_is_on_no_list() {
    let world = World::new();
    world.browser(&alice()).json(Method::POST, "/support-code", json!({ "page": "/reset?token=3f9a1c77d2e8" })).await;
    let mut dana = world.browser(&dana());
    let listed = dana.ask("/consents").await.json();
    assert_eq!((&listed["consents"][0]["kind"], &listed["consents"][0]["page"]), (&json!("code"), &json!(null)));
    assert!(!dana.page("/consents").await.contains("3f9a1c77d2e8"));
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
