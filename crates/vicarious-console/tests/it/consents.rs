//! A customer's decisions.

use axum::body::Body;
use axum::http::header::ACCEPT;
use axum::http::{Method, Request, StatusCode};
use serde_json::{Value, json};
use testkit::people::{alice, bob, carol, dana};

use crate::support::{World, text};

/// Lets Bob ask Alice, and returns the consent's path.
async fn asked(world: &World) -> String {
    let body = json!({ "account_id": "alice", "reason": "the <b>invoice</b> looks wrong", "ticket": "SUP-1" });
    let asked = world.browser(&bob()).json(Method::POST, "/consents/requests", body).await;
    assert_eq!(asked.status, StatusCode::CREATED, "{}", asked.body);
    format!("/consents/{}", asked.json()["id"].as_str().unwrap())
}

async fn state(world: &World) -> Value {
    world.browser(&alice()).ask("/consents").await.json()["consents"][0]["state"].clone()
}

#[tokio::test]
async fn the_customer_approves_declines_and_withdraws() {
    let world = World::new();
    let mut alice = world.browser(&alice());
    let path = asked(&world).await;
    let given = alice.json(Method::PATCH, &path, json!({ "decision": "give" })).await;
    assert_eq!((given.status, &given.json()["state"]), (StatusCode::OK, &json!("given")));
    let again = alice.json(Method::PATCH, &path, json!({ "decision": "refuse" })).await;
    assert_eq!(again.status, StatusCode::CONFLICT);
    let withdrawn = alice.json(Method::PATCH, &path, json!({ "decision": "withdraw" })).await;
    assert_eq!(withdrawn.json()["state"], "withdrawn");
    let other = asked(&world).await;
    let refused = alice.form(&other, &[("_method", "PATCH"), ("decision", "refuse")]).await;
    assert_eq!(refused.location(), "/consents?done=refuse");
    assert_eq!(state(&world).await, "refused");
}

#[tokio::test]
async fn nobody_decides_for_the_customer() {
    // T55: as a pair, as the agent, as somebody else, as nobody, by GET and HEAD.
    let world = World::new();
    let path = asked(&world).await;
    for account in [bob(), dana(), carol()] {
        let mut other = world.browser(&account);
        for decision in ["give", "refuse", "withdraw", "nonsense"] {
            let decided = other.json(Method::PATCH, &path, json!({ "decision": decision })).await;
            assert_eq!(decided.status, StatusCode::NOT_FOUND, "{decision} by {}", account.person.name);
        }
    }
    let decided = world.nobody().json(Method::PATCH, &path, json!({ "decision": "give" })).await;
    assert_eq!(decided.status, StatusCode::UNAUTHORIZED);
    world.agree(&alice()).await;
    let mut pair = world.inside(&dana(), &alice()).await;
    let decided = pair.json(Method::PATCH, &path, json!({ "decision": "give" })).await;
    assert_eq!(decided.status, StatusCode::FORBIDDEN);
    let ahead = pair.json(Method::POST, "/consents", json!({ "ends_in": "year" })).await;
    assert_eq!(ahead.status, StatusCode::FORBIDDEN);
    let mut alice = world.browser(&alice());
    for method in [Method::GET, Method::HEAD] {
        let link = format!("{path}?decision=give&_method=PATCH");
        let request = Request::builder().method(method).uri(link).header(ACCEPT, "text/html").body(Body::empty());
        assert_eq!(alice.send(request.unwrap()).await.status, StatusCode::METHOD_NOT_ALLOWED);
    }
    assert_eq!(alice.ask("/consents").await.json()["consents"][0]["state"], "asked");
}

#[tokio::test]
async fn even_where_a_rule_allows_it_a_pair_decides_nothing() {
    let world = World::new();
    let path = asked(&world).await;
    world.agree(&alice()).await;
    let pair = vicarious_core::Identity::impersonating(bob(), alice(), {
        world.inside(&bob(), &alice()).await;
        let running = vicarious_core::ports::Running::All;
        vicarious_core::ports::Ledger::running(&*world.ledger, running).await.unwrap().remove(0)
    });
    let id = path.trim_start_matches("/consents/").into();
    let decided = world.vicarious.decide_consent(&pair, &id, vicarious_core::decide::Decision::Give).await;
    assert_eq!(decided, Err(vicarious_axum::Refused::Refusal(vicarious_core::Refusal::NoSuchAccount)));
}

#[tokio::test]
async fn an_unknown_decision_is_named() {
    let world = World::new();
    let path = asked(&world).await;
    let decided = world.browser(&alice()).json(Method::PATCH, &path, json!({ "decision": "perhaps" })).await;
    assert_eq!((decided.status, &decided.json()["field"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!("decision")));
}

#[tokio::test]
async fn the_page_offers_what_can_be_decided_now() {
    let world = World::new();
    let path = asked(&world).await;
    let page = world.browser(&alice()).page("/consents").await;
    assert!(page.contains(&format!("action=\"{path}\"")));
    assert!(
        page.contains("value=\"give\"") && page.contains("value=\"refuse\"") && !page.contains("value=\"withdraw\"")
    );
    assert!(page.contains("the &#60;b&#62;invoice") && !page.contains("<b>"));
    assert!(text(&page).contains("Bob Baker would like to look at your account"));
    world.agree(&alice()).await;
    let page = world.browser(&alice()).page("/consents?done=given").await;
    assert!(page.contains("value=\"withdraw\"") && page.contains("role=\"status\""));
    assert!(text(&page).contains("Any support agent until Mon 9 March 10:00"));
    let page = world.inside(&bob(), &alice()).await.page("/consents").await;
    assert!(!page.contains("name=\"decision\"") && !page.contains("opt-out") && !page.contains("ends_in"));
    assert!(text(&page).contains("Only Alice Ames can decide about this, as themselves."));
}

#[tokio::test]
async fn consent_ahead_lasts_until_the_time_given() {
    let world = World::new();
    let mut alice = world.browser(&alice());
    for (field, value, wanted) in [
        ("ends_in", "day", "2026-03-03T10:00:00Z"),
        ("ends_in", "year", "2027-03-02T10:00:00Z"),
        ("ends_at", "2026-03-05", "2026-03-06T00:00:00Z"),
        ("ends_at", "2026-03-05T12:00:00+02:00", "2026-03-05T10:00:00Z"),
    ] {
        let given = alice.json(Method::POST, "/consents", json!({ field: value })).await;
        assert_eq!((given.status, &given.json()["ends_at"]), (StatusCode::CREATED, &json!(wanted)), "{value}");
    }
    for (field, value) in [
        ("ends_in", "ever"),
        ("ends_at", "soon"),
        ("ends_at", "2026-03-01"),
        ("ends_at", "2026-03-05T12:00:00"),
        ("ends_at", "2028-01-01"),
        ("other", ""),
    ] {
        let given = alice.json(Method::POST, "/consents", json!({ field: value })).await;
        assert_eq!(
            (given.status, &given.json()["field"]),
            (StatusCode::UNPROCESSABLE_ENTITY, &json!("ends_at")),
            "{value}"
        );
    }
    assert_eq!(alice.form("/consents", &[("ends_in", "week")]).await.location(), "/consents?done=given");
    let staff = world.browser(&bob()).json(Method::POST, "/consents", json!({ "ends_in": "day" })).await;
    assert_eq!(staff.status, StatusCode::NOT_FOUND, "only customers have something to agree to");
}

#[tokio::test]
async fn what_was_agreed_leads_to_the_customer_and_to_the_start() {
    let world = World::new();
    let path = asked(&world).await;
    let mut bobs = world.browser(&bob());
    let page = bobs.page("/consents").await;
    assert!(page.contains("<a href=\"/accounts/alice\"><bdi>Alice Ames</bdi></a>"), "{page}");
    assert!(!page.contains("/impersonation/new"), "nobody can start yet: {page}");
    world.browser(&alice()).json(Method::PATCH, &path, json!({ "decision": "give" })).await;
    let page = bobs.page("/consents").await;
    let start =
        "href=\"/impersonation/new?account=alice&#38;reason=the+%3Cb%3Einvoice%3C%2Fb%3E+looks+wrong&#38;ticket=SUP-1";
    assert!(page.contains(start), "{page}");
    let administrator = world.browser(&dana()).page("/consents").await;
    assert!(!administrator.contains("/impersonation/new"), "it is for whoever asked: {administrator}");
    bobs.start(&alice()).await;
    bobs.stop().await;
    assert!(!bobs.page("/consents").await.contains("/impersonation/new"), "it was used");
}

#[tokio::test]
async fn a_question_waits_no_longer_once_the_customer_has_agreed_ahead() {
    let world = World::new();
    asked(&world).await;
    let mut bob = world.browser(&bob());
    assert!(text(&bob.page("/consents").await).contains("Waiting"));
    let told = "You have agreed ahead already, so nobody has to wait for this.";
    assert!(!world.browser(&alice()).page("/consents").await.contains(told));
    world.agree(&alice()).await;
    let page = bob.page("/consents").await;
    assert!(text(&page).contains("Agreed ahead") && !text(&page).contains("Waiting"), "{page}");
    assert!(page.contains("/impersonation/new?account=alice"), "{page}");
    assert!(world.browser(&alice()).page("/consents").await.contains(told));
}

#[tokio::test]
async fn opting_out_ends_everything_and_opting_in_lets_others_ask() {
    let world = World::new();
    world.agree(&alice()).await;
    let mut pair = world.inside(&bob(), &alice()).await;
    let mut alice = world.browser(&alice());
    let out = alice.json(Method::POST, "/consents/opt-out", json!({})).await;
    assert_eq!((out.status, out.json()), (StatusCode::OK, json!({ "opted_out": "2026-03-02T10:00:00Z" })));
    assert_eq!(pair.ask("/invoices").await.status, StatusCode::GONE);
    assert_eq!(alice.ask("/consents").await.json()["consents"][0]["state"], "withdrawn");
    assert_eq!(alice.json(Method::POST, "/consents/opt-out", json!({})).await.status, StatusCode::CONFLICT);
    assert_eq!(alice.form("/consents/opt-out", &[]).await.location(), "/consents?done=opted-out");
    assert!(text(&alice.page("/consents").await).contains("Support access is off since today 10:00."));
    let back = alice.json(Method::POST, "/consents/opt-in", json!({})).await;
    assert_eq!((back.status, back.json()), (StatusCode::OK, json!({ "opted_out": null })));
    asked(&world).await;
}

#[tokio::test]
async fn withdrawing_puts_out_whoever_is_in_because_of_it() {
    let world = World::new();
    let given = world.agree(&alice()).await;
    let mut pair = world.inside(&bob(), &alice()).await;
    let path = format!("/consents/{}", given["id"].as_str().unwrap());
    world.browser(&alice()).form(&path, &[("_method", "PATCH"), ("decision", "withdraw")]).await;
    assert_eq!(pair.ask("/invoices").await.json()["cause"], "consent_withdrawn");
}

#[tokio::test]
async fn what_waits_comes_first_and_long_lists_have_pages() {
    let world = World::new();
    let path = asked(&world).await;
    for _ in 0..52 {
        world.agree(&alice()).await;
    }
    let first = world.browser(&alice()).ask("/consents").await.json();
    assert_eq!(format!("/consents/{}", first["consents"][0]["id"].as_str().unwrap()), path);
    assert_eq!(first["consents"].as_array().unwrap().len(), 50);
    assert_eq!(first["next"], "/consents?page=2");
    let second = world.browser(&alice()).ask("/consents?page=2").await.json();
    assert_eq!((second["consents"].as_array().unwrap().len(), &second["next"]), (3, &Value::Null));
    let all = world.browser(&dana()).ask("/consents").await.json();
    assert_eq!(all["next"], "/consents?page=2", "the administrator sees everybody's");
    assert!(text(&world.browser(&bob()).page("/consents").await).contains("Alice Ames Agreed ahead Bob Baker"));
}

#[tokio::test]
async fn pseudonyms_hide_who_asks() {
    let world = World::with(|console| console.pseudonyms("a secret"));
    asked(&world).await;
    let mut alice = world.browser(&alice());
    let listed = alice.ask("/consents").await;
    let name = listed.json()["consents"][0]["requested_by"]["name"].as_str().unwrap().to_owned();
    assert!(name.starts_with("Support agent "), "{name}");
    assert!(!listed.body.contains("Bob") && !listed.body.contains("bob"), "{}", listed.body);
    let page = alice.page("/consents").await;
    assert!(page.contains(&name) && !page.contains("Bob"));
}

#[tokio::test]
async fn the_bar_asks_for_no_answer_where_the_customer_has_agreed_ahead() {
    let world = World::new();
    asked(&world).await;
    let mut alice_herself = world.browser(&alice());
    let waits = "Bob Baker asks to see your account";
    assert!(text(&alice_herself.page("/access-log").await).contains(waits));
    world.agree(&alice()).await;
    assert!(!text(&alice_herself.page("/access-log").await).contains(waits), "he may come in, and waits for nothing");
}
