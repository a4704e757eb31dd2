//! A small host, a browser that keeps cookies, and a world with Alice, Carol, Bob, Eve and Dana in it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Path, Request};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{any, delete, get, post};
use axum::{Json, Router};
use http::header::{ACCEPT, CONTENT_TYPE, COOKIE, LOCATION, SET_COOKIE};
use http::request::Parts;
use http::{HeaderMap, Method, StatusCode};
use jiff::SignedDuration;
use serde_json::{Value, json};
use testkit::{ManualClock, MemoryLedger};
use tower::ServiceExt;
use vicarious_axum::{
    AsThemselves, CurrentUser, Found, Host, HostError, KeyRing, RequestIdentity, Search, SignIn, Staff, Vicarious,
};
use vicarious_core::decide::{Terms, give_ahead};
use vicarious_core::ports::Ledger;
use vicarious_core::{Account, AccountId, Rules, SignInKey};

/// An account of the test host: what matters are its rights.
#[derive(Clone, Debug)]
pub(crate) struct User {
    pub(crate) account: Account,
    pub(crate) rights: BTreeSet<&'static str>,
}

/// The host's database, to be changed under the running system.
#[derive(Clone, Default)]
pub(crate) struct Accounts {
    pub(crate) users: Arc<Mutex<BTreeMap<AccountId, User>>>,
    pub(crate) sessions: Arc<Mutex<BTreeMap<String, SignIn>>>,
    pub(crate) failing: Arc<Mutex<bool>>,
}

impl Accounts {
    pub(crate) fn change(&self, account: &Account, change: impl FnOnce(&mut User)) {
        change(self.users.lock().unwrap().get_mut(account.id()).unwrap());
    }

    pub(crate) fn delete(&self, account: &Account) {
        self.users.lock().unwrap().remove(account.id());
    }

    pub(crate) fn fail(&self, failing: bool) {
        *self.failing.lock().unwrap() = failing;
    }

    fn check(&self) -> Result<(), HostError> {
        if *self.failing.lock().unwrap() { Err(HostError::new("the host is down")) } else { Ok(()) }
    }
}

#[async_trait::async_trait]
impl Host for Accounts {
    type User = User;

    fn account(&self, user: &User) -> Account {
        user.account.clone()
    }

    async fn sign_in_key(&self, request: &Parts) -> Result<Option<SignInKey>, HostError> {
        Ok(cookie(&request.headers, "session").map(SignInKey::from))
    }

    async fn sign_in(&self, key: &SignInKey) -> Result<Option<SignIn>, HostError> {
        self.check()?;
        Ok(self.sessions.lock().unwrap().get(key.as_str()).cloned())
    }

    async fn find(&self, id: &AccountId) -> Result<Option<User>, HostError> {
        self.check()?;
        Ok(self.users.lock().unwrap().get(id).cloned())
    }

    async fn search(&self, _: &User, _: &Search) -> Result<Found<User>, HostError> {
        let accounts: Vec<User> = self.users.lock().unwrap().values().cloned().collect();
        Ok(Found { total: accounts.len() as u64, accounts })
    }
}

/// A running system with everybody in it.
pub(crate) struct World {
    pub(crate) vicarious: Vicarious,
    pub(crate) accounts: Accounts,
    pub(crate) ledger: Arc<MemoryLedger>,
    pub(crate) clock: ManualClock,
    pub(crate) app: Router,
    /// What handlers did, in order: "PATCH /profile as 1 by 3".
    pub(crate) done: Done,
}

pub(crate) type Done = Arc<Mutex<Vec<String>>>;

impl World {
    /// Returns a world in which Alice and Carol have agreed, with an answer to "how long may things be cached".
    pub(crate) async fn new() -> Self {
        Self::with(|builder| builder).await
    }

    pub(crate) async fn with(
        adjust: impl FnOnce(vicarious_axum::Builder<Accounts>) -> vicarious_axum::Builder<Accounts>,
    ) -> Self {
        let clock = ManualClock::at("2026-11-22T09:00:00Z".parse().unwrap());
        let accounts = Accounts::default();
        for (account, rights) in [
            (testkit::people::alice(), [].as_slice()),
            (testkit::people::carol(), &[]),
            (testkit::people::bob(), &["support"]),
            (testkit::people::eve(), &["support"]),
            (testkit::people::dana(), &["support", "administrate"]),
        ] {
            let user = User { account: account.clone(), rights: rights.iter().copied().collect() };
            accounts.users.lock().unwrap().insert(account.id().clone(), user);
        }
        let ledger = Arc::new(MemoryLedger::new());
        for customer in [testkit::people::alice(), testkit::people::carol()] {
            let id = format!("standing-{}", customer.id()).into();
            let until = clock.now() + SignedDuration::from_hours(24 * 30);
            ledger.apply(vec![give_ahead(id, &customer.person, until, clock.now()).unwrap()]).await.unwrap();
        }
        let now = clock.clone();
        let builder = Vicarious::builder(accounts.clone())
            .shared_ledger(ledger.clone())
            .keys(KeyRing::generate())
            .who_may_whom(|agent, customer| agent.rights.contains("support") && customer.rights.is_empty())
            .staff(|user| match (user.rights.contains("administrate"), user.rights.contains("support")) {
                (true, _) => Staff::Administrator,
                (false, true) => Staff::Agent,
                (false, false) => Staff::No,
            })
            .rules(
                Rules::new()
                    .never("/payments")
                    .write("POST /notes", "add this note")
                    .write("POST /slow", "do this slowly")
                    .confirm("PATCH /profile", "save this profile"),
            )
            .terms(Terms::default())
            .sign_in("POST /session")
            .sign_out("DELETE /session")
            .open("/healthz")
            .assets("/assets")
            .secure_cookies(false)
            .cache_for(Duration::ZERO)
            .clock(move || now.now());
        let vicarious = adjust(builder).build().unwrap();
        let done = Done::default();
        let app = routes(accounts.clone(), done.clone(), clock.clone()).layer(vicarious.layer());
        let app = vicarious_axum::method_override(app);
        Self { vicarious, accounts, ledger, clock, app, done }
    }

    /// Returns a browser in which `account` is signed in.
    pub(crate) fn browser(&self, account: &Account) -> Browser {
        let mut browser = Browser::new(self.app.clone());
        browser.cookies.insert("session".into(), self.sign_in(account));
        browser
    }

    /// Returns the value of a new session of `account`.
    pub(crate) fn sign_in(&self, account: &Account) -> String {
        let mut sessions = self.accounts.sessions.lock().unwrap();
        let value = format!("session-{}-{}", account.id(), sessions.len());
        sessions.insert(value.clone(), SignIn { account: account.id().clone(), since: self.clock.now() });
        value
    }

    pub(crate) fn nobody(&self) -> Browser {
        Browser::new(self.app.clone())
    }

    /// Returns a browser in which `agent` is inside `customer`'s account, reading only.
    pub(crate) async fn inside(&self, agent: &Account, customer: &Account) -> Browser {
        let mut browser = self.browser(agent);
        let answer = browser.start(customer).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{answer:?}");
        browser
    }

    /// Returns a browser in which `agent` is inside `customer`'s account in write mode.
    pub(crate) async fn writing(&self, agent: &Account, customer: &Account) -> Browser {
        let mut browser = self.inside(agent, customer).await;
        let answer =
            browser.json(Method::PATCH, "/impersonation", json!({"mode": "write", "reason": "asked to"})).await;
        assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
        browser
    }

    /// Returns the kinds of all entries, in order.
    pub(crate) fn kinds(&self) -> Vec<&'static str> {
        self.ledger.entries_snapshot().iter().map(|recorded| recorded.entry.kind.as_str()).collect()
    }

    pub(crate) fn count(&self, kind: &str) -> usize {
        self.kinds().into_iter().filter(|known| *known == kind).count()
    }

    pub(crate) fn done(&self) -> Vec<String> {
        self.done.lock().unwrap().clone()
    }
}

fn routes(accounts: Accounts, done: Done, clock: ManualClock) -> Router {
    let act = move |what: &'static str| {
        let done = done.clone();
        move |RequestIdentity(identity): RequestIdentity, body: String| async move {
            let id =
                |person: Option<&vicarious_core::Person>| person.map_or("-".to_owned(), |person| person.id.to_string());
            let line = format!("{what} as {} by {}", id(identity.current_user()), id(identity.true_user()));
            done.lock().unwrap().push(line);
            Json(json!({ "done": what, "body": body }))
        }
    };
    let sign_out = move |request: Request| async move {
        let session = cookie(request.headers(), "session").unwrap_or_default();
        accounts.sessions.lock().unwrap().remove(&session);
        StatusCode::NO_CONTENT
    };
    let _ = clock;
    Router::new()
        .route("/", get(home))
        .route("/whoami", get(whoami))
        .route("/fragment", get(|| async { Html("<p>a fragment</p>") }))
        .route("/profile", get(form).patch(act("PATCH /profile")))
        .route("/notes", get(form).post(act("POST /notes")))
        .route("/payments", post(act("POST /payments")))
        .route("/payments/{id}/refund", post(act("POST /payments/{id}/refund")))
        .route("/unclassified", any(act("/unclassified")))
        .route("/themselves", get(|AsThemselves(user): AsThemselves<User>| async move { user.account.person.name }))
        .route("/healthz", get(|| async { "fine" }))
        .route("/assets/{file}", get(|Path(file): Path<String>| async move { file }))
        .route("/session", delete(sign_out).post(act("POST /session")))
        .fallback(|| async { StatusCode::NOT_FOUND })
}

async fn home(RequestIdentity(identity): RequestIdentity) -> Html<String> {
    let name = identity.current_user().map_or("nobody", |user| user.name.as_str()).to_owned();
    Html(format!("<!doctype html><html><head><title>Home</title></head><body><h1>{name}</h1></body></html>"))
}

async fn form(CurrentUser(user): CurrentUser<User>) -> Html<String> {
    let name = user.account.person.name;
    Html(format!(
        "<!doctype html><body><form method=post action=/profile><input name=name value=\"{name}\"></form></body>"
    ))
}

async fn whoami(RequestIdentity(identity): RequestIdentity) -> Response {
    // The task-local must tell the same as the extractor.
    assert_eq!(vicarious_axum::identity(), identity);
    let id = |person: Option<&vicarious_core::Person>| person.map(|person| person.id.to_string());
    Json(json!({
        "current_user": id(identity.current_user()),
        "true_user": id(identity.true_user()),
        "impersonation": identity.impersonation().map(|impersonation| impersonation.id.to_string()),
    }))
    .into_response()
}

/// A client that keeps cookies.
#[derive(Clone)]
pub(crate) struct Browser {
    app: Router,
    pub(crate) cookies: BTreeMap<String, String>,
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

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}

impl Browser {
    fn new(app: Router) -> Self {
        Self { app, cookies: BTreeMap::new() }
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
        if !pairs.is_empty() && !request.headers().contains_key(COOKIE) {
            request.headers_mut().insert(COOKIE, pairs.join("; ").parse().unwrap());
        }
        let response = self.app.clone().oneshot(request).await.unwrap();
        for cookie in response.headers().get_all(SET_COOKIE) {
            let cookie = cookie.to_str().unwrap();
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
        Answer { status: parts.status, headers: parts.headers, text: String::from_utf8_lossy(&bytes).into_owned() }
    }
}

pub(crate) fn cookie(headers: &HeaderMap, name: &str) -> Option<String> {
    let all = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    all.flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(key, _)| *key == name)
        .map(|(_, value)| value.to_owned())
}
