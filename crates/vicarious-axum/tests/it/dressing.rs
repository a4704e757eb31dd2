//! What a host puts into a request that runs as somebody else, and layers in the wrong order.

use std::sync::{Arc, Mutex};

use axum::routing::get;
use axum::{Extension, Json, Router};
use http::request::Parts;
use http::{Method, StatusCode};
use serde_json::json;
use testkit::people::{alice, bob};
use vicarious_axum::{Dressed, Event, Found, Host, HostError, KeyRing, Search, SignIn, Vicarious, Watch};
use vicarious_core::decide::{ConsentPolicy, Terms};
use vicarious_core::{Account, AccountId, Identity, Kind, Rules, SignInKey};

use crate::support::{Accounts, Browser, User, World};

/// What a handler of the application looks for: its own type, not ours.
#[derive(Clone)]
struct Me(String);

/// A host whose own layer has said who is asking before ours is asked.
struct Dresser {
    accounts: Accounts,
    said: Said,
    may_fail: bool,
}

type Said = Arc<Mutex<Vec<String>>>;

struct Worn(Said, bool);

#[async_trait::async_trait]
impl Dressed for Worn {
    async fn answered(self: Box<Self>, status: StatusCode) -> Result<(), HostError> {
        self.0.lock().unwrap().push(format!("answered {status}"));
        if self.1 { Err(HostError::new("cannot be kept")) } else { Ok(()) }
    }
}

impl Watch for Worn {
    fn seen(&self, event: &Event<'_>) {
        if let Event::Ended(_, cause) = event {
            self.0.lock().unwrap().push(format!("ended {}", cause.as_str()));
        }
    }
}

#[async_trait::async_trait]
impl Host for Dresser {
    type User = User;

    fn account(&self, user: &User) -> Account {
        self.accounts.account(user)
    }

    async fn sign_in_key(&self, request: &Parts) -> Result<Option<SignInKey>, HostError> {
        if request.uri.path() == "/misplaced" {
            return Err(HostError::misplaced("the layer `x` must be outside of ours"));
        }
        self.accounts.sign_in_key(request).await
    }

    async fn sign_in(&self, key: &SignInKey) -> Result<Option<SignIn>, HostError> {
        self.accounts.sign_in(key).await
    }

    async fn find(&self, id: &AccountId) -> Result<Option<User>, HostError> {
        self.accounts.find(id).await
    }

    async fn search(&self, by: &User, search: &Search) -> Result<Found<User>, HostError> {
        self.accounts.search(by, search).await
    }

    fn attach(&mut self, keys: &KeyRing) -> Option<Arc<dyn Watch>> {
        self.said.lock().unwrap().push(format!("attached to {} key", keys.len()));
        Some(Arc::new(Worn(self.said.clone(), false)))
    }

    async fn dress(
        &self,
        request: &mut Parts,
        identity: &Identity,
        current: Option<&User>,
    ) -> Result<Option<Box<dyn Dressed>>, HostError> {
        if self.may_fail && request.uri.path() == "/undressed" {
            return Err(HostError::new("cannot be found out"));
        }
        let name = current.map_or("nobody", |user| user.account.id().as_str());
        assert_eq!(identity.is_impersonating(), current.is_some());
        request.extensions.insert(Me(name.to_owned()));
        Ok(Some(Box::new(Worn(self.said.clone(), self.may_fail))))
    }
}

async fn serve(may_fail: bool) -> (World, Browser, Said) {
    let world = World::new().await;
    let (said, clock) = (Said::default(), world.clock.clone());
    let host = Dresser { accounts: world.accounts.clone(), said: said.clone(), may_fail };
    let vicarious = Vicarious::builder(host)
        .shared_ledger(world.ledger.clone())
        .keys(KeyRing::generate())
        .who_may_whom(|agent, customer| agent.rights.contains("support") && customer.rights.is_empty())
        .rules(Rules::new())
        .terms(Terms { consent: ConsentPolicy::NotRequired, ..Terms::default() })
        .secure_cookies(false)
        .clock(move || clock.now())
        .build()
        .unwrap();
    let me = || get(|Extension(Me(name)): Extension<Me>| async move { Json(json!({ "me": name })) });
    let app = Router::new()
        .route("/me", me())
        .route("/undressed", me())
        .route("/misplaced", me())
        .layer(vicarious.layer())
        .layer(Extension(Me("the signed-in one".to_owned())));
    let browser = world.browser(&bob()).at(app);
    (world, browser, said)
}

#[tokio::test]
async fn a_handler_finds_the_current_user_where_the_application_puts_it() {
    let (_world, mut browser, said) = serve(false).await;
    assert_eq!(browser.get_json("/me").await.json()["me"], "the signed-in one");
    assert_eq!(browser.start(&alice()).await.status, StatusCode::CREATED);
    assert_eq!(browser.get_json("/me").await.json()["me"], alice().id().as_str());
    browser.stop().await;
    assert_eq!(browser.get_json("/me").await.json()["me"], "the signed-in one");
    assert_eq!(*said.lock().unwrap(), ["attached to 1 key", "answered 200 OK", "ended stopped"]);
}

#[tokio::test]
async fn a_request_that_cannot_be_dressed_does_not_run_and_one_that_cannot_be_kept_is_no_success() {
    let (world, mut browser, said) = serve(true).await;
    browser.start(&alice()).await;
    assert_eq!(browser.get_json("/undressed").await.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(!said.lock().unwrap().iter().any(|line| line.starts_with("answered")), "it ran");
    assert_eq!(browser.get_json("/me").await.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(said.lock().unwrap().last().unwrap(), "answered 200 OK");
    let entries = world.ledger.entries_snapshot().into_iter().map(|row| row.entry);
    let statuses: Vec<_> = entries.filter(|entry| entry.kind == Kind::Intent).map(|entry| entry.status()).collect();
    assert_eq!(statuses, [Some(503), Some(500)], "each is on record with its answer");
}

#[tokio::test]
async fn a_layer_in_the_wrong_place_is_explained_to_everybody() {
    let (_world, mut browser, _) = serve(false).await;
    let answer = browser.json(Method::GET, "/misplaced", json!(null)).await;
    assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(answer.json()["detail"], "The layer `x` must be outside of ours");
    browser.cookies.clear();
    assert_eq!(browser.get("/misplaced").await.status, StatusCode::INTERNAL_SERVER_ERROR);
}
