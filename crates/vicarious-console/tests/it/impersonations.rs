//! Who is inside whom: watching, revoking, pausing, and the timeline of one impersonation.

use axum::http::{Method, StatusCode};
use jiff::SignedDuration;
use serde_json::{Value, json};
use testkit::people::{alice, bob, carol, dana, eve};
use vicarious_core::ports::Ledger;

use crate::support::{World, text};

#[tokio::test]
async fn administrators_see_everybody_and_agents_themselves() {
    let world = World::new();
    world.agree(&alice()).await;
    world.agree(&carol()).await;
    let (mut bobs, mut eves) = (world.browser(&bob()), world.browser(&eve()));
    let one = bobs.start(&alice()).await;
    let other = eves.start(&carol()).await;
    let ids = |answer: Value| -> Vec<String> {
        let listed = answer["impersonations"].as_array().unwrap().clone();
        listed.iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect()
    };
    let all = world.browser(&dana()).ask("/impersonations").await.json();
    assert_eq!(all["impersonations"][0]["true_user"]["id"], "bob");
    assert_eq!(all["impersonations"][0]["current_user"]["id"], "alice");
    assert_eq!(ids(all), [one.clone(), other.clone()]);
    assert_eq!(ids(world.browser(&bob()).ask("/impersonations").await.json()), [one]);
    bobs.stop().await;
    world.clock.advance(SignedDuration::from_mins(11));
    let page = text(&world.browser(&dana()).page("/impersonations").await);
    assert!(page.contains("Nobody is in a customer’s account."), "idle ones are over: {page}");
    assert!(page.contains("Ended lately") && page.contains("stopped by Bob Baker"), "{page}");
    let page = text(&world.browser(&bob()).page("/impersonations").await);
    assert!(page.contains("You are not in any customer’s account. Find a customer"), "{page}");
}

#[tokio::test]
async fn an_administrator_revokes_and_nobody_else_who_did_not_start_it() {
    let world = World::new();
    world.agree(&alice()).await;
    let mut pair = world.browser(&bob());
    let path = format!("/impersonations/{}", pair.start(&alice()).await);
    for other in [alice(), eve()] {
        let revoked = world.browser(&other).json(Method::DELETE, &path, json!({})).await;
        assert_eq!(revoked.status, StatusCode::NOT_FOUND, "{}", other.person.name);
    }
    let mut dana = world.browser(&dana());
    assert!(dana.page("/impersonations").await.contains(&format!("<form method=\"post\" action=\"{path}\">")));
    let revoked = dana.json(Method::DELETE, &path, json!({})).await;
    assert_eq!((revoked.status, &revoked.json()["impersonation"]["cause"]), (StatusCode::OK, &json!("revoked")));
    assert_eq!(pair.ask("/invoices").await.json()["cause"], "revoked");
    assert_eq!(dana.json(Method::DELETE, &path, json!({})).await.status, StatusCode::GONE);
    assert_eq!(dana.form(&path, &[("_method", "DELETE")]).await.location(), "/impersonations?done=over");
    assert_eq!(dana.json(Method::DELETE, "/impersonations/unknown", json!({})).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn an_agent_who_has_lost_their_browser_ends_what_they_left_in_it() {
    let world = World::new();
    world.agree(&alice()).await;
    let mut lost = world.browser(&bob());
    let id = lost.start(&alice()).await;
    let path = format!("/impersonations/{id}");
    let mut here = world.browser(&bob());
    for page in ["/impersonations", &path] {
        let page = here.page(page).await;
        assert!(page.contains(&format!("<form method=\"post\" action=\"{path}\">")), "{page}");
        assert!(page.contains(">End<") && !page.contains(">Revoke<"), "{page}");
    }
    assert_eq!(here.form(&path, &[("_method", "DELETE")]).await.location(), "/impersonations?done=ended");
    // Nothing of the other browser runs under the agent's own name instead.
    let answer = lost.ask("/invoices").await;
    assert_eq!((answer.status, &answer.json()["cause"]), (StatusCode::GONE, &json!("revoked")));
    let timeline = here.ask(&path).await.json();
    let end = timeline["entries"].as_array().unwrap().iter().find(|entry| entry["kind"] == "impersonation.revoked");
    assert_eq!(end.unwrap()["by"]["id"], "bob", "{timeline}");
}

#[tokio::test]
async fn the_state_of_what_somebody_ended_says_who_it_was() {
    let world = World::new();
    world.agree(&alice()).await;
    let id = world.browser(&bob()).start(&alice()).await;
    let path = format!("/access-log/{id}");
    assert_eq!(
        world.browser(&alice()).form(&path, &[("_method", "DELETE")]).await.location(),
        "/access-log?done=ended"
    );
    for who in [bob(), dana()] {
        let page = text(&world.browser(&who).page(&format!("/impersonations/{id}")).await);
        assert!(page.contains("State Over after 1 second. Alice Ames ended it. What happened"), "{page}");
        assert!(!page.contains("or the agent from elsewhere"), "{page}");
    }
}

#[tokio::test]
async fn a_list_says_in_a_few_words_who_ended_what() {
    let world = World::new();
    let consent = world.agree(&alice()).await["id"].as_str().unwrap().to_owned();
    let mut bobs = world.browser(&bob());
    bobs.start(&alice()).await;
    bobs.stop().await;
    let of_customer = format!("/access-log/{}", world.browser(&bob()).start(&alice()).await);
    world.browser(&alice()).json(Method::DELETE, &of_customer, json!({})).await;
    let of_operator = world.browser(&bob()).start(&alice()).await.into();
    world.vicarious.revoke_by_operator(&of_operator).await.unwrap();
    let mut idle = world.inside(&bob(), &alice()).await;
    world.clock.advance(SignedDuration::from_mins(16));
    assert_eq!(idle.ask("/invoices").await.status, StatusCode::GONE);
    let said = ["stopped by Bob Baker", "ended by Alice Ames", "ended from the command line", "unused for too long"];
    check(&world, &said).await;
    let withdrawn = world.browser(&bob()).start(&alice()).await;
    let decision = json!({ "decision": "withdraw" });
    world.browser(&alice()).json(Method::PATCH, &format!("/consents/{consent}"), decision).await;
    check(&world, &["consent withdrawn by Alice Ames"]).await;
    world.agree(&alice()).await;
    let paused = world.browser(&bob()).start(&alice()).await;
    world.browser(&dana()).json(Method::POST, "/impersonations/pause", json!({ "reason": "x" })).await;
    check(&world, &[&said[..], &["consent withdrawn by Alice Ames", "everything paused by Dana Dorn"]].concat()).await;
    for (id, state) in [(withdrawn, "Alice Ames withdrew the consent."), (paused, "Dana Dorn paused everything.")] {
        let page = text(&world.browser(&bob()).page(&format!("/impersonations/{id}")).await);
        assert!(page.contains(&format!("Over after 1 second. {state} What happened")), "{page}");
    }

    async fn check(world: &World, said: &[&str]) {
        for (who, list) in [(dana(), "/impersonations"), (bob(), "/impersonations"), (bob(), "/accounts/alice")] {
            let page = text(&world.browser(&who).page(list).await);
            for said in said {
                assert!(page.contains(said), "{list} of {} says not {said}: {page}", who.person.name);
            }
        }
    }
}

#[tokio::test]
async fn pausing_puts_everybody_out_until_it_is_resumed() {
    let world = World::new();
    world.agree(&alice()).await;
    let mut pair = world.inside(&bob(), &alice()).await;
    let mut dana = world.browser(&dana());
    for other in [alice(), eve()] {
        for path in ["/impersonations/pause", "/impersonations/resume"] {
            let paused = world.browser(&other).json(Method::POST, path, json!({ "reason": "x" })).await;
            assert_eq!(paused.status, StatusCode::NOT_FOUND, "{path} by {}", other.person.name);
        }
    }
    for reason in ["", " ", "a\u{7}b", &"x".repeat(501)] {
        let paused = dana.json(Method::POST, "/impersonations/pause", json!({ "reason": reason })).await;
        assert_eq!(paused.status, StatusCode::UNPROCESSABLE_ENTITY, "{reason}");
    }
    let blank = dana.form("/impersonations/pause", &[("reason", " ")]).await;
    assert_eq!(blank.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(blank.body.contains("href=\"/impersonations\">Back</a>"), "{}", blank.body);
    let paused = dana.json(Method::POST, "/impersonations/pause", json!({ "reason": " a <phishing>  wave" })).await;
    assert_eq!(paused.json(), json!({ "paused": { "reason": "a <phishing> wave", "since": "2026-03-02T10:00:00Z" } }));
    assert_eq!(
        dana.json(Method::POST, "/impersonations/pause", json!({ "reason": "x" })).await.status,
        StatusCode::CONFLICT
    );
    assert_eq!(pair.ask("/invoices").await.json()["cause"], "paused");
    let page = world.browser(&eve()).page("/impersonations").await;
    assert!(page.contains("a &#60;phishing&#62; wave") && !page.contains("/resume"), "agents read why: {page}");
    assert!(dana.page("/impersonations").await.contains("action=\"/impersonations/resume\""));
    assert_eq!(dana.form("/impersonations/resume", &[]).await.location(), "/impersonations?done=resumed");
    assert_eq!(dana.json(Method::POST, "/impersonations/resume", json!({})).await.status, StatusCode::CONFLICT);
    assert!(dana.page("/impersonations").await.contains("action=\"/impersonations/pause\""));
}

#[tokio::test]
async fn a_timeline_tells_the_story_in_sentences() {
    let world = World::new();
    world.agree(&alice()).await;
    let mut pair = world.browser(&bob());
    let id = pair.start(&alice()).await;
    pair.open("/invoices").await;
    pair.open("/no/such/page").await;
    pair.json(Method::POST, "/search", json!({})).await;
    pair.json(Method::POST, "/payments", json!({})).await;
    pair.json(Method::POST, "/notes", json!({})).await;
    pair.json(Method::PATCH, "/impersonation", json!({ "mode": "write", "reason": "to fix <it>" })).await;
    pair.json(Method::POST, "/notes", json!({})).await;
    pair.stop().await;
    let page = world.browser(&dana()).page(&format!("/impersonations/{id}")).await;
    let told = text(&page);
    for sentence in [
        "Alice Ames had agreed ahead (today 10:00), until Mon 9 March 10:00.",
        "Bob Baker began to use the application as Alice Ames: a page looks wrong (SUP-4711)",
        "Bob Baker looked at invoices. GET /invoices · 200 · ",
        "Bob Baker opened /no/such/page. GET /no/such/page · 404 · ",
        "Bob Baker sent POST /search. POST /search · 200 · ",
        "Refused: Bob Baker tried POST /payments — never allowed while impersonating. POST /payments · 403",
        "Bob Baker switched to write mode: to fix &#60;it&#62;",
        "Refused: Bob Baker tried to add this note — reading only. POST /notes · 403",
        "Bob Baker was asked to confirm first: to add this note. POST /notes · 428",
        "Bob Baker stopped.",
    ] {
        assert!(told.contains(sentence), "{sentence} in {told}");
    }
    assert_eq!(page.matches("vc-is-bad").count(), 3, "a question is no refusal");
    assert_eq!(page.matches("class=\"vc-moment").count(), 9, "an intent and its outcome are one step");
    assert!(page.contains("request.intent") && page.contains("request.outcome"), "raw entries are folded in");
}

#[tokio::test]
async fn a_timeline_is_for_administrators_and_for_whoever_did_it() {
    let world = World::new();
    world.agree(&alice()).await;
    let mut pair = world.browser(&bob());
    let path = format!("/impersonations/{}", pair.start(&alice()).await);
    for (account, wanted) in [(alice(), 404), (bob(), 200), (eve(), 404), (dana(), 200)] {
        let answer = world.browser(&account).ask(&path).await;
        assert_eq!(answer.status.as_u16(), wanted, "{}", account.person.name);
    }
    assert!(world.browser(&dana()).page(&path).await.contains("Revoke"));
    assert!(!world.browser(&bob()).page(&path).await.contains("Revoke"));
}

#[tokio::test]
async fn a_long_timeline_has_pages_and_tells_every_request_once() {
    let world = World::new();
    world.agree(&alice()).await;
    let mut pair = world.browser(&bob());
    let id = pair.start(&alice()).await;
    for number in 0..150 {
        pair.json(Method::POST, &format!("/search?number={number}"), json!({})).await;
    }
    world.ledger.flush().await;
    let mut dana = world.browser(&dana());
    let mut path = format!("/impersonations/{id}");
    let (mut entries, mut pages) = (0, String::new());
    loop {
        pages.push_str(&dana.page(&path).await);
        let page = dana.ask(&path).await.json();
        entries += page["entries"].as_array().unwrap().len();
        match page["next"].as_str() {
            Some(next) => next.clone_into(&mut path),
            None => break,
        }
    }
    assert_eq!(entries, 301);
    for number in 0..150 {
        let fact = format!("<bdi>POST /search?number={number}</bdi>");
        let answered = format!("<bdi>POST /search?number={number} · 200");
        assert_eq!(pages.matches(&fact).count() + pages.matches(&answered).count(), 1, "{number}");
    }
    assert!(pages.contains("Show what was before") && pages.contains("Show the latest"));
}

#[tokio::test]
async fn while_everything_is_paused_nobody_is_offered_a_start_without_a_word() {
    let world = World::new();
    world.agree(&alice()).await;
    let mut bob = world.browser(&bob());
    let pages = ["/accounts", "/accounts/alice", "/impersonation/new?account=alice", "/impersonation/new"];
    for path in pages {
        let page = bob.page(path).await;
        assert!(!page.contains("aused") && !page.contains(" disabled"), "{path}: {page}");
    }
    assert_eq!(world.browser(&dana()).form("/impersonations/pause", &[("reason", "Phishing")]).await.status, 303);
    for path in pages {
        let page = bob.page(path).await;
        assert!(page.contains("Phishing") && text(&page).contains("paused"), "{path}: {page}");
        assert!(page.contains("Nobody can start until an administrator allows it again."), "{path}: {page}");
        let starts = page.matches("<button class=\"primary\"").count();
        assert_eq!(page.matches("<button class=\"primary\" disabled>").count(), starts, "{path}: {page}");
    }
    let refused = bob.form("/impersonation", &[("account_id", "alice"), ("reason", "help")]).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN, "pressed on a page that was open before");
}

#[tokio::test]
async fn after_stopping_the_next_page_says_so() {
    let world = World::new();
    world.agree(&alice()).await;
    let mut pair = world.inside(&bob(), &alice()).await;
    let page = pair.page("/consents").await;
    let tag = page.split_once("name=\"_identity\" value=\"").unwrap().1.split('"').next().unwrap().to_owned();
    assert_eq!(pair.form("/impersonation", &[("_method", "DELETE"), ("_identity", &tag)]).await.location(), "/");
    let page = pair.page("/accounts").await;
    assert!(page.contains("<p class=\"vc-notice\" role=\"status\">You are logged out as"), "{page}");
}
