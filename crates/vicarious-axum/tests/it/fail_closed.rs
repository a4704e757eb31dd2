//! Every row of the fail-closed table, over HTML and JSON; once with the handle in a cookie, once in a header.

use http::{Method, StatusCode};
use serde_json::{Value, json};
use testkit::people::{alice, bob, carol, eve};
use vicarious_axum::Builder;
use vicarious_core::decide::Decision;

use crate::support::{Accounts, Browser, HANDLE, World};

/// Returns a world whose handles travel as the name of this module says.
async fn world() -> World {
    world_with(|builder| builder).await
}

async fn world_with(adjust: impl FnOnce(Builder<Accounts>) -> Builder<Accounts>) -> World {
    if module_path!().ends_with("in_a_header") { World::bearer(adjust).await } else { World::with(adjust).await }
}

/// Checks that a browser is refused with `cause`, as a page and as a problem, for reading and for writing, again
/// and again, that nothing ran, and that stopping lets the agent go on as `then`.
async fn refused_until_acknowledged(world: &World, browser: &mut Browser, cause: &str, then: Value) {
    let done = world.done();
    for _ in 0..2 {
        let page = browser.get("/").await;
        assert_eq!(page.status, StatusCode::GONE, "{page:?}");
        assert!(page.text.contains("Go on as"), "a refusal offers the next step: {}", page.text);
        assert!(!page.text.contains("<h1>Alice"), "nothing of the customer may show");
        let problem = browser.get_json("/whoami").await;
        assert_eq!((problem.status, problem.json()["cause"].as_str()), (StatusCode::GONE, Some(cause)), "{problem:?}");
        let problem = browser.json(Method::POST, "/notes", json!({})).await;
        assert_eq!(problem.status, StatusCode::GONE);
        let page = browser.form("/notes", &[("text", "hello")]).await;
        assert_eq!(page.status, StatusCode::GONE);
    }
    assert_eq!(world.done(), done, "nothing runs under either name");
    assert_eq!(browser.get("/healthz").await.status, StatusCode::OK, "health is never refused");
    assert_eq!(browser.get("/assets/app.css").await.status, StatusCode::OK, "assets are never refused");
    let stopped = browser.stop().await;
    assert_eq!(stopped.status, StatusCode::OK, "stopping always works: {stopped:?}");
    assert_eq!(browser.who().await.0, then, "after going on as themselves");
}

#[tokio::test]
async fn no_handle_and_nobody_is_anonymous() {
    let world = world().await;
    assert_eq!(world.nobody().who().await, (Value::Null, Value::Null));
    assert_eq!(world.nobody().get("/").await.status, StatusCode::OK);
    assert_eq!(world.nobody().get("/profile").await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn no_handle_and_a_sign_in_is_oneself() {
    let world = world().await;
    assert_eq!(world.browser(&bob()).who().await, (json!(bob().id()), json!(bob().id())));
    let page = world.browser(&alice()).get("/").await;
    assert!(page.text.contains("<h1>Alice"));
    assert!(!page.headers.contains_key("impersonation"));
}

#[tokio::test]
async fn a_lost_handle_does_not_turn_the_page_into_the_agent() {
    let world = world().await;
    let mut browser = world.inside(&bob(), &alice()).await;
    browser.cookies.remove(HANDLE);
    refused_until_acknowledged(&world, &mut browser, "handle_missing", json!(bob().id())).await;
}

#[tokio::test]
async fn a_lost_handle_of_an_expired_impersonation_is_refused_too() {
    let world = world().await;
    let mut browser = world.inside(&bob(), &alice()).await;
    world.clock.advance(jiff::SignedDuration::from_mins(31));
    assert_eq!(browser.get("/").await.status, StatusCode::GONE);
    browser.cookies.remove(HANDLE);
    refused_until_acknowledged(&world, &mut browser, "expired", json!(bob().id())).await;
}

#[tokio::test]
async fn an_active_handle_of_this_sign_in_is_the_pair() {
    let world = world().await;
    let mut browser = world.inside(&bob(), &alice()).await;
    assert_eq!(browser.who().await, (json!(alice().id()), json!(bob().id())));
}

#[tokio::test]
async fn an_expired_handle_is_refused() {
    let terms = vicarious_core::decide::Terms { idle: jiff::SignedDuration::from_hours(1), ..Default::default() };
    let world = world_with(|builder| builder.terms(terms)).await;
    let mut browser = world.inside(&bob(), &alice()).await;
    world.clock.advance(jiff::SignedDuration::from_mins(30));
    refused_until_acknowledged(&world, &mut browser, "expired", json!(bob().id())).await;
    assert_eq!(world.count("impersonation.expired"), 1);
}

#[tokio::test]
async fn a_handle_idle_for_too_long_is_refused() {
    let world = world().await;
    let mut browser = world.inside(&bob(), &alice()).await;
    world.clock.advance(jiff::SignedDuration::from_mins(10));
    refused_until_acknowledged(&world, &mut browser, "idle", json!(bob().id())).await;
    assert_eq!(world.count("impersonation.idled_out"), 1);
}

#[tokio::test]
async fn a_revoked_handle_is_refused() {
    let world = world().await;
    let mut browser = world.inside(&bob(), &alice()).await;
    let id = browser.get_json("/whoami").await.json()["impersonation"].as_str().unwrap().to_owned();
    let dana = vicarious_core::Identity::own(testkit::people::dana());
    world.vicarious.revoke(&dana, &id.as_str().into()).await.unwrap();
    refused_until_acknowledged(&world, &mut browser, "revoked", json!(bob().id())).await;
}

#[tokio::test]
async fn a_stopped_handle_that_is_played_back_is_refused() {
    let world = world().await;
    let mut browser = world.inside(&bob(), &alice()).await;
    let handle = browser.cookies[HANDLE].clone();
    assert_eq!(browser.stop().await.status, StatusCode::OK);
    browser.cookies.insert(HANDLE.into(), handle);
    refused_until_acknowledged(&world, &mut browser, "stopped", json!(bob().id())).await;
}

#[tokio::test]
async fn an_unknown_or_forged_handle_is_refused() {
    let world = world().await;
    for forged in ["", "nonsense", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"] {
        let mut browser = world.browser(&bob());
        browser.cookies.insert(HANDLE.into(), forged.into());
        refused_until_acknowledged(&world, &mut browser, "unknown", json!(bob().id())).await;
    }
    // Sealed by our own key, but without a row.
    let elsewhere = world_with(|builder| builder).await;
    let mut browser = world.browser(&bob());
    browser.cookies.insert(HANDLE.into(), elsewhere.inside(&bob(), &alice()).await.cookies[HANDLE].clone());
    refused_until_acknowledged(&world, &mut browser, "unknown", json!(bob().id())).await;
}

#[tokio::test]
async fn a_handle_bound_to_somebody_else_is_refused_and_stays_the_others() {
    let world = world().await;
    let mut theirs = world.inside(&bob(), &alice()).await;
    for thief in [eve(), carol(), alice()] {
        let mut browser = world.browser(&thief);
        browser.cookies.insert(HANDLE.into(), theirs.cookies[HANDLE].clone());
        refused_until_acknowledged(&world, &mut browser, "unknown", json!(thief.id())).await;
    }
    assert_eq!(theirs.who().await, (json!(alice().id()), json!(bob().id())), "a thief cannot stop it either");
}

#[tokio::test]
async fn a_handle_of_another_sign_in_of_the_same_agent_is_refused() {
    let world = world().await;
    let first = world.inside(&bob(), &alice()).await;
    let mut second = world.browser(&bob());
    second.cookies.insert(HANDLE.into(), first.cookies[HANDLE].clone());
    refused_until_acknowledged(&world, &mut second, "unknown", json!(bob().id())).await;
}

#[tokio::test]
async fn an_agent_who_may_no_longer_is_refused() {
    let world = world().await;
    let mut browser = world.inside(&bob(), &alice()).await;
    world.accounts.change(&bob(), |user| user.rights.clear());
    refused_until_acknowledged(&world, &mut browser, "permission_lost", json!(bob().id())).await;
}

#[tokio::test]
async fn a_customer_who_gained_a_right_is_left() {
    let world = world().await;
    let mut browser = world.inside(&bob(), &alice()).await;
    world.accounts.change(&alice(), |user| user.rights = ["administrate"].into());
    refused_until_acknowledged(&world, &mut browser, "permission_lost", json!(bob().id())).await;
}

#[tokio::test]
async fn a_deleted_or_disabled_customer_ends_it() {
    for disable in [false, true] {
        let world = world().await;
        let mut browser = world.inside(&bob(), &alice()).await;
        if disable {
            world.accounts.change(&alice(), |user| user.account.active = false);
        } else {
            world.accounts.delete(&alice());
        }
        refused_until_acknowledged(&world, &mut browser, "account_gone", json!(bob().id())).await;
    }
}

#[tokio::test]
async fn a_disabled_agent_is_refused() {
    let world = world().await;
    let mut browser = world.inside(&bob(), &alice()).await;
    world.accounts.change(&bob(), |user| user.account.active = false);
    refused_until_acknowledged(&world, &mut browser, "account_gone", Value::Null).await;
}

#[tokio::test]
async fn withdrawn_consent_ends_it() {
    let world = world().await;
    let mut browser = world.inside(&bob(), &alice()).await;
    let customer = vicarious_core::Identity::own(alice());
    let consent = format!("standing-{}", alice().id());
    world.vicarious.decide_consent(&customer, &consent.as_str().into(), Decision::Withdraw).await.unwrap();
    refused_until_acknowledged(&world, &mut browser, "consent_withdrawn", json!(bob().id())).await;
}

#[tokio::test]
async fn an_active_handle_without_a_sign_in_ends_it() {
    let world = world().await;
    let mut browser = world.inside(&bob(), &alice()).await;
    let session = browser.cookies.remove("session").unwrap();
    assert_eq!(browser.get_json("/whoami").await.json()["cause"], "signed_out");
    // Signing in again does not bring it back.
    browser.cookies.insert("session".into(), session);
    refused_until_acknowledged(&world, &mut browser, "signed_out", json!(bob().id())).await;
}

#[tokio::test]
async fn a_sign_in_that_is_over_ends_it() {
    let world = world().await;
    let mut browser = world.inside(&bob(), &alice()).await;
    world.accounts.sessions.lock().unwrap().clear();
    refused_until_acknowledged(&world, &mut browser, "signed_out", Value::Null).await;
}

#[tokio::test]
async fn an_outage_of_the_store_is_503_and_leaves_the_row_alone() {
    let world = world().await;
    let mut browser = world.inside(&bob(), &alice()).await;
    let mut customer = world.browser(&carol());
    world.ledger.fail(true);
    assert_eq!(browser.get("/").await.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(browser.get_json("/whoami").await.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(customer.get("/").await.status, StatusCode::OK, "everybody else goes on");
    world.ledger.fail(false);
    assert_eq!(browser.who().await, (json!(alice().id()), json!(bob().id())));
}

#[tokio::test]
async fn an_outage_of_the_host_is_503_and_leaves_the_row_alone() {
    let world = world().await;
    let mut browser = world.inside(&bob(), &alice()).await;
    world.accounts.fail(true);
    assert_eq!(browser.get("/").await.status, StatusCode::SERVICE_UNAVAILABLE);
    world.accounts.fail(false);
    assert_eq!(browser.who().await, (json!(alice().id()), json!(bob().id())));
}

#[tokio::test]
async fn stopping_during_an_outage_works_and_is_recorded_afterwards() {
    let world = world().await;
    let mut browser = world.inside(&bob(), &alice()).await;
    let handle = browser.cookies[HANDLE].clone();
    world.ledger.fail(true);
    assert_eq!(browser.stop().await.status, StatusCode::OK);
    world.ledger.fail(false);
    browser.cookies.insert(HANDLE.into(), handle);
    let refused = browser.get_json("/whoami").await;
    assert_eq!((refused.status, refused.json()["cause"].as_str()), (StatusCode::GONE, Some("stopped")));
    assert_eq!(world.count("impersonation.stopped"), 1);
}

#[tokio::test]
async fn starting_again_takes_the_place_of_acknowledging() {
    let world = world().await;
    let mut browser = world.inside(&bob(), &alice()).await;
    world.clock.advance(jiff::SignedDuration::from_mins(31));
    assert_eq!(browser.get("/").await.status, StatusCode::GONE);
    assert_eq!(browser.start(&carol()).await.status, StatusCode::CREATED);
    assert_eq!(browser.who().await, (json!(carol().id()), json!(bob().id())));
}

#[tokio::test]
async fn signing_out_acknowledges_a_dead_handle() {
    let world = world().await;
    let mut browser = world.inside(&bob(), &alice()).await;
    world.clock.advance(jiff::SignedDuration::from_mins(31));
    assert_eq!(browser.get("/").await.status, StatusCode::GONE);
    let answer = browser.json(Method::DELETE, "/session", Value::Null).await;
    assert_eq!(answer.status, StatusCode::NO_CONTENT);
    assert_eq!(browser.who().await, (Value::Null, Value::Null), "Bob is signed out, and nothing is left");
}
