//! The ledger goes away at every possible step; clients and handlers go away too.

use std::time::Duration;

use axum::Router;
use axum::routing::{MethodFilter, post};
use http::{Method, StatusCode};
use serde_json::{Value, json};
use testkit::people::{alice, bob, carol};
use vicarious_core::Kind;

use crate::support::{Answer, Browser, HANDLE, Slow, World, broken, until};

const WARM: Duration = Duration::from_secs(3600);
const UNAVAILABLE: StatusCode = StatusCode::SERVICE_UNAVAILABLE;

// T41. With warm caches, so that the outage is met by the intent itself.
#[tokio::test]
async fn nothing_runs_while_its_intent_cannot_be_recorded() {
    let world = World::with(|builder| builder.cache_for(WARM)).await;
    let mut inside = world.writing(&bob(), &alice()).await;
    assert_eq!(inside.get("/profile").await.status, StatusCode::OK);
    let kinds = world.kinds();
    world.ledger.fail(true);
    for (method, path) in
        [(Method::GET, "/profile"), (Method::POST, "/notes"), (Method::PATCH, "/profile"), (Method::GET, "/nothing")]
    {
        assert_eq!(inside.json(method.clone(), path, json!({})).await.status, UNAVAILABLE, "{method} {path}");
        assert_eq!(inside.get(path).await.status, UNAVAILABLE, "{path} as a page");
    }
    assert_eq!(
        inside.json(Method::POST, "/payments", json!({})).await.status,
        UNAVAILABLE,
        "refusals are recorded too"
    );
    let raise = json!({"mode": "write", "reason": "r"});
    assert_eq!(inside.json(Method::PATCH, "/impersonation", raise).await.status, UNAVAILABLE);
    world.ledger.fail(false);
    assert!(world.done().is_empty(), "no handler of an unsafe request ran");
    assert_eq!(inside.json(Method::POST, "/notes", json!({})).await.status, StatusCode::OK, "and then it goes on");
    let since = world.ledger.entries_snapshot().split_off(kinds.len());
    let (withheld, rest): (Vec<_>, Vec<_>) = since.iter().partition(|row| row.entry.detail.contains_key("ran"));
    assert_eq!(withheld.len(), 6, "handlers that only read ran, which is on record afterwards");
    for row in withheld {
        let refused = (row.entry.kind, row.entry.status(), &row.entry.detail["refusal"]);
        assert_eq!(refused, (Kind::RequestRefused, Some(503), &json!("unavailable")));
        assert_eq!(row.entry.request.as_ref().unwrap().method, "GET");
    }
    assert_eq!(rest.iter().map(|row| row.entry.kind).collect::<Vec<_>>(), [Kind::Intent, Kind::Outcome]);
}

// T41
#[tokio::test]
async fn nobody_starts_while_it_cannot_be_recorded() {
    for warm in [Duration::ZERO, WARM] {
        let world = World::with(|builder| builder.cache_for(warm)).await;
        let mut browser = world.browser(&bob());
        browser.get("/").await;
        world.ledger.fail(true);
        for answer in [
            browser.start(&alice()).await,
            browser.start(&bob()).await,
            browser.get("/impersonation/new?account=alice").await,
            browser.form("/impersonation", &[("account_id", "alice"), ("reason", "r")]).await,
        ] {
            assert_eq!(answer.status, UNAVAILABLE);
            assert!(!answer.headers.contains_key("set-cookie"));
        }
        world.ledger.fail(false);
        assert!(world.running().await.is_empty());
        assert_eq!(browser.start(&alice()).await.status, StatusCode::CREATED);
    }
}

// T41
#[tokio::test]
async fn everybody_else_goes_on_without_the_ledger() {
    for warm in [Duration::ZERO, WARM] {
        let world = World::with(|builder| builder.cache_for(warm)).await;
        let mut customer = world.browser(&carol());
        world.ledger.fail(true);
        assert_eq!(customer.get("/").await.status, StatusCode::OK);
        assert_eq!(customer.json(Method::POST, "/payments", json!({})).await.status, StatusCode::OK);
        assert_eq!(customer.json(Method::PATCH, "/profile", json!({})).await.status, StatusCode::OK);
        assert_eq!(customer.get_json("/impersonation").await.status, StatusCode::OK);
        assert_eq!(world.nobody().get("/").await.status, StatusCode::OK);
        assert_eq!(world.nobody().json(Method::POST, "/session", json!({})).await.status, StatusCode::OK);
        let signed_out = customer.json(Method::DELETE, "/session", Value::Null).await;
        assert_eq!(signed_out.status, StatusCode::NO_CONTENT, "signing out needs no ledger");
        assert_eq!(customer.who().await.0, Value::Null);
    }
}

// T41
#[tokio::test]
async fn an_agent_can_sign_out_without_the_ledger_and_leaves_nothing_open() {
    let world = World::new().await;
    let mut inside = world.inside(&bob(), &alice()).await;
    let handle = inside.cookies[HANDLE].clone();
    world.ledger.fail(true);
    assert_eq!(inside.stop().await.status, StatusCode::OK);
    assert_eq!(inside.json(Method::DELETE, "/session", Value::Null).await.status, StatusCode::NO_CONTENT);
    world.ledger.fail(false);
    inside.cookies.insert(HANDLE.into(), handle);
    assert_eq!(inside.get("/").await.status, StatusCode::GONE);
    assert_eq!(world.count("impersonation.stopped"), 1);
    assert!(world.running().await.is_empty());
}

/// Waits, on a paused clock, for an answer that needs no ledger, and fails if that waits for one after all.
async fn soon(answer: impl Future<Output = Answer>) -> Answer {
    let answered = tokio::time::timeout(Duration::from_secs(5), answer).await;
    answered.expect("an answer within five seconds, although the ledger hangs")
}

// I4: somebody has locked the database, a backup perhaps.
#[tokio::test(start_paused = true)]
async fn a_stop_does_not_wait_for_a_ledger_that_hangs() {
    let world = World::new().await;
    let mut browser = world.inside(&bob(), &alice()).await;
    let mut copy = browser.clone();
    world.ledger.hang(true);
    let stopped = soon(browser.stop()).await;
    assert_eq!(stopped.status, StatusCode::OK);
    assert_eq!(stopped.json()["notice"], "You are logged out as alice@example.com");
    assert_eq!(browser.cookies.get(HANDLE), None);
    assert_eq!(copy.get("/profile").await.status, StatusCode::GONE, "a copy of the handle opens nothing");
    world.ledger.hang(false);
    world.vicarious.sweep().await.unwrap();
    assert_eq!(world.count("impersonation.stopped"), 1);
}

#[tokio::test(start_paused = true)]
async fn a_sign_out_does_not_wait_for_a_ledger_that_hangs() {
    let world = World::new().await;
    let mut browser = world.inside(&bob(), &alice()).await;
    // The browser has lost the handle, so that this is a sign-out with an impersonation left open.
    browser.cookies.remove(HANDLE);
    world.ledger.hang(true);
    let answer = soon(browser.json(Method::DELETE, "/session", json!({}))).await;
    assert!(answer.status.is_success(), "{}", answer.status);
}

/// Returns how long, on a paused clock, a page took that is asked for by somebody as themselves.
async fn page_of(browser: &mut Browser) -> Duration {
    let asked = tokio::time::Instant::now();
    assert_eq!(soon(browser.get("/")).await.status, StatusCode::OK);
    asked.elapsed()
}

#[tokio::test(start_paused = true)]
async fn people_as_themselves_wait_once_and_a_moment_for_a_ledger_that_swallows_everything() {
    let world = World::with(|builder| builder.cache_for(Duration::ZERO)).await;
    let mut agent = world.inside(&bob(), &alice()).await;
    let tag = agent.tag().await;
    agent.cookies.remove(HANDLE);
    let mut customers = [world.browser(&alice()), world.browser(&carol())];
    world.ledger.lose(true);
    let moment = Duration::from_secs(1)..Duration::from_millis(1100);
    assert!(moment.contains(&page_of(&mut customers[0]).await), "the first to meet it waits a moment");
    for _ in 0..20 {
        for customer in &mut customers {
            assert_eq!(page_of(customer).await, Duration::ZERO, "nobody else waits");
            tokio::time::advance(Duration::from_millis(700)).await;
        }
    }
    let late = soon(agent.form("/notes", &[("_identity", &tag), ("note", "typed as Alice")])).await;
    assert_eq!(late.status, StatusCode::CONFLICT, "a form of an impersonated page is nobody else's");
    world.ledger.lose(false);
    let back = async {
        while agent.get("/").await.status != StatusCode::GONE {
            tokio::time::advance(Duration::from_secs(1)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), back).await.expect("an open impersonation is found again");
}

/// Walks through a whole impersonation; returns whether it began.
async fn walk(world: &World, browser: &mut Browser) -> bool {
    let began = match browser.start(&alice()).await.status {
        StatusCode::CREATED => true,
        UNAVAILABLE => false,
        other => panic!("start: {other}"),
    };
    let steps: [(Method, &str, Value, &[u16]); 6] = [
        (Method::GET, "/", json!(null), &[200]),
        (Method::PATCH, "/impersonation", json!({"mode": "write", "reason": "r"}), &[200]),
        (Method::POST, "/notes", json!({}), &[200, 403]),
        (Method::PATCH, "/profile", json!({}), &[428, 403]),
        (Method::POST, "/payments", json!({}), &[403]),
        (Method::PATCH, "/impersonation", json!({"mode": "read"}), &[200]),
    ];
    for (method, path, body, allowed) in steps {
        if !began {
            break;
        }
        let before = world.done().len();
        let status = browser.json(method.clone(), path, body).await.status;
        assert!(status == UNAVAILABLE || allowed.contains(&status.as_u16()), "{method} {path}: {status}");
        if status != StatusCode::OK {
            assert_eq!(world.done().len(), before, "{method} {path} ran although it was answered {status}");
        }
    }
    let stopped = browser.stop().await;
    assert_eq!(stopped.status, StatusCode::OK, "stopping always works: {stopped:?}");
    began
}

// T40, T43: each single call to the ledger fails in turn, and then all that follow it too.
#[tokio::test]
async fn wherever_the_ledger_breaks_off_nothing_runs_unrecorded_and_the_stop_is_on_record() {
    let calls = {
        let (world, ledger) = World::faulty().await;
        ledger.heal();
        assert!(walk(&world, &mut world.browser(&bob())).await);
        ledger.calls()
    };
    assert!(calls > 20, "{calls} calls");
    for first in 0..calls {
        for last in [first + 1, usize::MAX] {
            let (world, ledger) = World::faulty().await;
            let mut browser = world.browser(&bob());
            ledger.fail(first..last);
            let began = walk(&world, &mut browser).await;
            ledger.heal();
            assert_eq!(browser.who().await, (json!("bob"), json!("bob")), "{first}..{last}");
            assert!(world.running().await.is_empty(), "{first}..{last}");
            let kinds = ["impersonation.started", "impersonation.stopped"].map(|kind| world.count(kind));
            assert_eq!(kinds, [usize::from(began); 2], "{first}..{last}");
        }
    }
}

fn slow_route(slow: &Slow) -> Router {
    slow.route(MethodFilter::POST, "/slow", "done")
}

async fn slowly(mut browser: Browser) -> StatusCode {
    browser.json(Method::POST, "/slow", json!({})).await.status
}

fn outcomes(world: &World) -> Vec<(Option<u16>, Value)> {
    let entries = world.ledger.entries_snapshot().into_iter().map(|recorded| recorded.entry);
    entries
        .filter(|entry| entry.kind == Kind::Outcome)
        .map(|entry| (entry.request.unwrap().status, entry.detail.get("outcome").cloned().unwrap_or_default()))
        .collect()
}

// T40, T43
#[tokio::test]
async fn a_client_that_goes_away_leaves_exactly_one_outcome() {
    let slow = Slow::new();
    let world = World::with_routes(slow_route(&slow)).await;
    let inside = world.writing(&bob(), &alice()).await;
    let request = slow.begin(slowly(inside.clone())).await;
    request.abort();
    assert!(request.await.unwrap_err().is_cancelled());
    assert_eq!(outcomes(&world), [(None, json!("aborted"))]);
    assert_eq!(inside.clone().stop().await.status, StatusCode::OK, "nobody waits for what is gone");
}

// T40: the intent is durable, but the client is gone before anybody hears of it.
#[tokio::test]
async fn a_client_that_goes_away_while_its_intent_is_written_leaves_exactly_one_outcome() {
    let (world, ledger) = World::faulty().await;
    let mut inside = world.writing(&bob(), &alice()).await;
    ledger.dawdle();
    let mut gone = inside.clone();
    let request = tokio::spawn(async move { gone.json(Method::POST, "/notes", json!({})).await.status });
    until(|| world.count("request.intent") == 1).await;
    request.abort();
    assert!(request.await.unwrap_err().is_cancelled());
    ledger.gate.add_permits(1);
    until(|| world.count("request.outcome") == 1).await;
    assert_eq!(outcomes(&world), [(None, json!("aborted"))]);
    assert!(world.done().is_empty());
    assert_eq!(inside.stop().await.status, StatusCode::OK);
}

// T40, T43
#[tokio::test]
async fn a_handler_that_panics_leaves_exactly_one_outcome() {
    let world = World::with_routes(Router::new().route("/slow", post(broken))).await;
    let mut inside = world.writing(&bob(), &alice()).await;
    let asking = tokio::spawn(slowly(inside.clone()));
    assert!(asking.await.unwrap_err().is_panic());
    assert_eq!(outcomes(&world), [(None, json!("aborted"))]);
    assert_eq!(inside.get("/").await.status, StatusCode::OK, "and the next request runs");
    assert_eq!(inside.stop().await.status, StatusCode::OK);
}

// I5
#[tokio::test]
async fn a_stop_waits_for_the_write_that_runs_and_lets_no_other_begin() {
    let slow = Slow::new();
    let world = World::with_routes(slow_route(&slow)).await;
    let mut inside = world.writing(&bob(), &alice()).await;
    let request = slow.begin(slowly(inside.clone())).await;
    let mut stopping = inside.clone();
    let stop = tokio::spawn(async move { stopping.stop().await.status });
    until(|| world.count("impersonation.stopped") == 1).await;
    assert_eq!(inside.json(Method::POST, "/notes", json!({})).await.status, StatusCode::GONE);
    assert!(!stop.is_finished(), "a write is still running");
    slow.let_go();
    assert_eq!((request.await.unwrap(), stop.await.unwrap()), (StatusCode::OK, StatusCode::OK));
    assert!(world.done().is_empty());
}

// T41: the outcome waits out the outage, and is not lost.
#[tokio::test]
async fn an_outcome_that_falls_into_an_outage_is_recorded_afterwards() {
    let slow = Slow::new();
    let world = World::with_routes(slow_route(&slow)).await;
    let inside = world.writing(&bob(), &alice()).await;
    let request = slow.begin(slowly(inside.clone())).await;
    world.ledger.fail(true);
    slow.let_go();
    assert_eq!(request.await.unwrap(), StatusCode::OK, "what ran is answered");
    assert!(outcomes(&world).is_empty());
    world.ledger.fail(false);
    assert_eq!(inside.clone().get("/").await.status, StatusCode::OK);
    assert_eq!(outcomes(&world)[0], (Some(200), Value::Null));
}
