//! `docs/adapters.md`: a host on tower-sessions, and one whose clients keep no cookies.

use axum::routing::{get, post};
use axum::{Json, Router};
use tower_sessions::{MemoryStore, Session, SessionManagerLayer};
use vicarious::testing::{Credential, MemoryLedger, TestApp};
use vicarious::tower_sessions::{Accounts, TowerSessions};
use vicarious::{Account, AccountId, BuildError, Found, Host, HostError, KeyRing, Search, Vicarious};

use crate::shop::{Shop, User, browsed, home, sign_in};

/// Whom the shop knows; who is signed in stands in a session.
#[derive(Clone, Default)]
struct Database(Shop);

impl Database {
    async fn user(&self, id: &str) -> Result<Option<User>, HostError> {
        self.0.find(&AccountId::from(id)).await
    }

    async fn customers(&self, _: &str, page: u32, per_page: u32) -> Result<(Vec<User>, u64), HostError> {
        let all = self.0.everybody();
        let total = all.len() as u64;
        let skipped = page.saturating_sub(1).saturating_mul(per_page) as usize;
        Ok((all.into_iter().skip(skipped).take(per_page as usize).collect(), total))
    }
}

impl Accounts for Database {
    type User = User;
    type Error = HostError;

    fn account(&self, user: &User) -> Account {
        Account::new(user.id, user.name, "")
    }

    async fn find(&self, id: &AccountId) -> Result<Option<User>, HostError> {
        self.user(id.as_str()).await
    }

    async fn search(&self, _: &User, search: &Search) -> Result<Found<User>, HostError> {
        Ok(self.customers(&search.q, search.page, search.per_page).await?.into())
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
async fn the_check_finds_a_name_that_the_sign_in_does_not_use_and_a_store_that_is_not_the_session_layers() {
    let (store, other) = (MemoryStore::default(), MemoryStore::default());
    for (given, name, found) in [(&store, "user_id", 0), (&store, "userid", 1), (&other, "user_id", 1)] {
        let ledger = MemoryLedger::new();
        let vicarious = Vicarious::builder(TowerSessions::new(Database::default(), given.clone(), name))
            .ledger(ledger)
            .keys(KeyRing::generate())
            .who_may_whom(|agent, customer| agent.is_support && !customer.is_support)
            .sign_in("POST /sign-in")
            .sign_out("POST /sign-out")
            .build()
            .unwrap();
        let sign_in = async |session: Session, Json(who): Json<String>| session.insert("user_id", who).await.unwrap();
        let app = Router::new()
            .route("/sign-in", post(sign_in))
            .route("/sign-out", post(async || ()))
            .layer(vicarious.layer())
            .layer(SessionManagerLayer::new(store.clone()));
        let app =
            TestApp::new(app, &vicarious, |who| async move { Credential::json("/sign-in", &who.as_str().into()) });
        let sentences = app.check("bob").await;
        let unseen =
            sentences.iter().filter(|sentence| sentence.contains("the session layer's or a clone of it")).count();
        assert_eq!(unseen, found, "{sentences:?}");
    }
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
