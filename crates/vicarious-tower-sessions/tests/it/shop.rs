//! The application, as it was before: its handlers know their session and nothing of impersonation.

use axum::extract::Path;
use axum::routing::{get, post};
use axum::{Json, Router};
use http::StatusCode;
use serde_json::{Value, json};
use testkit::MemoryLedger;
use vicarious_axum::{KeyRing, Vicarious};
use vicarious_core::Rules;
use vicarious_core::decide::{ConsentPolicy, Terms};

use super::adapter::TowerSessions;
use super::library::{MemoryStore, Session, SessionManagerLayer};
use crate::browser::Browser;
use crate::people::{ALICE, BOB, People};

pub(super) struct World {
    pub(super) vicarious: Vicarious,
    pub(super) store: MemoryStore,
    pub(super) app: Router,
}

impl World {
    pub(super) async fn new() -> Self {
        let store = MemoryStore::default();
        let vicarious = vicarious(&store);
        let app = routes().layer(vicarious.layer()).layer(SessionManagerLayer::new(store.clone()));
        Self { vicarious, store, app }
    }

    pub(super) fn nobody(&self) -> Browser {
        Browser::new(self.app.clone())
    }

    pub(super) async fn browser(&self, who: i64) -> Browser {
        let mut browser = self.nobody();
        assert_eq!(browser.sign_in(who).await.status, StatusCode::OK);
        browser
    }

    pub(super) async fn inside(&self) -> Browser {
        let mut browser = self.browser(BOB).await;
        let answer = browser.start(ALICE).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{answer:?}");
        browser
    }
}

pub(super) fn vicarious(store: &MemoryStore) -> Vicarious {
    Vicarious::builder(TowerSessions::new(People, store.clone(), "user_id"))
        .ledger(MemoryLedger::new())
        .keys(KeyRing::generate())
        .who_may_whom(|agent, customer| agent.is_support && !customer.is_support)
        .rules(Rules::new().read("POST /cart", "put in the cart").read("POST /me/{what}", "tried this"))
        .terms(Terms { consent: ConsentPolicy::NotRequired, ..Terms::default() })
        .sign_in("POST /login")
        .sign_out("POST /logout")
        .channels("/cable")
        .secure_cookies(false)
        .cache_for(std::time::Duration::ZERO)
        .build()
        .unwrap()
}

fn routes() -> Router {
    Router::new()
        .route("/who", get(who))
        .route("/cable", get(who))
        .route("/login", post(login))
        .route("/logout", post(async |session: Session| session.flush().await.unwrap()))
        .route("/cart", get(cart).post(add_to_cart))
        .route("/me/{what}", post(mischief))
}

async fn who(session: Session) -> Json<Value> {
    let id = session.get::<i64>("user_id").await.unwrap();
    Json(json!({ "name": id.and_then(People::name) }))
}

async fn login(session: Session, Json(id): Json<i64>) {
    session.cycle_id().await.unwrap();
    session.insert("user_id", id).await.unwrap();
}

async fn cart(session: Session) -> Json<Value> {
    Json(json!({ "cart": session.get::<Value>("cart").await.unwrap() }))
}

async fn add_to_cart(session: Session, Json(item): Json<Value>) {
    session.insert("cart", item).await.unwrap();
}

/// What a handler may do with a session, meaning well.
async fn mischief(session: Session, Path(what): Path<String>) {
    match what.as_str() {
        "login" => session.insert("user_id", crate::people::EVE).await.unwrap(),
        "forget" => drop(session.remove::<i64>("user_id").await.unwrap()),
        "cycle" => session.cycle_id().await.unwrap(),
        "flush" => session.flush().await.unwrap(),
        _ => session.clear().await,
    }
}
