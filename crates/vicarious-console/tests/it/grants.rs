//! Consent that an administrator of an organisation gives in the place of its people.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};
use testkit::people::{alice, bob, carol, dana, eve};
use vicarious_core::consent::ConsentId;
use vicarious_core::{Account, Identity, Words};

use crate::support::{Answer, World, text};

fn of(account: Account, organisation: &str) -> Account {
    Account { organisation: Some(organisation.to_owned()), ..account }
}

/// The administrator of Ames Ltd, Alice's organisation.
fn olga() -> Account {
    of(Account::new("olga", "Olga Olsen", "olga@example.com"), "Ames Ltd")
}

/// The administrator of Beta GmbH, Carol's.
fn petra() -> Account {
    of(Account::new("petra", "Petra Pohl", "petra@example.com"), "Beta GmbH")
}

/// Returns a world of two organisations with an administrator each.
fn world() -> World {
    let world = World::adjusted(|builder| {
        builder.who_grants_for(|by: &Account, person: &Account| {
            let administers = ["olga", "petra", "dana"].contains(&by.id().as_str()) && by.organisation.is_some();
            administers && by.organisation == person.organisation
        })
    });
    for account in [of(alice(), "Ames Ltd"), of(carol(), "Beta GmbH"), olga(), petra(), of(dana(), "Ames Ltd")] {
        world.accounts.add(account);
    }
    world
}

/// Gives consent in the place of `person`.
async fn give(world: &World, by: &Account, person: &str) -> Answer {
    let body = json!({ "account_id": person, "ends_in": "week" });
    world.browser(by).json(Method::POST, "/consents", body).await
}

/// Olga agrees for Alice; returns the path of the consent.
async fn given(world: &World) -> String {
    let given = give(world, &olga(), "alice").await;
    assert_eq!(given.status, StatusCode::CREATED, "{}", given.body);
    format!("/consents/{}", given.json()["id"].as_str().unwrap())
}

async fn decide(world: &World, by: &Account, path: &str, decision: &str) -> Answer {
    world.browser(by).json(Method::PATCH, path, json!({ "decision": decision })).await
}

/// Lets Bob try to start as somebody.
async fn start(world: &World, account: &Account) -> StatusCode {
    let body = json!({ "account_id": account.id(), "reason": "a page looks wrong" });
    world.browser(&bob()).json(Method::POST, "/impersonation", body).await.status
}

/// Returns the kinds of all entries about somebody's account, and who made them.
fn about(world: &World, account: &str) -> Vec<(String, String)> {
    let entries = world.ledger.entries_snapshot();
    let theirs = entries.iter().filter(|recorded| recorded.entry.current_user.as_ref().unwrap().id.as_str() == account);
    let told = |entry: &vicarious_core::Entry| {
        (entry.kind.as_str().to_owned(), entry.true_user.as_ref().unwrap().id.to_string())
    };
    theirs.map(|recorded| told(&recorded.entry)).collect()
}

fn said(kind: &str, by: &str) -> (String, String) {
    (kind.to_owned(), by.to_owned())
}

#[tokio::test]
async fn an_administrator_agrees_for_her_people_and_takes_it_back() {
    let world = world();
    let answer = give(&world, &olga(), "alice").await;
    assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.body);
    let consent = answer.json();
    assert_eq!((&consent["account"]["id"], &consent["given_by"]["id"]), (&json!("alice"), &json!("olga")));
    assert_eq!((&consent["organisation"], &consent["state"]), (&json!("Ames Ltd"), &json!("given")));
    assert_eq!((&consent["kind"], &consent["requested_by"]), (&json!("standing"), &Value::Null));
    let listed = world.browser(&olga()).ask("/consents").await.json();
    assert_eq!(listed["consents"], json!([]), "it is none of her own");
    assert_eq!(listed["given_for"], json!([consent]));

    let mut inside = world.inside(&bob(), &alice()).await;
    assert_eq!(inside.open("/invoices").await.status, StatusCode::OK);
    let path = format!("/consents/{}", consent["id"].as_str().unwrap());
    let back = decide(&world, &olga(), &path, "withdraw").await;
    assert_eq!((back.status, &back.json()["state"]), (StatusCode::OK, &json!("withdrawn")));
    assert_eq!(inside.open("/invoices").await.status, StatusCode::GONE, "who was inside is out");
    inside.stop().await;
    assert_eq!(start(&world, &alice()).await, StatusCode::FORBIDDEN);
    let told = about(&world, "alice");
    for step in [said("consent.given_for", "olga"), said("consent.withdrawn_for", "olga")] {
        assert!(told.contains(&step), "{told:?}");
    }
    assert_eq!(give(&world, &olga(), "alice").await.status, StatusCode::CREATED, "nobody declined");
}

#[tokio::test]
async fn the_person_sees_who_agreed_for_her_and_ends_it_for_good() {
    let world = world();
    let path = given(&world).await;
    let mut inside = world.inside(&bob(), &alice()).await;
    let mut herself = world.browser(&alice());
    let consents = text(&herself.page("/consents").await);
    assert!(consents.contains("Given by Olga Olsen for Ames Ltd until Mon 9 March 10:00"), "{consents}");
    assert!(consents.contains("From then on nobody agrees in your place"), "{consents}");
    assert!(consents.contains("Any agent may come in without asking first."), "{consents}");
    let log = text(&herself.page("/access-log").await);
    assert!(log.contains("Given by Olga Olsen for Ames Ltd until Mon 9 March 10:00"), "{log}");
    assert!(log.contains("Olga Olsen had agreed to it for Ames Ltd."), "{log}");
    let accesses = herself.ask("/access-log").await.json();
    assert_eq!(accesses["accesses"][0]["given_by"]["name"], "Olga Olsen");

    let back = herself.form(&path, &[("_method", "PATCH"), ("decision", "withdraw")]).await;
    assert_eq!(back.location(), "/consents?done=withdraw");
    assert_eq!(inside.open("/invoices").await.status, StatusCode::GONE, "who was inside is out");
    assert_eq!(give(&world, &olga(), "alice").await.status, StatusCode::CONFLICT);
    let people = text(&world.browser(&olga()).page("/consents/people").await);
    assert!(people.contains("Alice Ames alice@example.com Decides alone"), "{people}");
    let before = text(&herself.page("/consents").await);
    assert!(before.contains("Withdrawn Olga Olsen agreed in your place today 10:00"), "{before}");
    world.agree(&alice()).await;
    assert_eq!(start(&world, &alice()).await, StatusCode::CREATED, "on her own word");
}

#[tokio::test]
async fn somebody_elses_people_are_as_unknown_as_nobody() {
    let world = world();
    let unknown = give(&world, &olga(), "nobody").await;
    assert_eq!(unknown.status, StatusCode::NOT_FOUND);
    world.accounts.add(Account { active: false, ..of(Account::new("gone", "Gone", "gone@example.com"), "Ames Ltd") });
    // T55: of another organisation, staff of one's own, disabled, whoever may do this for nobody.
    for (by, person) in [
        (olga(), "carol"),
        (petra(), "alice"),
        (olga(), "petra"),
        (olga(), "dana"),
        (olga(), "bob"),
        (olga(), "gone"),
        (alice(), "olga"),
        (carol(), "alice"),
        (dana(), "alice"),
        (bob(), "alice"),
    ] {
        let answer = give(&world, &by, person).await;
        assert_eq!((answer.status, &answer.body), (StatusCode::NOT_FOUND, &unknown.body), "{} for {person}", by.id());
    }
    let nobody = world.nobody().json(Method::POST, "/consents", json!({ "account_id": "alice" })).await;
    assert_eq!(nobody.status, StatusCode::UNAUTHORIZED);
    assert_eq!(world.ledger.entries_snapshot(), [], "nothing was given");
}

#[tokio::test]
async fn nobody_else_decides_about_what_was_given() {
    let world = world();
    let path = given(&world).await;
    for by in [petra(), carol(), bob(), dana()] {
        for decision in ["withdraw", "give", "refuse", "nonsense"] {
            let answer = decide(&world, &by, &path, decision).await;
            assert_eq!(answer.status, StatusCode::NOT_FOUND, "{decision} by {}", by.id());
        }
        assert_eq!(world.browser(&by).ask("/consents").await.json().get("given_for").unwrap_or(&json!([])), &json!([]));
    }
    for decision in ["give", "refuse", "disown"] {
        for by in [olga(), alice()] {
            assert_eq!(decide(&world, &by, &path, decision).await.status, StatusCode::CONFLICT, "{decision}");
        }
    }
    let own = world.agree(&alice()).await;
    let path = format!("/consents/{}", own["id"].as_str().unwrap());
    assert_eq!(decide(&world, &olga(), &path, "withdraw").await.status, StatusCode::NOT_FOUND, "her own is hers");
}

#[tokio::test]
async fn an_agent_who_is_inside_the_administrators_account_agrees_for_nobody() {
    let world = world();
    let path = given(&world).await;
    world.agree(&olga()).await;
    let mut pair = world.inside(&bob(), &olga()).await;
    let give = json!({ "account_id": "alice", "ends_in": "week" });
    assert_eq!(pair.json(Method::POST, "/consents", give).await.status, StatusCode::FORBIDDEN);
    assert_eq!(
        pair.json(Method::POST, "/consents/people", json!({ "ends_in": "week" })).await.status,
        StatusCode::FORBIDDEN
    );
    let back = json!({ "decision": "withdraw" });
    assert_eq!(pair.json(Method::PATCH, &path, back).await.status, StatusCode::FORBIDDEN);
    assert_eq!(pair.open("/consents/people").await.status, StatusCode::NOT_FOUND, "nor who they are");
    assert!(!pair.page("/consents").await.contains("/consents/people"));
    // Below the routes as well, whatever rules they have.
    let running = &world.ledger.entries_snapshot().last().unwrap().entry.impersonation.clone().unwrap();
    let row = vicarious_core::ports::Ledger::by_id(&*world.ledger, running).await.unwrap().unwrap();
    let identity = Identity::impersonating(bob(), olga(), row);
    assert!(identity.is_impersonating());
    let until = world.vicarious.now() + vicarious_core::SignedDuration::from_hours(1);
    let given = world.vicarious.give_consent_for(&identity, alice().id(), until).await;
    assert!(given.is_err(), "{given:?}");
    let id = ConsentId::from(path.trim_start_matches("/consents/"));
    assert!(world.vicarious.decidable_consent(&identity, &id).await.is_err());
}

#[tokio::test]
async fn a_former_administrator_gives_and_withdraws_nothing_and_what_was_given_stays() {
    let world = world();
    let path = given(&world).await;
    world.accounts.add(Account { organisation: None, ..olga() });
    assert_eq!(give(&world, &olga(), "alice").await.status, StatusCode::NOT_FOUND);
    assert_eq!(decide(&world, &olga(), &path, "withdraw").await.status, StatusCode::NOT_FOUND);
    assert_eq!(world.browser(&olga()).open("/consents/people").await.status, StatusCode::NOT_FOUND);
    assert_eq!(world.browser(&olga()).ask("/consents").await.json()["given_for"], json!([]));
    assert_eq!(start(&world, &alice()).await, StatusCode::CREATED, "it is on record, and stands");
    let successor = of(Account::new("petra", "Petra Pohl", "petra@example.com"), "Ames Ltd");
    world.accounts.add(successor.clone());
    assert_eq!(decide(&world, &successor, &path, "withdraw").await.status, StatusCode::OK, "her successor may");
    assert_eq!(start(&world, &alice()).await, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn opting_out_beats_what_was_given_and_what_would_be() {
    let world = world();
    given(&world).await;
    let mut inside = world.inside(&bob(), &alice()).await;
    let out = world.browser(&alice()).json(Method::POST, "/consents/opt-out", json!({})).await;
    assert_eq!(out.status, StatusCode::OK);
    assert_eq!(inside.open("/invoices").await.status, StatusCode::GONE);
    inside.stop().await;
    assert_eq!(start(&world, &alice()).await, StatusCode::FORBIDDEN);
    let refused = give(&world, &olga(), "alice").await;
    assert_eq!((refused.status, refused.problem()), (StatusCode::FORBIDDEN, "consent-required".to_owned()));
    let people = text(&world.browser(&olga()).page("/consents/people").await);
    assert!(people.contains("Alice Ames alice@example.com Declines support access"), "{people}");
    world.browser(&alice()).json(Method::POST, "/consents/opt-in", json!({})).await;
    assert_eq!(start(&world, &alice()).await, StatusCode::FORBIDDEN, "what was withdrawn does not come back");
}

#[tokio::test]
async fn whoever_leaves_the_organisation_leaves_its_consent_behind() {
    let world = world();
    given(&world).await;
    world.accounts.add(of(alice(), "Beta GmbH"));
    assert_eq!(start(&world, &alice()).await, StatusCode::FORBIDDEN);
    let account = world.browser(&bob()).ask("/accounts/alice").await.json();
    assert_eq!(account["consent"]["state"], "missing", "agents are told so, too");
    let page = text(&world.browser(&bob()).page("/impersonation/new?account=alice").await);
    assert!(page.contains("Alice Ames has not agreed yet."), "{page}");
}

#[tokio::test]
async fn agents_and_administrators_see_that_the_organisation_agreed() {
    let world = world();
    given(&world).await;
    let page = text(&world.browser(&bob()).page("/impersonation/new?account=alice").await);
    assert!(
        page.contains("Olga Olsen of Ames Ltd has agreed for Alice Ames until Monday 9 March, 10:00 UTC."),
        "{page}"
    );
    let id = world.browser(&bob()).start(&alice()).await;
    let timeline = text(&world.browser(&dana()).page(&format!("/impersonations/{id}")).await);
    let agreed = "Olga Olsen of Ames Ltd had agreed for Alice Ames (today 10:00), until Mon 9 March 10:00.";
    assert!(timeline.contains(agreed), "{timeline}");
    let all = text(&world.browser(&dana()).page("/consents").await);
    assert!(all.contains("Given by an administrator nobody: given by Olga Olsen for Ames Ltd"), "{all}");
    let trail = text(&world.browser(&dana()).page("/audit?current_user=alice&kind=consent.given_for").await);
    assert!(trail.contains("Olga Olsen agreed for Alice Ames."), "{trail}");
}

/// Returns the people of Olga's page, with where their consent stands.
async fn people(world: &World, path: &str) -> Vec<(String, String)> {
    let listed = world.browser(&olga()).ask(path).await.json();
    let person = |person: &Value| {
        (person["account"]["id"].as_str().unwrap().to_owned(), person["state"].as_str().unwrap().to_owned())
    };
    listed["people"].as_array().unwrap().iter().map(person).collect()
}

#[tokio::test]
async fn she_lists_her_people_and_agrees_for_one_after_the_other_without_a_script() {
    let world = world();
    let anna = of(Account::new("anna", "Anna Adler", "anna@example.com"), "Ames Ltd");
    world.accounts.add(anna);
    let mut olga = world.browser(&olga());
    assert!(olga.page("/consents").await.contains("href=\"/consents/people\""));
    let page = olga.page("/consents/people").await;
    assert!(text(&page).contains("the people of Ames Ltd"), "{}", text(&page));
    assert!(page.contains("form=\"give\" name=\"account_id\" value=\"anna\""), "{page}");
    assert!(!page.contains("value=\"olga\"") && !page.contains("carol"), "{page}");
    let given = olga.form("/consents", &[("ends_in", "day"), ("q", "A"), ("page", "1"), ("account_id", "anna")]).await;
    assert_eq!(given.location(), "/consents/people?q=A&done=given-for");
    let listed = people(&world, "/consents/people").await;
    assert_eq!(listed, [("alice", "missing"), ("anna", "given")].map(|(id, state)| (id.to_owned(), state.to_owned())));
    assert_eq!(people(&world, "/consents/people?q=Alice").await.len(), 1);
    let page = olga.page("/consents/people?done=given-for").await;
    assert!(text(&page).contains("You agreed in this person’s place."), "{}", text(&page));
    assert!(text(&page).contains("Given by Olga Olsen for Ames Ltd until tomorrow 10:00"), "{}", text(&page));
    let path =
        page.split("action=\"").find_map(|rest| rest.strip_prefix("/consents/").filter(|rest| !rest.starts_with('p')));
    let path = format!("/consents/{}", path.unwrap().split('"').next().unwrap());
    let back = olga.form(&path, &[("_method", "PATCH"), ("decision", "withdraw"), ("q", ""), ("page", "1")]).await;
    assert_eq!(back.location(), "/consents/people?done=withdrawn-for");
    assert!(olga.page("/consents/people?q=zzz").await.contains("Nobody matches"));
}

#[tokio::test]
async fn she_agrees_for_everybody_who_is_there_now_and_for_nobody_who_declined() {
    let world = world();
    for number in 0..130 {
        let account =
            Account::new(format!("p{number:03}"), format!("Person {number:03}"), format!("p{number}@example.com"));
        world.accounts.add(of(account, "Ames Ltd"));
    }
    let path = given(&world).await;
    decide(&world, &alice(), &path, "withdraw").await;
    let out = Identity::own(of(Account::new("p007", "Person 007", "p7@example.com"), "Ames Ltd"));
    world.vicarious.opt_out(&out).await.unwrap();
    let mut olga = world.browser(&olga());
    let wrong = olga.json(Method::POST, "/consents/people", json!({ "ends_at": "2020-01-01" })).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", wrong.body);
    let all = olga.json(Method::POST, "/consents/people", json!({ "ends_in": "month" })).await;
    assert_eq!(all.status, StatusCode::CREATED, "{}", all.body);
    assert_eq!(all.json(), json!({ "given": 129, "left_out": 2, "more": false }));
    let again = olga.form("/consents/people", &[("ends_in", "month")]).await;
    assert_eq!(again.location(), "/consents/people?done=given-for-all");
    let given = world.ledger.entries_snapshot();
    let given = given.iter().filter(|recorded| recorded.entry.kind.as_str() == "consent.given_for").count();
    assert_eq!(given, 130, "one entry for each of them, and one for Alice before");
    assert_eq!(start(&world, &alice()).await, StatusCode::FORBIDDEN);
    assert_eq!(start(&world, &carol()).await, StatusCode::FORBIDDEN, "another organisation's");
    let late = of(Account::new("late", "Lara Late", "late@example.com"), "Ames Ltd");
    world.accounts.add(late.clone());
    assert_eq!(start(&world, &late).await, StatusCode::FORBIDDEN, "whoever joins later is not included");
    let first = olga.ask("/consents/people").await.json();
    assert_eq!(first["people"].as_array().unwrap().len(), 19, "a page of twenty, without herself");
    assert_eq!(first["next"], "/consents/people?page=2");
}

#[tokio::test]
async fn an_application_that_lets_nobody_do_so_has_no_such_page() {
    let world = World::new();
    for account in [alice(), bob(), eve(), dana()] {
        let mut browser = world.browser(&account);
        assert_eq!(browser.open("/consents/people").await.status, StatusCode::NOT_FOUND);
        let all = browser.json(Method::POST, "/consents/people", json!({ "ends_in": "week" })).await;
        assert_eq!(all.status, StatusCode::NOT_FOUND);
        assert_eq!(give(&world, &account, "carol").await.status, StatusCode::NOT_FOUND);
    }
    assert!(!world.browser(&alice()).page("/consents").await.contains("/consents/people"));
}

#[tokio::test]
async fn all_of_it_is_there_in_german() {
    let world = World::adjusted(|builder| {
        let administers =
            |by: &Account, person: &Account| by.id().as_str() == "olga" && by.organisation == person.organisation;
        builder.who_grants_for(administers).words_by_language([Words::german()])
    });
    world.accounts.add(of(alice(), "Ames Ltd"));
    world.accounts.add(of(Account::new("anna", "Anna Adler", "anna@example.com"), "Ames Ltd"));
    world.accounts.add(olga());
    given(&world).await;
    let id = world.browser(&bob()).start(&alice()).await;
    for (who, path, sentences) in [
        (olga(), "/consents", vec!["Für andere zustimmen", "Ihre Leute"]),
        (
            olga(),
            "/consents/people?done=given-for",
            vec![
                "Sie haben für diese Person zugestimmt.",
                "Für die Menschen von Ames Ltd dürfen Sie",
                "Nicht zugestimmt",
            ],
        ),
        (
            alice(),
            "/consents",
            vec!["Erteilt von Olga Olsen für Ames Ltd bis Mo 9. März 10:00", "Sie entscheiden selbst"],
        ),
        (alice(), "/access-log", vec!["Erteilt von Olga Olsen für Ames Ltd bis", "hatte dem für Ames Ltd zugestimmt"]),
        (eve(), "/impersonation/new?account=alice", vec!["Olga Olsen von Ames Ltd hat für Alice Ames zugestimmt, bis"]),
        (dana(), "/consents", vec!["Von der Verwaltung erteilt", "niemandem: erteilt von Olga Olsen für Ames Ltd"]),
        (
            dana(),
            "/audit?kind=consent.given_for",
            vec!["Für jemanden zugestimmt", "Olga Olsen hat für Alice Ames zugestimmt"],
        ),
        (
            dana(),
            &format!("/impersonations/{id}"),
            vec!["Olga Olsen von Ames Ltd hatte für Alice Ames zugestimmt (heute 10:00)"],
        ),
    ] {
        let page = text(&world.browser(&who).page(path).await);
        for sentence in sentences {
            assert!(page.contains(sentence), "`{sentence}` at {path}: {page}");
        }
    }
}
