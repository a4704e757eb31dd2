//! A shop of one page with Vicarious in it: what the README adds to an application, as a program that runs.
//!
//! `cargo run -p vicarious --features sqlite --example minimal`, then sign in as `alice` in one browser and as `bob` in
//! another. Alice agrees at `/consents`; Bob finds her at `/accounts`; Alice sees what he did at `/access-log`.

use std::collections::{HashMap, HashSet};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use axum::Router;
use axum::extract::{Form, FromRequestParts, State};
use axum::http::HeaderMap;
use axum::http::header::{COOKIE, SET_COOKIE};
use axum::http::request::Parts;
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use uuid::Uuid;
use vicarious::console::Console;
use vicarious::sqlx::Store;
use vicarious::{
    Account, AccountId, CurrentUser, Found, Host, HostError, KeyRing, Rules, Search, SignIn, SignInKey, Staff,
    Timestamp, Vicarious,
};

/// An account of the shop. A real one has a table of them, and passwords.
#[derive(Clone, Debug)]
struct User {
    name: &'static str,
    is_support: bool,
}

const USERS: [User; 2] = [User { name: "alice", is_support: false }, User { name: "bob", is_support: true }];

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let shop = Shop::default();
    let store = Store::connect("sqlite://minimal.db").await?;
    let vicarious = Vicarious::builder(shop.clone())
        .ledger(store.clone())
        .keys(KeyRing::generate()) // kept nowhere: a restart ends what runs; see `KeyRing::parse`
        .who_may_whom(|agent, customer| agent.is_support && !customer.is_support)
        .staff(|user| if user.is_support { Staff::Agent } else { Staff::No })
        .rules(Rules::new().confirm("POST /newsletter", "subscribe to the newsletter").never("/payments"))
        .sign_in("POST /sign-in")
        .sign_out("POST /sign-out")
        .secure_cookies(false) // only because this is plain HTTP on loopback
        .build()?;
    let console = Console::new(&vicarious);

    let app = Router::new()
        .route("/", get(home))
        .route("/newsletter", post(subscribe))
        .route("/payments", post(pay))
        .route("/sign-in", post(sign_in))
        .route("/sign-out", post(sign_out))
        .with_state(shop)
        .merge(console.staff())
        .merge(console.customer())
        .layer(vicarious.layer());

    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    eprintln!("http://127.0.0.1:3000");
    axum::serve(listener, app.into_make_service_with_connect_info::<SocketAddr>())
        .with_graceful_shutdown(async { drop(tokio::signal::ctrl_c().await) })
        .await?;
    store.close().await;
    Ok(())
}

/// Whoever is asking: the one thing that every handler takes, and the one place that changes.
struct Me(User);

impl<S: Sync> FromRequestParts<S> for Me {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Response> {
        match CurrentUser::<User>::from_request_parts(parts, state).await {
            Ok(CurrentUser(user)) => Ok(Self(user)),
            Err(refused) if refused.is_signed_out() => Err(Html(SIGN_IN).into_response()),
            Err(refused) => Err(refused.into_response()),
        }
    }
}

const SIGN_IN: &str = "<!doctype html><title>Shop</title>\
    <form method=post action=/sign-in><label>alice or bob <input name=who></label><button>Sign in</button></form>";

async fn home(State(shop): State<Shop>, Me(user): Me) -> Html<String> {
    let subscribed = if shop.data().subscribed.contains(user.name) { "yes" } else { "no" };
    Html(format!(
        "<!doctype html><title>Shop</title><h1>{}</h1><p>Newsletter: {subscribed}</p>\
         <form method=post action=/newsletter><button>Subscribe</button></form>\
         <form method=post action=/payments><button>Pay</button></form>\
         <form method=post action=/sign-out><button>Sign out</button></form>\
         <p><a href=/accounts>Customers</a> <a href=/consents>Support access</a> \
         <a href=/access-log>Who looked at my account</a></p>",
        user.name
    ))
}

async fn subscribe(State(shop): State<Shop>, Me(user): Me) -> Redirect {
    shop.data().subscribed.insert(user.name);
    Redirect::to("/")
}

async fn pay(Me(user): Me) -> String {
    format!("{} has paid", user.name)
}

/// What the shop keeps: sign-ins by the secret in the cookie, and who takes the newsletter.
#[derive(Clone, Default)]
struct Shop(Arc<Mutex<Data>>);

#[derive(Default)]
struct Data {
    sign_ins: HashMap<String, (SignInKey, SignIn)>,
    subscribed: HashSet<&'static str>,
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
        let Some(secret) = secret(&request.headers) else { return Ok(None) };
        Ok(self.data().sign_ins.get(secret).map(|(key, _)| key.clone()))
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

async fn sign_in(State(shop): State<Shop>, Form(typed): Form<HashMap<String, String>>) -> Response {
    let who = typed.get("who").map(String::as_str).unwrap_or_default();
    let Some(user) = USERS.into_iter().find(|user| user.name == who) else {
        return Html(SIGN_IN).into_response();
    };
    // The key is no secret and never comes back: a new sign-in has a new one.
    let (secret, key) = (Uuid::new_v4().to_string(), SignInKey::new(Uuid::new_v4().to_string()));
    let cookie = format!("session={secret}; Path=/; HttpOnly; SameSite=Lax");
    let sign_in = SignIn { account: AccountId::from(user.name), since: Timestamp::now() };
    shop.data().sign_ins.insert(secret, (key, sign_in));
    ([(SET_COOKIE, cookie)], Redirect::to("/")).into_response()
}

async fn sign_out(State(shop): State<Shop>, headers: HeaderMap) -> Redirect {
    if let Some(secret) = secret(&headers) {
        shop.data().sign_ins.remove(secret);
    }
    Redirect::to("/")
}

fn secret(headers: &HeaderMap) -> Option<&str> {
    headers.get(COOKIE)?.to_str().ok()?.split("; ").find_map(|pair| pair.strip_prefix("session="))
}
