//! A shop on axum-login, and its session store laid open.

mod shop;
mod store;

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum_login::AuthManagerLayerBuilder;
use axum_login::tower_sessions::SessionManagerLayer;
use serde_json::{Value, json};
use tokio::sync::watch;
use vicarious_axum::{Event, KeyRing, Vicarious, Watch};
use vicarious_axum_login::AxumLogin;
use vicarious_core::decide::{ConsentPolicy, Terms};
use vicarious_core::{EndCause, Rules};
use vicarious_testing::{Browser, Credential, Inside, MemoryLedger, Starting, TestApp};

pub(crate) use shop::{ALICE, BOB, Backend, CAROL, EVE, User, routes};
pub(crate) use store::OpenStore;

/// A running shop.
pub(crate) struct World {
    pub(crate) vicarious: Vicarious,
    pub(crate) backend: Backend,
    pub(crate) store: OpenStore,
    pub(crate) app: TestApp,
    ends: Arc<Ends>,
}

impl World {
    pub(crate) async fn new() -> Self {
        let (backend, store) = (Backend::default(), OpenStore::default());
        let vicarious = vicarious(&backend, &store);
        let auth_layer = AuthManagerLayerBuilder::new(backend.clone(), session_layer(&store)).build();
        let app = browsed(routes().layer(vicarious.layer()).layer(auth_layer), &vicarious);
        let ends = Arc::new(Ends::default());
        vicarious.watch(ends.clone());
        Self { vicarious, backend, store, app, ends }
    }

    /// Returns a browser in which `who` is signed in.
    pub(crate) async fn browser(&self, who: i64) -> Browser {
        self.app.signed_in(who.to_string()).await
    }

    /// Prepares an impersonation by whoever is signed in in a browser.
    pub(crate) fn start(&self, browser: &Browser, customer: i64) -> Starting {
        self.app.as_agent("whose browser it is").impersonating(customer.to_string()).ticket("SUP-1").from(browser)
    }

    /// Returns a browser in which Bob is inside Alice's account.
    pub(crate) async fn inside(&self) -> Inside {
        self.start(&self.browser(BOB).await, ALICE).await
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

/// Returns an application to be used by browsers, in which people sign in with their number.
pub(crate) fn browsed(router: Router, vicarious: &Vicarious) -> TestApp {
    TestApp::new(router, vicarious, |who| async move {
        Credential::json("/login", &json!(who.as_str().parse::<i64>().unwrap()))
    })
}

/// Returns whom the shop's own handlers see.
pub(crate) async fn who(browser: &mut Browser) -> Value {
    browser.get_json("/who").await.assert_status(200).json()["name"].take()
}

pub(crate) async fn cart(browser: &mut Browser) -> Value {
    browser.get_json("/cart").await.json()["cart"].take()
}

/// Returns the cookie of axum-login's session.
pub(crate) fn session(browser: &Browser) -> String {
    browser.cookies().find(|(name, _)| *name == "id").map_or_else(String::new, |(_, value)| value.to_owned())
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
