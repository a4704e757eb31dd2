//! A small host with the console in it, and browsers for the people of the tests.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use axum::Router;
use axum::body::Body;
use axum::http::header::{ACCEPT, CONTENT_TYPE, COOKIE, LOCATION, SET_COOKIE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, Request, StatusCode};
use axum::routing::{get, post};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use testkit::people::{alice, bob, carol, dana, eve};
use testkit::{ManualClock, MemoryLedger};
use tower::ServiceExt;
use vicarious_axum::{Builder, Found, Host, HostError, KeyRing, Search, SignIn, Staff, Vicarious, method_override};
use vicarious_console::Console;
use vicarious_core::{Account, AccountId, Rules, SignInKey};

/// The accounts of the host: staff by name, everybody else a customer.
#[derive(Clone, Default)]
pub(crate) struct Accounts {
    accounts: Arc<Mutex<BTreeMap<AccountId, Account>>>,
    sessions: Arc<Mutex<BTreeSet<String>>>,
}

impl Accounts {
    pub(crate) fn add(&self, account: Account) {
        self.accounts.lock().unwrap().insert(account.id().clone(), account);
    }
}

fn staff(account: &Account) -> Staff {
    match account.id().as_str() {
        "dana" => Staff::Administrator,
        "bob" | "eve" => Staff::Agent,
        _ => Staff::No,
    }
}

#[async_trait]
impl Host for Accounts {
    type User = Account;

    fn account(&self, user: &Account) -> Account {
        user.clone()
    }

    async fn sign_in_key(&self, request: &Parts) -> Result<Option<SignInKey>, HostError> {
        let cookies = request.headers.get(COOKIE).and_then(|cookies| cookies.to_str().ok()).unwrap_or_default();
        let session = cookies.split("; ").find_map(|cookie| cookie.strip_prefix("session="));
        Ok(session.map(SignInKey::from))
    }

    async fn sign_in(&self, key: &SignInKey) -> Result<Option<SignIn>, HostError> {
        let alive = self.sessions.lock().unwrap().contains(key.as_str());
        let account = key.as_str().split('/').next().unwrap_or_default();
        Ok(alive.then(|| SignIn { account: account.into(), since: testkit::people::MONDAY }))
    }

    async fn find(&self, id: &AccountId) -> Result<Option<Account>, HostError> {
        Ok(self.accounts.lock().unwrap().get(id).cloned())
    }

    async fn search(&self, _: &Account, search: &Search) -> Result<Found<Account>, HostError> {
        let accounts = self.accounts.lock().unwrap();
        let matches = |account: &&Account| {
            let person = &account.person;
            let in_there = search.organisation.is_none() || search.organisation == account.organisation;
            staff(account) == Staff::No && in_there && (person.name.contains(&search.q) || person.email == search.q)
        };
        let found: Vec<Account> = accounts.values().filter(matches).cloned().collect();
        let skipped = usize::try_from((search.page - 1) * search.per_page).unwrap();
        let total = found.len() as u64;
        let page = found.into_iter().skip(skipped).take(usize::try_from(search.per_page).unwrap());
        Ok(Found { accounts: page.collect(), total })
    }
}

/// A running host: Alice and Carol are customers, Bob and Eve agents, Dana the administrator.
pub(crate) struct World {
    pub(crate) accounts: Accounts,
    pub(crate) ledger: Arc<MemoryLedger>,
    pub(crate) clock: ManualClock,
    pub(crate) vicarious: Vicarious,
    pub(crate) app: Router,
}

impl World {
    pub(crate) fn new() -> Self {
        Self::with(|console| console)
    }

    /// Returns a world whose console is set up differently.
    pub(crate) fn with(adjust: impl FnOnce(Console) -> Console) -> Self {
        Self::mounted(|vicarious| {
            let console = adjust(Console::new(vicarious));
            console.staff().merge(console.customer())
        })
    }

    /// Returns whether nothing of the application is left once nobody holds it any more.
    pub(crate) async fn can_go(self) -> bool {
        let Self { accounts, ledger, clock, vicarious, app } = self;
        drop((accounts, clock, vicarious, app));
        // A task that watches over the application may be at work for a moment.
        let gone = async {
            while Arc::strong_count(&ledger) > 1 {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(10), gone).await.is_ok()
    }

    /// Returns a world whose console is mounted differently.
    pub(crate) fn mounted(mount: impl FnOnce(&Vicarious) -> Router) -> Self {
        Self::of(|builder| builder, mount)
    }

    /// Returns a world that is set up differently.
    pub(crate) fn adjusted(adjust: impl FnOnce(Builder<Accounts>) -> Builder<Accounts>) -> Self {
        Self::of(adjust, |vicarious| Console::new(vicarious).routes())
    }

    /// Returns a world that is set up and mounted differently.
    pub(crate) fn of(
        adjust: impl FnOnce(Builder<Accounts>) -> Builder<Accounts>,
        mount: impl FnOnce(&Vicarious) -> Router,
    ) -> Self {
        let accounts = Accounts::default();
        for account in [alice(), carol(), bob(), eve(), dana()] {
            accounts.add(account);
        }
        let (ledger, clock) = (Arc::new(MemoryLedger::new()), ManualClock::default());
        let now = clock.clone();
        let builder = Vicarious::builder(accounts.clone())
            .shared_ledger(ledger.clone())
            .keys(KeyRing::generate())
            .who_may_whom(|agent, customer| staff(agent) > Staff::No && staff(customer) == Staff::No)
            .staff(staff)
            .rules(
                Rules::new()
                    .read("GET /invoices", "looked at invoices")
                    .never("/payments")
                    .by_handler("POST /search")
                    .confirm("POST /notes", "add this note"),
            )
            .secure_cookies(false)
            .cache_for(Duration::ZERO)
            .clock(move || now.now());
        let vicarious = adjust(builder).build().unwrap();
        let app = Router::new()
            .route("/invoices", get(|| async { "invoices" }))
            .route("/notes", post(|| async { "noted" }))
            .route("/search", post(|| async { "found" }))
            .merge(mount(&vicarious));
        let app = method_override(app.layer(vicarious.layer()));
        Self { accounts, ledger, clock, vicarious, app }
    }

    /// Returns a browser in which `account` has just signed in.
    pub(crate) fn browser(&self, account: &Account) -> Browser {
        let mut sessions = self.accounts.sessions.lock().unwrap();
        let session = format!("{}/{}", account.id(), sessions.len());
        sessions.insert(session.clone());
        let cookies = BTreeMap::from([("session".to_owned(), session)]);
        Browser { app: self.app.clone(), cookies }
    }

    pub(crate) fn nobody(&self) -> Browser {
        Browser { app: self.app.clone(), cookies: BTreeMap::new() }
    }

    /// Lets a customer agree ahead for a week.
    pub(crate) async fn agree(&self, customer: &Account) -> Value {
        let given = self.browser(customer).json(Method::POST, "/consents", json!({ "ends_in": "week" })).await;
        assert_eq!(given.status, StatusCode::CREATED, "{}", given.body);
        given.json()
    }

    /// Returns a browser in which `agent` is inside the account of `customer`, who has agreed.
    pub(crate) async fn inside(&self, agent: &Account, customer: &Account) -> Browser {
        let mut browser = self.browser(agent);
        browser.start(customer).await;
        browser
    }
}

/// A browser that keeps cookies.
#[derive(Clone)]
pub(crate) struct Browser {
    app: Router,
    cookies: BTreeMap<String, String>,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Browser {
    /// Opens a page.
    pub(crate) async fn open(&mut self, path: &str) -> Answer {
        self.send(Request::get(path).header(ACCEPT, "text/html").body(Body::empty()).unwrap()).await
    }

    /// Opens a page that is there.
    pub(crate) async fn page(&mut self, path: &str) -> String {
        let answer = self.open(path).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.body);
        answer.body
    }

    /// Sends a form, as a page of the same origin does.
    pub(crate) async fn form(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let request = Request::post(path)
            .header(ACCEPT, "text/html")
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header("sec-fetch-site", "same-origin")
            .body(Body::from(body));
        self.send(request.unwrap()).await
    }

    /// Asks as a program does.
    pub(crate) async fn ask(&mut self, path: &str) -> Answer {
        self.send(Request::get(path).header(ACCEPT, "application/json").body(Body::empty()).unwrap()).await
    }

    /// Sends JSON as a program does.
    pub(crate) async fn json(&mut self, method: Method, path: &str, body: Value) -> Answer {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(ACCEPT, "application/json")
            .header(CONTENT_TYPE, "application/json")
            .body(Body::from(body.to_string()));
        self.send(request.unwrap()).await
    }

    /// Starts an impersonation, and returns its id.
    pub(crate) async fn start(&mut self, customer: &Account) -> String {
        let body = json!({ "account_id": customer.id(), "reason": "a page looks wrong", "ticket": "SUP-4711" });
        let started = self.json(Method::POST, "/impersonation", body).await;
        assert_eq!(started.status, StatusCode::CREATED, "{}", started.body);
        started.json()["impersonation"]["id"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn stop(&mut self) {
        let stopped = self.json(Method::DELETE, "/impersonation", json!({})).await;
        assert_eq!(stopped.status, StatusCode::OK, "{}", stopped.body);
    }

    pub(crate) async fn send(&mut self, mut request: Request<Body>) -> Answer {
        let cookies: Vec<_> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        if !cookies.is_empty() {
            request.headers_mut().insert(COOKIE, cookies.join("; ").parse().unwrap());
        }
        let response = self.app.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        for cookie in parts.headers.get_all(SET_COOKIE) {
            let cookie = cookie.to_str().unwrap();
            let (name, value) = cookie.split(';').next().unwrap().split_once('=').unwrap();
            match cookie.contains("Max-Age=0") {
                true => self.cookies.remove(name),
                false => self.cookies.insert(name.to_owned(), value.to_owned()),
            };
        }
        let body = body.collect().await.unwrap().to_bytes();
        Answer { status: parts.status, headers: parts.headers, body: String::from_utf8(body.to_vec()).unwrap() }
    }
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("no JSON: {} {}", self.status, self.body))
    }

    /// Returns the slug that ends the problem's type.
    pub(crate) fn problem(&self) -> String {
        let kind = self.json()["type"].as_str().unwrap_or_default().to_owned();
        kind.rsplit(':').next().unwrap_or_default().to_owned()
    }

    pub(crate) fn location(&self) -> &str {
        assert_eq!(self.status, StatusCode::SEE_OTHER, "{}", self.body);
        self.headers[LOCATION].to_str().unwrap()
    }
}

/// Returns the text of a page, without its tags and with single spaces; only within a line do tags join words.
pub(crate) fn text(page: &str) -> String {
    let inline = ["a", "bdi", "q", "span", "strong", "time"];
    let mut text = String::new();
    for part in page.split('<') {
        let (tag, after) = part.split_once('>').unwrap_or(("", part));
        let name = tag.trim_start_matches('/').split(' ').next().unwrap_or_default();
        text.push_str(if inline.contains(&name) { "" } else { " " });
        text.push_str(after);
    }
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
