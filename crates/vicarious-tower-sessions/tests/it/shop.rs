//! The application, as it was before: its handlers know their session and nothing of impersonation.

use axum::extract::Path;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};
use vicarious_axum::{KeyRing, Vicarious};
use vicarious_core::Rules;
use vicarious_core::decide::{ConsentPolicy, Terms};
use vicarious_testing::{Browser, Credential, Inside, MemoryLedger, Starting, TestApp};

use super::adapter::{Accounts, TowerSessions};
use super::library::{MemoryStore, Session, SessionManagerLayer};
use crate::people::{ALICE, BOB, People, User};

pub(super) struct World {
    pub(super) vicarious: Vicarious,
    pub(super) store: MemoryStore,
    pub(super) app: TestApp,
}

impl World {
    pub(super) async fn new() -> Self {
        let store = MemoryStore::default();
        let vicarious = vicarious(&store);
        let layered = routes().layer(vicarious.layer()).layer(SessionManagerLayer::new(store.clone()));
        let app = browsed(layered, &vicarious);
        Self { vicarious, store, app }
    }

    /// Returns a browser in which `who` is signed in.
    pub(super) async fn browser(&self, who: i64) -> Browser {
        self.app.signed_in(who.to_string()).await
    }

    /// Prepares Bob's impersonation of Alice, in a browser of his.
    pub(super) fn start(&self, bob: &Browser) -> Starting {
        self.app.as_agent(BOB.to_string()).impersonating(ALICE.to_string()).ticket("SUP-1").from(bob)
    }

    /// Returns a browser in which Bob is inside Alice's account.
    pub(super) async fn inside(&self) -> Inside {
        self.start(&self.browser(BOB).await).await
    }
}

/// Returns an application to be used by browsers, in which people sign in with their number.
pub(super) fn browsed(router: Router, vicarious: &Vicarious) -> TestApp {
    TestApp::new(router, vicarious, |who| async move {
        Credential::json("/login", &json!(who.as_str().parse::<i64>().unwrap()))
    })
}

/// Returns the host port, made of what stands beside it for this version.
fn port(
    accounts: impl Accounts<User = User>,
    store: MemoryStore,
) -> TowerSessions<impl Accounts<User = User>, MemoryStore> {
    TowerSessions::new(accounts, store, "user_id")
}

pub(super) fn vicarious(store: &MemoryStore) -> Vicarious {
    Vicarious::builder(port(People, store.clone()))
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
