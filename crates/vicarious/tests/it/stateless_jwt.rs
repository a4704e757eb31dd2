//! `docs/adapters.md`: a client whose sign-in is a JWT that no table knows, and a deny list of those that signed out.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};

use axum::extract::State;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use vicarious::testing::{Credential, MemoryLedger, TestApp};
use vicarious::{
    AccountId, Answers, Host, HostError, KeyRing, Rules, Search, SignIn, SignInKey, Staff, Timestamp, Vicarious,
};

use crate::shop::{Shop, User, home};

/// What a token says.
#[derive(Serialize, Deserialize)]
struct Claims {
    sub: String,
    iat: i64,
    exp: i64,
    jti: String,
}

impl Claims {
    fn of(sub: &str, iat: i64) -> Self {
        Self { sub: sub.to_owned(), iat, exp: iat + 3_600, jti: Uuid::new_v4().to_string() }
    }
}

/// Stands for HS256 and its secret: what it seals, nobody else makes.
static SECRET: LazyLock<KeyRing> = LazyLock::new(KeyRing::generate);

fn token(claims: &Claims) -> String {
    SECRET.sign_in_key(&serde_json::to_vec(claims).unwrap()).to_string()
}

/// Returns what the token of a request says, its signature checked.
fn claims(request: &Parts) -> Option<Claims> {
    let token = request.headers.get(AUTHORIZATION)?.to_str().ok()?.strip_prefix("Bearer ")?;
    serde_json::from_slice(&SECRET.sign_in_found_by(&SignInKey::from(token))?).ok()
}

#[derive(Clone, Default)]
struct Database {
    shop: Shop,
    denied: Arc<Mutex<HashSet<String>>>,
}

impl Database {
    fn denied(&self) -> MutexGuard<'_, HashSet<String>> {
        self.denied.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn is_denied(&self, jti: &str) -> Result<bool, HostError> {
        Ok(self.denied().contains(jti))
    }
}

/// Returns what of a token is the key of a sign-in: all that `sign_in` has to know.
fn sign_in_key(request: &Parts) -> Option<String> {
    let Claims { sub, iat, exp, jti } = claims(request)?;
    Some(format!("{sub}.{iat}.{exp}.{jti}"))
}

async fn sign_in(database: Database, key: String) -> Result<Option<SignIn>, HostError> {
    let parts: Vec<&str> = key.split('.').collect();
    let [sub, iat, exp, jti] = parts.as_slice() else { return Ok(None) };
    let (Ok(iat), Ok(exp)) = (iat.parse::<i64>(), exp.parse::<i64>()) else { return Ok(None) };
    if exp <= Timestamp::now().as_second() || database.is_denied(jti).await? {
        return Ok(None);
    }
    Ok(Some(SignIn::at(sub, iat)))
}

fn support(database: Database) -> Vicarious {
    let host = Answers::of(database, |user: &User| Shop::default().account(user))
        .sign_in_key(sign_in_key)
        .sign_in(sign_in)
        .find(|database, id: String| async move { database.shop.find(&AccountId::from(id)).await })
        .search(|database, by: User, search: Search| async move { database.shop.search(&by, &search).await });
    let vicarious = Vicarious::builder(host)
        .handle_in_header()
        .ledger(MemoryLedger::new())
        .keys(KeyRing::generate())
        .who_may_whom(|agent, customer| agent.is_support && !customer.is_support)
        .staff(|user| if user.is_support { Staff::Agent } else { Staff::No })
        .rules(Rules::new().confirm("POST /profile", "save this profile").never("POST /password"))
        .sign_in("POST /tokens")
        .sign_out("POST /sign-out");
    vicarious.build().unwrap()
}

async fn signed_in(Json(typed): Json<HashMap<String, String>>) -> Json<HashMap<&'static str, String>> {
    let who = typed.get("who").map(String::as_str).unwrap_or_default();
    Json(HashMap::from([("token", token(&Claims::of(who, Timestamp::now().as_second())))]))
}

async fn signed_out(State(database): State<Database>, request: Parts) -> StatusCode {
    let Some(claims) = claims(&request) else { return StatusCode::UNAUTHORIZED };
    database.denied().insert(claims.jti);
    StatusCode::NO_CONTENT
}

fn app() -> TestApp {
    let database = Database::default();
    let vicarious = support(database.clone());
    let router = Router::new()
        .route("/", get(home))
        .route("/profile", post(async || "saved"))
        .route("/password", post(async || "saved"))
        .route("/tokens", post(signed_in))
        .route("/sign-out", post(signed_out))
        .with_state(database)
        .layer(vicarious.layer());
    TestApp::new(router, &vicarious, |who| async move {
        Credential::json("/tokens", &serde_json::json!({ "who": who.as_str() })).token_at("/token")
    })
}

fn bearer(claims: &Claims) -> HeaderValue {
    HeaderValue::from_str(&format!("Bearer {}", token(claims))).unwrap()
}

#[tokio::test]
async fn a_handle_is_worth_nothing_beside_another_token_of_the_same_agent() {
    let app = app();
    let mut bob = app.as_agent("bob").impersonating("alice").with_consent().await;
    bob.get("/").await.assert_status(200).assert_shows("Alice Ames");
    let mut elsewhere = bob.stolen();
    elsewhere.always(AUTHORIZATION, bearer(&Claims::of("bob", Timestamp::now().as_second())));
    elsewhere.get("/").await.assert_status(410);
}

#[tokio::test]
async fn a_token_that_signed_out_is_nobodys_and_no_other_is_touched() {
    let app = app();
    let mut alice = app.signed_in("alice").await;
    let mut copied = alice.clone();
    copied.get("/").await.assert_status(200).assert_shows("Alice Ames");
    alice.post_form("/sign-out", &[]).await.assert_status(204);
    copied.get("/").await.assert_status(401);
    app.signed_in("alice").await.get("/").await.assert_status(200);
}

#[tokio::test]
async fn a_sign_in_is_over_when_its_token_is_denied_or_past_or_holds_one_dot_too_many() {
    let database = Database::default();
    let now = Timestamp::now().as_second();
    let key = |sub: &str, exp: i64, jti: &str| format!("{sub}.{now}.{exp}.{jti}");
    let standing = sign_in(database.clone(), key("bob", now + 60, "1")).await.unwrap().unwrap();
    assert_eq!((standing.account.as_str(), standing.since.as_second()), ("bob", now));
    database.denied().insert("2".to_owned());
    for over in [key("bob", now, "1"), key("bob", now + 60, "2"), key("b.ob", now + 60, "1")] {
        assert_eq!(sign_in(database.clone(), over.clone()).await.unwrap(), None, "{over}");
    }
}

#[tokio::test]
async fn the_gravest_abuses_come_to_nothing_with_tokens_that_no_table_knows() {
    let app = app();
    assert_eq!(app.undecided(), Vec::<String>::new());
    let attack = app.attack().agent("bob").customer("alice").another_customer("carol");
    attack.colleague("eve").administrator("eve").page("/").run().await.assert_held();
}
