//! What never enters the record, however it is sent; and what the record always says.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use http::{Method, StatusCode};
use serde_json::{Value, json};
use testkit::people::{alice, bob};

use crate::support::{Browser, HANDLE, World};

/// Secrets that their shape gives away.
const SHAPED: [&str; 6] = [
    "4111111111111111",
    "canary.person@example.org",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJjYW5hcnkifQ.c2lnbmF0dXJlLW9mLWEtY2FuYXJ5",
    "DE89370400440532013000",
    "sk_live_51CanaryCanaryCanary99",
    "ghp_16C7e42F292c6912E7710c838347Ae178B4a",
];
/// A secret that only its place gives away.
const PLAIN: &str = "zebra-quartz";
const SECRET_NAMES: [&str; 6] = ["password", "current_password", "user[password]", "card_number", "cvv", "api_key"];

fn encodings(secret: &str) -> Vec<String> {
    let hex: String = secret.bytes().map(|byte| format!("{byte:02x}")).collect();
    let url: String = form_urlencoded::byte_serialize(secret.as_bytes()).collect();
    let every: String = secret.bytes().map(|byte| format!("%{byte:02X}")).collect();
    vec![
        secret.to_owned(),
        url,
        every,
        STANDARD.encode(secret),
        URL_SAFE_NO_PAD.encode(secret),
        hex.to_uppercase(),
        hex,
    ]
}

/// Sends everything to one path, so that it is recorded as an intent or as a refusal.
async fn expose(browser: &mut Browser, path: &str, tag: &str, secret: &str, by_place_only: bool) {
    let form = ("content-type", "application/x-www-form-urlencoded");
    let json = ("content-type", "application/json");
    let identity = ("identity", tag);
    let all = encodings(secret);
    for name in SECRET_NAMES {
        let name_encoded: String = form_urlencoded::byte_serialize(name.as_bytes()).collect();
        let value: String = form_urlencoded::byte_serialize(secret.as_bytes()).collect();
        browser.raw("POST", &format!("{path}?{name_encoded}={value}"), &[json, identity], "").await;
        browser.raw("POST", path, &[form, identity], &format!("{name_encoded}={value}&colour=blue")).await;
        let deep = json!({"a": [{"b": {"c": [{ name: secret, "colour": "blue" }]}}]});
        browser.raw("POST", path, &[json, identity], &deep.to_string()).await;
        browser.raw("POST", path, &[json, identity], &json!({ name: { "nested": [secret] } }).to_string()).await;
        let referer = format!("http://shop.example/reset?{name_encoded}={value}");
        browser.raw("POST", path, &[identity, ("referer", &referer)], "").await;
        browser.raw("GET", &format!("{path}?{name_encoded}={value}"), &[], "").await;
    }
    let basic = format!("Basic {}", STANDARD.encode(format!("alice:{secret}")));
    let bearer = format!("Bearer {secret}");
    for header in [
        ("authorization", bearer.as_str()),
        ("authorization", &basic),
        ("proxy-authorization", &bearer),
        ("x-api-key", secret),
        ("x-csrf-token", secret),
        ("x-forwarded-for", secret),
        ("x-custom", secret),
        ("confirmation", secret),
        ("if-none-match", secret),
    ] {
        browser.raw("POST", path, &[identity, header], "").await;
        browser.raw("GET", path, &[header], "").await;
    }
    let cookie =
        format!("session={}; {HANDLE}={}; other={secret}", browser.cookies["session"], browser.cookies[HANDLE]);
    browser.raw("GET", path, &[("cookie", &cookie)], "").await;
    let multipart = format!(
        "--b\r\ncontent-disposition: form-data; name=\"_identity\"\r\n\r\n{tag}\r\n--b\r\ncontent-disposition: \
         form-data; name=\"{secret}\"; filename=\"{secret}.txt\"\r\n\r\n{secret}\r\n--b--\r\n"
    );
    browser.raw("POST", path, &[("content-type", "multipart/form-data; boundary=b")], &multipart).await;
    browser.raw("POST", path, &[("content-type", "text/plain"), identity], secret).await;
    if by_place_only {
        return;
    }
    for value in all {
        browser.raw("GET", &format!("{path}/{value}"), &[], "").await;
        browser.raw("GET", &format!("{path}?note={value}"), &[], "").await;
        browser.raw("GET", &format!("{path}?{value}"), &[], "").await;
        browser.raw("POST", path, &[form, identity], &format!("note={value}&{value}=1")).await;
        let deep = json!({"a": [{"b": {"c": [{"d": {"note": format!("see {value}, please"), &value: 1}}]}}]});
        browser.raw("POST", path, &[json, identity], &deep.to_string()).await;
        for name in ["user-agent", "accept-language", "content-type"] {
            browser.raw("GET", path, &[(name, value.as_str())], "").await;
        }
        let referer = format!("http://shop.example/{value}?q={value}");
        browser.raw("GET", path, &[("referer", referer.as_str())], "").await;
    }
}

fn check_absent(world: &World, secret: &str) {
    let record = world.record();
    for found in encodings(secret) {
        let at = record.find(&found);
        let around = at.map(|at| &record[at.saturating_sub(200)..(at + 60).min(record.len())]);
        assert_eq!(around, None, "{found} is on record");
    }
}

// T49
#[tokio::test]
async fn no_secret_is_on_record_wherever_and_however_it_was_sent() {
    let world = World::new().await;
    let mut browser = world.writing(&bob(), &alice()).await;
    let tag = browser.tag().await;
    for path in ["/notes", "/payments", "/impersonation"] {
        expose(&mut browser, path, &tag, PLAIN, true).await;
        for secret in SHAPED {
            expose(&mut browser, path, &tag, secret, false).await;
        }
    }
    assert!(world.count("request.intent") > 300 && world.count("request.refused") > 300, "it was all recorded");
    for secret in SHAPED.into_iter().chain([PLAIN, &browser.cookies[HANDLE], &browser.cookies["session"]]) {
        check_absent(&world, secret);
    }
    // Neither does the refusal of a dead handle, of a start, or of anything else repeat it.
    browser.stop().await;
    let before = world.count("impersonation.refused");
    for secret in SHAPED {
        for value in encodings(secret) {
            let body = json!({"account_id": value, "reason": "help", "instead_of": value, "go_to": value});
            browser.json(Method::POST, "/impersonation", body).await;
        }
    }
    let mut dead = world.writing(&bob(), &alice()).await;
    world.clock.advance(jiff::SignedDuration::from_mins(31));
    for secret in SHAPED {
        dead.raw("GET", &format!("/{secret}?a={secret}"), &[("user-agent", secret), ("referer", secret)], "").await;
    }
    assert_eq!(world.count("impersonation.refused") - before, SHAPED.len() * encodings("").len());
    for secret in SHAPED {
        check_absent(&world, secret);
    }
}

#[tokio::test]
async fn what_is_harmless_stays_readable() {
    let world = World::new().await;
    let mut browser = world.writing(&bob(), &alice()).await;
    let headers = [
        ("content-type", "application/json"),
        ("user-agent", "Firefox/128"),
        ("referer", "http://shop.example/orders?page=2"),
    ];
    browser.raw("POST", "/notes?tab=2", &headers, r#"{"text":"paid twice","order":17}"#).await;
    let intent = world.ledger.entries_snapshot().into_iter().find(|e| e.entry.kind.as_str() == "request.intent");
    let intent = intent.unwrap().to_json();
    assert_eq!((intent["method"].as_str(), intent["route"].as_str()), (Some("POST"), Some("/notes")));
    assert_eq!(intent["path"], "/notes?tab=2");
    assert_eq!(intent["parameters"], json!({"text": "paid twice", "order": 17}));
    assert_eq!(intent["headers"]["user-agent"], "Firefox/128");
    assert_eq!(intent["headers"]["referer"], "http://shop.example/orders?page=2");
}

#[tokio::test]
async fn a_field_marked_private_is_a_digest() {
    let world = World::with(|builder| builder.private_field("nickname")).await;
    let mut browser = world.writing(&bob(), &alice()).await;
    browser.json(Method::POST, "/notes", json!({"nickname": PLAIN})).await;
    browser.json(Method::POST, "/notes", json!({"a": {"Nick-Name": PLAIN}})).await;
    check_absent(&world, PLAIN);
    assert_eq!(world.record().matches("digest:").count(), 2);
}

fn texts(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::String(text) => found.push(text.clone()),
        Value::Array(items) => items.iter().for_each(|item| texts(item, found)),
        Value::Object(members) => members.iter().for_each(|(name, value)| {
            found.push(name.clone());
            texts(value, found);
        }),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

// T50
#[tokio::test]
async fn no_character_forges_a_line_or_turns_the_text_around() {
    let deceptive =
        ["\r\n", "\u{0}", "\u{1b}[2J", "\u{202e}", "\u{2066}", "\u{200b}", "\u{feff}", "\u{85}", "\u{2028}"];
    let world = World::new().await;
    let mut browser = world.writing(&bob(), &alice()).await;
    let tag = browser.tag().await;
    let form = ("content-type", "application/x-www-form-urlencoded");
    for text in deceptive {
        let text = format!("before{text}2026-01-01 impersonation.stopped");
        let encoded: String = form_urlencoded::byte_serialize(text.as_bytes()).collect();
        browser.raw("GET", &format!("/notes/{encoded}?q={encoded}&{encoded}"), &[], "").await;
        browser.raw("POST", "/notes", &[form, ("identity", &tag)], &format!("a={encoded}&{encoded}=b")).await;
        browser.json(Method::POST, "/notes", json!({ "a": text, &text: [text] })).await;
        browser.json(Method::POST, "/payments", json!({ "a": text })).await;
        let mut request = axum::extract::Request::get("/notes").body(axum::body::Body::empty()).unwrap();
        for name in ["user-agent", "referer", "accept-language"] {
            if let Ok(value) = http::HeaderValue::from_bytes(text.as_bytes()) {
                request.headers_mut().insert(name, value);
            }
        }
        browser.send(request).await;
        browser.json(Method::PATCH, "/impersonation", json!({"mode": "write", "reason": text})).await;
        let mut other = world.browser(&bob());
        let body = json!({"account_id": text, "reason": text, "ticket": text});
        assert_ne!(other.json(Method::POST, "/impersonation", body).await.status, StatusCode::CREATED);
        let body = json!({"account_id": "alice", "reason": text, "ticket": "T-1"});
        other.json(Method::POST, "/impersonation", body).await;
        other.stop().await;
    }
    assert!(world.count("impersonation.refused") >= deceptive.len());
    let mut found = Vec::new();
    for recorded in world.ledger.entries_snapshot() {
        texts(&recorded.to_json(), &mut found);
    }
    let is_deceptive = |letter: char| {
        letter.is_control()
            || matches!(letter, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2028}' | '\u{2029}')
            || matches!(letter, '\u{2066}'..='\u{2069}' | '\u{feff}')
    };
    let forged: Vec<_> = found.iter().filter(|text| text.contains(is_deceptive)).collect();
    assert_eq!(forged, Vec::<&String>::new());
}

// T51
#[tokio::test]
async fn every_entry_of_a_pair_names_both_and_the_agent_as_the_one_who_acts() {
    let world = World::new().await;
    let before = world.ledger.entries_snapshot().len();
    let mut inside = world.writing(&bob(), &alice()).await;
    let tag = inside.tag().await;
    inside.json(Method::POST, "/notes", json!({})).await;
    inside.json(Method::POST, "/payments", json!({})).await;
    inside.form("/notes", &[("_identity", "x")]).await;
    inside.form("/profile", &[("_identity", &tag), ("_method", "PATCH")]).await;
    inside.json(Method::PATCH, "/impersonation", json!({"mode": "read"})).await;
    inside.start(&testkit::people::carol()).await;
    inside.stop().await;
    let mut again = world.inside(&bob(), &alice()).await;
    world.clock.advance(jiff::SignedDuration::from_mins(31));
    again.get("/").await;
    again.stop().await;
    let entries = world.ledger.entries_snapshot().split_off(before);
    let kinds: std::collections::BTreeSet<_> = entries.iter().map(|e| e.entry.kind.as_str()).collect();
    let expected = [
        "impersonation.acknowledged",
        "impersonation.expired",
        "impersonation.refused",
        "impersonation.started",
        "impersonation.stopped",
        "mode.lowered",
        "mode.raised",
        "request.intent",
        "request.outcome",
        "request.refused",
    ];
    let idled = kinds.contains("impersonation.idled_out");
    for kind in expected {
        assert!(kinds.contains(kind) || (idled && kind == "impersonation.expired"), "{kind} in {kinds:?}");
    }
    for recorded in entries {
        let entry = recorded.entry;
        assert_eq!(entry.true_user.as_ref(), Some(&bob().person), "{:?}", entry.kind);
        let concerns = entry.current_user.as_ref().map(|person| person.id.as_str());
        let customer = if entry.kind.as_str() == "impersonation.refused" { "carol" } else { "alice" };
        assert_eq!(concerns, Some(customer), "{:?}", entry.kind);
    }
}
