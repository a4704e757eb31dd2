//! The main path, as a program and as a browser without JavaScript walks it.

use http::{Method, StatusCode};
use serde_json::{Value, json};
use testkit::people::{alice, bob};

use crate::support::World;

#[tokio::test]
async fn an_agent_sees_the_application_as_the_customer_and_stops_where_they_began() {
    let world = World::new().await;
    let mut browser = world.browser(&bob());
    let fields = [
        ("account_id", alice().id().as_str().to_owned()),
        ("reason", "cannot see the invoice".to_owned()),
        ("go_to", "/profile".to_owned()),
        ("return_to", "/customers?page=2".to_owned()),
    ];
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let started = browser.form("/impersonation", &fields).await;
    assert_eq!((started.status, started.location()), (StatusCode::SEE_OTHER, "/profile"));

    let page = browser.get("/profile").await;
    assert!(page.text.contains("value=\"Alice"), "the page is the customer's: {}", page.text);
    assert_eq!(page.text.matches("id=\"vicarious-banner\"").count(), 1);
    assert!(page.text.contains("Stop") && page.text.contains(&bob().person.name));
    assert_eq!(page.header("cache-control"), "no-store");
    assert!(page.header("impersonation").contains("mode=read"), "{:?}", page.headers);

    let paid = browser.json(Method::POST, "/payments", json!({"amount": 1})).await;
    assert_eq!(paid.status, StatusCode::FORBIDDEN);

    let stopped = browser.form("/impersonation", &[("_method", "DELETE")]).await;
    assert_eq!((stopped.status, stopped.location()), (StatusCode::SEE_OTHER, "/customers?page=2"));
    assert!(world.done().is_empty(), "the payment never reached its handler");
    assert_eq!(browser.who().await, (json!(bob().id()), json!(bob().id())));
    assert_eq!(
        world.kinds(),
        [
            "consent.given",
            "consent.given",
            "impersonation.started",
            "request.intent",
            "request.refused",
            "impersonation.stopped",
        ]
    );
}

#[tokio::test]
async fn saving_leads_over_write_mode_and_a_confirmation_with_nothing_lost() {
    let world = World::new().await;
    let mut browser = world.inside(&bob(), &alice()).await;
    let tag = browser.tag().await;
    let typed = "Alicia & Sons = 100 %";
    let asked = browser.form("/profile", &[("_identity", &tag), ("_method", "PATCH"), ("name", typed)]).await;
    assert_eq!(asked.status, StatusCode::FORBIDDEN, "reading only: {asked:?}");
    let held = asked.hidden("_held").expect("what was typed is kept");

    let fields = [
        ("_identity", tag.as_str()),
        ("_method", "PATCH"),
        ("mode", "write"),
        ("reason", "asked to"),
        ("_held", &held),
    ];
    let confirm = browser.form("/impersonation", &fields).await;
    assert_eq!(confirm.status, StatusCode::PRECONDITION_REQUIRED, "{confirm:?}");
    assert!(confirm.text.contains("Save this profile for Alice"), "{}", confirm.text);
    assert!(confirm.text.contains("Alicia &amp; Sons"), "it shows what was typed");
    let (held, confirmation) = (confirm.hidden("_held").unwrap(), confirm.hidden("_confirmation").unwrap());

    let fields = [
        ("_identity", tag.as_str()),
        ("_method", "PATCH"),
        ("_held", held.as_str()),
        ("_confirmation", confirmation.as_str()),
    ];
    let saved = browser.form("/profile", &fields).await;
    assert_eq!(saved.status, StatusCode::OK, "{saved:?}");
    assert_eq!(saved.json()["body"], "name=Alicia+%26+Sons+%3D+100+%25", "byte for byte, less our own fields");
    assert_eq!(world.done(), [format!("PATCH /profile as {} by {}", alice().id(), bob().id())]);

    let again = browser.form("/profile", &fields).await;
    assert_eq!(again.status, StatusCode::PRECONDITION_REQUIRED, "a confirmation has one use");
    assert_eq!(world.done().len(), 1);
}

#[tokio::test]
async fn a_program_confirms_by_repeating_the_request() {
    let world = World::new().await;
    let mut browser = world.writing(&bob(), &alice()).await;
    let asked = browser.json(Method::PATCH, "/profile", json!({"name": "Alicia"})).await;
    assert_eq!(asked.status, StatusCode::PRECONDITION_REQUIRED);
    let question = asked.json()["question"].as_str().unwrap().to_owned();
    assert!(question.contains("Alice"), "{question}");
    let confirmation = asked.json()["confirmation"].as_str().unwrap().to_owned();
    let send = async |browser: &mut crate::support::Browser, name: &str| {
        let request = axum::extract::Request::patch("/profile")
            .header("accept", "application/json")
            .header("content-type", "application/json")
            .header("confirmation", &confirmation)
            .body(axum::body::Body::from(json!({ "name": name }).to_string()));
        browser.send(request.unwrap()).await.status
    };
    assert_eq!(send(&mut browser, "Mallory").await, StatusCode::PRECONDITION_REQUIRED, "bound to the body");
    assert_eq!(send(&mut browser, "Alicia").await, StatusCode::OK);
    assert_eq!(send(&mut browser, "Alicia").await, StatusCode::PRECONDITION_REQUIRED, "one use");
}

#[tokio::test]
async fn stopping_twice_is_a_no_op() {
    let world = World::new().await;
    let mut browser = world.inside(&bob(), &alice()).await;
    let first = browser.stop().await;
    assert_eq!(first.json()["notice"], format!("You are logged out as {}", alice().person.email));
    let second = browser.stop().await;
    assert_eq!((second.status, second.json()["notice"].clone()), (StatusCode::OK, Value::Null));
    assert_eq!(world.count("impersonation.stopped"), 1);
}

#[tokio::test]
async fn the_hosts_sign_out_stops_and_nothing_else() {
    let world = World::new().await;
    let mut browser = world.inside(&bob(), &alice()).await;
    let running = world.running().await.remove(0).id;
    let answer = browser.json(Method::DELETE, "/session", Value::Null).await;
    assert_eq!(answer.status, StatusCode::NO_CONTENT);
    assert_eq!(answer.header("impersonation"), format!("id={running}, ended"), "no sign-out");
    assert_eq!(browser.who().await, (json!(bob().id()), json!(bob().id())));
    let signed_out = browser.json(Method::DELETE, "/session", Value::Null).await;
    assert_eq!((signed_out.status, signed_out.header("impersonation")), (StatusCode::NO_CONTENT, ""));
    assert_eq!(browser.who().await, (Value::Null, Value::Null));
}

#[tokio::test]
async fn whoever_has_no_email_is_told_by_name_after_a_stop() {
    let world = World::new().await;
    world.accounts.change(&alice(), |user| user.account.person.email.clear());
    let mut browser = world.inside(&bob(), &alice()).await;
    assert_eq!(browser.stop().await.json()["notice"], format!("You are logged out as {}", alice().person.name));
}
