//! `docs/guide.md`, `docs/adapters.md`: a table that knows sessions by their secret alone, and a layout that tells people.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::extract::{Form, FromRequestParts, State};
use axum::http::header::{COOKIE, SET_COOKIE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use uuid::Uuid;
use vicarious::console::{Bar, Console, Room};
use vicarious::testing::{Credential, MemoryLedger, TestApp};
use vicarious::{
    Account, Answers, CurrentUser, HostError, KeyRing, Notice, SignIn, SitePath, Staff, Timestamp, Vicarious,
};

#[derive(Clone, Debug)]
struct User {
    id: i64,
    name: &'static str,
    is_support: bool,
}

const USERS: [User; 3] = [
    User { id: 1, name: "Alice Ames", is_support: false },
    User { id: 2, name: "Bob Marsh", is_support: true },
    User { id: 3, name: "Carol Cole", is_support: false },
];

#[derive(Clone)]
struct Session {
    user_id: i64,
    started_at: i64,
}

/// Sessions by the secret in their cookie, which is the table's only key.
#[derive(Clone, Default)]
struct Database(Arc<Mutex<HashMap<String, Session>>>);

impl Database {
    fn sessions(&self) -> MutexGuard<'_, HashMap<String, Session>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn session(&self, token: &str) -> Result<Option<Session>, HostError> {
        Ok(self.sessions().get(token).cloned())
    }

    async fn user(&self, id: i64) -> Result<Option<User>, HostError> {
        Ok(USERS.into_iter().find(|user| user.id == id))
    }

    async fn customers(&self, q: &str) -> Result<(Vec<User>, u64), HostError> {
        let found: Vec<User> = USERS.into_iter().filter(|user| !user.is_support && user.name.contains(q)).collect();
        let total = found.len() as u64;
        Ok((found, total))
    }
}

fn cookie(headers: &HeaderMap) -> Option<String> {
    let all = headers.get(COOKIE)?.to_str().ok()?;
    all.split("; ").find_map(|pair| pair.strip_prefix("session=")).map(str::to_owned)
}

fn support(database: Database, ledger: Arc<MemoryLedger>, keys: KeyRing) -> Vicarious {
    let (make, read) = (keys.clone(), keys.clone());
    let host = Answers::of(database, |user: &User| Account::new(user.id, user.name, ""))
        .sign_in_key(move |request| {
            cookie(&request.headers).map(|token| make.sign_in_key(token.as_bytes()).to_string())
        })
        .sign_in(move |db, key| {
            let token = read.sign_in_found_by(&key.into()).and_then(|token| String::from_utf8(token).ok());
            async move {
                let Some(token) = token else { return Ok(None) };
                Ok(db.session(&token).await?.map(|it| SignIn::at(it.user_id, it.started_at)))
            }
        })
        .find(|db, id| async move { db.user(id).await })
        .search(|db, _, search| async move { Ok(db.customers(&search.q).await?.into()) });
    Vicarious::builder(host)
        .shared_ledger(ledger)
        .keys(keys)
        .who_may_whom(|agent, customer| agent.is_support && !customer.is_support)
        .staff(|user| if user.is_support { Staff::Agent } else { Staff::No })
        .sign_in("POST /sign-in")
        .sign_out("POST /sign-out")
        .sign_in_page("/sign-in?then=")
        .cache_for(Duration::ZERO)
        .build()
        .unwrap()
}

/// Whoever a page is for, and what its layout says above everything else.
struct Member {
    user: User,
    bar: Bar,
    notice: Option<String>,
}

impl<S: Send + Sync> FromRequestParts<S> for Member {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Response> {
        let user = Option::<CurrentUser<User>>::from_request_parts(parts, state).await;
        let Some(CurrentUser(user)) = user.map_err(IntoResponse::into_response)? else {
            return Err(Redirect::to("/sign-in").into_response());
        };
        let Ok(bar) = Bar::from_request_parts(parts, state).await;
        let Ok(Notice(notice)) = Notice::from_request_parts(parts, state).await;
        Ok(Self { user, bar, notice })
    }
}

/// Stands for a template, which escapes what it is given, the bar aside.
async fn home(Member { user, bar, notice }: Member) -> Html<String> {
    let notice = notice.map(|text| format!("<p role=status>{}</p>", text.replace('<', "&lt;"))).unwrap_or_default();
    Html(format!("<!doctype html><title>Time sheet</title>{bar}{notice}<h1>{}</h1>", user.name))
}

type Typed = HashMap<String, String>;

async fn sign_in(State(database): State<Database>, Form(typed): Form<Typed>) -> Response {
    let who = typed.get("who").and_then(|who| who.parse().ok());
    let Some(user) = USERS.into_iter().find(|user| Some(user.id) == who) else {
        return StatusCode::UNAUTHORIZED.into_response();
    };
    let (token, started_at) = (Uuid::new_v4().to_string(), Timestamp::now().as_second());
    database.sessions().insert(token.clone(), Session { user_id: user.id, started_at });
    let cookie = format!("session={token}; Path=/; HttpOnly; SameSite=Lax; Secure");
    let then = SitePath::new(typed.get("then").map_or("/", String::as_str));
    ([(SET_COOKIE, cookie)], Redirect::to(then.as_str())).into_response()
}

async fn sign_out(State(database): State<Database>, headers: HeaderMap) -> Redirect {
    if let Some(token) = cookie(&headers) {
        database.sessions().remove(&token);
    }
    Redirect::to("/sign-in")
}

fn everything_that_was_there(database: Database) -> Router {
    Router::new()
        .route("/", get(home))
        .route("/sign-in", get(async || "Who are you?").post(sign_in))
        .route("/sign-out", post(sign_out))
        .with_state(database)
}

fn application(database: Database, vicarious: &Vicarious) -> Router {
    let console = Console::new(vicarious).brand("Oak & Sons").home("/").rooms(|_, staff| match staff {
        Staff::No => vec![Room::new("/", "Time sheet"), Room::new("/consents", "Support access")],
        _ => vec![
            Room::new("/", "Time sheet"),
            Room::new("/accounts", "Accounts"),
            Room::new("/consents", "Consents"),
            Room::new("/audit", "Audit"),
        ],
    });
    everything_that_was_there(database).merge(console.routes()).layer(vicarious.layer())
}

struct Tried {
    database: Database,
    ledger: Arc<MemoryLedger>,
    app: TestApp,
}

fn tried() -> Tried {
    let (database, ledger) = (Database::default(), Arc::new(MemoryLedger::new()));
    let vicarious = support(database.clone(), ledger.clone(), KeyRing::generate());
    let sign_in = |who: vicarious::AccountId| async move { Credential::form("/sign-in", &[("who", who.as_str())]) };
    let app = TestApp::new(application(database.clone(), &vicarious), &vicarious, sign_in);
    Tried { database, ledger, app }
}

#[tokio::test]
async fn a_session_that_is_known_by_its_secret_alone_carries_an_impersonation_and_ends_it() {
    let Tried { app, database, .. } = tried();
    assert_eq!(app.check("2").await, Vec::<String>::new());
    let mut bob = app.as_agent("2").impersonating("1").with_consent().await;
    bob.get("/").await.assert_status(200).assert_shows("<h1>Alice Ames</h1>");
    let sign_in = bob.impersonation().sign_in.to_string();
    assert!(database.sessions().keys().all(|token| !sign_in.contains(token)), "the ledger holds a secret");
    database.sessions().retain(|_, session| session.user_id != 2);
    let after = bob.get("/").await;
    assert!(!after.status.is_success(), "{}", after.text);
}

#[tokio::test]
async fn the_layout_tells_the_customer_who_is_inside_and_the_agent_that_it_is_over() {
    let Tried { app, .. } = tried();
    let mut alice = app.signed_in("1").await;
    assert!(!alice.get("/").await.text.contains("Bob Marsh"));
    let bob = app.as_agent("2").impersonating("1").with_consent().await;
    let bar = alice.get("/").await;
    bar.assert_shows("Bob Marsh").assert_shows("is viewing your account").assert_shows("End");
    let (mut browser, tag) = (bob.stolen(), bob.tag());
    let stop = [("_method", "DELETE"), ("_identity", tag.as_str())];
    browser.post_form("/impersonation", &stop).await.assert_status(303);
    browser.get("/").await.assert_shows("<p role=status>You are logged out as").assert_shows("<h1>Bob Marsh</h1>");
}

#[tokio::test]
async fn a_layout_is_drawn_without_the_bar_while_the_ledger_is_away() {
    let Tried { app, ledger, .. } = tried();
    let mut alice = app.signed_in("1").await;
    ledger.fail(true);
    alice.get("/").await.assert_status(200).assert_shows("<h1>Alice Ames</h1>");
}

#[tokio::test]
async fn a_sign_in_leads_back_to_paths_of_its_own_and_nowhere_else() {
    let Tried { app, .. } = tried();
    let there = [("/accounts?q=a", "/accounts?q=a"), ("//evil.example", "/"), ("https://evil.example", "/"), ("", "/")];
    for (then, led) in there {
        let answer = app.nobody().post_form("/sign-in", &[("who", "2"), ("then", then)]).await;
        assert_eq!(answer.header("location"), Some(led), "{then}");
    }
}

#[tokio::test]
async fn rooms_take_the_place_of_the_consoles_links() {
    let Tried { app, .. } = tried();
    let accounts = app.signed_in("2").await.get("/accounts").await;
    accounts.assert_shows("Time sheet").assert_shows("href=\"/consents\"").assert_shows("href=\"/audit\"");
    assert!(!accounts.text.contains("href=\"/impersonations\""), "{}", accounts.text);
}
