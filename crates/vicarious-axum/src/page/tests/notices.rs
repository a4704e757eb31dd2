//! The pages that say why something did not happen.

use http::HeaderMap;

use super::*;

#[test]
fn an_ended_impersonation_offers_both_ways_on() {
    let alice = Person { id: "7&x=1".into(), ..alice().person };
    let (alice, typed) = (Some(&alice), [("shipping_address".to_owned(), "1 Long Lane\nLeeds".to_owned())]);
    let (reason, ticket) = ("50% off & “free”?", "SUP-1#2");
    let sentence = "Its time was up.";
    let page = DeadPage { words: english(), sentence, agent: "Bob", customer: alice, reason, ticket, typed: &typed };
    let html = dead_page(&page);
    has(
        &html,
        &[
            "You are no longer using the application as Alice",
            "Its time was up.",
            "action=\"/impersonation\"",
            "name=\"_method\" value=\"DELETE\"",
            "Go on as Bob",
            "href=\"/impersonation/new?account=7%26x%3D1&amp;reason=50%25+off+%26+%E2%80%9Cfree%E2%80%9D%3F&amp;ticket=SUP-1%232\"",
            "What you typed",
            "<dt>Shipping address</dt><dd><bdi>1 Long Lane\nLeeds</bdi></dd>",
        ],
    );
    let html = dead_page(&DeadPage { reason: "", ticket: "", ..page });
    assert!(html.contains("href=\"/impersonation/new?account=7%26x%3D1\""), "{html}");
    let html = dead_page(&DeadPage { sentence: "It is unknown.", customer: None, typed: &[], ..page });
    assert!(html.contains("Go on as Bob") && !html.contains("Start again") && !html.contains("What you typed"));
}

#[tokio::test]
async fn a_problem_is_a_page_for_people_and_json_for_programs() {
    use http_body_util::BodyExt as _;
    let problem = Problem::new(StatusCode::FORBIDDEN, "read-only", "You are reading only")
        .detail("Changing things needs write mode.")
        .with("question", "Really?")
        .with("status", 200)
        .offer(Next::Link { href: "/a".to_owned(), label: "A".to_owned() });
    let response = problem.respond(&HeaderMap::new());
    assert_eq!(response.headers()["content-type"], "text/html; charset=utf-8");
    let mut asked = HeaderMap::new();
    asked.insert("accept", HeaderValue::from_static("application/json"));
    let response = problem.respond(&asked);
    assert_eq!(response.status(), StatusCode::FORBIDDEN);
    assert_eq!(response.headers()["content-type"], "application/problem+json");
    assert_eq!(response.headers()["cache-control"], "no-store");
    let body = response.into_body().collect().await.expect("a body").to_bytes();
    let json: serde_json::Value = serde_json::from_slice(&body).expect("json");
    assert_eq!(
        json,
        serde_json::json!({
            "type": "urn:vicarious:problem:read-only",
            "title": "You are reading only",
            "status": 403,
            "detail": "Changing things needs write mode.",
            "question": "Really?",
            "offers": [{ "method": "GET", "href": "/a", "label": "A" }],
        })
    );
}
