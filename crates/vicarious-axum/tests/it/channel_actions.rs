//! What a shadower does over a channel passes the same rules as a request, and is on the same record.

use std::time::Duration;

use http::{Method, StatusCode};
use jiff::SignedDuration;
use serde_json::{Value, json};
use testkit::people::{alice, bob};
use vicarious_axum::{Admitted, Connected, DeadCause, Deed, Denied};
use vicarious_core::{EndCause, Rules};

use crate::connecting::connected;
use crate::support::{Browser, World};

fn rules() -> Rules {
    Rules::new()
        .never("PaymentsChannel")
        .write("PERFORM CommandsChannel#echo", "send this")
        .confirm("PERFORM CommandsChannel#save", "save this draft")
        .read("PERFORM PresenceChannel#appear", "said that they are there")
}

async fn world() -> World {
    World::with(|builder| builder.rules(rules())).await
}

async fn ask(
    world: &World,
    who: &Connected,
    what: &str,
    parameters: &Value,
    confirmation: Option<&str>,
) -> Result<Admitted, Denied> {
    let (channel, action) = what.split_once('#').map_or((what, None), |(channel, action)| (channel, Some(action)));
    world.vicarious.admit(who, Deed { channel, action, parameters, confirmation }).await
}

/// Returns the status and the word of the answer.
async fn answer(world: &World, who: &Connected, what: &str) -> (u16, String) {
    match ask(world, who, what, &json!({}), None).await {
        Ok(admitted) => {
            admitted.finish(StatusCode::OK);
            (200, String::new())
        }
        Err(denied) => {
            let problem = denied.to_json();
            let word = problem["type"].as_str().unwrap().rsplit(':').next().unwrap().to_owned();
            (u16::try_from(problem["status"].as_u64().unwrap()).unwrap(), word)
        }
    }
}

async fn raise(browser: &mut Browser) {
    let answer = browser.json(Method::PATCH, "/impersonation", json!({"mode": "write", "reason": "r"})).await;
    assert_eq!(answer.status, StatusCode::OK);
}

#[tokio::test]
async fn reading_lets_subscribe_and_the_table_says_what_else() {
    let world = world().await;
    let mut browser = world.inside(&bob(), &alice()).await;
    let who = connected(&world, &browser).await;
    let table = [
        ("NotificationsChannel", (200, ""), (200, "")),
        ("PaymentsChannel", (403, "never"), (403, "never")),
        ("PaymentsChannel#pay", (403, "never"), (403, "never")),
        ("CommandsChannel#echo", (403, "read-only"), (200, "")),
        ("CommandsChannel#save", (403, "read-only"), (428, "confirmation-required")),
        ("CommandsChannel#forgotten", (403, "never"), (403, "never")),
        ("PresenceChannel#appear", (200, ""), (200, "")),
        ("", (403, "never"), (403, "never")),
        ("Commands/Channel", (403, "never"), (403, "never")),
        ("CommandsChannel#echo#x", (403, "never"), (403, "never")),
        ("CommandsChannel#", (403, "never"), (403, "never")),
    ];
    for (what, reading, _) in table {
        assert_eq!(answer(&world, &who, what).await, (reading.0, reading.1.to_owned()), "{what} while reading");
    }
    raise(&mut browser).await;
    for (what, _, writing) in table {
        assert_eq!(answer(&world, &who, what).await, (writing.0, writing.1.to_owned()), "{what} in write mode");
    }
    let met: Vec<String> = world.vicarious.routes_met().iter().map(|met| met.route.clone()).collect();
    assert_eq!(met, ["CommandsChannel#forgotten"], "what nobody classified is listed, what cannot exist is not");
    browser.json(Method::PATCH, "/impersonation", json!({"mode": "read"})).await;
    assert_eq!(answer(&world, &who, "CommandsChannel#echo").await.0, 403, "going down counts at once");
}

#[tokio::test]
async fn somebody_as_themselves_may_do_anything_and_leaves_no_trace() {
    let world = world().await;
    let who = connected(&world, &world.browser(&alice())).await;
    let before = world.kinds().len();
    for what in ["PaymentsChannel", "PaymentsChannel#pay", "CommandsChannel#save"] {
        assert_eq!(answer(&world, &who, what).await.0, 200);
    }
    assert_eq!(world.kinds().len(), before);
}

#[tokio::test]
async fn intent_outcome_and_refusal_are_on_record_with_what_was_sent_less_its_secrets() {
    let world = world().await;
    let browser = world.writing(&bob(), &alice()).await;
    let who = connected(&world, &browser).await;
    let intents = world.count("request.intent");
    let parameters = json!({"text": "hello", "password": "swordfish"});
    let admitted = ask(&world, &who, "CommandsChannel#echo", &parameters, None).await.unwrap();
    assert!(admitted.identity().impersonation().unwrap().mode.as_str() == "write", "the mode of now");
    assert_eq!(world.count("request.intent"), intents + 1, "durable before anything runs");
    admitted.finish(StatusCode::OK);
    drop(ask(&world, &who, "CommandsChannel#echo", &parameters, None).await.unwrap());
    assert_eq!(answer(&world, &who, "PaymentsChannel#pay").await.0, 403);

    let entries = world.ledger.entries_snapshot();
    let last: Vec<Value> = entries[entries.len() - 5..].iter().map(|recorded| recorded.to_json()).collect();
    let kinds: Vec<&str> = last.iter().map(|entry| entry["kind"].as_str().unwrap()).collect();
    assert_eq!(
        kinds,
        ["request.intent", "request.outcome", "request.intent", "request.outcome", "request.refused"],
        "{last:?}"
    );
    assert_eq!(last[0]["parameters"], json!({"text": "hello", "password": "[redacted]"}));
    for entry in &last[..4] {
        assert_eq!((&entry["method"], &entry["route"]), (&json!("PERFORM"), &json!("CommandsChannel#echo")));
        assert_eq!(entry["path"], "/cable");
    }
    assert_eq!(last[0]["headers"]["user-agent"], "a test", "of the connection's request");
    assert_eq!((&last[1]["status"], &last[1]["request"]), (&json!(200), &last[0]["request"]));
    assert_eq!((&last[3]["status"], &last[3]["outcome"]), (&Value::Null, &json!("aborted")));
    assert_eq!((&last[4]["status"], &last[4]["refusal"]), (&json!(403), &json!("never")));
    assert!(!world.record().contains("swordfish"));
}

#[tokio::test]
async fn a_confirmation_names_the_customer_and_is_for_one_action_with_one_content_once() {
    let world = world().await;
    let browser = world.writing(&bob(), &alice()).await;
    let who = connected(&world, &browser).await;
    let draft = json!({"text": "hello", "room": 7});
    let asked = ask(&world, &who, "CommandsChannel#save", &draft, None).await.unwrap_err().to_json();
    assert_eq!(asked["question"], format!("Save this draft for {}'s account?", alice().person.name));
    let confirmation = asked["confirmation"].as_str();
    let others = [json!({"text": "hello", "room": 8}), json!({"text": "hello"})];
    for other in &others {
        assert!(ask(&world, &who, "CommandsChannel#save", other, confirmation).await.is_err(), "{other}");
    }
    ask(&world, &who, "CommandsChannel#save", &draft, confirmation).await.unwrap().finish(StatusCode::OK);
    let again = ask(&world, &who, "CommandsChannel#save", &draft, confirmation).await.unwrap_err();
    assert_eq!(again.problem().status, StatusCode::PRECONDITION_REQUIRED, "one use");
    let late = ask(&world, &who, "CommandsChannel#save", &draft, None).await.unwrap_err().to_json();
    world.clock.advance(SignedDuration::from_mins(5));
    assert!(ask(&world, &who, "CommandsChannel#save", &draft, late["confirmation"].as_str()).await.is_err());
}

#[tokio::test]
async fn nothing_is_admitted_after_the_end_whatever_is_remembered() {
    let world = World::with(|builder| builder.rules(rules()).cache_for(Duration::from_secs(3600))).await;
    let mut browser = world.writing(&bob(), &alice()).await;
    let who = connected(&world, &browser).await;
    assert_eq!(answer(&world, &who, "CommandsChannel#echo").await.0, 200);
    // Another process ends it: this one is told nothing.
    let row = world.running().await.remove(0);
    let over = vicarious_core::decide::end(&row, EndCause::Revoked, None, world.clock.now()).unwrap();
    vicarious_core::ports::Ledger::apply(&*world.ledger, vec![over]).await.unwrap();
    for what in ["CommandsChannel", "CommandsChannel#echo", "PaymentsChannel#pay"] {
        let denied = ask(&world, &who, what, &json!({}), None).await;
        let denied = denied.unwrap_err();
        assert_eq!(denied.ended(), Some(DeadCause::Ended(EndCause::Revoked)), "{what}");
        assert_eq!(
            (denied.to_json()["status"].clone(), denied.to_json()["cause"].clone()),
            (json!(410), json!("revoked"))
        );
    }
    browser.stop().await;
    let denied = ask(&world, &who, "CommandsChannel", &json!({}), None).await.unwrap_err();
    assert_eq!(denied.ended(), Some(DeadCause::Ended(EndCause::Revoked)), "an acknowledged end is an end");
}

#[tokio::test]
async fn rights_and_sign_in_are_asked_as_for_a_request() {
    let world = world().await;
    let browser = world.writing(&bob(), &alice()).await;
    let who = connected(&world, &browser).await;
    world.accounts.change(&bob(), |user| user.rights.clear());
    let denied = ask(&world, &who, "CommandsChannel", &json!({}), None).await.unwrap_err();
    assert_eq!(denied.ended(), Some(DeadCause::Ended(EndCause::PermissionLost)));
    assert!(world.running().await.is_empty());
}

#[tokio::test]
async fn nothing_is_admitted_that_cannot_be_recorded() {
    let world = World::with(|builder| builder.rules(rules()).cache_for(Duration::from_secs(3600))).await;
    let browser = world.writing(&bob(), &alice()).await;
    let who = connected(&world, &browser).await;
    world.ledger.fail(true);
    for what in ["CommandsChannel", "CommandsChannel#echo", "PaymentsChannel#pay", "PaymentsChannel"] {
        assert_eq!(answer(&world, &who, what).await, (503, "unavailable".to_owned()), "{what}");
    }
}

#[tokio::test]
async fn a_stop_waits_for_an_action_and_not_for_a_subscription() {
    let world = world().await;
    let mut browser = world.writing(&bob(), &alice()).await;
    let who = connected(&world, &browser).await;
    let subscription = ask(&world, &who, "CommandsChannel", &json!({}), None).await.unwrap();
    let action = ask(&world, &who, "CommandsChannel#echo", &json!({}), None).await.unwrap();
    let stopping = tokio::spawn(async move { browser.stop().await.status });
    while !world.running().await.is_empty() {
        tokio::task::yield_now().await;
    }
    assert!(!stopping.is_finished(), "it waits for what it cannot undo");
    action.finish(StatusCode::OK);
    assert_eq!(stopping.await.unwrap(), StatusCode::OK);
    subscription.finish(StatusCode::OK);
}
