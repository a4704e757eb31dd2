//! A page that draws itself, with bearer tokens: the handle is a header, and `<vicarious-banner>` does the rest.
//!
//! `cargo run -p vicarious --features sqlite --example single_page`, then sign in as `bob`. `docs/single-page.md` says what
//! the page has to know.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::extract::{FromRequestParts, Request, State};
use axum::http::header::{AUTHORIZATION, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::middleware::{self, Next};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, patch, post, put};
use axum::{Json, Router};
use serde_json::{Value, json};
use uuid::Uuid;
use vicarious::decide::{ConsentPolicy, Terms};
use vicarious::sqlx::Store;
use vicarious::{
    Account, AccountId, CurrentUser, ExtractRefused, Found, Host, HostError, KeyRing, Rules, Search, SignIn, SignInKey,
    Staff, Timestamp, Vicarious, async_trait,
};

/// An account of the shop. A real one has a table of them, and passwords.
#[derive(Clone, Debug)]
struct User {
    name: &'static str,
    is_support: bool,
}

const USERS: [User; 2] = [User { name: "alice", is_support: false }, User { name: "bob", is_support: true }];
const PAGE: &str = include_str!("index.html");
const SCRIPT: &str = include_str!("app.js");
/// Nothing inline, and nothing from elsewhere: the component needs no more than this.
const POLICY: &str = "default-src 'none'; script-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; \
     require-trusted-types-for 'script'";

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:3000".to_owned());
    let shop = Shop::default();
    let store = Store::connect("sqlite://single-page.db").await?;
    let vicarious = Vicarious::builder(shop.clone())
        .ledger(store.clone())
        .keys(KeyRing::generate()) // kept nowhere: a restart ends what runs; see `KeyRing::parse`
        .handle_in_header()
        .who_may_whom(|agent, customer| agent.is_support && !customer.is_support)
        .staff(|user| if user.is_support { Staff::Agent } else { Staff::No })
        .terms(Terms { consent: ConsentPolicy::NotRequired, ..Terms::default() })
        .rules(
            Rules::new()
                .write("PUT /api/note", "write this note")
                .confirm("PATCH /api/newsletter", "subscribe to the newsletter")
                .never("/api/payments"),
        )
        .sign_in("POST /api/session")
        .sign_out("DELETE /api/session")
        .build()?;

    let app = Router::new()
        .route("/", get(|| async { Html(PAGE) }))
        .route("/de", get(|| async { Html(PAGE.replace("lang=\"en\"", "lang=\"de\"")) }))
        .route("/app.js", get(|| async { ([(CONTENT_TYPE, "text/javascript")], SCRIPT) }))
        .route("/api/session", post(sign_in).delete(sign_out))
        .route("/api/me", get(me))
        .route("/api/note", put(note))
        .route("/api/newsletter", patch(subscribe))
        .route("/api/payments", post(|Me(user): Me| async move { format!("{} has paid", user.name) }))
        .with_state(shop)
        .layer(vicarious.layer())
        .layer(middleware::from_fn(strict));

    let listener = tokio::net::TcpListener::bind(&address).await?;
    eprintln!("listening on http://{}", listener.local_addr()?);
    axum::serve(listener, app).with_graceful_shutdown(async { drop(tokio::signal::ctrl_c().await) }).await?;
    store.close().await;
    Ok(())
}

async fn strict(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    response.headers_mut().insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    response
}

/// Whoever is asking: the one thing that every handler takes.
struct Me(User);

impl<S: Sync> FromRequestParts<S> for Me {
    type Rejection = ExtractRefused;

    /// Nobody signed in is a 401, and a mistake of ours another problem: as it is, so that the page can tell them apart.
    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ExtractRefused> {
        let CurrentUser(user) = CurrentUser::from_request_parts(parts, state).await?;
        Ok(Self(user))
    }
}

async fn me(State(shop): State<Shop>, Me(user): Me) -> Json<Value> {
    let data = shop.data();
    let account = data.accounts.get(user.name).cloned().unwrap_or_default();
    Json(
        json!({ "name": user.name, "support": user.is_support, "note": account.note, "subscribed": account.subscribed }),
    )
}

async fn note(State(shop): State<Shop>, Me(user): Me, Json(body): Json<HashMap<String, String>>) -> StatusCode {
    shop.data().accounts.entry(user.name).or_default().note = body.get("note").cloned().unwrap_or_default();
    StatusCode::NO_CONTENT
}

async fn subscribe(State(shop): State<Shop>, Me(user): Me) -> StatusCode {
    shop.data().accounts.entry(user.name).or_default().subscribed = true;
    StatusCode::NO_CONTENT
}

async fn sign_in(State(shop): State<Shop>, Json(body): Json<HashMap<String, String>>) -> Response {
    let who = body.get("who").map(String::as_str).unwrap_or_default();
    let Some(user) = USERS.into_iter().find(|user| user.name == who) else {
        return StatusCode::UNAUTHORIZED.into_response();
    };
    // The key is no secret and never comes back: a new sign-in has a new one.
    let (token, key) = (Uuid::new_v4().to_string(), SignInKey::new(Uuid::new_v4().to_string()));
    let sign_in = SignIn { account: AccountId::from(user.name), since: Timestamp::now() };
    shop.data().sign_ins.insert(token.clone(), (key, sign_in));
    Json(json!({ "token": token })).into_response()
}

async fn sign_out(State(shop): State<Shop>, headers: HeaderMap) -> StatusCode {
    if let Some(token) = token(&headers) {
        shop.data().sign_ins.remove(token);
    }
    StatusCode::NO_CONTENT
}

fn token(headers: &HeaderMap) -> Option<&str> {
    headers.get(AUTHORIZATION)?.to_str().ok()?.strip_prefix("Bearer ")
}

/// What the shop keeps: sign-ins by their tokens, and what customers have written.
#[derive(Clone, Default)]
struct Shop(Arc<Mutex<Data>>);

#[derive(Default)]
struct Data {
    sign_ins: HashMap<String, (SignInKey, SignIn)>,
    accounts: HashMap<&'static str, Kept>,
}

#[derive(Clone, Default)]
struct Kept {
    note: String,
    subscribed: bool,
}

impl Shop {
    fn data(&self) -> MutexGuard<'_, Data> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Host for Shop {
    type User = User;

    fn account(&self, user: &User) -> Account {
        Account::new(user.name, user.name, format!("{}@example.com", user.name))
    }

    async fn sign_in_key(&self, request: &Parts) -> Result<Option<SignInKey>, HostError> {
        let Some(token) = token(&request.headers) else { return Ok(None) };
        Ok(self.data().sign_ins.get(token).map(|(key, _)| key.clone()))
    }

    async fn sign_in(&self, key: &SignInKey) -> Result<Option<SignIn>, HostError> {
        Ok(self.data().sign_ins.values().find(|(known, _)| known == key).map(|(_, sign_in)| sign_in.clone()))
    }

    async fn find(&self, id: &AccountId) -> Result<Option<User>, HostError> {
        Ok(USERS.into_iter().find(|user| user.name == id.as_str()))
    }

    async fn search(&self, _: &User, search: &Search) -> Result<Found<User>, HostError> {
        let found = USERS.into_iter().filter(|user| !user.is_support && user.name.contains(search.q.as_str()));
        let accounts: Vec<User> = found.collect();
        Ok(Found { total: accounts.len() as u64, accounts })
    }
}
