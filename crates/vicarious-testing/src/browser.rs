use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, Request};
use http::header::{ACCEPT, CONTENT_TYPE, COOKIE, HOST, SET_COOKIE};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use serde_json::Value;
use tower::ServiceExt;

use crate::answer::Answer;

/// How the cookie of the handle is called, with or without a prefix.
const HANDLE_COOKIE: &str = "vicarious-handle";
/// The header of the handle, for clients that keep no cookies.
const HANDLE: HeaderName = HeaderName::from_static("impersonation-handle");
/// The type of forms.
pub(crate) const FORM: &str = "application/x-www-form-urlencoded";

/// A browser over the host's own router: it keeps cookies, follows nothing, and adds nothing by itself.
///
/// Cloning it is what stealing its cookies would be.
#[derive(Clone, Debug)]
pub struct Browser {
    app: Router,
    cookies: BTreeMap<String, String>,
    /// The attributes with which each cookie was set.
    attributes: BTreeMap<String, String>,
    /// Sent with every request: who is signed in, where that is no cookie.
    headers: HeaderMap,
    host: HeaderValue,
}

impl Browser {
    pub(crate) fn new(app: Router, host: &str) -> Self {
        let host = HeaderValue::from_str(host).unwrap_or_else(|_| HeaderValue::from_static("localhost"));
        Self { app, cookies: BTreeMap::new(), attributes: BTreeMap::new(), headers: HeaderMap::new(), host }
    }

    /// Asks for a page.
    pub async fn get(&mut self, path: &str) -> Answer {
        self.send(Method::GET, path, &[(ACCEPT, "text/html")], "").await
    }

    /// Asks for JSON.
    pub async fn get_json(&mut self, path: &str) -> Answer {
        self.send(Method::GET, path, &[(ACCEPT, "application/json")], "").await
    }

    /// Posts a form.
    pub async fn post_form(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        self.send(Method::POST, path, &[(ACCEPT, "text/html"), (CONTENT_TYPE, FORM)], body).await
    }

    /// Sends JSON and asks for JSON.
    pub async fn send_json(&mut self, method: Method, path: &str, body: &Value) -> Answer {
        let headers = [(ACCEPT, "application/json"), (CONTENT_TYPE, "application/json")];
        self.send(method, path, &headers, body.to_string()).await
    }

    /// Sends a request as it is, with this browser's cookies and sign-in, and keeps the cookies of the answer.
    pub async fn send(
        &mut self,
        method: Method,
        path: &str,
        headers: &[(HeaderName, &str)],
        body: impl Into<String>,
    ) -> Answer {
        let mut request = Request::new(Body::from(body.into()));
        let what = format!("{method} {path}");
        *request.method_mut() = method;
        let Ok(uri) = path.parse() else { return Answer::unsent(what, "this is no path") };
        *request.uri_mut() = uri;
        request.extensions_mut().insert(ConnectInfo(SocketAddr::from((Ipv4Addr::LOCALHOST, 1))));
        request.headers_mut().clone_from(&self.headers);
        request.headers_mut().insert(HOST, self.host.clone());
        if let Some(value) = self.cookie_header() {
            request.headers_mut().insert(COOKIE, value);
        }
        for (name, value) in headers {
            let Ok(value) = HeaderValue::from_str(value) else { return Answer::unsent(what, "a header is no text") };
            request.headers_mut().append(name, value);
        }
        let Ok(response) = self.app.clone().oneshot(request).await;
        self.take_cookies(response.headers());
        Answer::of(what, response).await
    }

    /// Returns the cookies that this browser holds, by name.
    pub fn cookies(&self) -> impl Iterator<Item = (&str, &str)> {
        self.cookies.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Puts a cookie into this browser, or replaces it.
    pub fn keep_cookie(&mut self, name: impl Into<String>, value: impl Into<String>) {
        self.cookies.insert(name.into(), value.into());
    }

    /// Removes a cookie.
    pub fn drop_cookie(&mut self, name: &str) {
        self.cookies.remove(name);
    }

    /// Sends a header with every request from now on.
    pub fn always(&mut self, name: HeaderName, value: HeaderValue) {
        self.headers.insert(name, value);
    }

    /// Returns the handle of an impersonation that this browser holds, in its cookie or in its header.
    pub(crate) fn handle(&self) -> Option<String> {
        let cookie = self.cookies().find(|(name, _)| name.ends_with(HANDLE_COOKIE)).map(|(_, value)| value.to_owned());
        cookie.or_else(|| Some(self.headers.get(HANDLE)?.to_str().ok()?.to_owned()))
    }

    /// Presents the handle that `other` presents, altered by `alter`, where it presents it.
    pub(crate) fn take_handle(&mut self, other: &Self, alter: impl FnOnce(&str) -> String) {
        let Some(handle) = other.handle() else { return };
        match other.cookies().find(|(name, _)| name.ends_with(HANDLE_COOKIE)) {
            Some((name, _)) => self.keep_cookie(name, alter(&handle)),
            None => self.keep_handle(&alter(&handle)),
        }
    }

    /// Sends a handle as a header with every request.
    pub(crate) fn keep_handle(&mut self, handle: &str) {
        if let Ok(mut value) = HeaderValue::from_str(handle) {
            value.set_sensitive(true);
            self.headers.insert(HANDLE, value);
        }
    }

    /// Sends no handle as a header any more.
    pub(crate) fn drop_handle_header(&mut self) {
        self.headers.remove(HANDLE);
    }

    /// Loses the handle, wherever it is.
    pub(crate) fn drop_handle(&mut self) {
        self.drop_handle_header();
        self.cookies.retain(|name, _| !name.ends_with(HANDLE_COOKIE));
    }

    /// Returns what another site can make this browser send: its cookies, and no header that a script adds.
    pub(crate) fn led_by_others(&self) -> Self {
        Self { headers: HeaderMap::new(), ..self.clone() }
    }

    /// Returns whether another browser presents the same cookies and headers.
    pub(crate) fn presents_like(&self, other: &Self) -> bool {
        self.cookies == other.cookies && self.headers == other.headers
    }

    /// Returns what is sent with every request beside cookies.
    pub(crate) fn standing_headers(&self) -> &HeaderMap {
        &self.headers
    }

    fn cookie_header(&self) -> Option<HeaderValue> {
        let pairs: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        if pairs.is_empty() { None } else { HeaderValue::try_from(pairs.join("; ")).ok() }
    }

    fn take_cookies(&mut self, headers: &HeaderMap) {
        for set in headers.get_all(SET_COOKIE).iter().filter_map(|value| value.to_str().ok()) {
            let (_, attributes) = set.split_once(';').unwrap_or_default();
            let mut parts = set.split(';').map(str::trim);
            let Some((name, value)) = parts.next().and_then(|pair| pair.split_once('=')) else { continue };
            let removes = parts.any(|attribute| {
                let lower = attribute.to_ascii_lowercase();
                lower.starts_with("max-age=0") || lower.starts_with("max-age=-") || lower.contains("1970")
            });
            if removes || value.is_empty() {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
                self.attributes.insert(name.to_owned(), attributes.to_ascii_lowercase());
            }
        }
    }

    /// Says what cookies that were set lack, a sentence each; `Secure` only where the application is at HTTPS.
    pub(crate) fn careless_cookies(&self, at_https: bool) -> Vec<String> {
        let lacks = |(name, set): (&String, &String)| {
            let has = |wanted: &str| set.split(';').any(|attribute| attribute.trim() == wanted);
            let lacking = [
                (!has("httponly"), "is not `HttpOnly`, so a script that a customer planted can read it"),
                (
                    !has("samesite=lax") && !has("samesite=strict"),
                    "is not `SameSite=Lax` or `Strict`, so other sites' forms are sent with it",
                ),
                (
                    at_https && !has("secure"),
                    "is not `Secure` although the origin is HTTPS, so it goes over plain HTTP too, where others can read it",
                ),
            ];
            let sentence = move |what: &str| format!("the cookie `{name}` of the sign-in {what}");
            lacking.into_iter().filter(|(lacks, _)| *lacks).map(move |(_, what)| sentence(what)).collect::<Vec<_>>()
        };
        self.attributes.iter().flat_map(lacks).collect()
    }
}
