//! Other sites, proxies and links: what may change an identity, and where it may lead.

use http::{Method, StatusCode};
use serde_json::{Value, json};
use testkit::people::{alice, bob, carol, eve};

use crate::support::{Browser, World};

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");
const HOST: (&str, &str) = ("host", "shop.example");

/// What another site, or a browser on its own, can make a browser send.
const FOREIGN: &[&[(&str, &str)]] = &[
    &[("sec-fetch-site", "cross-site")],
    &[("sec-fetch-site", "same-site")],
    &[("sec-fetch-site", "cross-site"), ("origin", "https://shop.example")],
    &[("sec-fetch-site", "same-site"), ("sec-fetch-dest", "document"), ("sec-fetch-mode", "navigate")],
    &[("sec-fetch-site", "unheard-of")],
    &[("sec-fetch-site", "")],
    &[("sec-fetch-site", "same-origin"), ("sec-fetch-site", "cross-site")],
    &[("origin", "https://evil.example")],
    &[("origin", "null")],
    &[("origin", "https://shop.example.evil.example")],
    &[("origin", "https://evilshop.example")],
    &[("origin", "https://www.shop.example")],
    &[("origin", "https://shop.example:8443")],
    &[("origin", "shop.example")],
    &[("origin", "ftp://shop.example")],
    &[("origin", "https://shop.example"), ("origin", "https://evil.example")],
    &[("sec-fetch-site", "same-origin"), ("sec-purpose", "prefetch")],
    &[("sec-fetch-site", "none"), ("sec-purpose", "prefetch;prerender")],
    &[("purpose", "prefetch")],
    &[("x-moz", "prefetch")],
    &[("sec-fetch-site", "same-origin"), ("sec-fetch-dest", "image")],
    &[("sec-fetch-site", "same-origin"), ("sec-fetch-dest", "style")],
    &[("sec-fetch-site", "same-origin"), ("sec-fetch-dest", "script")],
];

/// What the application's own pages, and programs, send.
const OWN: &[&[(&str, &str)]] = &[
    &[],
    &[("sec-fetch-site", "same-origin")],
    &[("sec-fetch-site", "same-origin"), ("sec-fetch-dest", "empty"), ("sec-fetch-mode", "cors")],
    &[("sec-fetch-site", "none"), ("sec-fetch-dest", "document")],
    &[("origin", "https://shop.example")],
    &[("origin", "http://shop.example")],
    &[("origin", "HTTPS://SHOP.example"), ("sec-fetch-site", "same-origin")],
];

async fn send(browser: &mut Browser, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> StatusCode {
    let mut all = vec![HOST, ("accept", "text/html"), FORM];
    all.extend_from_slice(headers);
    browser.raw(method, path, &all, body).await.status
}

// T15
#[tokio::test]
async fn no_other_site_starts_stops_raises_or_signs_out() {
    let world = World::new().await;
    let mut outside = world.browser(&eve());
    let mut inside = world.inside(&bob(), &alice()).await;
    let tag = inside.tag().await;
    let raise = format!("_identity={tag}&mode=write&reason=r");
    let before = world.running().await;
    for headers in FOREIGN {
        let start = send(&mut outside, "POST", "/impersonation", headers, "account_id=carol&reason=r").await;
        let raised = send(&mut inside, "PATCH", "/impersonation", headers, &raise).await;
        let stopped = send(&mut inside, "DELETE", "/impersonation", headers, "").await;
        let stopped_by_form = send(&mut inside, "POST", "/impersonation", headers, "_method=DELETE").await;
        let signed_out = send(&mut inside, "DELETE", "/session", headers, "").await;
        for status in [start, raised, stopped, stopped_by_form, signed_out] {
            assert_eq!(status, StatusCode::FORBIDDEN, "{headers:?}");
        }
        assert_eq!(world.running().await, before, "{headers:?}");
    }
    assert_eq!(inside.who().await.0, json!(alice().id()));
    assert_eq!(outside.who().await.0, json!(eve().id()));
    assert_eq!(world.count("impersonation.refused"), FOREIGN.len(), "each refused start is on record");
}

// T15: the same for what the rules would allow.
#[tokio::test]
async fn no_other_site_acts_as_the_customer() {
    let world = World::new().await;
    let mut inside = world.writing(&bob(), &alice()).await;
    let tag = inside.tag().await;
    for headers in FOREIGN {
        let status = send(&mut inside, "POST", "/notes", headers, &format!("_identity={tag}")).await;
        assert_eq!(status, StatusCode::FORBIDDEN, "{headers:?}");
    }
    assert!(world.done().is_empty());
    assert_eq!(world.count("request.refused"), FOREIGN.len());
}

// T15
#[tokio::test]
async fn the_applications_own_pages_and_programs_may() {
    for headers in OWN {
        let world = World::new().await;
        let mut browser = world.browser(&bob());
        let start = send(&mut browser, "POST", "/impersonation", headers, "account_id=alice&reason=r").await;
        assert_eq!(start, StatusCode::SEE_OTHER, "{headers:?}");
        let tag = browser.tag().await;
        let raise = format!("_identity={tag}&mode=write&reason=r");
        assert_eq!(send(&mut browser, "PATCH", "/impersonation", headers, &raise).await, StatusCode::SEE_OTHER);
        let note = format!("_identity={tag}");
        assert_eq!(send(&mut browser, "POST", "/notes", headers, &note).await, StatusCode::OK, "{headers:?}");
        assert_eq!(send(&mut browser, "DELETE", "/impersonation", headers, "").await, StatusCode::SEE_OTHER);
        assert!(world.running().await.is_empty());
    }
}

// T15
#[tokio::test]
async fn no_safe_method_and_no_query_changes_anything() {
    let world = World::new().await;
    let mut outside = world.browser(&eve());
    let mut inside = world.inside(&bob(), &alice()).await;
    let before = world.running().await;
    let kinds = world.kinds();
    let query = "account_id=carol&account=carol&reason=r&mode=write&_method=DELETE&instead_of=x";
    for path in ["/impersonation", "/impersonation/new"] {
        for method in ["GET", "HEAD", "OPTIONS", "TRACE"] {
            for headers in FOREIGN.iter().chain(OWN) {
                for browser in [&mut outside, &mut inside] {
                    send(browser, method, &format!("{path}?{query}"), headers, "_method=DELETE&account_id=carol").await;
                }
            }
        }
    }
    assert_eq!(world.running().await, before);
    assert_eq!(world.kinds(), kinds, "and nothing of it is worth recording");
    let override_header = [("x-http-method-override", "DELETE"), ("x-method-override", "DELETE")];
    send(&mut inside, "GET", "/impersonation", &override_header, "").await;
    send(&mut inside, "POST", "/impersonation?_method=DELETE", &[], "account_id=carol&reason=r").await;
    assert_eq!(inside.who().await.0, json!(alice().id()));
}

// T15, with the origins that the application is known by.
#[tokio::test]
async fn a_named_origin_is_the_only_one() {
    let world = World::with(|builder| builder.origin("https://shop.example/")).await;
    let mut browser = world.browser(&bob());
    for (origin, expected) in [
        ("https://evil.example", StatusCode::FORBIDDEN),
        ("http://shop.example", StatusCode::FORBIDDEN),
        ("https://shop.example", StatusCode::SEE_OTHER),
    ] {
        // The Host header is the attacker's to choose where a proxy does not check it.
        let headers = [("origin", origin), ("accept", "text/html"), FORM, ("host", "evil.example")];
        let answer = browser.raw("POST", "/impersonation", &headers, "account_id=alice&reason=r").await;
        assert_eq!(answer.status, expected, "{origin}");
    }
}

const LEADING_AWAY: [&str; 22] = [
    "https://evil.example/",
    "//evil.example",
    "///evil.example",
    "/\\evil.example",
    "\\/evil.example",
    "\\\\evil.example",
    "/\t/evil.example",
    "/\n/evil.example",
    "\t//evil.example",
    " //evil.example",
    "javascript:alert(1)",
    "data:text/html,x",
    "evil.example",
    "@evil.example",
    ".evil.example",
    "?next=//evil.example",
    "#x",
    "/a\r\nset-cookie: x=y",
    "/\u{202e}gpj.exe",
    "/\u{a0}/evil.example",
    "/\0",
    "",
];

// T19
#[tokio::test]
async fn neither_go_to_nor_return_to_leads_off_the_site() {
    let world = World::new().await;
    let on_site = ["/", "/profile?tab=2#name", "/a%2F%2Fb", "/@evil.example", "/..//evil.example", "/:80"];
    let expected = LEADING_AWAY.map(|path| (path, "/")).into_iter().chain(on_site.map(|path| (path, path)));
    for (asked, expected) in expected {
        let mut browser = world.browser(&bob());
        let body = json!({"account_id": "alice", "reason": "r", "go_to": asked, "return_to": asked});
        let started = browser.json(Method::POST, "/impersonation", body).await;
        assert_eq!((started.status, started.json()["location"].as_str()), (StatusCode::CREATED, Some(expected)));
        assert_eq!(browser.stop().await.json()["location"].as_str(), Some(expected), "{asked:?}");

        let fields = [("account_id", "alice"), ("reason", "r"), ("go_to", asked), ("return_to", asked)];
        assert_eq!(browser.form("/impersonation", &fields).await.location(), expected);
        let stopped = browser.form("/impersonation", &[("_method", "DELETE"), ("return_to", "/elsewhere")]).await;
        assert_eq!((stopped.status, stopped.location()), (StatusCode::SEE_OTHER, expected));
        assert!(!stopped.headers.contains_key("x"), "no header is smuggled in");
    }
}

// T19
#[tokio::test]
async fn a_referer_leads_back_only_within_this_site() {
    let world = World::new().await;
    let mut inside = world.inside(&bob(), &alice()).await;
    let tag = inside.tag().await;
    for (referer, expected) in [
        ("https://shop.example/orders?page=2", "/orders?page=2"),
        ("http://shop.example/orders", "/orders"),
        ("https://evil.example/orders", "/"),
        ("https://evil.example@shop.example/orders", "/"),
        ("https://shop.example@evil.example/orders", "/"),
        ("https://shop.example.evil.example/orders", "/"),
        ("https://shop.example//evil.example", "/"),
        ("https://shop.example/\\evil.example", "/"),
        ("javascript://shop.example/%0aalert(1)", "/"),
        ("//shop.example/orders", "/"),
        ("/orders", "/"),
        ("", "/"),
    ] {
        let headers = [HOST, FORM, ("accept", "text/html"), ("referer", referer)];
        let body = format!("_identity={tag}&mode=read");
        let answer = inside.raw("PATCH", "/impersonation", &headers, &body).await;
        assert_eq!((answer.status, answer.location()), (StatusCode::SEE_OTHER, expected), "{referer}");
        let page = inside.raw("POST", "/payments", &headers, &format!("_identity={tag}")).await;
        assert_eq!(page.status, StatusCode::FORBIDDEN);
        assert!(page.text.contains(&format!("href=\"{expected}\"")), "{referer}: {}", page.text);
        assert!(!page.text.contains("evil.example"), "{referer}");
    }
}

// T22
#[tokio::test]
async fn headers_that_name_somebody_change_nothing() {
    let world = World::new().await;
    let names = [
        "x-user",
        "x-user-id",
        "x-forwarded-user",
        "x-remote-user",
        "remote-user",
        "x-true-user",
        "x-current-user",
        "impersonate-user",
        "x-impersonate",
        "impersonation",
        "x-impersonation-id",
        "x-original-url",
        "x-rewrite-url",
        "x-forwarded-host",
        "forwarded",
        "x-auth-request-user",
        "x-sign-in",
        "from",
        "authorization",
        "x-session",
    ];
    let mut browsers = [world.nobody(), world.browser(&carol()), world.inside(&bob(), &alice()).await];
    let expected = [(Value::Null, Value::Null), (json!("carol"), json!("carol")), (json!("alice"), json!("bob"))];
    for (browser, expected) in browsers.iter_mut().zip(expected) {
        for name in names {
            for value in ["alice", "dana", "id=1, mode=write", "/impersonation"] {
                let headers = [("accept", "application/json"), (name, value)];
                let answer = browser.raw("GET", "/whoami", &headers, "").await.json();
                assert_eq!((answer["current_user"].clone(), answer["true_user"].clone()), expected, "{name}: {value}");
            }
        }
    }
}

// T22: a proxy that drops what `Connection` names must at worst refuse, and never make Alice's page Bob's.
#[tokio::test]
async fn what_a_hop_may_drop_is_never_what_makes_a_request_the_agents() {
    let world = World::new().await;
    let mut inside = world.writing(&bob(), &alice()).await;
    for dropped in ["cookie", "identity, confirmation", "sec-fetch-site, origin", "close, impersonation"] {
        let headers = [("accept", "application/json"), ("connection", dropped), ("te", "trailers")];
        let answer = inside.raw("GET", "/whoami", &headers, "").await;
        assert_eq!(answer.json()["current_user"], json!(alice().id()), "{dropped}: naming drops nothing here");
    }
    let session = format!("session={}", inside.cookies["session"]);
    let handle_dropped = [("cookie", session.as_str()), ("accept", "application/json")];
    for (method, path) in [("GET", "/whoami"), ("POST", "/notes"), ("PATCH", "/profile"), ("POST", "/payments")] {
        assert_eq!(inside.raw(method, path, &handle_dropped, "").await.status, StatusCode::GONE, "{method} {path}");
    }
    let nothing = [("cookie", "other=1"), ("accept", "application/json")];
    assert_eq!(inside.raw("GET", "/whoami", &nothing, "").await.json()["true_user"], Value::Null);
    assert!(world.done().is_empty());
}
