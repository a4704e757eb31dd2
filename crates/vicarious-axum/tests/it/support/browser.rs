//! A client that keeps cookies, as a browser or a program would be one.

use std::collections::BTreeMap;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, COOKIE, LOCATION, SET_COOKIE};
use http::{HeaderMap, Method, StatusCode};
use serde_json::{Value, json};
use tower::ServiceExt;
use vicarious_core::Account;

/// A client that keeps cookies.
#[derive(Clone)]
pub(crate) struct Browser {
    app: Router,
    /// What it keeps and sends.
    pub(crate) cookies: BTreeMap<String, String>,
    /// Whether it sends that in headers of its own, as a client with a bearer token does.
    in_headers: bool,
}

/// An answer, read whole.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or(Value::Null)
    }

    pub(crate) fn location(&self) -> &str {
        self.headers.get(LOCATION).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// Returns the value of a hidden field of the page.
    pub(crate) fn hidden(&self, name: &str) -> Option<String> {
        let (_, after) = self.text.split_once(&format!("name=\"{name}\" value=\""))?;
        after.split('"').next().map(str::to_owned)
    }

    /// Returns what a text field of the page is filled in with.
    pub(crate) fn typed(&self, name: &str) -> String {
        let (_, field) = self.text.split_once(&format!("name=\"{name}\" type=\"text\"")).expect("a field of that name");
        let (field, _) = field.split_once('>').expect("its end");
        field.split_once("value=\"").and_then(|(_, value)| value.split('"').next()).unwrap_or_default().to_owned()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}

impl Browser {
    pub(super) fn new(app: Router, in_headers: bool) -> Self {
        Self { app, cookies: BTreeMap::new(), in_headers }
    }

    /// Returns a browser with the same cookies that talks to another application.
    pub(crate) fn at(&self, app: Router) -> Self {
        Self { app, ..self.clone() }
    }

    /// Sends a request that is spelled out.
    pub(crate) async fn raw(&mut self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.send(request.body(Body::from(body.to_owned())).unwrap()).await
    }

    pub(crate) async fn get(&mut self, path: &str) -> Answer {
        self.send(Request::get(path).header(ACCEPT, "text/html").body(Body::empty()).unwrap()).await
    }

    pub(crate) async fn get_json(&mut self, path: &str) -> Answer {
        self.send(Request::get(path).header(ACCEPT, "application/json").body(Body::empty()).unwrap()).await
    }

    pub(crate) async fn json(&mut self, method: Method, path: &str, body: Value) -> Answer {
        let request = Request::builder().method(method).uri(path);
        let request = request.header(ACCEPT, "application/json").header(CONTENT_TYPE, "application/json");
        self.send(request.body(Body::from(body.to_string())).unwrap()).await
    }

    pub(crate) async fn form(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let request = Request::post(path).header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        self.send(request.header(ACCEPT, "text/html").body(Body::from(body)).unwrap()).await
    }

    pub(crate) async fn start(&mut self, customer: &Account) -> Answer {
        let body = json!({"account_id": customer.id(), "reason": "cannot see the invoice", "ticket": "SUP-1"});
        self.json(Method::POST, "/impersonation", body).await
    }

    pub(crate) async fn stop(&mut self) -> Answer {
        self.json(Method::DELETE, "/impersonation", Value::Null).await
    }

    /// Returns who this browser is: current and true user, as `whoami` says.
    pub(crate) async fn who(&mut self) -> (Value, Value) {
        let answer = self.get_json("/whoami").await;
        assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
        let json = answer.json();
        (json["current_user"].clone(), json["true_user"].clone())
    }

    /// Returns the identity tag that forms of this browser carry.
    pub(crate) async fn tag(&mut self) -> String {
        self.get("/profile").await.hidden("_identity").unwrap()
    }

    pub(crate) async fn send(&mut self, mut request: Request) -> Answer {
        let pairs: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        if self.in_headers {
            self.add_headers(request.headers_mut());
        } else if !pairs.is_empty() && !request.headers().contains_key(COOKIE) {
            request.headers_mut().insert(COOKIE, pairs.join("; ").parse().unwrap());
        }
        let asked = (request.method().clone(), request.uri().path().to_owned());
        let response = self.app.clone().oneshot(request).await.unwrap();
        for cookie in response.headers().get_all(SET_COOKIE) {
            let cookie = cookie.to_str().unwrap();
            check_flags(cookie);
            let (name, rest) = cookie.split_once('=').unwrap();
            let value = rest.split(';').next().unwrap();
            if cookie.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        let (parts, body) = response.into_parts();
        let bytes = axum::body::to_bytes(body, usize::MAX).await.unwrap();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let answer = Answer { status: parts.status, headers: parts.headers, text };
        if self.in_headers {
            self.keep(&asked, &answer);
        }
        answer
    }

    fn add_headers(&self, headers: &mut HeaderMap) {
        if let Some(token) = self.cookies.get("session") {
            headers.insert(AUTHORIZATION, format!("Bearer {token}").parse().unwrap());
        }
        if let Some(handle) = self.cookies.get(super::HANDLE) {
            headers.insert("impersonation-handle", handle.parse().unwrap());
        }
    }

    /// Does with an answer what a client without cookies has to do.
    fn keep(&mut self, asked: &(Method, String), answer: &Answer) {
        assert!(!answer.headers.contains_key(SET_COOKIE), "no cookie is set: {answer:?}");
        match (&asked.0, asked.1.as_str(), answer.status) {
            (&Method::POST, "/impersonation", StatusCode::CREATED) => {
                let handle = answer.json()["handle"].as_str().unwrap().to_owned();
                self.cookies.insert(super::HANDLE.to_owned(), handle);
            }
            (&Method::DELETE, "/impersonation", StatusCode::OK)
            | (&Method::DELETE, "/session", StatusCode::NO_CONTENT) => {
                self.cookies.remove(super::HANDLE);
            }
            _ => assert!(!answer.text.contains("\"handle\""), "told only once: {answer:?}"),
        }
    }
}

/// Checks the flags of every cookie that is set anywhere in this suite.
fn check_flags(cookie: &str) {
    let mut attributes = cookie.split(';').map(str::trim);
    let name = attributes.next().unwrap().split('=').next().unwrap();
    let attributes: Vec<&str> = attributes.collect();
    for wanted in ["HttpOnly", "SameSite=Lax", "Path=/"] {
        assert!(attributes.contains(&wanted), "{wanted} in {cookie}");
    }
    assert!(!cookie.to_ascii_lowercase().contains("domain"), "{cookie}");
    assert_eq!(name.starts_with("__Host-"), attributes.contains(&"Secure"), "{cookie}");
}

pub(crate) fn cookie(headers: &HeaderMap, name: &str) -> Option<String> {
    let all = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    all.flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(key, _)| *key == name)
        .map(|(_, value)| value.to_owned())
}
