//! A small host, a browser that keeps cookies, and a world with Alice, Carol, Bob, Eve and Dana in it.

mod browser;
mod faulty;
mod slow;
mod watch;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::extract::{Path, Request};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{any, delete, get, post};
use axum::{Json, Router};
use http::header::AUTHORIZATION;
use http::request::Parts;
use http::{HeaderMap, Method, StatusCode};
use jiff::SignedDuration;
use serde_json::json;
use testkit::{ManualClock, MemoryLedger};
use vicarious_axum::{
    AsThemselves, Connecting, CurrentUser, Found, Host, HostError, KeyRing, RequestIdentity, Search, SignIn, Staff,
    Vicarious,
};
use vicarious_core::decide::{Terms, give_ahead};
use vicarious_core::ports::{Ledger, Running};
use vicarious_core::{Account, AccountId, Impersonation, Rules, SignInKey};

pub(crate) use browser::{Answer, Browser, cookie};
pub(crate) use faulty::Faulty;
pub(crate) use slow::{Slow, broken, until};
use watch::Watch;

/// The cookie that holds the handle.
pub(crate) const HANDLE: &str = "vicarious-handle";

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
    /// How often the host was asked for a sign-in or an account.
    pub(crate) asked: Arc<AtomicUsize>,
}

impl Accounts {
    pub(crate) fn change(&self, account: &Account, change: impl FnOnce(&mut User)) {
        change(self.users.lock().unwrap().get_mut(account.id()).unwrap());
    }

    /// Changes an account unless it was deleted.
    pub(crate) fn change_if_there(&self, account: &Account, change: impl FnOnce(&mut User)) {
        if let Some(user) = self.users.lock().unwrap().get_mut(account.id()) {
            change(user);
        }
    }

    pub(crate) fn delete(&self, account: &Account) {
        self.users.lock().unwrap().remove(account.id());
    }

    pub(crate) fn fail(&self, failing: bool) {
        *self.failing.lock().unwrap() = failing;
    }

    fn check(&self) -> Result<(), HostError> {
        self.asked.fetch_add(1, Ordering::Relaxed);
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
        Ok(session(&request.headers).map(SignInKey::from))
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

/// Returns the sign-in of a request: a cookie, or a token.
fn session(headers: &HeaderMap) -> Option<String> {
    let token = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
    cookie(headers, "session").or_else(|| token.map(str::to_owned))
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
    /// Looks at every request that reaches a handler; what it saw is judged when the world ends.
    watch: Watch,
    /// Whether clients send headers of their own, and no cookies.
    pub(crate) in_headers: bool,
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
        Self::of(|builder, _| adjust(builder), Router::new()).await
    }

    /// Returns a world of clients without cookies: the sign-in is a bearer token, and the handle in a header.
    pub(crate) async fn bearer(
        adjust: impl FnOnce(vicarious_axum::Builder<Accounts>) -> vicarious_axum::Builder<Accounts>,
    ) -> Self {
        let mut world = Self::with(|builder| adjust(builder.handle_in_header())).await;
        world.in_headers = true;
        world
    }

    /// Returns a world whose application has further routes.
    pub(crate) async fn with_routes(routes: Router) -> Self {
        Self::of(|builder, _| builder, routes).await
    }

    /// Returns a world whose ledger can be made to fail at a certain step.
    pub(crate) async fn faulty() -> (Self, Arc<Faulty>) {
        let mut faulty = None;
        let world = Self::of(
            |builder, memory| {
                let between = Arc::new(Faulty::new(memory.clone()));
                faulty = Some(between.clone());
                builder.shared_ledger(between)
            },
            Router::new(),
        )
        .await;
        (world, faulty.unwrap())
    }

    pub(crate) async fn of(
        adjust: impl FnOnce(vicarious_axum::Builder<Accounts>, &Arc<MemoryLedger>) -> vicarious_axum::Builder<Accounts>,
        further: Router,
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
        let vicarious = adjust(builder, &ledger).build().unwrap();
        let done = Done::default();
        let watch = Watch::of(&ledger);
        let app = watch.around(routes(accounts.clone(), done.clone()).merge(further)).layer(vicarious.layer());
        let app = vicarious_axum::method_override(app);
        Self { vicarious, accounts, ledger, clock, app, done, watch, in_headers: false }
    }

    /// Returns a browser in which `account` is signed in.
    pub(crate) fn browser(&self, account: &Account) -> Browser {
        let mut browser = self.nobody();
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

    /// Returns an account that is added to the host's.
    pub(crate) fn add(&self, id: &str, rights: &[&'static str]) -> Account {
        let account = Account::new(id, format!("{id} of the host"), format!("{id}@example.com"));
        let user = User { account: account.clone(), rights: rights.iter().copied().collect() };
        self.accounts.users.lock().unwrap().insert(account.id().clone(), user);
        account
    }

    pub(crate) fn nobody(&self) -> Browser {
        Browser::new(self.app.clone(), self.in_headers)
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

    /// Returns the impersonations whose end is not recorded.
    pub(crate) async fn running(&self) -> Vec<Impersonation> {
        self.ledger.running(Running::All).await.unwrap()
    }

    /// Returns how often ledger and host were asked, other than to record something.
    pub(crate) fn lookups(&self) -> usize {
        self.ledger.lookups() - self.watch.lookups() + self.accounts.asked.load(Ordering::Relaxed)
    }

    /// Returns how many requests reached a handler as somebody else.
    pub(crate) fn ran_as_somebody_else(&self) -> usize {
        self.watch.lookups()
    }

    /// Returns everything on record as one text, as a leaked log would be.
    pub(crate) fn record(&self) -> String {
        let lines = self.ledger.entries_snapshot().into_iter().map(|recorded| recorded.to_json().to_string());
        lines.collect::<Vec<_>>().join("\n")
    }
}

impl Drop for World {
    /// What must hold after every test: nothing ran unrecorded, and every intent ended in exactly one outcome.
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.watch.judge();
        }
    }
}

fn routes(accounts: Accounts, done: Done) -> Router {
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
        let session = session(request.headers()).unwrap_or_default();
        accounts.sessions.lock().unwrap().remove(&session);
        StatusCode::NO_CONTENT
    };
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

/// An application that says who connects to it.
pub(crate) struct Sockets {
    app: Router,
    last: Arc<Mutex<Option<Connecting>>>,
}

impl Sockets {
    pub(crate) fn of(world: &World) -> Self {
        let last = Arc::new(Mutex::new(None));
        let found = last.clone();
        let handler = get(async move |connecting: Connecting| *found.lock().unwrap() = Some(connecting));
        Self { app: Router::new().route("/cable", handler).layer(world.vicarious.layer()), last }
    }

    /// Returns who a browser's requests are from, as the handler of a socket finds out.
    pub(crate) async fn connecting(&self, browser: &Browser) -> Connecting {
        let mut browser = browser.at(self.app.clone());
        let answer = browser.raw("GET", "/cable", &[("upgrade", "websocket"), ("user-agent", "a test")], "").await;
        assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
        self.last.lock().unwrap().take().unwrap()
    }
}
