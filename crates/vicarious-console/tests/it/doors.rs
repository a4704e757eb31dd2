//! Who finds what behind which door.

use axum::body::Body;
use axum::http::header::{ACCEPT, CONTENT_TYPE};
use axum::http::{Method, Request, StatusCode};
use serde_json::json;
use testkit::people::{alice, bob, carol, dana};
use vicarious_axum::{Finding, Staff};
use vicarious_console::Room;

use crate::support::{Browser, World, text};

/// Every route that changes something, with a body that would do.
const UNSAFE: [(&str, &str, &str); 9] = [
    ("POST", "/consents/requests", "account_id=alice&reason=help"),
    ("POST", "/consents", "ends_in=week"),
    ("PATCH", "/consents/1", "decision=give"),
    ("POST", "/consents/opt-out", ""),
    ("POST", "/consents/opt-in", ""),
    ("DELETE", "/impersonations/1", ""),
    ("POST", "/impersonations/pause", "reason=phishing"),
    ("POST", "/impersonations/resume", ""),
    ("DELETE", "/access-log/1", ""),
];

/// Who asks, in the order of the columns below.
async fn everybody(world: &World) -> [Browser; 5] {
    world.agree(&alice()).await;
    [
        world.nobody(),
        world.browser(&carol()),
        world.inside(&bob(), &alice()).await,
        world.browser(&bob()),
        world.browser(&dana()),
    ]
}

#[tokio::test]
async fn each_page_is_there_for_whom_it_is_for_and_a_plain_404_for_everybody_else() {
    let world = World::new();
    let mut people = everybody(&world).await;
    for (path, wanted) in [
        // nobody, a customer, an agent as a customer, an agent, an administrator
        ("/accounts", [404, 404, 404, 200, 200]),
        ("/accounts/carol", [404, 404, 404, 200, 200]),
        ("/accounts/eve", [404, 404, 404, 404, 404]),
        ("/accounts/unknown", [404, 404, 404, 404, 404]),
        ("/impersonations", [404, 404, 404, 200, 200]),
        ("/impersonations/unknown", [404, 404, 404, 404, 404]),
        ("/audit", [404, 404, 404, 404, 200]),
        ("/audit?kind=nonsense", [404, 404, 404, 404, 422]),
        ("/consents", [401, 200, 200, 200, 200]),
        ("/access-log", [401, 200, 200, 200, 200]),
        ("/console/staff.css", [200; 5]),
        ("/console/customer.css", [200; 5]),
    ] {
        for (who, (browser, wanted)) in people.iter_mut().zip(wanted).enumerate() {
            assert_eq!(browser.open(path).await.status.as_u16(), wanted, "{path} for {who}");
            if !path.ends_with(".css") {
                assert_eq!(browser.ask(path).await.status.as_u16(), wanted, "{path} as JSON for {who}");
            }
        }
    }
}

#[tokio::test]
async fn what_is_not_for_somebody_reads_like_what_is_not_there() {
    let world = World::new();
    let mut bob = world.browser(&bob());
    for (hidden, absent) in [("/accounts/eve", "/accounts/unknown"), ("/impersonations/1", "/impersonations/2")] {
        assert_eq!(bob.ask(hidden).await.body, bob.ask(absent).await.body);
        assert_eq!(bob.open(hidden).await.body, bob.open(absent).await.body);
    }
    let mut ask = async |account: &str| {
        bob.json(Method::POST, "/consents/requests", json!({ "account_id": account, "reason": "help" })).await
    };
    let (colleague, unknown, oneself, nothing) =
        (ask("eve").await, ask("unknown").await, ask("bob").await, ask("").await);
    assert_eq!(unknown.status, StatusCode::NOT_FOUND);
    for other in [colleague, oneself, nothing] {
        assert_eq!((other.status, other.body), (unknown.status, unknown.body.clone()));
    }
}

#[tokio::test]
async fn an_agent_who_is_signed_out_is_offered_to_sign_in() {
    let world = World::with(|console| console.sign_in("/session/new"));
    for path in ["/accounts", "/impersonations", "/audit"] {
        let answer = world.nobody().open(path).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND);
        assert!(answer.body.contains("href=\"/session/new\""), "{path}: {}", answer.body);
        let customer = world.browser(&carol()).open(path).await;
        assert!(!customer.body.contains("href=\"/session/new\""), "{path}: {}", customer.body);
    }
}

#[tokio::test]
async fn every_page_signs_out_by_the_method_that_the_application_takes() {
    for (route, form) in [
        ("POST /logout", "<form method=\"post\" action=\"/logout\"><button class=\"vc-out\">"),
        (
            "/session",
            "<form method=\"post\" action=\"/session\"><input type=\"hidden\" name=\"_method\" value=\"DELETE\"><button",
        ),
    ] {
        let world = World::with(|console| console.sign_out(route));
        let page = world.browser(&alice()).page("/consents").await;
        assert!(page.contains(form), "{route}: {page}");
        assert!(!world.vicarious.check(&world.app).await.iter().any(|found| matches!(found, Finding::Console(_))));
    }
}

#[tokio::test]
async fn a_sign_out_that_no_form_can_reach_is_a_mistake_that_the_check_names() {
    let world = World::with(|console| console.sign_out("GET /logout"));
    let page = world.browser(&alice()).page("/consents").await;
    assert!(!page.contains("Log out"), "{page}");
    let found = world.vicarious.check(&world.app).await;
    let told: Vec<String> = found.iter().filter(|finding| finding.is_wrong()).map(Finding::to_string).collect();
    let wanted = "`GET /logout` signs nobody out in the console: write `Console::sign_out(\"POST /logout\")`";
    assert!(told.iter().any(|sentence| sentence.starts_with(wanted)), "{told:?}");
}

#[tokio::test]
async fn no_other_site_can_send_anything() {
    let world = World::new();
    for account in [alice(), bob(), dana()] {
        let mut browser = world.browser(&account);
        for (method, path, body) in UNSAFE {
            for (name, value) in [
                ("sec-fetch-site", "cross-site"),
                ("sec-fetch-site", "same-site"),
                ("origin", "https://evil.example"),
                ("origin", "null"),
                ("sec-purpose", "prefetch"),
            ] {
                let request = Request::builder()
                    .method(method)
                    .uri(path)
                    .header(ACCEPT, "application/json")
                    .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
                    .header("host", "shop.example")
                    .header(name, value)
                    .body(Body::from(body));
                let answer = browser.send(request.unwrap()).await;
                assert_eq!(answer.status, StatusCode::FORBIDDEN, "{method} {path} with {name}: {value}");
                assert_eq!(answer.problem(), "cross-site");
            }
        }
    }
    assert!(world.ledger.entries_snapshot().is_empty());
}

#[tokio::test]
async fn an_agent_as_a_customer_changes_nothing_in_the_console() {
    let world = World::new();
    world.agree(&alice()).await;
    let mut pair = world.inside(&bob(), &alice()).await;
    for (method, path, _) in UNSAFE {
        let answer = pair.json(method.parse().unwrap(), path, json!({ "reason": "help", "decision": "give" })).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{method} {path}");
    }
    let consents = pair.ask("/consents").await.json();
    assert_eq!(consents["consents"].as_array().unwrap().len(), 1);
    assert_eq!(consents["opted_out"], json!(null));
}

#[tokio::test]
async fn pages_are_kept_nowhere_framed_nowhere_and_load_nothing_from_elsewhere() {
    let world = World::with(|console| console.stylesheet("/assets/shop.css").brand("Kettle & <b>"));
    let mut bob = world.browser(&bob());
    let answer = bob.open("/accounts").await;
    let header = |name: &str| answer.headers[name].to_str().unwrap().to_owned();
    assert!(header("content-security-policy").contains("frame-ancestors 'none'"));
    assert!(header("content-security-policy").contains("default-src 'none'"));
    assert!(!header("content-security-policy").contains("unsafe"));
    assert_eq!(header("cross-origin-opener-policy"), "same-origin");
    assert_eq!(header("x-content-type-options"), "nosniff");
    assert_eq!(header("cache-control"), "no-store");
    assert!(answer.body.contains("href=\"/assets/shop.css\"") && answer.body.contains("href=\"/console/staff.css\""));
    assert!(!answer.body.contains("<b>") && !answer.body.contains("<script") && !answer.body.contains("style="));
    let css = bob.open("/console/staff.css").await;
    assert_eq!(css.headers[CONTENT_TYPE], "text/css; charset=utf-8");
    assert_eq!(css.headers["cache-control"], "public, max-age=300");
}

#[tokio::test]
async fn the_layers_own_pages_look_like_the_console() {
    let style = async |world: &World| world.nobody().open("/impersonation/pages.css").await.body;
    let plain = World::new();
    assert!(!style(&plain).await.contains("@import"));
    let start = plain.browser(&bob()).page("/impersonation/new?account=alice").await;
    assert!(start.contains("<p><a href=\"/\">Support access</a></p>"), "{start}");

    let world = World::with(|console| {
        let hostile = ["https://evil.example/x.css", "/a\") url(\"/b.css", "x.css"];
        let console = console.stylesheet("/assets/shop.css").brand("Kettle & <b>").home("/shop");
        hostile.into_iter().fold(console, |console, path| console.stylesheet(path))
    });
    let style = style(&world).await;
    assert!(style.starts_with("@import url(\"/assets/shop.css\") layer(application);\n/*"), "{style}");
    assert_eq!(style.matches("@import").count(), 1, "what is no path on this site is left out");
    let start = world.browser(&bob()).page("/impersonation/new?account=alice").await;
    let named = "<p><a href=\"/shop\">Kettle &amp; &lt;b&gt;</a></p>";
    assert!(start.contains(named) && !start.contains("Support access"), "{start}");
}

#[tokio::test]
async fn the_start_page_has_the_head_of_the_console() {
    /// Returns where the links of a head lead, and the rest of what it says.
    fn head(page: &str) -> (Vec<String>, String) {
        let head = page.split_once("<header").unwrap().1.split_once("</header>").unwrap().0;
        let links = head.split("href=\"").skip(1).map(|rest| rest.split('"').next().unwrap().to_owned()).collect();
        (links, text(&format!("<header{head}")).replace(' ', ""))
    }
    let rooms = |_: &_, staff| match staff {
        Staff::Administrator => vec![Room::new("/shop", "Shop"), Room::new("/audit", "Trail")],
        _ => vec![Room::new("/shop", "Shop")],
    };
    for (world, rooms_of_bob) in [
        (World::new(), 3),
        (World::with(|console| console.sign_out("POST /logout")), 3),
        (World::with(|console| console.sign_out("/session").rooms(rooms)), 1),
    ] {
        for (who, rooms) in [(bob(), rooms_of_bob), (dana(), rooms_of_bob + 1)] {
            let mut browser = world.browser(&who);
            let accounts = head(&browser.page("/accounts").await);
            let start = browser.page("/impersonation/new?account=alice").await;
            assert_eq!(head(&start), accounts, "{start}");
            assert_eq!(accounts.0.len(), rooms + 1, "and home: {accounts:?}");
            assert!(accounts.1.contains(&who.person.name.replace(' ', "")), "{accounts:?}");
        }
    }
}

#[tokio::test]
async fn rooms_may_hold_the_application_and_do_not_keep_it_alive() {
    let world = World::mounted(|vicarious| {
        let routes = || {
            let asked = vicarious.clone();
            let rooms = move |_: &_, _| match asked.now() > jiff::Timestamp::MIN {
                true => vec![Room::new("/shop", "Shop")],
                false => Vec::new(),
            };
            vicarious_console::Console::new(vicarious).rooms(rooms).routes()
        };
        // Of two, the one that is served counts.
        drop(routes());
        routes()
    });
    for page in ["/accounts", "/impersonation/new?account=alice"] {
        let shown = world.browser(&bob()).page(page).await;
        assert!(shown.contains("href=\"/shop\""), "{page}: {shown}");
    }
    assert!(world.can_go().await, "something holds the engine");
}

#[tokio::test]
async fn nested_somewhere_all_links_lead_there() {
    let world = World::mounted(|vicarious| {
        let console = vicarious_console::Console::new(vicarious);
        axum::Router::new().nest("/support", console.staff().merge(console.customer()))
    });
    let mut dana = world.browser(&dana());
    for path in ["/accounts", "/accounts/alice", "/impersonations", "/audit", "/consents", "/access-log"] {
        let page = dana.page(&format!("/support{path}")).await;
        for (_, rest) in page.match_indices("=\"/").map(|(at, _)| page.split_at(at + 2)) {
            let target = rest.split('"').next().unwrap();
            let is_ours = target.starts_with("/support/") || target.starts_with("/impersonation/new") || target == "/";
            assert!(is_ours, "{target} on {path}");
        }
    }
    assert_eq!(
        dana.form("/support/impersonations/pause", &[("reason", "x")]).await.location(),
        "/support/impersonations?done=paused"
    );
}

#[tokio::test]
async fn what_cannot_be_read_is_said_so() {
    let world = World::new();
    let mut alice = world.browser(&alice());
    let mut send = async |kind: &str, body: String| {
        let request = Request::post("/consents").header(CONTENT_TYPE, kind).header(ACCEPT, "application/json");
        alice.send(request.body(Body::from(body)).unwrap()).await.status.as_u16()
    };
    assert_eq!(send("application/json", "{".to_owned()).await, 400);
    assert_eq!(send("application/json", "[]".to_owned()).await, 400);
    assert_eq!(send("application/json", "{\"ends_at\": {}}".to_owned()).await, 400);
    assert_eq!(send("text/plain", "ends_in=week".to_owned()).await, 415);
    assert_eq!(send("application/json", format!("\"{}\"", "x".repeat(20_000))).await, 413);
    assert_eq!(send("application/json", "{}".to_owned()).await, 422);
    assert_eq!(alice.json(Method::PUT, "/consents", json!({})).await.problem(), "method-not-allowed");
}

#[tokio::test]
async fn while_the_ledger_cannot_answer_nothing_is_denied_and_nothing_is_shown() {
    let world = World::new();
    let mut dana = world.browser(&dana());
    world.ledger.fail(true);
    for path in ["/accounts", "/impersonations", "/audit", "/consents", "/access-log"] {
        assert_eq!(dana.open(path).await.status, StatusCode::SERVICE_UNAVAILABLE, "{path}");
    }
}

#[tokio::test]
async fn where_nothing_is_the_application_answers_as_it_always_did() {
    let world = World::new();
    let nothing = world.browser(&alice()).open("/nowhere").await;
    assert_eq!(nothing.status, StatusCode::NOT_FOUND);
    for ours in ["content-security-policy", "cache-control", "vary", "referrer-policy"] {
        assert_eq!(nothing.headers.get(ours), None, "{ours}: the headers of the console are for its own pages");
    }
    let page = world.browser(&alice()).open("/consents").await;
    assert!(page.headers.contains_key("content-security-policy"), "which have them");
}
