//! The trail and its filters.

use axum::http::StatusCode;
use jiff::SignedDuration;
use serde_json::Value;
use testkit::people::{alice, bob, carol, dana, eve};

use crate::support::{Browser, World, text};

/// Bob was in Alice's account at ten, Eve in Carol's at noon.
async fn world() -> (World, Browser) {
    let world = World::new();
    for (agent, customer) in [(bob(), alice()), (eve(), carol())] {
        world.agree(&customer).await;
        let mut pair = world.inside(&agent, &customer).await;
        pair.open("/invoices").await;
        pair.stop().await;
        world.clock.advance(SignedDuration::from_hours(2));
    }
    let dana = world.browser(&dana());
    (world, dana)
}

fn kinds(answer: &Value) -> Vec<&str> {
    answer["entries"].as_array().unwrap().iter().map(|entry| entry["kind"].as_str().unwrap()).collect()
}

const VISIT: [&str; 4] = ["impersonation.stopped", "request.intent", "impersonation.started", "consent.given"];

#[tokio::test]
async fn entries_come_newest_first_with_everything_they_say() {
    let (_world, mut dana) = world().await;
    let trail = dana.ask("/audit").await.json();
    assert_eq!(kinds(&trail), [VISIT, VISIT].concat());
    let intent = &trail["entries"][1];
    assert_eq!((&intent["true_user"]["id"], &intent["current_user"]["id"]), (&"eve".into(), &"carol".into()));
    assert_eq!(
        (&intent["method"], &intent["route"], &intent["status"], &intent["reason"]),
        (&"GET".into(), &"/invoices".into(), &200.into(), &"a page looks wrong".into())
    );
    let page = text(&dana.page("/audit").await);
    assert!(page.contains("Today 12:00 Stopped Eve Early Carol Cole Eve Early stopped."), "{page}");
}

#[tokio::test]
async fn filters_narrow_the_trail_down() {
    let (_world, mut dana) = world().await;
    for (query, wanted) in [
        ("true_user=bob", &VISIT[..3]),
        ("true_user=bob@example.com", &VISIT[..3]),
        ("true_user=BOB%40example.com", &VISIT[..3]),
        ("current_user=carol", &VISIT),
        ("current_user=carol@example.com", &VISIT),
        ("kind=request.intent", &["request.intent", "request.intent"]),
        ("from=2026-03-02T11:00:00Z", &VISIT),
        ("to=2026-03-02T11:00:00Z", &VISIT),
        ("to=2026-03-01", &[]),
        ("from=2026-03-02&to=2026-03-02&true_user=eve&kind=request.intent", &["request.intent"]),
        ("true_user=nobody", &[]),
        ("impersonation=unknown", &[]),
    ] {
        let trail = dana.ask(&format!("/audit?{query}")).await.json();
        assert_eq!(kinds(&trail), wanted, "{query}");
        assert_eq!(trail["next"], Value::Null);
    }
}

#[tokio::test]
async fn wrong_filters_are_named_and_kept() {
    let (_world, mut dana) = world().await;
    for (field, value) in [
        ("kind", "nonsense"),
        ("from", "yesterday"),
        ("to", "2026-13-01"),
        ("to", "2026-03-02T10:00:00"),
        ("before", "-"),
        ("true_user", "nobody@example.com"),
    ] {
        let query = format!("/audit?{field}={value}&current_user=<alice>");
        let query = query.replace('<', "%3C").replace('>', "%3E");
        let answer = dana.ask(&query).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{query}");
        assert_eq!(answer.json()["field"], field);
        let page = dana.open(&query).await;
        assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(page.body.contains("value=\"&#60;alice&#62;\""), "{}", page.body);
        assert!(page.body.contains("role=\"alert\""));
        if !matches!(field, "kind" | "before") {
            assert!(page.body.contains(&format!("aria-describedby=\"{field}-wrong\" autofocus")), "{field}");
            assert!(page.body.contains(&format!("value=\"{value}\"")), "{field}");
        }
    }
}

#[tokio::test]
async fn pages_follow_each_other_with_the_same_filters() {
    let world = World::new();
    world.agree(&alice()).await;
    let mut pair = world.inside(&bob(), &alice()).await;
    for _ in 0..60 {
        pair.open("/invoices").await;
    }
    let mut dana = world.browser(&dana());
    let mut path = "/audit?true_user=bob%40example.com&kind=request.intent".to_owned();
    let mut seqs = Vec::new();
    let mut sizes = Vec::new();
    loop {
        let page = dana.ask(&path).await.json();
        let entries = page["entries"].as_array().unwrap();
        sizes.push(entries.len());
        seqs.extend(entries.iter().map(|entry| entry["seq"].as_i64().unwrap()));
        match page["next"].as_str() {
            Some(next) => next.clone_into(&mut path),
            None => break,
        }
    }
    assert_eq!(sizes, [50, 10]);
    assert!(seqs.is_sorted_by(|one, next| one > next));
    assert!(path.starts_with("/audit?true_user=bob%40example.com&kind=request.intent&before="), "{path}");
    assert!(dana.page("/audit").await.contains("rel=\"next\" href=\"/audit?before="));
}

#[tokio::test]
async fn the_trail_is_read_once_per_page_and_never_counted() {
    let (world, mut dana) = world().await;
    let before = world.ledger.lookups();
    dana.ask("/audit?true_user=bob&from=2026-03-02").await;
    assert!(world.ledger.lookups() - before <= 3, "{}", world.ledger.lookups() - before);
}

#[tokio::test]
async fn an_empty_trail_says_what_will_be_in_it() {
    let world = World::new();
    let mut dana = world.browser(&dana());
    assert!(text(&dana.page("/audit").await).contains("Nothing is on record yet."));
    assert!(
        text(&dana.page("/audit?kind=impersonation.started").await)
            .contains("Nothing on record matches. Show everything")
    );
}
