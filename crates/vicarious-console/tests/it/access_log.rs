//! Who looked at my account.

use axum::http::{Method, StatusCode};
use jiff::SignedDuration;
use serde_json::{Value, json};
use testkit::people::{alice, bob, carol, dana, eve};
use vicarious_core::ports::{Ledger, Running};
use vicarious_core::{Entry, Kind};

use crate::support::{World, text};

/// Records that a field was changed in the impersonation that runs.
async fn change(world: &World, old: &str, new: &str) {
    let running = world.ledger.running(Running::All).await.unwrap().remove(0);
    let entry = Entry::of(&running, Kind::Changed, world.clock.now());
    world.ledger.append(entry.with("field", "name").with("old", old).with("new", new)).await.unwrap();
}

#[tokio::test]
async fn an_access_tells_who_when_why_and_what_was_changed() {
    let world = World::new();
    world.agree(&alice()).await;
    let mut pair = world.browser(&bob());
    let id = pair.start(&alice()).await;
    for path in ["/invoices", "/invoices", "/console/customer.css", "/nothing-here"] {
        pair.open(path).await;
    }
    change(&world, "Alice", "<i>Al</i>").await;
    world.clock.advance(SignedDuration::from_mins(6));
    pair.stop().await;
    let access = json!({
        "id": id,
        "who": "Bob Baker",
        "started_at": "2026-03-02T10:00:00Z",
        "ended_at": "2026-03-02T10:06:00Z",
        "reason": "a page looks wrong",
        "ticket": "SUP-4711",
        "did": ["looked at invoices"],
        "changes": [{ "field": "name", "old": "Alice", "new": "<i>Al</i>", "at": "2026-03-02T10:00:00Z" }],
    });
    let mut alice = world.browser(&alice());
    assert_eq!(alice.ask("/access-log").await.json(), json!({ "accesses": [access], "next": null }));
    let page = alice.page("/access-log").await;
    let sentence = "Today 10:00, 6 minutes, SUP-4711: Bob Baker looked at invoices and changed your name from Alice to \
                    &#60;i&#62;Al&#60;/i&#62;.";
    assert!(text(&page).contains(sentence), "{}", text(&page));
    assert!(!page.contains("<i>"));
    assert!(page.contains("<time datetime=\"2026-03-02T10:00:00Z\">Today 10:00</time>"));
}

#[tokio::test]
async fn nobody_sees_anybody_elses() {
    let world = World::new();
    world.agree(&alice()).await;
    world.inside(&bob(), &alice()).await;
    for other in [carol(), bob(), dana()] {
        let log = world.browser(&other).ask("/access-log").await.json();
        assert_eq!(log["accesses"], json!([]), "{}", other.person.name);
    }
    let page = text(&world.browser(&carol()).page("/access-log").await);
    assert!(page.contains("Nobody has looked at your account.") && page.contains("Decide who may"), "{page}");
}

#[tokio::test]
async fn the_customer_ends_what_runs_and_nobody_else_does_it_here() {
    let world = World::new();
    world.agree(&alice()).await;
    let mut pair = world.browser(&bob());
    let path = format!("/access-log/{}", pair.start(&alice()).await);
    for other in [carol(), eve(), dana()] {
        let ended = world.browser(&other).json(Method::DELETE, &path, json!({})).await;
        assert_eq!(ended.status, StatusCode::NOT_FOUND, "{}", other.person.name);
    }
    assert_eq!(world.nobody().json(Method::DELETE, &path, json!({})).await.status, StatusCode::UNAUTHORIZED);
    let mut alice = world.browser(&alice());
    let page = alice.page("/access-log").await;
    assert!(page.contains(&format!("action=\"{path}\"")) && text(&page).contains("In your account now"), "{page}");
    assert!(!pair.page("/access-log").await.contains(&path), "an agent is shown no End");
    assert_eq!(alice.form(&path, &[("_method", "DELETE")]).await.location(), "/access-log?done=ended");
    assert_eq!(pair.ask("/invoices").await.json()["cause"], "revoked");
    assert_eq!(alice.form(&path, &[("_method", "DELETE")]).await.location(), "/access-log?done=over");
    assert_eq!(alice.json(Method::DELETE, &path, json!({})).await.status, StatusCode::GONE);
    assert!(!alice.page("/access-log").await.contains(&path));
}

#[tokio::test]
async fn whoever_puts_somebody_out_reads_what_still_lets_them_in_and_withdraws_it_right_there() {
    let world = World::new();
    let consent = world.agree(&alice()).await["id"].as_str().unwrap().to_owned();
    let mut pair = world.browser(&bob());
    let path = format!("/access-log/{}", pair.start(&alice()).await);
    let mut alice = world.browser(&alice());
    let ended = alice.form(&path, &[("_method", "DELETE"), ("everywhere", "yes")]).await.location().to_owned();
    let page = alice.page(&ended).await;
    let said = "Your consent stays until Mon 9 March 10:00: any agent may come in again without asking. Withdraw";
    assert!(text(&page).contains(said), "{}", text(&page));
    let withdraw = format!("/consents/{consent}");
    assert!(page.contains(&format!("<form method=\"post\" action=\"{withdraw}\">")), "{page}");
    assert!(alice.page("/access-log?done=over").await.contains(&withdraw), "it was over, and the door is as open");
    assert!(!alice.page("/access-log").await.contains(&withdraw), "who has ended nothing is not urged");
    let mut eve = world.inside(&eve(), &testkit::people::alice()).await;
    assert!(!eve.page("/access-log?done=ended").await.contains(&withdraw), "an agent withdraws nothing");

    let fields = [("_method", "PATCH"), ("decision", "withdraw")];
    assert_eq!(alice.form(&withdraw, &fields).await.location(), "/consents?done=withdraw");
    assert_eq!(eve.ask("/invoices").await.json()["cause"], "consent_withdrawn");
    let page = text(&alice.page(&ended).await);
    assert!(page.contains("whoever was in there is out.") && !page.contains("Your consent stays"), "{page}");
}

#[tokio::test]
async fn what_is_used_up_is_not_told_to_stay_after_an_end() {
    let world = World::new();
    let mut alice = world.browser(&alice());
    let mut asks = async |agent| {
        let wish = json!({ "account_id": "alice", "reason": "a page looks wrong" });
        let asked = world.browser(&agent).json(Method::POST, "/consents/requests", wish).await.json();
        let path = format!("/consents/{}", asked["id"].as_str().unwrap());
        alice.json(Method::PATCH, &path, json!({ "decision": "give" })).await;
        path
    };
    let (used, unused) = (asks(bob()).await, asks(eve()).await);
    let running = world.browser(&bob()).start(&testkit::people::alice()).await;
    let ended = alice.form(&format!("/access-log/{running}"), &[("_method", "DELETE")]).await.location().to_owned();
    let page = alice.page(&ended).await;
    assert!(text(&page).contains("Your consent for Eve Early stays until"), "{}", text(&page));
    assert!(page.contains(&unused) && !page.contains(&used), "{page}");
}

/// Returns where the bar's form leads that puts somebody out.
fn end_of(page: &str, who: &str) -> String {
    let lines: Vec<&str> = page.split("<div class=\"vc-visitor\">").skip(1).filter(|line| line.contains(who)).collect();
    let [line] = lines[..] else { panic!("{who} has {} lines: {page}", lines.len()) };
    assert!(line.contains("name=\"everywhere\" value=\"yes\""), "{line}");
    line.split("action=\"").nth(1).unwrap().split('"').next().unwrap().to_owned()
}

#[tokio::test]
async fn an_agent_in_two_windows_is_one_line_and_one_end_puts_them_out() {
    let world = World::new();
    for customer in [alice(), carol()] {
        world.agree(&customer).await;
    }
    let (mut first, mut second) = (world.inside(&bob(), &alice()).await, world.inside(&bob(), &alice()).await);
    let (mut eve, mut elsewhere) = (world.inside(&eve(), &alice()).await, world.inside(&bob(), &carol()).await);
    let mut alice = world.browser(&alice());
    let page = alice.page("/consents").await;
    let path = end_of(&page, "Bob Baker");
    assert!(text(&page).contains("Bob Baker from support is viewing your account in 2 windows End"), "{}", text(&page));
    assert!(text(&page).contains("Eve Early from support is viewing your account End"), "{}", text(&page));
    assert!(page.contains("data-count=\"3\""), "each of them is counted: {page}");
    second.json(Method::PATCH, "/impersonation", json!({ "mode": "write", "reason": "she asked" })).await;
    let page = text(&alice.page("/consents").await);
    assert!(
        page.contains("Bob Baker from support is viewing your account in 2 windows and may change things"),
        "{page}"
    );

    let fields = [("_method", "DELETE"), ("everywhere", "yes")];
    assert_eq!(alice.form(&path, &fields).await.location(), "/access-log?done=ended");
    for out in [&mut first, &mut second] {
        assert_eq!(out.ask("/invoices").await.json()["cause"], "revoked");
    }
    for stays in [&mut eve, &mut elsewhere] {
        assert_eq!(stays.ask("/invoices").await.status, StatusCode::OK);
    }
    assert_eq!(alice.form(&path, &fields).await.location(), "/access-log?done=over");
}

#[tokio::test]
async fn ending_everywhere_ends_what_is_left_and_ending_one_ends_one() {
    let world = World::new();
    world.agree(&alice()).await;
    let mut windows = [world.browser(&bob()), world.browser(&bob()), world.browser(&bob())];
    let mut ids = Vec::new();
    for window in &mut windows {
        ids.push(window.start(&alice()).await);
    }
    let mut alice = world.browser(&alice());
    let one = alice.json(Method::DELETE, &format!("/access-log/{}", ids[2]), json!({})).await;
    assert_eq!(one.status, StatusCode::OK, "{}", one.body);
    assert_eq!(windows[2].ask("/invoices").await.status, StatusCode::GONE);
    assert_eq!(windows[1].ask("/invoices").await.status, StatusCode::OK);
    windows[0].stop().await;
    let everywhere = json!({ "everywhere": "yes" });
    let path = format!("/access-log/{}", ids[0]);
    let ended = alice.json(Method::DELETE, &path, everywhere.clone()).await;
    assert_eq!((ended.status, &ended.json()["access"]["id"]), (StatusCode::OK, &json!(ids[0])), "{}", ended.body);
    assert_eq!(windows[1].ask("/invoices").await.status, StatusCode::GONE);
    let over = alice.json(Method::DELETE, &path, everywhere).await;
    assert_eq!((over.status, &over.json()["cause"]), (StatusCode::GONE, &json!("stopped")), "{}", over.body);
}

#[tokio::test]
async fn ending_answers_programs_with_the_access() {
    let world = World::new();
    world.agree(&alice()).await;
    let id = world.browser(&bob()).start(&alice()).await;
    world.clock.advance(SignedDuration::from_mins(2));
    let ended = world.browser(&alice()).json(Method::DELETE, &format!("/access-log/{id}"), json!({})).await;
    assert_eq!(ended.json()["access"]["ended_at"], "2026-03-02T10:02:00Z");
}

#[tokio::test]
async fn what_runs_comes_first_and_older_ones_are_a_link_away() {
    let world = World::new();
    world.agree(&alice()).await;
    let mut eve = world.browser(&eve());
    let running = eve.start(&alice()).await;
    let mut bob = world.browser(&bob());
    for _ in 0..22 {
        bob.start(&alice()).await;
        bob.stop().await;
        eve.open("/invoices").await;
    }
    let mut alice = world.browser(&alice());
    let mut path = "/access-log".to_owned();
    let mut seen: Vec<Value> = Vec::new();
    loop {
        let page = alice.ask(&path).await.json();
        seen.extend(page["accesses"].as_array().unwrap().iter().map(|access| access["id"].clone()));
        match page["next"].as_str() {
            Some(next) => next.clone_into(&mut path),
            None => break,
        }
    }
    assert_eq!(seen[0], running);
    let mut unique: Vec<_> = seen.iter().map(Value::to_string).collect();
    unique.sort();
    unique.dedup();
    assert_eq!(unique.len(), 23);
}

#[tokio::test]
async fn pseudonyms_are_the_same_every_time_and_another_for_every_agent() {
    let world = World::with(|console| console.pseudonyms("a secret"));
    world.agree(&alice()).await;
    for agent in [bob(), eve(), bob()] {
        let mut pair = world.inside(&agent, &alice()).await;
        pair.stop().await;
    }
    let log = world.browser(&alice()).ask("/access-log").await.json();
    let who: Vec<_> = (0..3).map(|index| log["accesses"][index]["who"].as_str().unwrap().to_owned()).collect();
    assert_eq!(who[0], who[2]);
    assert_ne!(who[0], who[1]);
    let page = world.browser(&alice()).page("/access-log").await;
    assert!(page.contains(&who[0]) && !page.contains("Bob Baker") && !page.contains("Eve Early"), "{page}");
    let other = World::with(|console| console.pseudonyms("another secret"));
    other.agree(&alice()).await;
    other.inside(&bob(), &alice()).await;
    assert_ne!(other.browser(&alice()).ask("/access-log").await.json()["accesses"][0]["who"], who[0].as_str());
}
