//! What the nursery's people rely on.

use std::sync::atomic::{AtomicU32, Ordering};

use axum::Router;
use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, COOKIE, LOCATION, SET_COOKIE};
use axum::http::{Request, StatusCode};
use tower::ServiceExt;

/// Opens a nursery with a file of its own.
async fn nursery() -> Router {
    static NURSERIES: AtomicU32 = AtomicU32::new(0);
    let number = NURSERIES.fetch_add(1, Ordering::Relaxed);
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{}-{number}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    hedgerow::app(folder.join("hedgerow.db").to_str().unwrap()).await.unwrap()
}

struct Browser {
    nursery: Router,
    cookie: String,
}

impl Browser {
    async fn signed_in(nursery: &Router, who: &str) -> Self {
        let mut browser = Self { nursery: nursery.clone(), cookie: String::new() };
        let form = format!("email={who}%40example.com&password=correct+horse+battery+staple");
        let (parts, _) = browser.send(Request::post("/session"), &form).await;
        assert_eq!(parts.headers[LOCATION], "/");
        let cookie = parts.headers[SET_COOKIE].to_str().unwrap();
        browser.cookie = cookie.split(';').next().unwrap().to_owned();
        browser
    }

    async fn get(&self, path: &str) -> (StatusCode, String) {
        let (parts, text) = self.send(Request::get(path), "").await;
        (parts.status, text)
    }

    async fn send(&self, request: axum::http::request::Builder, form: &str) -> (axum::http::response::Parts, String) {
        let request = request.header(COOKIE, &self.cookie).header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        let answer = self.nursery.clone().oneshot(request.body(Body::from(form.to_owned())).unwrap()).await.unwrap();
        let (parts, body) = answer.into_parts();
        let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
        (parts, String::from_utf8(body.to_vec()).unwrap())
    }
}

#[tokio::test]
async fn a_basket_changes_by_fragments_and_by_pages() {
    let nursery = nursery().await;
    let alice = Browser::signed_in(&nursery, "alice").await;
    let asked = Request::post("/basket").header("hx-request", "true");
    let (parts, fragment) = alice.send(asked, "plant=Spindle").await;
    assert_eq!(parts.status, StatusCode::OK);
    assert!(fragment.starts_with("<ul>") && fragment.contains("Spindle"));
    let (parts, _) = alice.send(Request::post("/basket/1/remove"), "").await;
    assert_eq!(parts.headers[LOCATION], "/basket");
    let (_, page) = alice.get("/basket").await;
    assert!(page.contains("Spindle") && !page.contains("medlar"));
}

#[tokio::test]
async fn what_was_in_the_basket_is_ordered_and_paid() {
    let nursery = nursery().await;
    let alice = Browser::signed_in(&nursery, "alice").await;
    alice.send(Request::post("/orders"), "").await;
    assert!(!alice.get("/basket").await.1.contains("medlar"));
    assert!(alice.get("/orders").await.1.contains("A medlar tree for Alice"));
    alice.send(Request::post("/orders/1/payment"), "").await;
    assert!(alice.get("/orders").await.1.contains("Two hazels: paid"));
}

#[tokio::test]
async fn nobody_sees_what_is_not_theirs() {
    let nursery = nursery().await;
    let (alice, bob) = (Browser::signed_in(&nursery, "alice").await, Browser::signed_in(&nursery, "bob").await);
    assert_eq!(alice.get("/orders/2/payment").await.0, StatusCode::NOT_FOUND);
    assert_eq!(alice.get("/customers").await.0, StatusCode::NOT_FOUND);
    assert!(bob.get("/customers?q=ali").await.1.contains("alice@example.com"));
    alice.send(Request::post("/session/end"), "").await;
    assert_eq!(alice.get("/basket").await.0, StatusCode::SEE_OTHER);
}
