//! No answer of an impersonation is kept, and nobody else's is touched.

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use http::{HeaderMap, Method, StatusCode};
use testkit::people::{alice, bob};
use tower::ServiceExt;

use crate::support::{HANDLE, World};

/// Answers with everything that a host could have set, and with what it was asked.
async fn echo(method: Method, request: Request) -> Response {
    let headers = format!("{:?}", sorted(request.headers()));
    let body = axum::body::to_bytes(request.into_body(), usize::MAX).await.unwrap();
    let mut text = format!("<html><body><form method=post></form>{method} {headers} ").into_bytes();
    text.extend_from_slice(&body);
    let answer = [
        ("content-type", "text/html; charset=latin1"),
        ("etag", "\"v1\""),
        ("last-modified", "Sun, 22 Nov 2026 09:00:00 GMT"),
        ("cache-control", "public, max-age=3600"),
        ("surrogate-control", "max-age=3600"),
        ("cdn-cache-control", "max-age=3600"),
        ("expires", "Sun, 22 Nov 2027 09:00:00 GMT"),
        ("vary", "accept"),
        ("set-cookie", "cart=1; Path=/; HttpOnly; SameSite=Lax"),
        ("content-security-policy", "default-src 'self'"),
        ("impersonation", "forged"),
        ("x-own", "1"),
    ];
    (answer, text).into_response()
}

fn sorted(headers: &HeaderMap) -> Vec<(String, Vec<u8>)> {
    let mut all: Vec<_> = headers.iter().map(|(name, value)| (name.to_string(), value.as_bytes().to_vec())).collect();
    all.sort();
    all
}

fn routes() -> Router {
    Router::new().route("/echo", any(echo))
}

#[tokio::test]
async fn whoever_changes_their_account_sees_it_at_once() {
    let world = World::with(|builder| builder.cache_for(std::time::Duration::from_secs(2))).await;
    let rename = |name: &str| world.accounts.change(&alice(), |user| user.account.person.name = name.to_owned());
    let mut alice_herself = world.browser(&alice());
    let mut inside = world.writing(&bob(), &alice()).await;
    for (browser, tag) in [(&mut alice_herself, None), (&mut inside, Some(()))] {
        rename("before");
        world.vicarious.forget(alice().id());
        assert!(browser.get("/profile").await.text.contains("value=\"before\""));
        rename("after");
        assert!(browser.get("/profile").await.text.contains("value=\"before\""), "it is remembered");
        let fields = match tag {
            Some(()) => vec![("_identity", browser.tag().await)],
            None => Vec::new(),
        };
        let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        assert_eq!(browser.form("/notes", &fields).await.status, StatusCode::OK);
        assert!(browser.get("/profile").await.text.contains("value=\"after\""), "whoever saves sees what was saved");
    }
}

// T30
#[tokio::test]
async fn an_impersonated_answer_is_kept_nowhere_and_never_the_short_form() {
    let world = World::with_routes(routes()).await;
    let mut inside = world.inside(&bob(), &alice()).await;
    let conditional = [
        ("accept", "text/html"),
        ("if-none-match", "\"v1\""),
        ("if-match", "\"v1\""),
        ("if-modified-since", "Sun, 22 Nov 2026 09:00:00 GMT"),
        ("if-unmodified-since", "Sun, 22 Nov 2026 09:00:00 GMT"),
        ("if-range", "\"v1\""),
        ("range", "bytes=0-10"),
        ("accept-encoding", "gzip, br"),
        ("x-kept", "yes"),
    ];
    let answer = inside.raw("GET", "/echo", &conditional, "").await;
    assert_eq!(answer.status, StatusCode::OK);
    for name in [
        "if-none-match",
        "if-match",
        "if-modified-since",
        "if-unmodified-since",
        "if-range",
        "\"range\"",
        "accept-encoding",
    ] {
        assert!(!answer.text.contains(name), "the handler saw {name}: {}", answer.text);
    }
    assert!(answer.text.contains("x-kept"));
    assert_eq!(answer.header("cache-control"), "no-store");
    for name in ["etag", "last-modified", "surrogate-control", "cdn-cache-control", "expires"] {
        assert!(!answer.headers.contains_key(name), "{name}");
    }
    assert_eq!((answer.header("x-own"), answer.header("vary")), ("1", "accept"), "the host's own headers stay");
    assert!(answer.header("impersonation").starts_with("id="), "and it cannot forge ours");
    assert_eq!(answer.headers.get_all("impersonation").iter().count(), 1);
}

// T30
#[tokio::test]
async fn what_says_who_is_who_is_kept_nowhere_either() {
    let world = World::new().await;
    let mut inside = world.inside(&bob(), &alice()).await;
    let mut dead = inside.clone();
    dead.cookies.insert(HANDLE.into(), "x".into());
    let answers = [
        inside.get("/impersonation/new?account=alice").await,
        inside.get_json("/impersonation").await,
        inside.get("/payments").await,
        inside.start(&alice()).await,
        dead.get("/").await,
        dead.get_json("/").await,
        world.browser(&bob()).start(&alice()).await,
        world.nobody().start(&alice()).await,
        inside.stop().await,
    ];
    for answer in answers {
        assert_eq!(answer.header("cache-control"), "no-store", "{answer:?}");
    }
}

// T30: ordinary customers' traffic is not altered, not by a byte.
#[tokio::test]
async fn an_ordinary_customers_request_and_answer_pass_unchanged() {
    let world = World::with_routes(routes()).await;
    let bare = routes();
    let session = world.sign_in(&alice());
    let form = "application/x-www-form-urlencoded";
    let long = format!("text={}", "x".repeat(3_000_000));
    let requests: [(&str, &str, &str); 12] = [
        ("GET", "text/plain", ""),
        ("HEAD", "text/plain", ""),
        ("OPTIONS", form, ""),
        ("POST", form, "name=A&name=B&&=&x"),
        ("POST", form, "_held=1&_confirmation=2&name=A"),
        ("PUT", form, "_method=DELETE&name=%zz%00"),
        ("POST", form, &long),
        ("POST", "application/json", "{\"_identity_\": 1"),
        ("PATCH", "multipart/form-data; boundary=b", "--b\r\ncontent-disposition: form-data; name=\"f\"\r\n\r\n1\r\n"),
        ("DELETE", "", ""),
        ("POST", "text/html", "\u{0}\u{ff}"),
        ("PURGE", "text/plain", "abc"),
    ];
    for (method, kind, body) in requests {
        let request = |mut builder: http::request::Builder| {
            builder = builder.method(method).uri("/echo?a=1&_method=DELETE");
            for (name, value) in [
                ("if-none-match", "\"v1\""),
                ("range", "bytes=0-1"),
                ("accept-encoding", "gzip"),
                ("cookie", "a=1; vicarious=2"),
                ("x-user", "1"),
                ("confirmation", "x"),
            ] {
                builder = builder.header(name, value);
            }
            if !kind.is_empty() {
                builder = builder.header("content-type", kind);
            }
            builder.header("cookie", format!("session={session}")).body(Body::from(body.to_owned())).unwrap()
        };
        let through = world.app.clone().oneshot(request(Request::builder())).await.unwrap();
        let direct = bare.clone().oneshot(request(Request::builder())).await.unwrap();
        assert_eq!(through.status(), direct.status(), "{method} {kind}");
        assert_eq!(sorted(through.headers()), sorted(direct.headers()), "{method} {kind}");
        let read = |response: Response| axum::body::to_bytes(response.into_body(), usize::MAX);
        let (through, direct) = (read(through).await.unwrap(), read(direct).await.unwrap());
        assert!(through == direct, "{method} {kind}: {}", String::from_utf8_lossy(&through[..through.len().min(600)]));
    }
}
