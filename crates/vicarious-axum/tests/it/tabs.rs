//! A form that was drawn for one identity and is sent as another.

use http::{Method, StatusCode};
use serde_json::{Value, json};
use testkit::people::{alice, bob, carol};

use crate::support::{Answer, Browser, World};

const JSON: (&str, &str) = ("accept", "application/json");

fn multipart(tag: Option<&str>) -> String {
    let tag = tag.map(|tag| format!("--b\r\ncontent-disposition: form-data; name=\"_identity\"\r\n\r\n{tag}\r\n"));
    let file = "--b\r\ncontent-disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\nhello\r\n--b--\r\n";
    tag.unwrap_or_default() + file
}

/// Sends a note in each way that a tag can travel.
async fn send(browser: &mut Browser, way: &str, tag: &str) -> Answer {
    let form = ("content-type", "application/x-www-form-urlencoded");
    let parts = ("content-type", "multipart/form-data; boundary=b");
    let json = ("content-type", "application/json");
    let (header, field) = (("identity", tag), format!("text=a&_identity={tag}"));
    match way {
        "form" => browser.raw("POST", "/notes", &[JSON, form], &field).await,
        "form and header" => browser.raw("POST", "/notes", &[JSON, form, header], "text=a").await,
        "multipart" => browser.raw("POST", "/notes", &[JSON, parts], &multipart(Some(tag))).await,
        "json" => browser.raw("POST", "/notes", &[JSON, json, header], "{}").await,
        "bodyless" => browser.raw("POST", "/notes", &[JSON, header], "").await,
        other => panic!("unknown way {other}"),
    }
}

const WAYS: [&str; 5] = ["form", "form and header", "multipart", "json", "bodyless"];

// T32
#[tokio::test]
async fn a_tag_of_another_identity_is_refused_on_every_way_and_the_right_one_passes() {
    let world = World::new().await;
    let mut inside = world.writing(&bob(), &alice()).await;
    let own = inside.tag().await;
    let mut carols = world.writing(&bob(), &carol()).await;
    let carols_tag = carols.tag().await;
    let mut second = world.writing(&bob(), &alice()).await;
    let of_second = second.tag().await;
    assert_ne!(own, of_second, "the same pair twice is two identities");
    for way in WAYS {
        for wrong in [carols_tag.as_str(), of_second.as_str(), "", "x", &own[1..], &own.to_uppercase()] {
            let answer = send(&mut inside, way, wrong).await;
            assert_eq!(answer.status, StatusCode::CONFLICT, "{way}: {wrong}");
            assert_eq!(answer.json()["type"], "urn:vicarious:problem:identity-mismatch");
        }
        assert!(world.done().is_empty(), "{way}");
        assert_eq!(send(&mut inside, way, &own).await.status, StatusCode::OK, "{way}");
        world.done.lock().unwrap().clear();
    }
}

// T32
#[tokio::test]
async fn an_absent_tag_is_refused_for_forms_only() {
    let world = World::new().await;
    let mut inside = world.writing(&bob(), &alice()).await;
    for kind in [
        "application/x-www-form-urlencoded",
        "application/x-www-form-urlencoded; charset=utf-8",
        "APPLICATION/X-WWW-FORM-URLENCODED",
        "multipart/form-data; boundary=b",
    ] {
        let answer = inside.raw("POST", "/notes", &[JSON, ("content-type", kind)], &multipart(None)).await;
        assert_eq!(answer.status, StatusCode::CONFLICT, "{kind}");
    }
    assert!(world.done().is_empty());
    for (kind, body) in [("application/json", "{}"), ("application/vnd.api+json", "{}"), ("application/json", "")] {
        let answer = inside.raw("POST", "/notes", &[JSON, ("content-type", kind)], body).await;
        assert_eq!(answer.status, StatusCode::OK, "{kind}");
    }
    assert_eq!(inside.raw("POST", "/notes", &[JSON], "").await.status, StatusCode::OK, "bodyless");
}

// T32
#[tokio::test]
async fn two_tags_that_contradict_each_other_are_refused() {
    let world = World::new().await;
    let mut inside = world.writing(&bob(), &alice()).await;
    let tag = inside.tag().await;
    let form = ("content-type", "application/x-www-form-urlencoded");
    for (header, body) in [
        (tag.as_str(), "_identity=other".to_owned()),
        ("other", format!("_identity={tag}")),
        (tag.as_str(), format!("_identity={tag}&_identity=other")),
        (tag.as_str(), format!("_identity=other&_identity={tag}")),
    ] {
        let answer = inside.raw("POST", "/notes", &[JSON, form, ("identity", header)], &body).await;
        assert_eq!(answer.status, StatusCode::CONFLICT, "{header} {body}");
    }
    assert!(world.done().is_empty());
}

// T32
#[tokio::test]
async fn a_form_of_an_impersonation_does_not_run_as_the_agent_after_the_stop() {
    let world = World::new().await;
    let mut browser = world.writing(&bob(), &alice()).await;
    let tag = browser.tag().await;
    browser.stop().await;
    for way in WAYS {
        assert_eq!(send(&mut browser, way, &tag).await.status, StatusCode::CONFLICT, "{way}");
    }
    let page = browser.form("/notes", &[("_identity", &tag)]).await;
    assert!(page.text.contains("You are now acting as yourself, Bob"), "{}", page.text);
    assert!(world.done().is_empty());
    let start = browser.form("/impersonation", &[("_identity", &tag), ("account_id", "carol"), ("reason", "r")]).await;
    assert_eq!(start.status, StatusCode::CONFLICT, "nor does it start another");
    assert_eq!(browser.form("/notes", &[("text", "mine")]).await.status, StatusCode::OK, "his own forms do");
    assert_eq!(world.done(), ["POST /notes as bob by bob"]);
    browser.cookies.clear();
    assert_eq!(send(&mut browser, "form", &tag).await.status, StatusCode::CONFLICT, "nor as nobody");
}

// T32
#[tokio::test]
async fn a_form_of_alice_does_not_run_as_carol_after_a_switch() {
    let world = World::new().await;
    let mut browser = world.writing(&bob(), &alice()).await;
    let (alices, running) = (browser.tag().await, browser.get_json("/impersonation").await);
    let instead_of = running.json()["impersonation"]["id"].clone();
    let body = json!({"account_id": "carol", "reason": "r", "instead_of": instead_of});
    assert_eq!(browser.json(Method::POST, "/impersonation", body).await.status, StatusCode::CREATED);
    browser.json(Method::PATCH, "/impersonation", json!({"mode": "write", "reason": "r"})).await;
    for way in WAYS {
        assert_eq!(send(&mut browser, way, &alices).await.status, StatusCode::CONFLICT, "{way}");
    }
    let raise = [("_identity", alices.as_str()), ("_method", "PATCH"), ("mode", "read")];
    assert_eq!(browser.form("/impersonation", &raise).await.status, StatusCode::CONFLICT);
    assert!(world.done().is_empty());
    let carols = browser.tag().await;
    assert_eq!(send(&mut browser, "form", &carols).await.status, StatusCode::OK);
    assert_eq!(world.done(), ["POST /notes as carol by bob"]);
}

// T32: what is never asked for a tag.
#[tokio::test]
async fn stopping_signing_in_and_signing_out_need_no_tag_and_mind_no_other() {
    for (path, fields) in [
        ("/impersonation", vec![("_method", "DELETE")]),
        ("/impersonation", vec![("_method", "DELETE"), ("_identity", "of-another-tab")]),
        ("/session", vec![("_method", "DELETE"), ("_identity", "of-another-tab")]),
    ] {
        let world = World::new().await;
        let mut browser = world.inside(&bob(), &alice()).await;
        assert_eq!(browser.form(path, &fields).await.status, StatusCode::SEE_OTHER, "{path}");
        assert_eq!(browser.who().await, (json!("bob"), json!("bob")));
    }
    let world = World::new().await;
    let mut browser = world.inside(&bob(), &alice()).await;
    assert_eq!(browser.form("/session", &[("email", "x"), ("_identity", "y")]).await.status, StatusCode::OK);
    let mut own = world.browser(&bob());
    let signed_out = own.form("/session", &[("_method", "DELETE"), ("_identity", "y")]).await;
    assert_eq!(signed_out.status, StatusCode::NO_CONTENT);
    assert_eq!(own.who().await, (Value::Null, Value::Null));
}
