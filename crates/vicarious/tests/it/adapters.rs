//! `docs/adapters.md`: a host on tower-sessions, and one whose clients keep no cookies.

use axum::routing::{get, post};
use axum::{Json, Router};
use tower_sessions::{MemoryStore, Session, SessionManagerLayer};
use vicarious::testing::{Credential, MemoryLedger, TestApp};
use vicarious::tower_sessions::{Accounts, TowerSessions};
use vicarious::{Account, AccountId, BuildError, Found, Host, HostError, KeyRing, Search, Vicarious, async_trait};

use crate::shop::{Shop, User, browsed, home, sign_in};

/// Whom the shop knows; who is signed in stands in a session.
#[derive(Clone, Default)]
struct Database(Shop);

#[async_trait]
impl Accounts for Database {
    type User = User;

    fn account(&self, user: &User) -> Account {
        self.0.account(user)
    }

    async fn find(&self, id: &AccountId) -> Result<Option<User>, HostError> {
        self.0.find(id).await
    }

    async fn search(&self, by: &User, search: &Search) -> Result<Found<User>, HostError> {
        Host::search(&self.0, by, search).await
    }
}

fn on_tower_sessions(database: Database, session_store: MemoryStore) -> Result<Vicarious, BuildError> {
    let vicarious = Vicarious::builder(TowerSessions::new(database, session_store, "user_id"))
        .ledger(MemoryLedger::new())
        .keys(KeyRing::generate())
        .who_may_whom(|agent, customer| agent.is_support && !customer.is_support)
        .sign_in("POST /sign-in")
        .sign_out("POST /sign-out")
        .build()?;
    Ok(vicarious)
}

fn without_cookies(shop: Shop) -> Result<Vicarious, BuildError> {
    let vicarious = Vicarious::builder(shop)
        .handle_in_header()
        .ledger(MemoryLedger::new())
        .keys(KeyRing::generate())
        .who_may_whom(|agent, customer| agent.is_support && !customer.is_support)
        .sign_in("POST /sign-in")
        .build()?;
    Ok(vicarious)
}

#[tokio::test]
async fn a_handler_that_looks_into_the_session_finds_the_customer() {
    let store = MemoryStore::default();
    let vicarious = on_tower_sessions(Database::default(), store.clone()).unwrap();
    let sign_in = async |session: Session, Json(who): Json<String>| session.insert("user_id", who).await.unwrap();
    let app = Router::new()
        .route("/who", get(async |session: Session| Json(session.get::<String>("user_id").await.unwrap())))
        .route("/sign-in", post(sign_in))
        .layer(vicarious.layer())
        .layer(SessionManagerLayer::new(store));
    let app = TestApp::new(app, &vicarious, |who| async move { Credential::json("/sign-in", &who.as_str().into()) });
    let mut bob = app.as_agent("bob").impersonating("alice").with_consent().await;
    bob.get("/who").as_json().await.assert_status(200).assert_shows("alice");
    bob.stop().await.get("/who").await.assert_status(200).assert_shows("bob");
}

#[tokio::test]
async fn a_client_without_cookies_gets_a_handle_to_send() {
    let shop = Shop::default();
    let vicarious = without_cookies(shop.clone()).unwrap();
    let app =
        Router::new().route("/", get(home)).route("/sign-in", post(sign_in)).with_state(shop).layer(vicarious.layer());
    let app = browsed(app, &vicarious);
    let mut bob = app.as_agent("bob").impersonating("alice").with_consent().await;
    bob.get("/").await.assert_status(200).assert_shows("Alice Ames");
    assert!(bob.stolen().cookies().all(|(name, _)| name == "session"));
}
