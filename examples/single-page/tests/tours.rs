//! What the people of the tours rely on. `DATABASE_URL` names a PostgreSQL server on which databases may be created.

use std::sync::atomic::{AtomicU32, Ordering};

use axum::Router;
use axum::body::Body;
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE};
use axum::http::{Method, Request, StatusCode};
use serde_json::{Value, json};
use tower::ServiceExt;

/// Opens an office with a database of its own.
async fn office() -> Router {
    static OFFICES: AtomicU32 = AtomicU32::new(0);
    let server = std::env::var("DATABASE_URL").unwrap_or_else(|_| "postgres://localhost/postgres".to_owned());
    let (server, _) = server.rsplit_once('/').unwrap();
    let number = OFFICES.fetch_add(1, Ordering::Relaxed);
    waymark::app(&format!("{server}/waymark_{}_{number}", std::process::id())).await.unwrap()
}

struct Program {
    office: Router,
    token: String,
}

impl Program {
    async fn signed_in(office: &Router, who: &str) -> Self {
        let mut program = Self { office: office.clone(), token: String::new() };
        let given = json!({ "email": format!("{who}@example.com"), "password": "correct horse battery staple" });
        let (status, issued) = program.send(Method::POST, "/api/session", given).await;
        assert_eq!(status, StatusCode::OK);
        program.token = issued["token"].as_str().unwrap().to_owned();
        program
    }

    async fn get(&self, path: &str) -> (StatusCode, Value) {
        self.send(Method::GET, path, Value::Null).await
    }

    async fn send(&self, method: Method, path: &str, body: Value) -> (StatusCode, Value) {
        let request = Request::builder().method(method).uri(path).header(CONTENT_TYPE, "application/json");
        let request = request.header(AUTHORIZATION, format!("Bearer {}", self.token));
        let answer = self.office.clone().oneshot(request.body(Body::from(body.to_string())).unwrap()).await.unwrap();
        let status = answer.status();
        let bytes = axum::body::to_bytes(answer.into_body(), usize::MAX).await.unwrap();
        (status, serde_json::from_slice(&bytes).unwrap_or_default())
    }
}

#[tokio::test]
async fn customers_see_and_pay_their_bookings_and_nobody_elses() {
    let office = office().await;
    let (alice, carol) = (Program::signed_in(&office, "alice").await, Program::signed_in(&office, "carol").await);
    assert_eq!(alice.get("/api/bookings").await.1[0]["tour"], "The coast path, with Alice");
    assert_eq!(carol.get("/api/bookings/1/payment").await.0, StatusCode::NOT_FOUND);
    assert_eq!(alice.get("/api/bookings/1/payment").await.1["cents"], 48_000);
    assert_eq!(alice.send(Method::POST, "/api/bookings/1/payment", Value::Null).await.1["is_paid"], true);
}

#[tokio::test]
async fn names_change_and_passwords_are_nobodys_to_read() {
    let office = office().await;
    let alice = Program::signed_in(&office, "alice").await;
    assert_eq!(alice.send(Method::PATCH, "/api/me", json!({ "name": "Alicia" })).await.1["name"], "Alicia");
    assert_eq!(alice.get("/api/me").await.1["password_hash"], Value::Null);
}

#[tokio::test]
async fn agents_look_customers_up_and_customers_do_not() {
    let office = office().await;
    let (alice, bob) = (Program::signed_in(&office, "alice").await, Program::signed_in(&office, "bob").await);
    assert_eq!(bob.get("/api/customers?q=ali").await.1[0]["email"], "alice@example.com");
    assert_eq!(alice.get("/api/customers").await.0, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_token_is_worth_nothing_once_it_was_given_back() {
    let office = office().await;
    let alice = Program::signed_in(&office, "alice").await;
    assert_eq!(alice.send(Method::DELETE, "/api/session", Value::Null).await.0, StatusCode::NO_CONTENT);
    assert_eq!(alice.get("/api/me").await.0, StatusCode::UNAUTHORIZED);
}
