//! What people read in another language than English.

use http::{Method, StatusCode};
use serde_json::{Value, json};
use testkit::people::{alice, bob, carol};
use vicarious_core::Words;

use crate::support::{Answer, Browser, World};

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");
const PAGE: (&str, &str) = ("accept", "text/html");
const GERMAN: (&str, &str) = ("accept-language", "de-DE,de;q=0.9,en;q=0.4");

/// Returns a world that speaks English and German.
async fn world() -> World {
    let german = Words::german().own("save this profile", "dieses Profil speichern");
    World::with(|builder| builder.words_by_language([Words::english(), german])).await
}

async fn open(browser: &mut Browser, path: &str) -> Answer {
    browser.raw("GET", path, &[PAGE, GERMAN], "").await
}

async fn send(browser: &mut Browser, path: &str, body: &str) -> Answer {
    browser.raw("POST", path, &[PAGE, GERMAN, FORM], body).await
}

/// Asserts that a page of ours is German throughout, and says this.
fn assert_german(answer: &Answer, said: &[&str]) {
    let text = &answer.text;
    assert!(text.contains("<html lang=\"de\">"), "{text}");
    let german = Words::german();
    for english in Words::english().missing() {
        // A single word may be a part of others.
        let is_telling = english.contains(' ') && !english.contains('{') && german.text(english) != english;
        assert!(!is_telling || !text.contains(english), "`{english}` in: {text}");
    }
    for said in said {
        assert!(text.contains(said), "{said}: {text}");
    }
}

#[tokio::test]
async fn the_page_on_which_it_begins_is_german() {
    let world = world().await;
    let mut bob = world.browser(&bob());
    let agreed = open(&mut bob, "/impersonation/new?account=alice&go_to=/profile").await;
    assert_german(
        &agreed,
        &[
            "Die Anwendung als Alice Ames nutzen",
            "Alice Ames hat zugestimmt, bis Dienstag, 22. Dezember, 09:00 UTC.",
            "Sie beginnen auf <code>/profile</code>, nur lesend, für höchstens 30 Minuten.",
            "Als Alice Ames beginnen",
        ],
    );
    assert_german(&open(&mut bob, "/impersonation/new").await, &["Support-Code eingeben"]);
    let wrong = send(&mut bob, "/impersonation", "account_id=alice&reason=").await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_german(&wrong, &["Grund fehlt: Sagen Sie in wenigen Worten, warum."]);
    let wrong = send(&mut bob, "/impersonation", "support_code=AAAA&reason=x").await;
    assert_german(&wrong, &["Support-Code ist unbekannt, schon benutzt oder älter als 24 Stunden."]);
}

#[tokio::test]
async fn what_is_asked_before_a_change_is_german() {
    let world = world().await;
    let mut pair = world.inside(&bob(), &alice()).await;
    let tag = pair.tag().await;
    let body = format!("_method=PATCH&_identity={tag}&name=A");
    let switch = send(&mut pair, "/profile", &body).await;
    let page = switch.text.split("</aside>").last().unwrap().to_owned();
    assert!(page.contains("<h1>Sie lesen nur. Für 10 Minuten in den Schreibmodus wechseln?</h1>"), "{page}");
    assert!(page.contains("Dafür ist der Schreibmodus nötig: dieses Profil speichern."), "{page}");
    pair.json(Method::PATCH, "/impersonation", json!({ "mode": "write", "reason": "asked for it" })).await;
    let confirm = send(&mut pair, "/profile", &body).await;
    assert_eq!(confirm.status, StatusCode::PRECONDITION_REQUIRED);
    assert!(confirm.text.contains("<h1>Dieses Profil speichern, im Konto von Alice Ames?</h1>"), "{}", confirm.text);
    assert!(confirm.text.contains("Ja, dieses Profil speichern"), "{}", confirm.text);
}

#[tokio::test]
async fn a_refusal_is_german_whoever_made_its_page() {
    let world = world().await;
    let mut pair = world.inside(&bob(), &alice()).await;
    let tag = pair.tag().await;
    let never = send(&mut pair, "/payments", &format!("_identity={tag}")).await;
    assert_eq!(never.status, StatusCode::FORBIDDEN);
    assert!(never.text.contains("<h1>Nicht im Namen anderer</h1>"), "{}", never.text);
    assert!(
        never.text.contains("Das geht nicht im Namen von Alice Ames. Wer es darf, muss es unter eigenem Namen tun."),
        "{}",
        never.text
    );
    assert_eq!(never.text.matches("<aside").count(), 1, "it has its banner");
    let opens = [PAGE, GERMAN, ("sec-fetch-dest", "document")];
    let blank = pair.raw("GET", "/nowhere", &opens, "").await.text;
    assert!(blank.contains("Diese Seite gibt es nicht, oder Alice Ames hat keinen Zugang dazu."), "{blank}");
    // A handler's extractor knows no languages; the layer says it in this one.
    let themselves = open(&mut pair, "/themselves").await;
    assert!(
        themselves
            .text
            .contains("Das geht nicht im Namen von Alice Ames. Wer es darf, muss es unter eigenem Namen tun."),
        "{}",
        themselves.text
    );
    let mixed = send(&mut pair, "/notes", "_identity=another").await;
    assert_eq!(mixed.status, StatusCode::CONFLICT);
    assert!(mixed.text.contains("Sie nutzen die Anwendung jetzt als Alice Ames."), "{}", mixed.text);
    let elsewhere = [PAGE, GERMAN, FORM, ("sec-fetch-site", "cross-site")];
    let foreign = world.browser(&carol()).raw("POST", "/impersonation", &elsewhere, "account_id=alice").await;
    assert_german(&foreign, &["Diese Anfrage kam von einer anderen Website"]);
    assert_german(&open(&mut world.browser(&carol()), "/impersonation/new?account=alice").await, &["Nicht gefunden"]);
}

#[tokio::test]
async fn an_end_is_told_in_german() {
    let world = world().await;
    let mut pair = world.inside(&bob(), &alice()).await;
    let mut copy = pair.clone();
    pair.stop().await;
    let dead = open(&mut copy, "/profile").await;
    assert_eq!(dead.status, StatusCode::GONE);
    assert_german(&dead, &["Sie nutzen die Anwendung nicht mehr als Alice Ames", "Der Zugriff wurde beendet."]);
}

#[tokio::test]
async fn programs_read_english_whatever_they_accept() {
    let world = world().await;
    let mut bob = world.browser(&bob());
    let headers = [("accept", "application/json"), GERMAN, FORM];
    let wrong = bob.raw("POST", "/impersonation", &headers, "account_id=alice&reason=").await;
    assert_eq!(wrong.json()["title"], "Something is missing or wrong");
    assert_eq!(wrong.json()["detail"], "Reason is missing: say why, in a few words.");
    let stopped = bob.raw("DELETE", "/impersonation", &headers, "").await;
    assert_eq!(stopped.json()["notice"], Value::Null);
}

#[tokio::test]
async fn an_application_may_speak_german_only() {
    let world = World::with(|builder| builder.words(Words::german().replace("Not found", "Fehlanzeige"))).await;
    let page = world.browser(&carol()).get("/impersonation/new?account=alice").await;
    assert_german(&page, &["Fehlanzeige"]);
}

#[tokio::test]
async fn a_replacement_of_nothing_is_found_when_it_is_put_together() {
    let system = || vicarious_axum::Vicarious::builder(crate::support::Accounts::default());
    let mistake = |words| system().words(words).build().err().unwrap().to_string();
    let unknown = mistake(Words::german().replace("Stopp", "Halt"));
    assert_eq!(unknown, "the words in `de`: `Stopp` is no sentence of Vicarious");
    let nameless = mistake(Words::english().replace("Go on as {agent}", "Go on"));
    assert!(nameless.contains("does not have the same names in braces"), "{nameless}");
}

#[tokio::test]
async fn what_cannot_be_done_here_is_said_in_german_with_what_can() {
    let world = world().await;
    let mut bob = world.browser(&bob());
    let put = bob.raw("PUT", "/impersonation", &[PAGE, GERMAN], "").await;
    assert_eq!((put.status, put.header("allow")), (StatusCode::METHOD_NOT_ALLOWED, "GET, HEAD, POST, PATCH, DELETE"));
    assert_german(&put, &["Diese Methode gibt es hier nicht", "Was hier geht: GET, HEAD, POST, PATCH, DELETE."]);
    let program = bob.json(Method::PUT, "/impersonation", Value::Null).await;
    assert_eq!(program.json()["detail"], "What can be done here: GET, HEAD, POST, PATCH, DELETE.");
}
