//! What a probe finds on pages.

use vicarious_testing::{ManualClock, ProbeReport, Verdict};

use crate::inside::app;
use crate::shop::Mistake;

async fn probed(mistake: Mistake) -> ProbeReport {
    app(&ManualClock::default(), mistake).probe().agent("bob").customer("alice").example("id", "1").run().await
}

async fn check(mistake: Mistake, route: &str, verdict: &str) {
    let report = probed(mistake).await;
    let page = report.pages.iter().find(|page| page.route == route).unwrap();
    assert_eq!(page.verdict.to_string(), verdict, "{report}");
    assert_eq!(report.failures().len(), 1, "{report}");
}

#[tokio::test]
async fn pages_that_do_not_name_the_agent_are_clean() {
    let report = probed(Mistake::None).await;
    report.assert_clean();
    let routes: Vec<&str> = report.pages.iter().map(|page| page.route.as_str()).collect();
    assert_eq!(routes, ["/", "/account", "/export", "/healthz", "/help", "/orders/{id}"], "the router's own pages");
}

#[tokio::test]
async fn a_page_that_greets_the_agent_leaks_the_name() {
    let around = "defer></script> <p>bob baker</p><h1>alice ames</h1><p>alice";
    check(Mistake::GreetsAgent, "/account", &format!("LEAKS the agent's name in the page: {around}")).await;
}

#[tokio::test]
async fn a_header_that_names_the_agent_leaks() {
    let verdict = "LEAKS the agent's email in the header x-user: bob@example.com";
    check(Mistake::NamesAgentInHeader, "/orders/{id}", verdict).await;
}

#[tokio::test]
async fn a_page_of_the_agents_own_under_the_customers_banner_is_found_without_a_name_on_it() {
    let verdict = "SHOWS THE AGENT'S OWN PAGE: a handler or an extractor asks the session and not `CurrentUser`";
    check(Mistake::AsksTheSession, "/orders/{id}", verdict).await;
}

#[tokio::test]
async fn a_piece_of_the_agents_own_page_under_the_customers_name_is_found() {
    check(Mistake::HalfAsksTheSession, "/orders/{id}", "SHOWS SOMETHING OF THE AGENT'S OWN PAGE: «no parcels»").await;
    let report = probed(Mistake::HalfAsksTheSession).await;
    let lost = "Only when the customer looks at /orders/{id}: «2 parcels»";
    assert!(report.to_string().contains(lost), "{report}");
}

#[tokio::test]
async fn a_piece_that_only_agents_have_is_allowed_by_name() {
    let probe = app(&ManualClock::default(), Mistake::HalfAsksTheSession).probe().agent("bob").customer("alice");
    probe.example("id", "1").allow("no parcels").run().await.assert_clean();
}

#[tokio::test]
async fn a_page_beside_the_layer_is_not_marked() {
    check(Mistake::RoutesBeside, "/export", "NOT MARKED: expected an `Impersonation` header").await;
}

#[tokio::test]
async fn a_page_that_breaks_is_no_clean_page() {
    check(Mistake::BreaksForPairs, "/orders/{id}", "BREAKS (500)").await;
}

#[tokio::test]
async fn a_parameter_without_an_example_is_a_failure() {
    let probe = app(&ManualClock::default(), Mistake::None).probe().agent("bob").customer("alice");
    let report = probe.run().await;
    assert_eq!(report.failures()[0].verdict, Verdict::NoExample("id".into()), "{report}");
    assert!(report.to_string().contains("NOT SEEN: say `.example(\"id\", …)`"), "{report}");
}

#[tokio::test]
async fn what_a_host_shows_on_purpose_is_allowed_and_told() {
    let probe = app(&ManualClock::default(), Mistake::GreetsAgent).probe().agent("bob").customer("alice");
    let report = probe.example("id", "1").allow("<p>Bob Baker</p>").run().await;
    report.assert_clean();
    assert!(report.to_string().contains("Allowed on pages: <p>Bob Baker</p>"), "{report}");
}
