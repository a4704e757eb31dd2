//! A client that keeps cookies.

use std::collections::BTreeMap;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use http::header::{ACCEPT, CONNECTION, CONTENT_TYPE, COOKIE, SET_COOKIE, UPGRADE};
use http::request::Builder;
use http::{Method, StatusCode};
use serde_json::{Value, json};
use tower::ServiceExt;

#[derive(Clone)]
pub(crate) struct Browser {
    app: Router,
    pub(crate) cookies: BTreeMap<String, String>,
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or(Value::Null)
    }
}

impl Browser {
    pub(crate) fn new(app: Router) -> Self {
        Self { app, cookies: BTreeMap::new() }
    }

    pub(crate) async fn get(&mut self, path: &str) -> Answer {
        self.send(Method::GET, path, Value::Null).await
    }

    pub(crate) async fn post(&mut self, path: &str, body: Value) -> Answer {
        self.send(Method::POST, path, body).await
    }

    pub(crate) async fn sign_in(&mut self, who: i64) -> Answer {
        self.post("/login", json!(who)).await
    }

    pub(crate) async fn start(&mut self, customer: i64) -> Answer {
        let body = json!({ "account_id": customer.to_string(), "reason": "cannot see the invoice", "ticket": "SUP-1" });
        self.post("/impersonation", body).await
    }

    pub(crate) async fn stop(&mut self) -> Answer {
        self.send(Method::DELETE, "/impersonation", Value::Null).await
    }

    /// Returns whom the shop's own handlers see.
    pub(crate) async fn who(&mut self) -> Value {
        let answer = self.get("/who").await;
        assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
        answer.json()["name"].clone()
    }

    pub(crate) async fn cart(&mut self) -> Value {
        self.get("/cart").await.json()["cart"].clone()
    }

    /// Returns the cookie of tower-sessions.
    pub(crate) fn session(&self) -> &str {
        self.cookies.get("id").map_or("", String::as_str)
    }

    /// Asks for a connection, which a handler may refuse for itself.
    pub(crate) async fn connect(&mut self, path: &str) -> Answer {
        let request = Request::get(path).header(CONNECTION, "upgrade").header(UPGRADE, "websocket");
        self.request(request, Body::empty()).await
    }

    async fn send(&mut self, method: Method, path: &str, body: Value) -> Answer {
        let mut request = Request::builder().method(method).uri(path).header(ACCEPT, "application/json");
        if !body.is_null() {
            request = request.header(CONTENT_TYPE, "application/json");
        }
        let body = if body.is_null() { Body::empty() } else { Body::from(body.to_string()) };
        self.request(request, body).await
    }

    async fn request(&mut self, mut request: Builder, body: Body) -> Answer {
        let pairs: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        if !pairs.is_empty() {
            request = request.header(COOKIE, pairs.join("; "));
        }
        let response = self.app.clone().oneshot(request.body(body).unwrap()).await.unwrap();
        for cookie in response.headers().get_all(SET_COOKIE) {
            let cookie = cookie.to_str().unwrap();
            let (name, rest) = cookie.split_once('=').unwrap();
            if cookie.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), rest.split(';').next().unwrap().to_owned());
            }
        }
        let status = response.status();
        let bytes = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
        Answer { status, text: String::from_utf8_lossy(&bytes).into_owned() }
    }
}
