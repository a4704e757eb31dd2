//! What a probe finds on pages.

use vicarious_testing::{ManualClock, ProbeReport, Verdict};

use crate::inside::app;
use crate::shop::Mistake;

async fn probed(mistake: Mistake) -> ProbeReport {
    app(&ManualClock::default(), mistake).probe().agent("bob").customer("alice").example("id", "1").run().await
}

async fn check(mistake: Mistake, route: &str, verdict: Verdict) {
    let report = probed(mistake).await;
    let page = report.pages.iter().find(|page| page.route == route).unwrap();
    assert_eq!(page.verdict, verdict, "{report}");
    assert_eq!(report.failures().len(), 1, "{report}");
}

#[tokio::test]
async fn pages_that_do_not_name_the_agent_are_clean() {
    let report = probed(Mistake::None).await;
    report.assert_clean();
    let routes: Vec<&str> = report.pages.iter().map(|page| page.route.as_str()).collect();
    assert_eq!(routes, ["/", "/account", "/export", "/healthz", "/orders/{id}"], "the router's own pages");
}

#[tokio::test]
async fn a_page_that_greets_the_agent_leaks_the_name() {
    check(Mistake::GreetsAgent, "/account", Verdict::Leaks { what: "name", place: "the page".into() }).await;
}

#[tokio::test]
async fn a_header_that_names_the_agent_leaks() {
    let place = "the header x-user".to_owned();
    check(Mistake::NamesAgentInHeader, "/orders/{id}", Verdict::Leaks { what: "email", place }).await;
}

#[tokio::test]
async fn a_page_beside_the_layer_is_not_marked() {
    check(Mistake::RoutesBeside, "/export", Verdict::Unmarked("expected an `Impersonation` header")).await;
}

#[tokio::test]
async fn a_page_that_breaks_is_no_clean_page() {
    check(Mistake::BreaksForPairs, "/orders/{id}", Verdict::Breaks(axum::http::StatusCode::INTERNAL_SERVER_ERROR))
        .await;
}

#[tokio::test]
async fn a_parameter_without_an_example_is_a_failure() {
    let probe = app(&ManualClock::default(), Mistake::None).probe().agent("bob").customer("alice");
    let report = probe.run().await;
    assert_eq!(report.failures()[0].verdict, Verdict::NoExample("id".into()), "{report}");
    assert!(report.to_string().contains("NOT SEEN: say `.example(\"id\", …)`"), "{report}");
}
