//! Who may start, as whom, and what somebody who may not learns from trying: nothing.

use http::{Method, StatusCode};
use serde_json::{Value, json};
use testkit::people::{alice, bob, carol, dana, eve};
use vicarious_axum::Question;
use vicarious_core::{Account, Identity};

use crate::support::{Answer, Browser, HANDLE, World};

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");
const HTML: (&str, &str) = ("accept", "text/html");

/// Everybody who may be asked for, in the order of the columns of the truth table.
async fn targets(world: &World, oneself: &Account) -> [Account; 10] {
    let opted_out = world.add("opted-out", &[]);
    world.vicarious.opt_out(&Identity::own(opted_out.clone())).await.unwrap();
    let disabled = world.add("disabled", &[]);
    world.accounts.change(&disabled, |user| user.account.active = false);
    let deleted = world.add("deleted", &[]);
    world.accounts.delete(&deleted);
    let unasked = world.add("unasked", &[]);
    let privileged = world.add("privileged", &["export"]);
    let unknown = Account::new("unknown", "", "");
    [alice(), unasked, opted_out, disabled, deleted, unknown, oneself.clone(), eve(), dana(), privileged]
}

/// Checks one line of the truth table: what `who` gets for each target, and what each refusal leaves on record.
async fn check_line(who: Option<&Account>, state: &str, expected: [u16; 10]) {
    let world = World::with(|builder| match state {
        "stale" => builder.fresh_sign_in(std::time::Duration::from_secs(300)),
        _ => builder,
    })
    .await;
    let asking = who.cloned().unwrap_or_else(alice);
    let targets = targets(&world, &asking).await;
    match state {
        "stale" | "fresh" | "inside" | "disabled" | "signed out" => {}
        "paused" => world.vicarious.pause(None, "an incident").await.unwrap(),
        other => panic!("unknown state {other}"),
    }
    for (target, expected) in targets.iter().zip(expected) {
        let mut browser = match (who, state) {
            (None, _) => world.nobody(),
            (Some(who), "inside") => world.inside(who, &carol()).await,
            (Some(who), _) => world.browser(who),
        };
        match state {
            "stale" => world.clock.advance(jiff::SignedDuration::from_mins(6)),
            "disabled" => world.accounts.change(&asking, |user| user.account.active = false),
            "signed out" => world.accounts.sessions.lock().unwrap().clear(),
            _ => {}
        }
        let (refusals, running) = (world.count("impersonation.refused"), world.running().await.len());
        let answer = browser.start(target).await;
        let context = format!("{who:?}, {state}, as {}", target.id());
        assert_eq!(answer.status.as_u16(), expected, "{context}: {answer:?}");
        let on_record = usize::from(!matches!(expected, 201 | 401));
        assert_eq!(world.count("impersonation.refused") - refusals, on_record, "{context}");
        assert_eq!(world.running().await.len() - running, usize::from(expected == 201), "{context}");
        browser.stop().await;
    }
}

// T01. The columns: agreed, not asked, opted out, disabled, deleted, unknown, oneself, an agent, an administrator, a
// customer with one right more than others.
const PERMITTED: [u16; 10] = [201, 403, 403, 404, 404, 404, 404, 404, 404, 404];
const BUT_NOT_NOW: [u16; 10] = [403, 403, 403, 404, 404, 404, 404, 404, 404, 404];

#[tokio::test]
async fn only_those_who_may_start_and_every_refusal_is_on_record() {
    let agents = [bob(), dana()];
    for agent in &agents {
        check_line(Some(agent), "fresh", PERMITTED).await;
        check_line(Some(agent), "stale", BUT_NOT_NOW).await;
        check_line(Some(agent), "paused", BUT_NOT_NOW).await;
        check_line(Some(agent), "inside", [409; 10]).await;
        check_line(Some(agent), "disabled", [401; 10]).await;
        check_line(Some(agent), "signed out", [401; 10]).await;
    }
    for state in ["fresh", "stale", "paused"] {
        check_line(Some(&carol()), state, [404; 10]).await;
        check_line(None, state, [401; 10]).await;
    }
}

#[tokio::test]
async fn a_start_that_names_nobody_is_on_record_too_and_tells_a_customer_nothing() {
    let world = World::new().await;
    let body = json!({"reason": "curious"});
    let answer = world.browser(&carol()).json(Method::POST, "/impersonation", body.clone()).await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND, "{answer:?}");
    let answer = world.browser(&bob()).json(Method::POST, "/impersonation", body).await;
    assert_eq!(
        (answer.status, answer.json()["field"].as_str()),
        (StatusCode::UNPROCESSABLE_ENTITY, Some("account_id"))
    );
    let answer = world.browser(&bob()).form("/impersonation", &[("reason", "curious")]).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(world.count("impersonation.refused"), 3);
}

// T03
#[tokio::test]
async fn a_right_gained_after_the_start_page_was_drawn_counts() {
    let world = World::new().await;
    let mut browser = world.browser(&bob());
    let page = browser.get("/impersonation/new?account=alice&reason=help").await;
    assert_eq!(page.status, StatusCode::OK);
    world.accounts.change(&alice(), |user| user.rights = ["export"].into());
    let fields = [("account_id", "alice"), ("reason", "help")];
    assert_eq!(browser.form("/impersonation", &fields).await.status, StatusCode::NOT_FOUND);
    assert!(world.running().await.is_empty());
}

fn same(answers: &[(String, Answer)]) {
    let (first, expected) = &answers[0];
    for (name, answer) in answers {
        assert_eq!(answer.status, expected.status, "{name} and {first}");
        assert_eq!(answer.headers, expected.headers, "{name} and {first}");
        assert_eq!(answer.text, expected.text, "{name} and {first}");
    }
}

// T08
#[tokio::test]
async fn unknown_disabled_deleted_oneself_and_not_allowed_cannot_be_told_apart() {
    let world = World::new().await;
    let targets = targets(&world, &bob()).await;
    for inside in [false, true] {
        let mut browser = if inside { world.inside(&bob(), &carol()).await } else { world.browser(&bob()) };
        let tag = if inside { browser.tag().await } else { String::new() };
        let (mut json, mut html, mut page) = (Vec::new(), Vec::new(), Vec::new());
        for target in &targets[3..] {
            let id = target.id().as_str();
            json.push((id.to_owned(), browser.start(target).await));
            let mut fields = vec![("account_id", id), ("reason", "help")];
            if inside {
                fields.push(("_identity", &tag));
            }
            html.push((id.to_owned(), browser.form("/impersonation", &fields).await));
            page.push((id.to_owned(), browser.get(&format!("/impersonation/new?account={id}")).await));
        }
        same(&json);
        same(&html);
        // The continue link of the banner names the page it is on; nothing else may differ, but for the length.
        for (id, answer) in &mut page {
            let length = answer.headers.remove("content-length");
            assert!(length.is_none_or(|length| *length.as_bytes() == *answer.text.len().to_string().as_bytes()));
            answer.text = answer.text.replace(&format!("new%3Faccount%3D{id}"), "");
        }
        same(&page);
        let start = if inside { StatusCode::CONFLICT } else { StatusCode::NOT_FOUND };
        assert_eq!((json[0].1.status, html[0].1.status, page[0].1.status), (start, start, StatusCode::NOT_FOUND));
        for secret in [eve().person.email, "export".to_owned(), dana().person.name] {
            assert!(!html.iter().chain(&page).any(|(_, answer)| answer.text.contains(&secret)), "{secret} is told");
        }
    }
}

// T06
#[tokio::test]
async fn there_is_no_nesting_in_any_tab_and_the_customer_never_acts() {
    let world = World::new().await;
    let mut tab = world.inside(&bob(), &alice()).await;
    let mut second = tab.clone();
    for browser in [&mut tab, &mut second] {
        let answer = browser.start(&carol()).await;
        assert_eq!(answer.status, StatusCode::CONFLICT);
        assert_eq!(answer.json()["type"], "urn:vicarious:problem:already-impersonating");
        assert_eq!(browser.who().await, (json!(alice().id()), json!(bob().id())));
    }
    let other = json!({"account_id": carol().id(), "reason": "r", "instead_of": "somebody-elses"});
    assert_eq!(tab.json(Method::POST, "/impersonation", other).await.status, StatusCode::CONFLICT);
    for recorded in world.ledger.entries_snapshot() {
        let is_consent = recorded.entry.kind.as_str().starts_with("consent.");
        let actor = recorded.entry.true_user.map(|person| person.id);
        assert!(is_consent || actor.as_ref() == Some(bob().id()), "{actor:?} acts at {}", recorded.seq);
    }
    assert_eq!(world.count("impersonation.refused"), 3);
    assert_eq!(world.running().await.len(), 1);
}

fn forged(eves: &str) -> Vec<(&'static str, String)> {
    let names = [
        "true_user",
        "true_user_id",
        "current_user",
        "user_id",
        "shadower",
        "sign_in",
        "session",
        "impersonation",
        "impersonation_id",
        "id",
        "handle",
        "mode_at",
        "ends_at",
        "expires_at",
        "consent",
        "cause",
        "acknowledged",
        "role",
        "allowed",
        "paused",
        "started_at",
        "idle_limit",
    ];
    let value = |name: &str| match name {
        "id" | "impersonation" | "impersonation_id" => eves.to_owned(),
        "ends_at" | "expires_at" => "2099-01-01T00:00:00Z".to_owned(),
        _ => "eve".to_owned(),
    };
    names.map(|name| (name, value(name))).to_vec()
}

async fn is_bobs_usual(browser: &mut Browser) {
    assert_eq!(browser.who().await, (json!(alice().id()), json!(bob().id())));
    let running = browser.get_json("/impersonation").await.json()["impersonation"].clone();
    assert_eq!((running["mode"].as_str(), running["ends_at"].as_str()), (Some("read"), Some("2026-11-22T09:30:00Z")));
}

// T10
#[tokio::test]
async fn what_a_request_claims_about_identity_is_not_read() {
    let world = World::new().await;
    let mut eves = world.inside(&eve(), &carol()).await;
    let eves_id = world.running().await[0].id.to_string();
    let forged = forged(&eves_id);
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(&forged).finish();
    let path = format!("/impersonation?{query}");
    let mut headers: Vec<(String, String)> =
        forged.iter().map(|(name, value)| (format!("x-{}", name.replace('_', "-")), value.clone())).collect();
    headers.push(("x-http-method-override".into(), "DELETE".into()));
    let headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();

    for json_body in [true, false] {
        let mut browser = world.browser(&bob());
        let body = |more: &[(&'static str, &str)]| {
            let pairs: Vec<(&str, &str)> =
                more.iter().copied().chain(forged.iter().map(|(name, value)| (*name, value.as_str()))).collect();
            if json_body {
                json!(pairs.into_iter().collect::<std::collections::BTreeMap<_, _>>()).to_string()
            } else {
                form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
            }
        };
        let kind = if json_body { ("content-type", "application/json") } else { FORM };
        let mut all = headers.clone();
        all.extend([kind, ("accept", "application/json")]);
        let start = body(&[("account_id", "alice"), ("reason", "help"), ("mode", "write")]);
        let answer = browser.raw("POST", &path, &all, &start).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{answer:?}");
        is_bobs_usual(&mut browser).await;

        let tag = browser.tag().await;
        all.push(("identity", &tag));
        let answer = browser.raw("PATCH", &path, &all, &body(&[("mode", "read"), ("reason", "help")])).await;
        assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
        is_bobs_usual(&mut browser).await;

        let answer = browser.raw("DELETE", &path, &all, &body(&[("account_id", "dana"), ("return_to", "/evil")])).await;
        assert_eq!((answer.status, answer.json()["location"].as_str()), (StatusCode::OK, Some("/")));
        assert_eq!(browser.who().await, (json!(bob().id()), json!(bob().id())), "back to oneself and nobody else");
        assert_eq!(eves.who().await, (json!(carol().id()), json!(eve().id())), "another's goes on");
    }
}

// T09
#[test]
fn an_identity_that_does_not_match_its_impersonation_may_do_nothing() {
    let now = "2026-11-22T09:00:00Z".parse().unwrap();
    let start = testkit::scene::Start::of("one", bob(), alice(), now).decide().unwrap();
    let row = testkit::scene::started(&start).unwrap();
    assert!(Identity::impersonating(bob(), alice(), row.clone()).is_impersonating());
    for (true_user, current_user) in
        [(alice(), bob()), (eve(), alice()), (bob(), carol()), (bob(), bob()), (alice(), alice()), (dana(), carol())]
    {
        let identity = Identity::impersonating(true_user, current_user, row.clone());
        assert_eq!(identity, Identity::anonymous());
    }
}

// T09: the same question on every way in.
#[tokio::test]
async fn every_way_in_asks_whether_this_pair_may() {
    let world = World::new().await;
    for forbidden in ["dana", "eve", "bob", "nobody-at-all"] {
        let mut browser = world.browser(&bob());
        let json = json!({"account_id": forbidden, "reason": "help"});
        let switch = json!({"account_id": forbidden, "reason": "help", "instead_of": "anything"});
        let fields = [("account_id", forbidden), ("reason", "help")];
        for answer in [
            browser.json(Method::POST, "/impersonation", json.clone()).await,
            browser.json(Method::POST, "/impersonation", switch).await,
            browser.form("/impersonation", &fields).await,
            browser.get(&format!("/impersonation/new?account={forbidden}")).await,
        ] {
            assert_eq!(answer.status, StatusCode::NOT_FOUND, "{forbidden}");
        }
        let mut inside = world.inside(&bob(), &alice()).await;
        let running = inside.get_json("/impersonation").await.json()["impersonation"]["id"].clone();
        let switch = json!({"account_id": forbidden, "reason": "help", "instead_of": running});
        assert_eq!(inside.json(Method::POST, "/impersonation", switch).await.status, StatusCode::NOT_FOUND);
        assert_eq!(inside.who().await.0, json!(alice().id()), "what ran goes on");
        inside.stop().await;
        let question = Question { reason: "help", ..Question::default() };
        let asked = world.vicarious.ask_consent(&Identity::own(bob()), &forbidden.into(), question).await;
        assert!(asked.is_err(), "not even asking for consent tells");
    }
}

// T11
#[tokio::test]
async fn every_start_has_a_new_handle_and_the_old_one_is_dead_at_once() {
    let world = World::new().await;
    let mut browser = world.browser(&bob());
    let mut seen = std::collections::BTreeSet::new();
    for customer in [alice(), carol(), carol(), alice()] {
        let running = browser.get_json("/impersonation").await.json()["impersonation"]["id"].clone();
        let old = browser.cookies.get(HANDLE).cloned();
        let body = json!({"account_id": customer.id(), "reason": "help", "instead_of": running});
        let answer = browser.json(Method::POST, "/impersonation", body).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{answer:?}");
        assert!(seen.insert(browser.cookies[HANDLE].clone()), "a handle was handed out twice");
        if let Some(old) = old {
            let mut planted = browser.clone();
            planted.cookies.insert(HANDLE.into(), old);
            assert_eq!(planted.get("/").await.status, StatusCode::GONE);
        }
        assert_eq!(browser.who().await.0, json!(customer.id()));
    }
    assert_eq!(world.running().await.len(), 1);
}

// T11
#[tokio::test]
async fn a_planted_handle_is_replaced_by_a_start() {
    let world = World::new().await;
    let planted = world.inside(&eve(), &carol()).await.cookies[HANDLE].clone();
    let mut browser = world.browser(&bob());
    browser.cookies.insert(HANDLE.into(), planted.clone());
    assert_eq!(browser.start(&alice()).await.status, StatusCode::CREATED);
    assert_ne!(browser.cookies[HANDLE], planted);
    assert_eq!(browser.who().await, (json!(alice().id()), json!(bob().id())));
}

// T17
#[tokio::test]
async fn the_customers_own_session_is_neither_used_nor_touched() {
    let world = World::new().await;
    let mut own = world.browser(&alice());
    let (session, mut agent) = (own.cookies.clone(), world.inside(&bob(), &alice()).await);
    let sessions = world.accounts.sessions.lock().unwrap().clone();
    agent.get("/").await;
    agent.stop().await;
    assert_eq!(*world.accounts.sessions.lock().unwrap(), sessions);
    assert_eq!(own.who().await, (json!(alice().id()), json!(alice().id())));
    assert_eq!(own.cookies, session, "nothing was set in the customer's browser");
    // The customer signs in where the agent's handle still lies: it is not theirs, and stopping gives them themselves.
    let mut shared = world.inside(&bob(), &alice()).await;
    shared.cookies.insert("session".into(), session["session"].clone());
    assert_eq!(shared.get("/").await.status, StatusCode::GONE);
    assert_eq!(shared.stop().await.status, StatusCode::OK);
    assert_eq!(shared.who().await, (json!(alice().id()), json!(alice().id())));
    assert_eq!(world.running().await.len(), 1, "the customer did not stop what is the agent's");
}

#[tokio::test]
async fn a_refused_start_page_of_the_running_impersonation_shows_no_other_account() {
    let world = World::new().await;
    let mut browser = world.inside(&bob(), &alice()).await;
    let tag = browser.tag().await;
    for (target, offered) in [("carol", true), ("dana", false), ("unknown", false)] {
        let body = form_urlencoded::Serializer::new(String::new())
            .extend_pairs([("account_id", target), ("reason", "help"), ("_identity", &tag)])
            .finish();
        let answer = browser.raw("POST", "/impersonation", &[FORM, HTML], &body).await;
        assert_eq!(answer.status, StatusCode::CONFLICT, "{answer:?}");
        assert_eq!(answer.hidden("instead_of").is_some(), offered, "{target}");
        assert!(!answer.text.contains(&dana().person.email));
    }
    assert_eq!(browser.get_json("/impersonation").await.json()["impersonation"]["mode"], json!("read"));
    assert_ne!(browser.get_json("/whoami").await.json()["impersonation"], Value::Null);
}
