//! The banner and the header: on every document, on nothing else, and not to be forged.

mod blank;

use std::convert::Infallible;
use std::io::Write as _;

use axum::Router;
use axum::body::Body;
use axum::extract::Path;
use axum::response::{AppendHeaders, Html, IntoResponse, Redirect, Response};
use axum::routing::{any, get};
use flate2::Compression;
use flate2::write::GzEncoder;
use http::{HeaderValue, Method, StatusCode};
use serde_json::json;
use testkit::people::{alice, bob};
use vicarious_axum::CurrentUser;

use crate::support::{Answer, Browser, User, World};

const PAGE: &str = "<!doctype html><html><head><title>T</title></head><body class=a><p>Hello</p></body></html>";
const BANNER: &str = "id=\"vicarious-banner\"";

fn typed(kind: &'static str, body: &'static str) -> Response {
    ([("content-type", kind)], body).into_response()
}

/// What some middleware makes of a type that it adds to, each line a header; the browser takes the last that it can read.
const TYPES: [&[&str]; 3] =
    [&["text/plain", "text/html"], &["text/plain, text/html;charset=utf-8"], &["text/html; title=\"caf\u{e9}\""]];

async fn with_types(Path(at): Path<usize>) -> Response {
    let types = TYPES[at].iter().map(|kind| ("content-type", HeaderValue::from_bytes(kind.as_bytes()).unwrap()));
    (StatusCode::OK, AppendHeaders(types), Body::from(PAGE)).into_response()
}

fn chunked() -> Response {
    let pieces = PAGE.as_bytes().chunks(3).map(|piece| Ok::<_, Infallible>(bytes::Bytes::from_static(piece)));
    let stream = futures_util::stream::iter(pieces.collect::<Vec<_>>());
    ([("content-type", "text/html")], Body::from_stream(stream)).into_response()
}

fn gzipped() -> Response {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(PAGE.as_bytes()).unwrap();
    let headers = [("content-type", "text/html; charset=utf-8"), ("content-encoding", "gzip"), ("etag", "\"1\"")];
    (headers, encoder.finish().unwrap()).into_response()
}

fn routes() -> Router {
    let encoded = |encoding: &'static str| {
        move || async move { ([("content-type", "text/html"), ("content-encoding", encoding)], "Alice's secret") }
    };
    let of_status =
        |status: u16| move || async move { (StatusCode::from_u16(status).unwrap(), typed("text/html", "")) };
    let attached = || async { ([("content-disposition", "attachment; filename=a.html")], Html(PAGE)) };
    Router::new()
        .route("/page", any(|| async { Html(PAGE) }))
        .route("/xhtml", get(|| async { typed("application/xhtml+xml; charset=utf-8", PAGE) }))
        .route("/upper", get(|| async { typed("TEXT/HTML;charset=UTF-8", "<HTML><BODY>x</BODY></HTML>") }))
        .route("/chunked", get(|| async { chunked() }))
        .route("/gzip", get(|| async { gzipped() }))
        .route("/zstd", get(encoded("zstd")))
        .route("/twice", get(encoded("gzip, compress")))
        .route("/error", get(|| async { (StatusCode::INTERNAL_SERVER_ERROR, Html(PAGE)) }))
        .route("/no-body-tag", get(|| async { Html("hello") }))
        .route("/unclosed-comment", get(|| async { Html("<head><title>x</title><!-- <body> never closed") }))
        .route("/unclosed-script", get(|| async { Html("<head><script>if (a < b) {") }))
        .route("/types/{at}", get(with_types))
        .route("/utf-16-late", get(|| async { typed("text/html, text/html; charset=utf-16le", "A\0l\0i\0c\0e\0") }))
        .route("/utf-16", get(|| async { typed("text/html; charset=utf-16le", "<\0p\0>\0A\0l\0i\0c\0e\0") }))
        .route("/json", get(|| async { axum::Json(json!({"html": PAGE})) }))
        .route("/csv", get(|| async { typed("text/csv", "<body>,1") }))
        .route("/text", get(|| async { typed("text/plain", PAGE) }))
        .route("/xml", get(|| async { typed("application/xml", "<body></body>") }))
        .route("/octets", get(|| async { vec![0_u8, 159, 146, 150] }))
        .route("/attachment", get(attached))
        .route("/204", get(of_status(204)))
        .route("/304", get(of_status(304)))
        .route("/redirect", get(|| async { Redirect::to("/") }))
        .route("/name", get(|CurrentUser(user): CurrentUser<User>| async move { user.account.person.name }))
}

async fn world() -> World {
    World::with_routes(routes()).await
}

fn check_marked(what: &str, answer: &Answer) {
    let id = answer.header("impersonation");
    assert!(id.starts_with("id=") && id.contains("mode=") && id.contains("ends="), "{what}: {answer:?}");
    assert_eq!(answer.header("cache-control"), "no-store", "{what}");
}

fn check_document(what: &str, answer: &Answer) {
    check_marked(what, answer);
    assert_eq!(answer.text.matches(BANNER).count(), 1, "{what}: {}", answer.text);
    assert!(answer.text.contains("Stop") && answer.text.contains("Bob") && answer.text.contains("Alice"), "{what}");
    assert!(!answer.headers.contains_key("content-encoding"), "{what}");
}

// T64
#[tokio::test]
async fn every_document_has_exactly_one_banner_however_it_is_sent() {
    let world = world().await;
    let mut inside = world.inside(&bob(), &alice()).await;
    for path in ["/page", "/xhtml", "/upper", "/chunked", "/gzip", "/error", "/no-body-tag", "/"] {
        let plain = inside.get(path).await;
        check_document(path, &plain);
        let without = plain.text.replace(|letter: char| !letter.is_ascii(), "");
        assert!(without.contains("</p>") || path == "/no-body-tag" || without.contains("</h1>"), "{path}: {without}");
        for dest in ["document", "iframe", "frame", "embed", "object"] {
            let answer = inside.raw("GET", path, &[("sec-fetch-dest", dest)], "").await;
            check_document(&format!("{path} as {dest}"), &answer);
        }
    }
    for at in 0..TYPES.len() {
        check_document("several types", &inside.get(&format!("/types/{at}")).await);
    }
    let page = inside.get("/page").await.text;
    assert!(page.find(BANNER) < page.find("Hello"), "ahead of everything that a customer may have written");
    for path in ["/unclosed-comment", "/unclosed-script"] {
        let answer = inside.get(path).await;
        check_document(path, &answer);
        let before = answer.text.split(BANNER).next().unwrap();
        assert!(before.contains("-->") && before.contains("</script>"), "what is open is closed first: {before}");
    }
}

// T64
#[tokio::test]
async fn nothing_but_a_document_has_a_banner() {
    let world = world().await;
    let mut inside = world.inside(&bob(), &alice()).await;
    for path in ["/json", "/csv", "/text", "/xml", "/octets", "/attachment", "/204", "/304", "/redirect", "/name"] {
        let answer = inside.get(path).await;
        check_marked(path, &answer);
        assert!(!answer.text.contains("vicarious"), "{path}: {}", answer.text);
        let own = world.browser(&alice()).get(path).await;
        assert_eq!(answer.text, own.text, "{path} is what the customer gets");
    }
    for fragment in [
        ("sec-fetch-dest", "empty"),
        ("sec-fetch-dest", "script"),
        ("sec-fetch-dest", "image"),
        ("hx-request", "true"),
        ("x-requested-with", "XMLHttpRequest"),
    ] {
        let answer = inside.raw("GET", "/fragment", &[fragment, ("accept", "text/html")], "").await;
        check_marked("a fragment", &answer);
        assert!(!answer.text.contains(BANNER), "{fragment:?}");
    }
    let head = inside.raw("HEAD", "/page", &[("accept", "text/html")], "").await;
    check_marked("HEAD", &head);
    assert!(!head.text.contains(BANNER));
}

// T64
#[tokio::test]
async fn what_cannot_carry_the_banner_is_not_shown() {
    let world = world().await;
    let mut inside = world.inside(&bob(), &alice()).await;
    for path in ["/zstd", "/twice", "/utf-16", "/utf-16-late"] {
        let answer = inside.get(path).await;
        assert_eq!(answer.status, StatusCode::BAD_GATEWAY, "{path}");
        assert!(!answer.text.contains("secret") && !answer.text.contains("A\0l"), "{path}");
        check_document(path, &answer);
    }
}

// T64
#[tokio::test]
async fn a_hostile_name_neither_breaks_nor_forges_the_banner() {
    let hostile = "</strong></aside><script>alert(1)</script><!--\"'><input name=\"_identity\" value=\"x\">\u{202e}";
    for customer_is_hostile in [true, false] {
        let world = world().await;
        let person = if customer_is_hostile { alice() } else { bob() };
        world.accounts.change(&person, |user| user.account.person.name = hostile.to_owned());
        let mut inside = world.inside(&bob(), &alice()).await;
        let tag = inside.tag().await;
        let pages = [
            inside.get("/page").await,
            inside.get("/impersonation/new?account=alice").await,
            inside.form("/payments", &[("_identity", &tag)]).await,
            inside.form("/notes", &[("_identity", &tag)]).await,
            inside.form("/notes", &[]).await,
        ];
        for page in pages {
            assert_eq!(page.text.matches(BANNER).count(), 1, "{}", page.text);
            for part in ["<script>alert", "</aside><script", "<!--\"", "value=\"x\""] {
                assert!(!page.text.contains(part), "{part} in {}", page.text);
            }
            assert_eq!(page.text.matches("<aside").count(), page.text.matches("</aside>").count());
        }
    }
}

/// What it is, method, path, headers, body, and the status that answers it.
type Sent<'a> = (&'static str, &'static str, &'static str, Vec<(&'a str, &'a str)>, String, u16);

/// Returns every answer of ours within an impersonation, as pages or as problems.
async fn our_answers(world: &World, inside: &mut Browser, accept: &'static str) -> Vec<(&'static str, u16, Answer)> {
    let tag = inside.tag().await;
    let form = ("content-type", "application/x-www-form-urlencoded");
    let accept = ("accept", accept);
    let foreign = ("sec-fetch-site", "cross-site");
    let tagged = |fields: &str| format!("_identity={tag}&{fields}");
    let mut all = Vec::new();
    let requests: [Sent<'_>; 15] = [
        ("start page", "GET", "/impersonation/new?account=alice", vec![], String::new(), 200),
        ("start page for another", "GET", "/impersonation/new?account=carol", vec![], String::new(), 200),
        ("start page for nobody", "GET", "/impersonation/new?account=dana", vec![], String::new(), 404),
        ("already inside", "POST", "/impersonation", vec![form], tagged("account_id=carol&reason=r"), 409),
        ("nobody named", "POST", "/impersonation", vec![form], tagged("reason=r"), 409),
        ("never", "POST", "/payments", vec![form], tagged(""), 403),
        ("unclassified", "POST", "/unclassified", vec![form], tagged(""), 403),
        ("read only", "POST", "/notes", vec![form], tagged("text=a"), 403),
        ("another tab", "POST", "/notes", vec![form], "text=a".to_owned(), 409),
        ("another tab's mode", "PATCH", "/impersonation", vec![form], "mode=read".to_owned(), 409),
        ("no reason", "PATCH", "/impersonation", vec![form], tagged("mode=write"), 422),
        ("no mode", "PATCH", "/impersonation", vec![form], tagged("mode=root"), 422),
        ("from elsewhere", "POST", "/notes", vec![form, foreign], tagged("text=a"), 403),
        ("stopped from elsewhere", "DELETE", "/impersonation", vec![foreign], String::new(), 403),
        ("no such method", "PUT", "/impersonation", vec![form], tagged(""), 405),
    ];
    for (what, method, path, mut headers, body, expected) in requests {
        headers.push(accept);
        all.push((what, expected, inside.raw(method, path, &headers, &body).await));
    }
    let raise = tagged("mode=write&reason=r");
    let raised = inside.raw("PATCH", "/impersonation", &[form, accept], &raise).await;
    let expected = if accept.1 == "text/html" { 303 } else { 200 };
    all.push(("raised", expected, raised));
    let confirm = inside.raw("PATCH", "/profile", &[form, accept], &tagged("name=A")).await;
    all.push(("confirm", 428, confirm));
    let large = tagged(&format!("name={}", "x".repeat(600 * 1024)));
    all.push(("too large", 413, inside.raw("PATCH", "/profile", &[form, accept], &large).await));
    if accept.1 == "application/json" {
        all.push(("what runs", 200, inside.get_json("/impersonation").await));
        let json = ("content-type", "application/json");
        all.push(("no JSON", 400, inside.raw("PATCH", "/impersonation", &[json, accept], "{").await));
    }
    inside.get("/page").await;
    assert!(world.done().is_empty());
    all
}

// T64
#[tokio::test]
async fn our_own_pages_have_the_banner_too_and_only_one() {
    let world = world().await;
    let mut inside = world.inside(&bob(), &alice()).await;
    for (what, expected, answer) in our_answers(&world, &mut inside, "text/html").await {
        assert_eq!(answer.status.as_u16(), expected, "{what}: {answer:?}");
        if expected == 303 {
            check_marked(what, &answer);
        } else {
            check_document(what, &answer);
        }
    }
}

// T64
#[tokio::test]
async fn every_problem_of_an_impersonation_has_the_header() {
    let world = world().await;
    let mut inside = world.inside(&bob(), &alice()).await;
    for (what, expected, answer) in our_answers(&world, &mut inside, "application/json").await {
        assert_eq!(answer.status.as_u16(), expected, "{what}: {answer:?}");
        check_marked(what, &answer);
        // The start page is a page whatever is asked for.
        let is_page = answer.header("content-type").starts_with("text/html");
        assert_eq!(
            (answer.text.contains(BANNER), what.starts_with("start page")),
            (is_page, is_page || expected == 404)
        );
    }
}

// T64
#[tokio::test]
async fn an_outage_within_an_impersonation_is_marked_as_far_as_it_is_known() {
    let world = World::of(|builder, _| builder.cache_for(std::time::Duration::from_secs(3600)), routes()).await;
    let mut inside = world.writing(&bob(), &alice()).await;
    let tag = inside.tag().await;
    inside.get("/page").await;
    world.ledger.fail(true);
    check_document("a page", &inside.get("/page").await);
    check_document("a refusal", &inside.form("/payments", &[("_identity", &tag)]).await);
    check_marked("a problem", &inside.get_json("/page").await);
    world.ledger.fail(false);
}

// T64
#[tokio::test]
async fn nobody_else_sees_a_banner_or_a_header() {
    let world = world().await;
    let mut stopped = world.inside(&bob(), &alice()).await;
    stopped.stop().await;
    for mut browser in [world.nobody(), world.browser(&alice()), stopped] {
        for path in ["/page", "/gzip", "/"] {
            let answer = browser.get(path).await;
            assert!(!answer.headers.contains_key("impersonation") && !answer.text.contains("vicarious"), "{path}");
        }
    }
}

#[tokio::test]
async fn the_banner_tells_the_mode_and_what_is_left() {
    let world = world().await;
    let mut inside = world.inside(&bob(), &alice()).await;
    let reading = inside.get("/page").await;
    assert!(reading.text.contains("reading only") && reading.text.contains("30:00"), "{}", reading.text);
    assert!(reading.text.contains("SUP-1") && reading.text.contains("cannot see the invoice"));
    world.clock.advance(jiff::SignedDuration::from_secs(62));
    inside.json(Method::PATCH, "/impersonation", json!({"mode": "write", "reason": "r"})).await;
    let writing = inside.get("/page").await;
    assert!(writing.text.contains("write mode until") && writing.text.contains("28:58"), "{}", writing.text);
    assert!(writing.header("impersonation").contains("mode=write"));
}
