//! What people read of a consent that lets nobody in any more: the customer, the agent who asked, programs.

use axum::http::{Method, StatusCode};
use jiff::SignedDuration;
use serde_json::{Value, json};
use testkit::people::{alice, bob};
use vicarious_core::decide::Terms;

use crate::support::{World, text};

const MINUTES: SignedDuration = SignedDuration::from_mins(5);
const DAY: SignedDuration = SignedDuration::from_hours(24);

/// Lets Bob ask Alice, and returns the consent's path.
async fn asked(world: &World) -> String {
    let body = json!({ "account_id": "alice", "reason": "a page looks wrong" });
    let asked = world.browser(&bob()).json(Method::POST, "/consents/requests", body).await;
    assert_eq!(asked.status, StatusCode::CREATED, "{}", asked.body);
    format!("/consents/{}", asked.json()["id"].as_str().unwrap())
}

/// Lets Bob say that Alice agreed by phone, and returns the consent's path.
async fn recorded(world: &World) -> String {
    let body = json!({ "account_id": "alice", "channel": "phone", "quotation": "yes, do look" });
    let recorded = world.browser(&bob()).json(Method::POST, "/consents/attested", body).await;
    assert_eq!(recorded.status, StatusCode::CREATED, "{}", recorded.body);
    format!("/consents/{}", recorded.json()["id"].as_str().unwrap())
}

/// Lets Alice decide five minutes later by a form, and returns where it leads her; five minutes pass then, too.
async fn decide(world: &World, path: &str, decision: &str) -> String {
    world.clock.advance(MINUTES);
    let decided = world.browser(&alice()).form(path, &[("_method", "PATCH"), ("decision", decision)]).await;
    world.clock.advance(MINUTES);
    decided.location().to_owned()
}

fn attesting() -> World {
    World::adjusted(|builder| builder.terms(Terms { attested: true, ..Terms::default() }))
}

/// What is said of the one consent: the class of a label, and what stands there from the label on.
struct Told<'a> {
    class: &'a str,
    /// What the customer reads under "Before".
    customer: &'a str,
    /// What the agent reads in the list of what they asked for.
    asked: &'a str,
    /// What the agent reads in the list of customers.
    standing: &'a str,
    /// What the agent reads on the start page.
    start: &'a str,
    /// What programs read of the customer.
    json: Value,
}

async fn check(world: &World, told: Told<'_>) {
    let (mut alice, mut bob) = (world.browser(&alice()), world.browser(&bob()));
    let customer = alice.page("/consents").await;
    let [asked, list, one] =
        [bob.page("/consents").await, bob.page("/accounts").await, bob.page("/accounts/alice").await];
    let before = text(customer.split("<div data-live=\"before\">").nth(1).unwrap());
    assert!(before.starts_with(&format!("Before {}", told.customer)), "{before}");
    assert!(text(&customer).contains("In force You have not agreed to anything: nobody can come in."), "{customer}");
    for (page, words) in [(&asked, told.asked), (&list, told.standing), (&one, told.standing)] {
        assert!(text(page).contains(words), "{words}: {}", text(page));
    }
    for (page, label) in
        [(&customer, told.customer), (&asked, told.customer), (&list, told.standing), (&one, told.standing)]
    {
        let label = label.split(' ').next().unwrap();
        assert!(page.contains(&format!("<span class=\"vc-state {}\">{label}", told.class)), "{label}: {page}");
    }
    let start = text(&bob.page("/impersonation/new?account=alice").await);
    assert!(start.contains(told.start), "{start}");
    assert!(start.contains("Ask Alice Ames"), "another question is possible: {start}");
    assert_eq!(bob.ask("/accounts/alice").await.json()["consent"], told.json);
    let listed = [bob.ask("/consents").await.json(), alice.ask("/consents").await.json()];
    for listed in listed {
        assert_eq!(listed["consents"][0]["state"], told.json["state"]);
    }
    assert!(!asked.contains("return_to=%2Fconsents"), "no start is offered: {asked}");
}

#[tokio::test]
async fn a_question_that_nobody_answers_lapses() {
    let world = World::new();
    asked(&world).await;
    world.clock.advance(DAY * 3 + MINUTES);
    check(
        &world,
        Told {
            class: "vc-plain",
            customer: "Lapsed Bob Baker asked Mon 2 March 10:00: a page looks wrong",
            asked: "Alice Ames Lapsed Bob Baker a page looks wrong Mon 2 March 10:00 Today 10:00",
            standing: "Lapsed today 10:00",
            start: "What Alice Ames was asked for lapsed on Thursday 5 March, 10:00 UTC.",
            json: json!({ "state": "lapsed", "at": "2026-03-05T10:00:00Z" }),
        },
    )
    .await;
}

#[tokio::test]
async fn a_visit_that_was_agreed_to_and_not_begun_lapses() {
    let world = World::new();
    let path = asked(&world).await;
    assert_eq!(decide(&world, &path, "give").await, "/consents?done=give");
    world.clock.advance(DAY * 7);
    check(
        &world,
        Told {
            class: "vc-plain",
            customer: "Lapsed Bob Baker asked Mon 2 March 10:00: a page looks wrong",
            asked: "Alice Ames Lapsed Bob Baker a page looks wrong Mon 2 March 10:00 Today 10:05",
            standing: "Lapsed today 10:05",
            start: "What Alice Ames was asked for lapsed on Monday 9 March, 10:05 UTC.",
            json: json!({ "state": "lapsed", "at": "2026-03-09T10:05:00Z" }),
        },
    )
    .await;
}

#[tokio::test]
async fn what_is_withdrawn_is_said_to_both_with_its_time() {
    let world = World::new();
    let path = asked(&world).await;
    decide(&world, &path, "give").await;
    let link = decide(&world, &path, "withdraw").await;
    let page = text(&world.browser(&alice()).page(&link).await);
    assert!(page.contains("You withdrew your consent. Whoever was in your account because of it is out."), "{page}");
    check(
        &world,
        Told {
            class: "vc-bad",
            customer: "Withdrawn Bob Baker asked today 10:00: a page looks wrong",
            asked: "Alice Ames Withdrawn Bob Baker a page looks wrong Today 10:00 over",
            standing: "Withdrawn today 10:15",
            start: "Alice Ames withdrew consent on Monday 2 March, 10:15 UTC.",
            json: json!({ "state": "withdrawn", "at": "2026-03-02T10:15:00Z" }),
        },
    )
    .await;
}

#[tokio::test]
async fn what_the_customer_never_agreed_to_is_said_to_both_with_its_time() {
    let world = attesting();
    let path = recorded(&world).await;
    let link = decide(&world, &path, "disown").await;
    let page = text(&world.browser(&alice()).page(&link).await);
    let said = "You said that you never agreed. Whoever was in because of it is out, and the administrators are told.";
    assert!(page.contains(said), "{page}");
    check(
        &world,
        Told {
            class: "vc-bad",
            customer: "Never agreed Bob Baker recorded that you agreed today 10:00: phone: yes, do look",
            asked: "Alice Ames Never agreed Bob Baker phone: yes, do look Today 10:00 over",
            standing: "Disowned today 10:05",
            start: "Alice Ames said on Monday 2 March, 10:05 UTC that they had never agreed.",
            json: json!({ "state": "disowned", "at": "2026-03-02T10:05:00Z" }),
        },
    )
    .await;
}

#[tokio::test]
async fn what_was_recorded_can_be_disowned_also_when_it_is_over_and_only_once() {
    for is_withdrawn in [true, false] {
        let world = attesting();
        let path = recorded(&world).await;
        match is_withdrawn {
            true => assert_eq!(decide(&world, &path, "withdraw").await, "/consents?done=withdraw"),
            false => world.clock.advance(DAY * 8),
        }
        let page = text(&world.browser(&alice()).page("/consents").await);
        let label = if is_withdrawn { "Withdrawn" } else { "Lapsed" };
        assert!(page.contains(&format!("Before {label} Bob Baker recorded that you agreed")), "{page}");
        assert!(page.contains("I did not agree"), "{page}");
        assert_eq!(decide(&world, &path, "disown").await, "/consents?done=disown");
        let page = text(&world.browser(&alice()).page("/consents").await);
        assert!(page.contains("Before Never agreed Bob Baker recorded that you agreed"), "{page}");
        assert!(!page.contains("I did not agree"), "{page}");
    }
}

#[tokio::test]
async fn that_a_customer_took_back_a_yes_ahead_is_said_to_an_agent_who_never_asked() {
    let world = World::new();
    let given = world.browser(&alice()).json(Method::POST, "/consents", json!({ "ends_in": "day" })).await.json();
    let path = format!("/consents/{}", given["id"].as_str().unwrap());
    assert_eq!(decide(&world, &path, "withdraw").await, "/consents?done=withdraw");
    let mut bob = world.browser(&bob());
    for page in ["/accounts", "/accounts/alice"] {
        let page = bob.page(page).await;
        assert!(page.contains("<span class=\"vc-state vc-bad\">Withdrawn <time"), "{page}");
    }
    let said = "Alice Ames had given consent ahead, and took it back on Monday 2 March, 10:05 UTC.";
    let start = text(&bob.page("/impersonation/new?account=alice").await);
    assert!(start.contains(said) && start.contains("Ask Alice Ames"), "{start}");
    let withdrawn = json!({ "state": "withdrawn", "at": "2026-03-02T10:05:00Z" });
    assert_eq!(bob.ask("/accounts/alice").await.json()["consent"], withdrawn);

    // What happened last is what counts.
    let path = asked(&world).await;
    let start = text(&bob.page("/impersonation/new?account=alice").await);
    assert!(start.contains("Alice Ames was asked on Monday 2 March, 10:10 UTC"), "{start}");
    decide(&world, &path, "refuse").await;
    let start = text(&bob.page("/impersonation/new?account=alice").await);
    assert!(start.contains("Alice Ames declined on Monday 2 March, 10:15 UTC."), "{start}");
    assert!(text(&bob.page("/accounts").await).contains("Declined today 10:15"));
    let given = world.browser(&alice()).json(Method::POST, "/consents", json!({ "ends_in": "day" })).await.json();
    decide(&world, &format!("/consents/{}", given["id"].as_str().unwrap()), "withdraw").await;
    let start = text(&bob.page("/impersonation/new?account=alice").await);
    assert!(start.contains("took it back on Monday 2 March, 10:25 UTC."), "{start}");
    assert_eq!(bob.ask("/accounts/alice").await.json()["consent"]["at"], "2026-03-02T10:25:00Z");
}

#[tokio::test]
async fn a_code_that_was_withdrawn_says_nothing_to_an_agent_who_never_had_it() {
    let world = World::new();
    let made = world.browser(&alice()).json(Method::POST, "/support-code", json!({})).await.json();
    decide(&world, &format!("/consents/{}", made["consent"]["id"].as_str().unwrap()), "withdraw").await;
    let mut bob = world.browser(&bob());
    let start = text(&bob.page("/impersonation/new?account=alice").await);
    assert!(start.contains("Alice Ames has not agreed yet."), "{start}");
    assert_eq!(bob.ask("/accounts/alice").await.json()["consent"]["state"], "missing");
}

#[tokio::test]
async fn a_support_code_that_nobody_used_and_a_yes_ahead_lapse() {
    let world = World::new();
    let mut alice = world.browser(&alice());
    alice.json(Method::POST, "/support-code", json!({})).await;
    alice.json(Method::POST, "/consents", json!({ "ends_in": "day" })).await;
    world.clock.advance(DAY);
    let page = text(&alice.page("/consents").await);
    for lapsed in ["Lapsed Support code made yesterday 10:00", "Lapsed Given ahead yesterday 10:00"] {
        assert!(page.contains(lapsed), "{page}");
    }
    assert!(page.contains("In force You have not agreed to anything: nobody can come in."), "{page}");
    let list = text(&world.browser(&bob()).page("/accounts?q=Alice").await);
    assert!(list.contains("alice@example.com Not asked yet"), "what Bob did not ask for did not lapse for him: {list}");
}
