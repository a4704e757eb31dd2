//! Where the application refuses a page without a word, or with a line of text.

use std::convert::Infallible;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, LazyLock, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, HttpBody};
use axum::extract::Path;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use bytes::Bytes;
use http::StatusCode;
use http_body::{Frame, SizeHint};
use serde_json::json;
use testkit::people::{alice, bob};
use vicarious_core::Rules;

use super::{check_document, check_marked, typed};
use crate::support::{Answer, Browser, World};

/// Returns a body of which nobody knows yet that it is empty.
fn in_no_pieces() -> Body {
    Body::from_stream(futures_util::stream::empty::<Result<Bytes, Infallible>>())
}

const COOKIE: &str = "a=1; Path=/; HttpOnly; SameSite=Lax";

async fn blank(Path(status): Path<u16>) -> Response {
    (StatusCode::from_u16(status).unwrap(), [("retry-after", "7"), ("set-cookie", COOKIE)]).into_response()
}

async fn said() -> Response {
    (StatusCode::NOT_FOUND, [("retry-after", "7"), ("set-cookie", COOKIE)], "no order <b>7</b>\nhere").into_response()
}

/// More text than a page quotes.
static LONG: LazyLock<String> = LazyLock::new(|| "gone ".repeat(4000));

/// What becomes of a text that says how long it is.
#[derive(Clone, Copy)]
enum Then {
    BreaksOff,
    NeverComes,
    GoesOn,
}

/// A body that says it has few bytes, and has other ideas.
struct Untrue {
    pieces: usize,
    then: Then,
}

impl HttpBody for Untrue {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        self.pieces += 1;
        match (self.pieces, self.then) {
            (1, _) | (..100, Then::GoesOn) => Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(&[b'a'; 1024]))))),
            (_, Then::BreaksOff) => Poll::Ready(Some(Err(io::Error::other("the other end is gone")))),
            (_, Then::NeverComes) => Poll::Pending,
            (_, Then::GoesOn) => Poll::Ready(None),
        }
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(2000)
    }
}

async fn untrue(Path(then): Path<String>) -> Response {
    let then = match then.as_str() {
        "breaks-off" => Then::BreaksOff,
        "never-comes" => Then::NeverComes,
        _ => Then::GoesOn,
    };
    let body = Body::new(Untrue { pieces: 0, then });
    (StatusCode::BAD_REQUEST, [("content-type", "text/plain")], body).into_response()
}

/// Would be a page with a form, if it were one.
const HOSTILE: &str = "<!doctype html></pre></main><script>alert(1)</script><form action=/x>{customer}\u{202e}\0&lt;";

/// A type of plain text, as others write it too.
const TYPES: [&str; 4] = [
    "text/plain",
    "Text/Plain; Charset=\"UTF-8\"; format=flowed",
    "text/plain;charset=utf8",
    "text/plain ;\tcharset=US-ASCII",
];

async fn hostile(Path(kind): Path<usize>) -> Response {
    (StatusCode::FORBIDDEN, [("content-type", TYPES[kind]), ("content-length", "1")], HOSTILE).into_response()
}

fn routes() -> Router {
    Router::new()
        .route("/blank/{status}", get(blank))
        .route("/only-post", post(|| async {}))
        .route("/said/text", get(said).post(said))
        .route("/said/untrue/{then}", get(untrue).post(untrue))
        .route("/said/hostile/{kind}", get(hostile))
        .route("/said/latin", get(|| async { (StatusCode::NOT_FOUND, typed("text/plain; charset=latin1", "gone")) }))
        .route("/said/long", get(|| async { (StatusCode::NOT_FOUND, LONG.clone()) }))
        .route("/said/json", get(|| async { (StatusCode::NOT_FOUND, axum::Json(json!({}))) }))
        .route("/said/empty-text", get(|| async { (StatusCode::NOT_FOUND, "") }))
        .route("/said/pieces", get(|| async { (StatusCode::NOT_FOUND, in_no_pieces()) }))
}

async fn world() -> World {
    let rules = Rules::new().write("POST /said/*", "say this");
    World::of(|builder, _| builder.rules(rules), routes()).await
}

const OPENS: [(&str, &str); 2] = [("sec-fetch-dest", "document"), ("accept", "text/html,*/*;q=0.8")];

// T64
#[tokio::test]
async fn a_refusal_that_shows_nothing_becomes_a_page_with_the_banner_where_a_browser_opened_one() {
    let world = world().await;
    let mut inside = world.inside(&bob(), &alice()).await;
    for (status, said) in [
        (404, "This page does not exist, or Alice Ames has no access to it."),
        (410, "This page does not exist, or Alice Ames has no access to it."),
        (401, "The application does not show this page to Alice Ames."),
        (403, "The application does not show this page to Alice Ames."),
        (429, "It does not show this page to Alice Ames, and does not say why."),
        (500, "It could not show this page to Alice Ames, and does not say why."),
    ] {
        let path = format!("/blank/{status}");
        let page = inside.raw("GET", &path, &OPENS, "").await;
        check_document(&path, &page);
        assert_eq!(page.status.as_u16(), status);
        assert!(page.text.contains(said), "{said}: {}", page.text);
        assert_eq!((page.header("retry-after"), page.header("set-cookie")), ("7", COOKIE));
        let own = world.browser(&alice()).raw("GET", &path, &OPENS, "").await;
        assert_eq!((own.status.as_u16(), own.text.as_str()), (status, ""), "the customer gets what there is");
    }
    check_document("no route", &inside.raw("GET", "/nowhere", &OPENS, "").await);
    check_document("another method", &inside.raw("GET", "/only-post", &OPENS, "").await);
}

// T64
#[tokio::test]
async fn a_refusal_in_plain_text_is_quoted_on_a_page_with_the_banner() {
    let world = world().await;
    let mut inside = world.inside(&bob(), &alice()).await;
    let path = "/said/text";
    let page = inside.raw("GET", path, &OPENS, "").await;
    check_document(path, &page);
    assert_eq!((page.status.as_u16(), page.header("retry-after"), page.header("set-cookie")), (404, "7", COOKIE));
    assert!(page.text.contains("The application shows Alice Ames this text, and nothing else:"), "{}", page.text);
    assert!(page.text.contains(">no order &lt;b&gt;7&lt;/b&gt;\nhere</pre>"), "{}", page.text);
    let empty = inside.raw("GET", "/said/empty-text", &OPENS, "").await;
    check_document("no text", &empty);
    assert!(empty.text.contains("This page does not exist, or Alice Ames has no access to it."), "{}", empty.text);
    let fetched = inside.raw("GET", path, &[("accept", "text/html"), ("sec-fetch-dest", "empty")], "").await;
    check_marked("fetched", &fetched);
    let own = world.browser(&alice()).raw("GET", path, &OPENS, "").await;
    for text in [fetched.text, own.text] {
        assert_eq!(text, "no order <b>7</b>\nhere", "scripts, and the customer, get what there is");
    }
}

/// Sends a form, as a browser does that will show what comes back.
async fn sent(inside: &mut Browser, path: &str) -> Answer {
    let body = format!("_identity={}&text=a", inside.tag().await);
    let headers = [&OPENS[..], &[("content-type", "application/x-www-form-urlencoded")]].concat();
    inside.raw("POST", path, &headers, &body).await
}

// T64: most refusals in plain text are those of a form that cannot be read.
#[tokio::test]
async fn so_is_what_a_form_is_refused_with() {
    let world = world().await;
    let mut inside = world.writing(&bob(), &alice()).await;
    let page = sent(&mut inside, "/said/text").await;
    check_document("a form", &page);
    assert_eq!((page.status.as_u16(), page.header("retry-after"), page.header("set-cookie")), (404, "7", COOKIE));
    assert!(page.text.contains(">no order &lt;b&gt;7&lt;/b&gt;\nhere</pre>"), "{}", page.text);
}

// T64
#[tokio::test]
async fn a_text_that_says_it_is_a_page_stays_text() {
    let world = world().await;
    let mut inside = world.inside(&bob(), &alice()).await;
    for (at, kind) in TYPES.iter().enumerate() {
        let page = inside.raw("GET", &format!("/said/hostile/{at}"), &OPENS, "").await;
        check_document(kind, &page);
        assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
        let quoted = "&lt;!doctype html&gt;&lt;/pre&gt;&lt;/main&gt;&lt;script&gt;alert(1)&lt;/script&gt;&lt;form \
                      action=/x&gt;{customer}\u{202e}\u{fffd}&amp;lt;</pre>";
        assert!(page.text.contains(quoted), "{kind}: {}", page.text);
        let length = page.header("content-length");
        assert!(length.is_empty() || length == page.text.len().to_string(), "{length}");
        assert!(page.header("content-security-policy").contains("default-src 'none'"), "{kind}");
    }
}

/// What is logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

// T64
#[tokio::test(start_paused = true)]
async fn a_text_that_does_not_come_as_it_says_is_logged_and_the_page_comes_without_it() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt().with_ansi(false).with_writer(move || writer.clone()).finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    let world = world().await;
    let mut inside = world.writing(&bob(), &alice()).await;
    for (then, why) in
        [("breaks-off", "the other end is gone"), ("never-comes", "elapsed"), ("goes-on", "length limit exceeded")]
    {
        let path = format!("/said/untrue/{then}");
        let pages = async { [inside.raw("GET", &path, &OPENS, "").await, sent(&mut inside, &path).await] };
        for page in tokio::time::timeout(Duration::from_secs(60), pages).await.expect("an answer in time") {
            check_document(then, &page);
            assert_eq!(page.status, StatusCode::BAD_REQUEST);
            assert!(page.text.contains("and does not say why.") && !page.text.contains("aaa"), "{}", page.text);
        }
        let told = String::from_utf8(std::mem::take(&mut *log.0.lock().unwrap())).unwrap();
        let warnings: Vec<_> = told.lines().filter(|line| line.contains("WARN") && line.contains(why)).collect();
        assert_eq!(warnings.len(), 2, "{told}");
    }
}

// T64
#[tokio::test]
async fn what_the_application_answers_with_stays_and_so_does_what_no_page_is_opened_with() {
    let world = world().await;
    let mut inside = world.inside(&bob(), &alice()).await;
    for (path, body) in
        [("/said/json", "{}"), ("/said/latin", "gone"), ("/said/pieces", ""), ("/said/long", LONG.as_str())]
    {
        let answer = inside.raw("GET", path, &OPENS, "").await;
        check_marked(path, &answer);
        assert_eq!((answer.status, answer.text.as_str()), (StatusCode::NOT_FOUND, body), "{path}");
    }
    let html = ("accept", "text/html");
    for headers in [
        vec![html],
        vec![html, ("sec-fetch-dest", "empty")],
        vec![html, ("sec-fetch-dest", "image")],
        vec![html, ("x-requested-with", "XMLHttpRequest")],
        vec![("accept", "*/*"), ("sec-fetch-dest", "document")],
        vec![("accept", "application/json"), ("sec-fetch-dest", "document")],
    ] {
        let answer = inside.raw("GET", "/blank/404", &headers, "").await;
        check_marked("blank", &answer);
        assert_eq!((answer.status, answer.text.as_str()), (StatusCode::NOT_FOUND, ""), "{headers:?}");
    }
    let head = inside.raw("HEAD", "/blank/404", &OPENS, "").await;
    assert_eq!((head.status, head.header("content-type")), (StatusCode::NOT_FOUND, ""));
    let shown = inside.raw("GET", "/blank/200", &OPENS, "").await;
    assert_eq!((shown.status, shown.text.as_str()), (StatusCode::OK, ""), "this is no refusal");
}
