//! The cookie: forged, flipped, cut short, doubled, replayed.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{Method, StatusCode};
use serde_json::json;
use testkit::people::{alice, bob};

use crate::support::{Browser, HANDLE, World};

// T12
#[tokio::test]
async fn no_bit_of_a_handle_can_be_flipped_and_none_left_out() {
    let world = World::new().await;
    let mut browser = world.inside(&bob(), &alice()).await;
    let sealed = browser.cookies[HANDLE].clone();
    let bytes = URL_SAFE_NO_PAD.decode(&sealed).unwrap();
    let flipped = (0..bytes.len() * 8).map(|bit| {
        let mut bytes = bytes.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        URL_SAFE_NO_PAD.encode(bytes)
    });
    let cut = (0..sealed.len()).map(|length| sealed[..length].to_owned());
    let longer = ["A", "=", "%3D", ".", sealed.as_str()].map(|more| format!("{sealed}{more}"));
    for forged in flipped.chain(cut).chain(longer) {
        assert_ne!(forged, sealed);
        browser.cookies.insert(HANDLE.into(), forged.clone());
        let answer = browser.get_json("/whoami").await;
        assert_eq!((answer.status, answer.json()["cause"].as_str()), (StatusCode::GONE, Some("unknown")), "{forged}");
    }
    browser.cookies.insert(HANDLE.into(), sealed);
    assert_eq!(browser.who().await, (json!(alice().id()), json!(bob().id())), "none of this ended it");
}

// T12
#[tokio::test]
async fn what_was_sealed_for_another_purpose_is_no_handle_and_a_handle_no_confirmation() {
    let world = World::new().await;
    let mut browser = world.writing(&bob(), &alice()).await;
    let tag = browser.tag().await;
    let asked = browser.form("/profile", &[("_identity", &tag), ("_method", "PATCH"), ("name", "A")]).await;
    let (held, confirmation) = (asked.hidden("_held").unwrap(), asked.hidden("_confirmation").unwrap());
    let handle = browser.cookies[HANDLE].clone();

    let confirmed = |confirmation: String, held: String| {
        [("_identity", tag.clone()), ("_method", "PATCH".into()), ("_held", held), ("_confirmation", confirmation)]
    };
    for (confirmation, held) in
        [(handle.clone(), held.clone()), (held.clone(), held.clone()), (confirmation.clone(), confirmation.clone())]
    {
        let fields = confirmed(confirmation, held);
        let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let answer = browser.form("/profile", &fields).await;
        assert!(answer.status == StatusCode::PRECONDITION_REQUIRED || answer.status == StatusCode::CONFLICT);
    }
    assert!(world.done().is_empty());
    let mut stopped = browser.clone();
    stopped.form("/impersonation", &[("_method", "DELETE")]).await;
    let notice = stopped.cookies["vicarious-notice"].clone();
    for other in [held, confirmation, notice] {
        let mut browser = world.browser(&bob());
        browser.cookies.insert(HANDLE.into(), other);
        assert_eq!(browser.get_json("/whoami").await.json()["cause"], "unknown");
    }
    // And the other way round: a handle shown as a notice shows nothing.
    let mut browser = world.browser(&bob());
    browser.cookies.insert("vicarious-notice".into(), handle);
    assert_eq!(browser.get("/").await.status, StatusCode::OK);
}

/// Returns what a fresh client with this cookie jar is: as whom, by whom, or refused.
async fn identity_of(world: &World, jar: &Browser) -> String {
    let mut client = world.nobody();
    client.cookies = jar.cookies.clone();
    let answer = client.get_json("/whoami").await;
    match answer.status {
        StatusCode::OK => {
            let json = answer.json();
            format!("{} by {}", json["current_user"].as_str().unwrap_or("-"), json["true_user"].as_str().unwrap_or("-"))
        }
        StatusCode::GONE => "refused".to_owned(),
        other => other.to_string(),
    }
}

// T14. The jars of four moments, played back at each of those moments.
#[tokio::test]
async fn a_recorded_cookie_jar_is_worth_only_what_it_may_be_worth_now() {
    let expected = [
        // before,     during,         after stop,   after sign-out
        ["bob by bob", "refused", "bob by bob", "- by -"],
        ["-", "alice by bob", "refused", "refused"],
        ["-", "-", "bob by bob", "- by -"],
        ["-", "-", "-", "- by -"],
    ];
    let world = World::new().await;
    let mut browser = world.browser(&bob());
    let mut jars = Vec::new();
    for phase in 0..4 {
        match phase {
            1 => assert_eq!(browser.start(&alice()).await.status, StatusCode::CREATED),
            2 => assert_eq!(browser.stop().await.status, StatusCode::OK),
            3 => assert_eq!(browser.json(Method::DELETE, "/session", json!(null)).await.status, StatusCode::NO_CONTENT),
            _ => {}
        }
        jars.push(browser.clone());
        for (jar, row) in jars.iter().zip(expected) {
            assert_eq!(identity_of(&world, jar).await, row[phase], "in phase {phase}: {:?}", jar.cookies);
        }
    }
}

// T16
#[tokio::test]
async fn two_handles_at_once_are_none_in_any_order() {
    let world = World::new().await;
    let mut browser = world.inside(&bob(), &alice()).await;
    let (session, handle) = (browser.cookies["session"].clone(), browser.cookies[HANDLE].clone());
    let two = [
        format!("session={session}; {HANDLE}={handle}; {HANDLE}=tossed"),
        format!("{HANDLE}=tossed; session={session}; {HANDLE}={handle}"),
        format!("session={session}; {HANDLE}={handle}; {HANDLE}={handle}"),
    ];
    for cookie in &two {
        let answer = browser.raw("GET", "/whoami", &[("cookie", cookie), ("accept", "application/json")], "").await;
        assert_eq!(answer.status, StatusCode::GONE, "{cookie}");
    }
    let apart = [("cookie", format!("session={session}; {HANDLE}={handle}")), ("cookie", format!("{HANDLE}=tossed"))];
    let apart: Vec<(&str, &str)> = apart.iter().map(|(name, value)| (*name, value.as_str())).collect();
    assert_eq!(browser.raw("GET", "/whoami", &apart, "").await.status, StatusCode::GONE, "in two headers");
    assert_eq!(browser.who().await.0, json!(alice().id()), "without the tossed one it goes on");
}

// T16: a script on the customer's page can set cookies of its own, and must not lock the agent out with one.
#[tokio::test]
async fn a_cookie_that_is_no_ascii_hides_neither_the_handle_nor_the_hosts_cookies() {
    let world = World::new().await;
    let mut browser = world.inside(&bob(), &alice()).await;
    let (session, handle) = (browser.cookies["session"].clone(), browser.cookies[HANDLE].clone());
    let mut request = axum::extract::Request::get("/whoami").body(axum::body::Body::empty()).unwrap();
    let mut cookie = format!("{HANDLE}={handle}; colour=").into_bytes();
    cookie.extend_from_slice("grün".as_bytes());
    request.headers_mut().append("cookie", http::HeaderValue::from_bytes(&cookie).unwrap());
    request.headers_mut().append("cookie", format!("session={session}").parse().unwrap());
    let answer = browser.send(request).await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    assert_eq!(answer.json()["current_user"], json!(alice().id()));
}

// T16
#[tokio::test]
async fn over_https_every_cookie_is_host_bound_and_secure() {
    let world = World::with(|builder| builder.secure_cookies(true)).await;
    let mut browser = world.browser(&bob());
    let started = browser.start(&alice()).await;
    assert!(started.header("set-cookie").starts_with("__Host-vicarious-handle="), "{started:?}");
    assert!(started.header("set-cookie").contains("; Secure"));
    assert_eq!(browser.who().await.0, json!(alice().id()));
    let handle = browser.cookies["__Host-vicarious-handle"].clone();
    let stopped = browser.form("/impersonation", &[("_method", "DELETE")]).await;
    let set: Vec<_> = stopped.headers.get_all("set-cookie").iter().map(|value| value.to_str().unwrap()).collect();
    assert_eq!(set.len(), 2, "the handle is taken back and a notice left");
    assert!(set.iter().all(|cookie| cookie.starts_with("__Host-") && cookie.contains("; Secure")));
    // Without its prefix, a sibling host could have set it: it is not ours.
    let mut tossed = world.browser(&bob());
    tossed.cookies.insert(HANDLE.into(), handle);
    assert_eq!(tossed.who().await, (json!(bob().id()), json!(bob().id())));
}

#[tokio::test]
async fn no_handler_sees_the_handle() {
    async fn echo(headers: http::HeaderMap) -> String {
        format!("{:?}", headers.get_all("cookie").iter().collect::<Vec<_>>())
    }
    let world = World::with_routes(axum::Router::new().route("/cookies", axum::routing::get(echo))).await;
    let mut browser = world.inside(&bob(), &alice()).await;
    browser.cookies.insert("cart".into(), "1".into());
    let seen = browser.get("/cookies").await.text;
    assert!(seen.contains("session=") && seen.contains("cart=1") && !seen.contains("vicarious"), "{seen}");
}
