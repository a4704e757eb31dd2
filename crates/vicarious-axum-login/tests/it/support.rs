//! A shop on axum-login, its session store laid open, and a browser.

mod browser;
mod shop;
mod store;

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum_login::AuthManagerLayerBuilder;
use axum_login::tower_sessions::SessionManagerLayer;
use http::StatusCode;
use testkit::MemoryLedger;
use tokio::sync::watch;
use vicarious_axum::{Event, KeyRing, Vicarious, Watch};
use vicarious_axum_login::AxumLogin;
use vicarious_core::decide::{ConsentPolicy, Terms};
use vicarious_core::{EndCause, Rules};

pub(crate) use browser::Browser;
pub(crate) use shop::{ALICE, BOB, Backend, CAROL, EVE};
pub(crate) use store::OpenStore;

/// A running shop.
pub(crate) struct World {
    pub(crate) vicarious: Vicarious,
    pub(crate) backend: Backend,
    pub(crate) store: OpenStore,
    pub(crate) app: Router,
    ends: Arc<Ends>,
}

impl World {
    pub(crate) async fn new() -> Self {
        let (backend, store) = (Backend::default(), OpenStore::default());
        let vicarious = vicarious(&backend, &store);
        let auth_layer = AuthManagerLayerBuilder::new(backend.clone(), session_layer(&store)).build();
        let app = shop::routes().layer(vicarious.layer()).layer(auth_layer);
        let ends = Arc::new(Ends::default());
        vicarious.watch(ends.clone());
        Self { vicarious, backend, store, app, ends }
    }

    pub(crate) fn nobody(&self) -> Browser {
        Browser::new(self.app.clone())
    }

    /// Returns a browser in which `who` is signed in.
    pub(crate) async fn browser(&self, who: i64) -> Browser {
        let mut browser = self.nobody();
        assert_eq!(browser.sign_in(who).await.status, StatusCode::OK);
        browser
    }

    /// Returns a browser in which Bob is inside Alice's account.
    pub(crate) async fn inside(&self) -> Browser {
        let mut browser = self.browser(BOB).await;
        let answer = browser.start(ALICE).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{answer:?}");
        browser
    }

    pub(crate) fn ends(&self) -> Vec<EndCause> {
        self.ends.0.borrow().clone()
    }

    /// Waits for an end that nobody asked for.
    pub(crate) async fn an_end(&self) -> Vec<EndCause> {
        let mut ends = self.ends.0.subscribe();
        let end = tokio::time::timeout(Duration::from_secs(20), ends.wait_for(|ends| !ends.is_empty()));
        end.await.expect("it ends").unwrap().clone()
    }
}

pub(crate) fn session_layer(store: &OpenStore) -> SessionManagerLayer<OpenStore> {
    SessionManagerLayer::new(store.clone())
}

pub(crate) fn vicarious(backend: &Backend, store: &OpenStore) -> Vicarious {
    Vicarious::builder(AxumLogin::new(backend.clone(), store.clone()).signed_in_at("since"))
        .ledger(MemoryLedger::new())
        .keys(KeyRing::generate())
        .who_may_whom(|agent, customer| agent.is_support && !customer.is_support)
        .rules(Rules::new().read("POST /cart", "put in the cart").read("POST /me/{what}", "tried this"))
        .terms(Terms { consent: ConsentPolicy::NotRequired, ..Terms::default() })
        .sign_in("POST /login")
        .sign_out("POST /logout")
        .fresh_sign_in(Duration::from_secs(3600))
        .secure_cookies(false)
        .cache_for(Duration::ZERO)
        .build()
        .unwrap()
}

/// What has ended, and why.
#[derive(Default)]
struct Ends(watch::Sender<Vec<EndCause>>);

impl Watch for Ends {
    fn seen(&self, event: &Event<'_>) {
        if let Event::Ended(_, cause) = event {
            self.0.send_modify(|ends| ends.push(*cause));
        }
    }
}

/// Waits for something that a task does by itself.
pub(crate) async fn eventually<F: Future<Output = bool>>(what: &str, mut holds: impl FnMut() -> F) {
    let waiting = async {
        while !holds().await {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), waiting).await.unwrap_or_else(|_| panic!("never: {what}"));
}

/// Returns the names of what sessions hold, other than sign-ins.
pub(crate) async fn things(store: &OpenStore) -> HashSet<String> {
    let names = store.records().await.into_iter().flat_map(|record| record.data.into_keys());
    names.filter(|name| name != "axum-login.data" && name != "since").collect()
}
