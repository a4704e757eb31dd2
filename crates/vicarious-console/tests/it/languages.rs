//! The console in another language than English.

use axum::body::Body;
use axum::http::header::{ACCEPT, ACCEPT_LANGUAGE};
use axum::http::{Method, Request, StatusCode};
use serde_json::json;
use testkit::people::{alice, bob, dana, eve};
use vicarious_console::Console;
use vicarious_core::Words;

use crate::support::{Browser, World, text};

/// Returns a world that speaks English and German, and in which Bob has looked at Alice's invoices.
async fn world() -> World {
    let german = Words::german().own("looked at invoices", "Rechnungen angesehen");
    let world = World::adjusted(|builder| builder.words_by_language([Words::english(), german]));
    world.agree(&alice()).await;
    let mut bob = world.inside(&bob(), &alice()).await;
    assert_eq!(bob.open("/invoices").await.status, StatusCode::OK);
    world
}

/// Opens a page as a browser of somebody who speaks German does.
async fn german(browser: &mut Browser, path: &str) -> String {
    let request = Request::get(path).header(ACCEPT, "text/html").header(ACCEPT_LANGUAGE, "de-AT,de;q=0.9,en;q=0.5");
    browser.send(request.body(Body::empty()).unwrap()).await.body
}

/// Asserts that a page is German throughout: no sentence of ours is left in English.
fn assert_german(page: &str) {
    assert!(page.contains("<html lang=\"de\">"), "{page}");
    let (german, text) = (Words::german(), text(page));
    for english in Words::english().missing() {
        // A single word may be a part of others.
        let is_telling = english.contains(' ') && !english.contains('{') && german.text(english) != english;
        assert!(!is_telling || !text.contains(english), "`{english}` in: {text}");
    }
}

#[tokio::test]
async fn a_customer_who_speaks_german_reads_german() {
    let world = world().await;
    let mut alice = world.browser(&alice());
    let consents = german(&mut alice, "/consents").await;
    assert_german(&consents);
    assert!(text(&consents).contains("Jeder im Support bis Mo 9. März 10:00"), "{}", text(&consents));
    assert!(text(&consents).contains("Bob Baker vom Support sieht Ihr Konto gerade an"), "{}", text(&consents));
    let log = german(&mut alice, "/access-log").await;
    assert_german(&log);
    let told = "Heute 10:00, bisher 1 Sekunde, SUP-4711: Bob Baker: Rechnungen angesehen.";
    assert!(text(&log).contains(told), "{}", text(&log));
    let code = german(&mut alice, "/support-code?page=/invoices").await;
    assert_german(&code);
    assert!(code.contains("Der Support kann <code>/invoices</code> mit Ihnen ansehen"), "{code}");
}

#[tokio::test]
async fn agents_and_administrators_who_speak_german_read_german() {
    let world = world().await;
    let mut pair = world.inside(&eve(), &alice()).await;
    let kept = pair.form("/notes", &[("text", "hello")]).await;
    assert_eq!(kept.status, StatusCode::CONFLICT, "without its tag: {}", kept.body);
    assert_eq!(pair.json(Method::POST, "/payments", json!({})).await.status, StatusCode::FORBIDDEN);
    pair.stop().await;
    let running = world.browser(&dana()).ask("/impersonations").await.json();
    let (eves, bobs) = (&running["impersonations"][1]["id"], &running["impersonations"][0]["id"]);
    for person in [bob(), dana()] {
        let mut browser = world.browser(&person);
        for path in [
            "/accounts",
            "/accounts?q=nobody",
            "/accounts/alice",
            "/impersonations",
            "/consents",
            &format!("/impersonations/{}", bobs.as_str().unwrap()),
        ] {
            assert_german(&german(&mut browser, path).await);
        }
    }
    let mut dana = world.browser(&dana());
    for path in ["/audit", "/audit?from=yesterday", "/audit?true_user=nobody"] {
        assert_german(&german(&mut dana, path).await);
    }
    let told = text(&german(&mut dana, &format!("/impersonations/{}", eves.as_str().unwrap())).await);
    for sentence in [
        "Eve Early begann, die Anwendung als Alice Ames zu nutzen: a page looks wrong (SUP-4711)",
        "Verweigert: Eve Early versuchte: POST /payments – im Namen anderer nie erlaubt.",
        "Eve Early hat beendet.",
    ] {
        assert!(told.contains(sentence), "{sentence}: {told}");
    }
}

#[tokio::test]
async fn everybody_else_reads_what_is_usual_here() {
    let world = world().await;
    let mut alice = world.browser(&alice());
    let page = alice.page("/consents").await;
    assert!(page.contains("<html lang=\"en\">") && page.contains("Support access"), "{page}");
    // Programs read English, whatever they accept.
    let request = Request::get("/access-log").header(ACCEPT, "application/json").header(ACCEPT_LANGUAGE, "de");
    let log = alice.send(request.body(Body::empty()).unwrap()).await.json();
    assert_eq!(log["accesses"][0]["did"], json!(["looked at invoices"]));
}

#[tokio::test]
async fn the_bar_says_its_language_within_a_page_of_another() {
    let world = World::adjusted(|builder| builder.words(Words::german()));
    world.agree(&alice()).await;
    let _bob = world.inside(&bob(), &alice()).await;
    let page = world.browser(&alice()).page("/consents").await;
    assert!(page.contains("<section class=\"vc-bar\" lang=\"de\""), "{page}");
    assert!(text(&page).contains("Beenden: Bob Baker aus Ihrem Konto hinausbitten"), "{}", text(&page));
}

#[tokio::test]
async fn a_text_that_was_replaced_is_a_text_and_no_markup() {
    let words = Words::english().replace("Nobody is asking.", "<b>No one</b>");
    let world = World::adjusted(|builder| builder.words(words));
    let page = world.browser(&alice()).page("/consents").await;
    assert!(page.contains("&#60;b&#62;No one&#60;/b&#62;"), "{page}");
}

#[tokio::test]
async fn what_an_agent_asks_is_asked_in_german() {
    let world = world().await;
    let body = json!({ "account_id": "alice", "reason": "die Rechnung", "ticket": "SUP-1" });
    world.browser(&bob()).json(Method::POST, "/consents/requests", body).await;
    let page = german(&mut world.browser(&alice()), "/consents").await;
    assert_german(&page);
    assert!(text(&page).contains("Bob Baker möchte Ihr Konto ansehen die Rechnung SUP-1"), "{}", text(&page));
}

#[tokio::test]
async fn pseudonyms_are_said_in_german_and_are_the_same_person_to_programs() {
    let world = World::of(
        |builder| builder.words_by_language([Words::english(), Words::german()]),
        |vicarious| Console::new(vicarious).pseudonyms("a secret").routes(),
    );
    world.agree(&alice()).await;
    world.inside(&bob(), &alice()).await;
    let mut alice = world.browser(&alice());
    let page = german(&mut alice, "/access-log").await;
    assert_german(&page);
    let told = alice.ask("/access-log").await.json()["accesses"][0]["who"].as_str().unwrap().to_owned();
    let code = told.strip_prefix("Support agent ").unwrap();
    assert!(page.contains(&format!("Supportkraft {code}")), "{page}");
}

#[tokio::test]
async fn what_cannot_be_done_here_is_said_in_german() {
    let world = world().await;
    let request = Request::put("/consents").header(ACCEPT, "text/html").header(ACCEPT_LANGUAGE, "de");
    let answer = world.browser(&alice()).send(request.body(Body::empty()).unwrap()).await;
    assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(answer.headers["allow"], "GET,HEAD,POST", "what can");
    assert_german(&answer.body);
    assert!(text(&answer.body).contains("Das geht hier nicht"), "{}", text(&answer.body));
}
