//! The application under test: one page, two users, a session table.

use axum::extract::{Request, State};
use axum::http::header::COOKIE;
use axum::http::request::Parts;
use axum::response::Html;
use axum::routing::get;
use axum::{Json, Router};
use serde_json::json;
use tower::ServiceExt;
use vicarious::sqlx::Store;
use vicarious::{
    Account, AccountId, CurrentUser, Found, Host, HostError, KeyRing, RequestIdentity, Search, SignIn, SignInKey,
    Timestamp, Vicarious,
};

const TABLES: [&str; 3] = [
    "CREATE TABLE IF NOT EXISTS bench_accounts (id TEXT PRIMARY KEY, name TEXT NOT NULL, email TEXT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS bench_sessions (id TEXT PRIMARY KEY, account TEXT NOT NULL)",
    "INSERT INTO bench_accounts VALUES ('alice', 'Alice Ames', 'alice@example.com'),
        ('bob', 'Bob Baker', 'bob@example.com') ON CONFLICT DO NOTHING",
];
const SESSIONS: &str = "INSERT INTO bench_sessions VALUES ('alice', 'alice'), ('bob', 'bob') ON CONFLICT DO NOTHING";
const BY_SESSION: &str = "SELECT a.id, a.name, a.email FROM bench_sessions s JOIN bench_accounts a ON a.id = s.account
    WHERE s.id = $1";
const BY_ID: &str = "SELECT id, name, email FROM bench_accounts WHERE id = $1";

type User = (String, String, String);

/// The host's own database access.
#[derive(Clone)]
pub(crate) struct Shop(Store);

impl Shop {
    async fn one(&self, sql: &'static str, key: &str) -> Result<Option<User>, HostError> {
        if let Some(pool) = self.0.sqlite() {
            return sqlx::query_as(sql).bind(key).fetch_optional(pool).await.map_err(HostError::new);
        }
        let pool = self.0.postgres().expect("one of the two");
        sqlx::query_as(sql).bind(key).fetch_optional(pool).await.map_err(HostError::new)
    }
}

#[async_trait::async_trait]
impl Host for Shop {
    type User = User;

    fn account(&self, (id, name, email): &User) -> Account {
        Account::new(id.as_str(), name.as_str(), email.as_str())
    }

    async fn sign_in_key(&self, request: &Parts) -> Result<Option<SignInKey>, HostError> {
        Ok(session(request).map(SignInKey::from))
    }

    async fn sign_in(&self, key: &SignInKey) -> Result<Option<SignIn>, HostError> {
        let user = self.one(BY_SESSION, key.as_str()).await?;
        Ok(user.map(|(id, ..)| SignIn { account: id.into(), since: Timestamp::now() }))
    }

    async fn find(&self, id: &AccountId) -> Result<Option<User>, HostError> {
        self.one(BY_ID, id.as_str()).await
    }

    async fn search(&self, _: &User, _: &Search) -> Result<Found<User>, HostError> {
        Ok(Found { accounts: Vec::new(), total: 0 })
    }
}

fn session(request: &Parts) -> Option<&str> {
    let cookies = request.headers.get(COOKIE)?.to_str().ok()?;
    cookies.split("; ").find_map(|cookie| cookie.strip_prefix("session="))
}

/// The handler that looks up who asks by itself.
async fn bare(State(shop): State<Shop>, request: Request) -> Html<String> {
    let (parts, _) = request.into_parts();
    let user = shop.one(BY_SESSION, session(&parts).unwrap_or_default()).await.expect("an answer");
    page(&user.expect("a signed-in user").1)
}

/// The same handler behind the layer: it looks up the account that applies.
async fn looked_up(State(shop): State<Shop>, RequestIdentity(identity): RequestIdentity) -> Html<String> {
    let id = identity.current_user().expect("a signed-in user").id.clone();
    let user = shop.one(BY_ID, id.as_str()).await.expect("an answer");
    page(&user.expect("a known user").1)
}

/// A handler that takes the account from the layer.
async fn taken(CurrentUser((_, name, _)): CurrentUser<User>) -> Html<String> {
    page(&name)
}

/// A page of about 2 KB.
fn page(name: &str) -> Html<String> {
    let rows: String = (0..30).map(|row| format!("<tr><td>Order {row}</td><td>shipped, 12.00</td></tr>")).collect();
    Html(format!(
        "<!doctype html><html><head><title>Orders</title></head><body><h1>{name}</h1><table>{rows}</table></body></html>"
    ))
}

/// Builds the application on `store`, with the consent that Alice has given.
pub(crate) fn application(store: &Store) -> (Router, Vicarious) {
    let shop = Shop(store.clone());
    let terms = vicarious::decide::Terms {
        consent: vicarious::decide::ConsentPolicy::NotRequired,
        at_once: 1000,
        ..Default::default()
    };
    let vicarious = Vicarious::builder(shop.clone())
        .ledger(store.clone())
        .keys(KeyRing::generate())
        .who_may_whom(|agent, customer| agent.0 == "bob" && customer.0 == "alice")
        .terms(terms)
        .secure_cookies(false)
        .build()
        .expect("a sound configuration");
    let behind = Router::new()
        .route("/page", get(looked_up))
        .route("/taken", get(taken))
        .route("/healthz", get(async || Json(json!("fine"))))
        .layer(vicarious.layer());
    (Router::new().route("/bare", get(bare)).merge(behind).with_state(shop), vicarious)
}

pub(crate) async fn tables(store: &Store) {
    let mut tx = store.begin().await.expect("a transaction");
    for sql in TABLES.into_iter().chain([SESSIONS]) {
        if let Some(connection) = tx.sqlite() {
            sqlx::query(sql).execute(connection).await.expect("a table");
        } else if let Some(connection) = tx.postgres() {
            sqlx::query(sql).execute(connection).await.expect("a table");
        }
    }
    tx.commit().await.expect("a commit");
}

/// Starts an impersonation and returns the cookie of its handle.
pub(crate) async fn handle(app: &Router) -> String {
    let request = Request::post("/impersonation")
        .header("content-type", "application/json")
        .header("accept", "application/json")
        .header(COOKIE, "session=bob")
        .body(json!({"account_id": "alice", "reason": "benchmark"}).to_string());
    let answer = app.clone().oneshot(request.expect("a request").map(axum::body::Body::from)).await.expect("an answer");
    let cookie = answer.headers().get("set-cookie").and_then(|cookie| cookie.to_str().ok()).map(str::to_owned);
    assert_eq!(answer.status(), 201, "the start");
    let cookie = cookie.expect("a cookie");
    cookie.split(';').next().expect("a pair").to_owned()
}

/// Serves until killed; prints the address, then the cookie of an impersonation's handle.
pub(crate) fn run(url: &str) {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let store = Store::connect(url).await.expect("a database");
        tables(&store).await;
        let (app, _vicarious) = application(&store);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        println!("{}\n{}", listener.local_addr().expect("an address"), handle(&app).await);
        axum::serve(listener, app).await.expect("a server");
    });
}
