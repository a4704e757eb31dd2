//! A shop with sessions of its own, as it was before the guide was followed.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::extract::{Form, State};
use axum::http::header::{COOKIE, SET_COOKIE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{Html, IntoResponse, Redirect, Response};
use uuid::Uuid;
use vicarious::testing::{Credential, MemoryLedger, TestApp};
use vicarious::{
    Account, AccountId, Builder, CurrentUser, Found, Host, HostError, KeyRing, Search, SignIn, SignInKey, Timestamp,
    Vicarious, async_trait,
};

/// An account of the shop.
#[derive(Clone, Debug)]
pub(crate) struct User {
    pub(crate) id: &'static str,
    pub(crate) name: &'static str,
    pub(crate) is_support: bool,
    pub(crate) has_accepted_terms: bool,
}

const fn user(id: &'static str, name: &'static str, is_support: bool) -> User {
    User { id, name, is_support, has_accepted_terms: is_support }
}

const USERS: [User; 5] = [
    user("alice", "Alice Ames", false),
    user("carol", "Carol Cole", false),
    user("bob", "Bob Marsh", true),
    user("eve", "Eve Dray", true),
    user("dana", "Dana Fox", true),
];

/// What the shop keeps: sign-ins by a name of the secret in their cookie, and who was seen.
#[derive(Clone, Default)]
pub(crate) struct Shop(Arc<Mutex<Data>>);

#[derive(Default)]
struct Data {
    sign_ins: HashMap<SignInKey, SignIn>,
    seen: Vec<&'static str>,
}

impl Shop {
    fn data(&self) -> MutexGuard<'_, Data> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn everybody(&self) -> Vec<User> {
        USERS.to_vec()
    }

    pub(crate) fn seen_now(&self, user: &User) {
        self.data().seen.push(user.id);
    }

    /// Ends a sign-in, without anybody's browser.
    pub(crate) fn forget(&self, key: &SignInKey) {
        self.data().sign_ins.remove(key);
    }

    pub(crate) fn was_seen(&self, id: &str) -> bool {
        self.data().seen.contains(&id)
    }
}

/// Begins to add impersonation to the shop, with a record that is forgotten.
pub(crate) fn added_to(shop: &Shop) -> Builder<Shop> {
    Vicarious::builder(shop.clone())
        .ledger(MemoryLedger::new())
        .keys(KeyRing::generate())
        .who_may_whom(|agent, customer| agent.is_support && !customer.is_support)
        .sign_in("POST /sign-in")
        .sign_out("POST /sign-out")
}

/// Returns the shop as browsers use it; people sign in with their names.
pub(crate) fn browsed(shop: Router, vicarious: &Vicarious) -> TestApp {
    TestApp::new(shop, vicarious, |who| async move { Credential::form("/sign-in", &[("who", who.as_str())]) })
}

#[async_trait]
impl Host for Shop {
    type User = User;

    fn account(&self, user: &User) -> Account {
        Account::new(user.id, user.name, format!("{}@example.com", user.id))
    }

    async fn sign_in_key(&self, request: &Parts) -> Result<Option<SignInKey>, HostError> {
        Ok(key(&request.headers))
    }

    async fn sign_in(&self, key: &SignInKey) -> Result<Option<SignIn>, HostError> {
        Ok(self.data().sign_ins.get(key).cloned())
    }

    async fn find(&self, id: &AccountId) -> Result<Option<User>, HostError> {
        Ok(USERS.into_iter().find(|user| user.id == id.as_str()))
    }

    async fn search(&self, _: &User, search: &Search) -> Result<Found<User>, HostError> {
        let matches = |user: &User| !user.is_support && user.name.contains(search.q.as_str());
        let accounts: Vec<User> = USERS.into_iter().filter(matches).collect();
        Ok(Found { total: accounts.len() as u64, accounts })
    }
}

/// Returns what stands for the secret of a sign-in; a real one digests it.
fn key(headers: &HeaderMap) -> Option<SignInKey> {
    let secret = headers.get(COOKIE)?.to_str().ok()?.split("; ").find_map(|pair| pair.strip_prefix("session="))?;
    Some(SignInKey::from(secret.chars().rev().collect::<String>()))
}

pub(crate) async fn sign_in(State(shop): State<Shop>, Form(typed): Form<HashMap<String, String>>) -> Response {
    let who = typed.get("who").map(String::as_str).unwrap_or_default();
    let Some(user) = USERS.into_iter().find(|user| user.id == who) else {
        return StatusCode::UNAUTHORIZED.into_response();
    };
    let secret = Uuid::new_v4().to_string();
    let key = SignInKey::from(secret.chars().rev().collect::<String>());
    shop.data().sign_ins.insert(key, SignIn { account: AccountId::from(user.id), since: Timestamp::now() });
    ([(SET_COOKIE, format!("session={secret}; Path=/; HttpOnly; SameSite=Lax; Secure"))], Redirect::to("/"))
        .into_response()
}

pub(crate) async fn sign_out(State(shop): State<Shop>, headers: HeaderMap) -> Redirect {
    if let Some(key) = key(&headers) {
        shop.data().sign_ins.remove(&key);
    }
    Redirect::to("/")
}

pub(crate) async fn home(CurrentUser(user): CurrentUser<User>) -> Html<String> {
    Html(format!("<!doctype html><title>Shop</title><h1>{}</h1>", user.name))
}

pub(crate) async fn orders(CurrentUser(user): CurrentUser<User>) -> Html<String> {
    Html(format!("<!doctype html><title>Orders</title><h1>Orders of {}</h1>", user.name))
}

pub(crate) async fn save() -> &'static str {
    "saved"
}
