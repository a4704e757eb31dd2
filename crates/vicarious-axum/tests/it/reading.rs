//! What only reads runs first, and leaves once it is on record with its answer; or not at all.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::response::Html;
use axum::routing::{MethodFilter, get};
use futures_util::{StreamExt, stream};
use http::{Method, Request, StatusCode};
use serde_json::{Value, json};
use testkit::people::{alice, bob};
use tokio::sync::{Notify, Semaphore};
use tokio::task::JoinHandle;
use tower::ServiceExt;
use vicarious_core::audit::Entry;
use vicarious_core::ports::Ledger;
use vicarious_core::{EndCause, Kind, Rules, decide};

use crate::support::{Answer, Browser, Slow, World, broken, until};

const PAGE: &str = "Alice owes 12.00";
/// Longer than a handler may run before that is on record.
const LONG: Duration = Duration::from_millis(60);

/// Returns a page that waits to be let go, and one that breaks.
fn pages(slow: &Slow) -> Router {
    slow.route(MethodFilter::GET, "/page", PAGE).route("/broken", get(broken))
}

/// Asks for the page, and returns once its handler runs.
async fn begin(slow: &Slow, browser: &Browser) -> JoinHandle<Answer> {
    let mut browser = browser.clone();
    slow.begin(async move { browser.get("/page").await }).await
}

/// Returns what is on record about requests: kind, status, what else tells how it ended.
fn requests(world: &World) -> Vec<(&'static str, Option<u16>, Value)> {
    let ended =
        |entry: &Entry| ["outcome", "cause", "refusal"].into_iter().find_map(|name| entry.detail.get(name).cloned());
    let entries = world.ledger.entries_snapshot().into_iter().map(|row| row.entry);
    let of_requests = entries.filter(|entry| matches!(entry.kind, Kind::Intent | Kind::Outcome | Kind::RequestRefused));
    of_requests.map(|entry| (entry.kind.as_str(), entry.status(), ended(&entry).unwrap_or_default())).collect()
}

const ABORTED: [(&str, Option<u16>, &str); 2] = [("request.intent", None, ""), ("request.outcome", None, "aborted")];

fn are(found: &[(&'static str, Option<u16>, Value)], expected: &[(&str, Option<u16>, &str)]) {
    let found: Vec<_> =
        found.iter().map(|(kind, status, how)| (*kind, *status, how.as_str().unwrap_or_default())).collect();
    assert_eq!(found, expected);
}

// I3, I10
#[tokio::test]
async fn a_page_is_one_entry_that_has_its_answer() {
    let world = World::new().await;
    let mut inside = world.inside(&bob(), &alice()).await;
    for path in ["/profile", "/no/such/page"] {
        inside.get(path).await;
    }
    inside.json(Method::HEAD, "/profile", Value::Null).await;
    let answered = |status| ("request.intent", Some(status), "");
    are(&requests(&world), &[answered(200), answered(404), answered(200)]);
    let entry = world.ledger.entries_snapshot().pop().unwrap().entry;
    assert!(entry.detail["duration_us"].is_u64(), "{entry:?}");
}

// I3, I5
#[tokio::test(start_paused = true)]
async fn an_end_while_a_page_is_made_keeps_all_of_it_back() {
    for elsewhere in [false, true] {
        let slow = Slow::new();
        let world = World::with_routes(pages(&slow)).await;
        let inside = world.inside(&bob(), &alice()).await;
        let asking = begin(&slow, &inside).await;
        if elsewhere {
            // Another process knows nothing of this one's requests.
            let row = world.running().await.remove(0);
            let end = decide::end(&row, EndCause::Revoked, None, world.clock.now()).unwrap();
            world.ledger.apply(vec![end]).await.unwrap();
        } else {
            assert_eq!(inside.clone().stop().await.status, StatusCode::OK, "a stop waits for no page");
        }
        slow.let_go();
        let answer = asking.await.unwrap();
        assert_eq!(answer.status, StatusCode::GONE);
        assert!(!answer.text.contains(PAGE), "{}", answer.text);
        let cause = if elsewhere { "revoked" } else { "stopped" };
        are(&requests(&world), &[("request.refused", Some(410), cause)]);
        let refused = world.ledger.entries_snapshot().pop().unwrap().entry;
        assert_eq!(refused.detail["ran"], true, "{refused:?}");
    }
}

// I3
#[tokio::test(start_paused = true)]
async fn a_page_that_takes_long_is_on_record_while_it_is_made() {
    let slow = Slow::new();
    let world = World::with_routes(pages(&slow)).await;
    let inside = world.inside(&bob(), &alice()).await;
    let asking = begin(&slow, &inside).await;
    assert_eq!(requests(&world), []);
    tokio::time::advance(LONG).await;
    until(|| !requests(&world).is_empty()).await;
    are(&requests(&world), &ABORTED[..1]);
    slow.let_go();
    assert_eq!(asking.await.unwrap().text, PAGE);
    are(&requests(&world), &[ABORTED[0], ("request.outcome", Some(200), "")]);
}

// I5
#[tokio::test(start_paused = true)]
async fn a_page_that_takes_long_is_given_up_once_the_impersonation_is_over() {
    let slow = Slow::new();
    let world = World::with_routes(pages(&slow)).await;
    let inside = world.inside(&bob(), &alice()).await;
    let asking = begin(&slow, &inside).await;
    assert_eq!(inside.clone().stop().await.status, StatusCode::OK);
    // Nobody lets it go.
    assert_eq!(asking.await.unwrap().status, StatusCode::GONE);
    are(&requests(&world), &[("request.refused", Some(410), "stopped")]);
}

// I5, T39
#[tokio::test(start_paused = true)]
async fn a_page_that_waits_for_news_is_given_up_when_the_impersonation_ends_meanwhile() {
    let slow = Slow::new();
    let world = World::with_routes(pages(&slow)).await;
    let inside = world.inside(&bob(), &alice()).await;
    let asking = begin(&slow, &inside).await;
    tokio::time::advance(LONG).await;
    until(|| !requests(&world).is_empty()).await;
    assert_eq!(inside.clone().stop().await.status, StatusCode::OK);
    // Nobody lets it go.
    let answer = asking.await.unwrap();
    assert_eq!(answer.status, StatusCode::GONE);
    assert!(answer.text.contains("It was stopped."), "{}", answer.text);
    are(&requests(&world), &ABORTED);
}

// I10, T40
#[tokio::test(start_paused = true)]
async fn a_page_that_nobody_waits_for_any_more_is_on_record() {
    for long in [false, true] {
        let slow = Slow::new();
        let world = World::with_routes(pages(&slow)).await;
        let inside = world.inside(&bob(), &alice()).await;
        let asking = begin(&slow, &inside).await;
        if long {
            tokio::time::advance(LONG).await;
            until(|| !requests(&world).is_empty()).await;
        }
        asking.abort();
        assert!(asking.await.unwrap_err().is_cancelled());
        until(|| requests(&world).len() == 2).await;
        are(&requests(&world), &ABORTED);
    }
}

// I10, T40
#[tokio::test(start_paused = true)]
async fn a_page_that_nobody_waits_for_and_whose_impersonation_is_over_is_on_record() {
    let slow = Slow::new();
    let world = World::with_routes(pages(&slow)).await;
    let inside = world.inside(&bob(), &alice()).await;
    let asking = begin(&slow, &inside).await;
    assert_eq!(inside.clone().stop().await.status, StatusCode::OK);
    asking.abort();
    assert!(asking.await.unwrap_err().is_cancelled());
    until(|| !requests(&world).is_empty()).await;
    are(&requests(&world), &[("request.refused", Some(410), "stopped")]);
}

// I10, T43
#[tokio::test]
async fn a_page_whose_handler_panics_is_on_record() {
    let world = World::with_routes(pages(&Slow::new())).await;
    let mut inside = world.inside(&bob(), &alice()).await;
    let mut other = inside.clone();
    let asking = tokio::spawn(async move { other.get("/broken").await });
    assert!(asking.await.unwrap_err().is_panic());
    until(|| requests(&world).len() == 2).await;
    are(&requests(&world), &ABORTED);
    assert_eq!(inside.get("/").await.status, StatusCode::OK, "and the next request runs");
}

// T41
#[tokio::test(start_paused = true)]
async fn nothing_of_a_page_leaves_while_it_cannot_be_recorded() {
    for long in [false, true] {
        let slow = Slow::new();
        let world = World::with_routes(pages(&slow)).await;
        let inside = world.inside(&bob(), &alice()).await;
        let asking = begin(&slow, &inside).await;
        world.ledger.fail(true);
        if long {
            tokio::time::advance(LONG).await;
        }
        slow.let_go();
        let answer = asking.await.unwrap();
        assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
        assert!(!answer.text.contains(PAGE), "{}", answer.text);
        world.ledger.fail(false);
        world.ledger.flush().await;
        are(&requests(&world), &[("request.refused", Some(503), "unavailable")]);
    }
}

// T40: the entry is durable, but the client is gone before anybody hears of it.
#[tokio::test]
async fn a_client_that_goes_away_while_its_page_is_recorded_leaves_one_entry() {
    let (world, ledger) = World::faulty().await;
    let inside = world.inside(&bob(), &alice()).await;
    ledger.dawdle();
    let mut gone = inside.clone();
    let asking = tokio::spawn(async move { gone.get("/profile").await });
    until(|| !requests(&world).is_empty()).await;
    asking.abort();
    assert!(asking.await.unwrap_err().is_cancelled());
    ledger.gate.add_permits(1);
    are(&requests(&world), &[("request.intent", Some(200), "")]);
}

// A handler may hold what the ledger waits for, such as the only writing connection.
#[tokio::test(start_paused = true)]
async fn a_page_that_takes_long_goes_on_while_it_is_put_on_record() {
    let wanted = Arc::new(Notify::new());
    let mut ledger = None;
    let (held, waits) = (Arc::new(Semaphore::new(0)), wanted.clone());
    let release = held.clone();
    let routes = Router::new().route(
        "/page",
        get(async move || {
            waits.notified().await;
            release.add_permits(1);
            PAGE
        }),
    );
    let adjust = |builder: vicarious_axum::Builder<_>, memory: &Arc<testkit::MemoryLedger>| {
        let between = Arc::new(crate::support::Faulty::new(memory.clone()));
        ledger = Some(between.clone());
        builder.shared_ledger(between)
    };
    let world = World::of(adjust, routes).await;
    let ledger = ledger.unwrap();
    let mut inside = world.inside(&bob(), &alice()).await;
    ledger.dawdle();
    let asking = tokio::spawn(async move { inside.get("/page").await });
    until_recorded(&world).await;
    wanted.notify_one();
    held.acquire().await.unwrap().forget();
    ledger.gate.add_permits(1);
    assert_eq!(asking.await.unwrap().text, PAGE);
}

/// Lets the time pass after which a handler that runs is on record.
async fn until_recorded(world: &World) {
    while requests(world).is_empty() {
        tokio::time::advance(LONG).await;
    }
}

// I3: what the rules say more of than that it reads, and what becomes a connection, is on record before it runs.
#[tokio::test(start_paused = true)]
async fn a_page_that_may_do_more_than_read_is_on_record_before_it_runs() {
    let rules = Rules::new().write("/page", "count a visit").by_handler("/broken");
    for headers in [&[("upgrade", "websocket")][..], &[]] {
        let slow = Slow::new();
        let rules = if headers.is_empty() { rules.clone() } else { Rules::new() };
        let world = World::of(|builder, _| builder.rules(rules), pages(&slow)).await;
        let inside = world.inside(&bob(), &alice()).await;
        let mut browser = inside.clone();
        let asking = slow.begin(async move { browser.raw("GET", "/page", headers, "").await.status }).await;
        are(&requests(&world), &ABORTED[..1]);
        slow.let_go();
        assert_eq!(asking.await.unwrap(), StatusCode::OK);
        assert_eq!(requests(&world).last().unwrap().1, Some(200));
        assert_eq!(requests(&world)[1].2, json!(null));
    }
}

// I5, T39: a client that takes its time may not have made for it after the end what it asked for before.
#[tokio::test]
async fn what_is_made_while_it_is_sent_does_not_begin_after_the_end() {
    for passed in [Duration::ZERO, Duration::from_secs(3600)] {
        let export = || async { Body::from_stream(stream::once(async { Ok::<_, Infallible>(PAGE) })) };
        let page = || async { Html(Body::from_stream(stream::once(async { Ok::<_, Infallible>(PAGE) }))) };
        let routes = Router::new().route("/export", get(export)).route("/page", get(page));
        let world = World::with_routes(routes).await;
        for path in ["/export", "/page"] {
            let mut inside = world.inside(&bob(), &alice()).await;
            let cookies: Vec<_> = inside.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            let request = Request::get(path).header("cookie", cookies.join("; ")).body(Body::empty()).unwrap();
            let answer = world.app.clone().oneshot(request).await.unwrap();
            assert_eq!(answer.status(), StatusCode::OK);
            world.clock.advance(passed.try_into().unwrap());
            assert_eq!(inside.stop().await.status, StatusCode::OK);
            let first = answer.into_body().into_data_stream().next().await.unwrap();
            assert!(first.is_err(), "{path} after {passed:?}: {first:?}");
        }
    }
}
