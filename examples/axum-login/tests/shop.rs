//! What the shop's people rely on. `DATABASE_URL` names a PostgreSQL server on which databases may be created.

use std::sync::atomic::{AtomicU32, Ordering};

use axum::Router;
use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, COOKIE, LOCATION, SET_COOKIE};
use axum::http::{Request, Response, StatusCode};
use tower::ServiceExt;

/// Opens a shop with a database of its own.
async fn shop() -> Router {
    static SHOPS: AtomicU32 = AtomicU32::new(0);
    let server = std::env::var("DATABASE_URL").unwrap_or_else(|_| "postgres://localhost/postgres".to_owned());
    let (server, _) = server.rsplit_once('/').unwrap();
    let number = SHOPS.fetch_add(1, Ordering::Relaxed);
    quire::app(&format!("{server}/quire_{}_{number}", std::process::id())).await.unwrap()
}

struct Browser {
    shop: Router,
    cookie: String,
}

impl Browser {
    async fn signed_in(shop: &Router, who: &str) -> Self {
        let mut browser = Self { shop: shop.clone(), cookie: String::new() };
        let form = format!("email={who}%40example.com&password=correct+horse+battery+staple");
        let answer = browser.post("/login", &form).await;
        assert_eq!(answer.headers()[LOCATION], "/");
        let cookie = answer.headers()[SET_COOKIE].to_str().unwrap();
        browser.cookie = cookie.split(';').next().unwrap().to_owned();
        browser
    }

    async fn get(&self, path: &str) -> (StatusCode, String) {
        let request = Request::get(path).header(COOKIE, &self.cookie).body(Body::empty()).unwrap();
        let answer = self.shop.clone().oneshot(request).await.unwrap();
        let status = answer.status();
        let body = axum::body::to_bytes(answer.into_body(), usize::MAX).await.unwrap();
        (status, String::from_utf8(body.to_vec()).unwrap())
    }

    async fn post(&self, path: &str, form: &str) -> Response<Body> {
        let request = Request::post(path).header(COOKIE, &self.cookie);
        let request = request.header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        self.shop.clone().oneshot(request.body(Body::from(form.to_owned())).unwrap()).await.unwrap()
    }
}

#[tokio::test]
async fn customers_see_their_orders_and_nobody_elses() {
    let shop = shop().await;
    let (alice, carol) = (Browser::signed_in(&shop, "alice").await, Browser::signed_in(&shop, "carol").await);
    assert!(alice.get("/orders").await.1.contains("A ream of laid paper for Alice"));
    assert_eq!(alice.get("/orders/1").await.0, StatusCode::OK);
    assert_eq!(carol.get("/orders/1").await.0, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn customers_pay_and_change_their_names() {
    let shop = shop().await;
    let alice = Browser::signed_in(&shop, "alice").await;
    assert_eq!(alice.post("/orders/1/payment", "").await.status(), StatusCode::SEE_OTHER);
    assert!(!alice.get("/orders/1").await.1.contains("not paid yet"));
    assert_eq!(alice.post("/profile", "name=Alicia").await.status(), StatusCode::SEE_OTHER);
    assert!(alice.get("/").await.1.contains("Welcome back, Alicia."));
}

#[tokio::test]
async fn agents_look_customers_up_and_customers_do_not() {
    let shop = shop().await;
    let (alice, bob) = (Browser::signed_in(&shop, "alice").await, Browser::signed_in(&shop, "bob").await);
    assert!(bob.get("/customers?q=ali").await.1.contains("alice@example.com"));
    assert_eq!(alice.get("/customers").await.0, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn whoever_logs_out_is_out() {
    let shop = shop().await;
    let alice = Browser::signed_in(&shop, "alice").await;
    assert_eq!(alice.post("/logout", "").await.status(), StatusCode::SEE_OTHER);
    assert_eq!(alice.get("/profile").await.0, StatusCode::TEMPORARY_REDIRECT);
}
