//! The shop, as it was before: none of its handlers knows of impersonation.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use axum::extract::Path;
use axum::routing::{get, post};
use axum::{Json, Router};
use axum_login::tower_sessions::Session;
use axum_login::{AuthUser, AuthnBackend, AuthzBackend, login_required, permission_required};
use http::StatusCode;
use serde_json::{Value, json};
use vicarious_axum::{Found, Search};
use vicarious_axum_login::Directory;
use vicarious_core::Account;

pub(crate) const ALICE: i64 = 1;
pub(crate) const CAROL: i64 = 2;
pub(crate) const BOB: i64 = 3;
pub(crate) const EVE: i64 = 4;

#[derive(Clone, Debug)]
pub(crate) struct User {
    pub(crate) id: i64,
    pub(crate) name: &'static str,
    pub(crate) pw_hash: Vec<u8>,
    pub(crate) is_support: bool,
    pub(crate) disabled: bool,
}

impl AuthUser for User {
    type Id = i64;

    fn id(&self) -> i64 {
        self.id
    }

    fn session_auth_hash(&self) -> &[u8] {
        &self.pw_hash
    }
}

#[derive(Clone)]
pub(crate) struct Backend(Arc<Mutex<BTreeMap<i64, User>>>);

impl Default for Backend {
    fn default() -> Self {
        let people = [(ALICE, "Alice", false), (CAROL, "Carol", false), (BOB, "Bob", true), (EVE, "Eve", true)];
        let users = people.map(|(id, name, is_support)| {
            (id, User { id, name, pw_hash: name.as_bytes().to_vec(), is_support, disabled: false })
        });
        Self(Arc::new(Mutex::new(users.into())))
    }
}

impl Backend {
    pub(crate) fn change(&self, id: i64, change: impl FnOnce(&mut User)) {
        change(self.0.lock().unwrap().get_mut(&id).unwrap());
    }
}

impl AuthnBackend for Backend {
    type User = User;
    type Credentials = i64;
    type Error = Infallible;

    async fn authenticate(&self, id: i64) -> Result<Option<User>, Infallible> {
        Ok(self.0.lock().unwrap().get(&id).cloned())
    }

    async fn get_user(&self, id: &i64) -> Result<Option<User>, Infallible> {
        Ok(self.0.lock().unwrap().get(id).cloned())
    }
}

impl AuthzBackend for Backend {
    type Permission = &'static str;

    async fn get_user_permissions(&self, user: &User) -> Result<std::collections::HashSet<&'static str>, Infallible> {
        Ok(if user.is_support { ["support"].into() } else { ["shop"].into() })
    }
}

impl Directory for Backend {
    fn account(&self, user: &User) -> Account {
        // The id is a mistake that must not matter.
        let account = Account::new("not asked for", user.name, format!("{}@example.com", user.name.to_lowercase()));
        Account { active: !user.disabled, ..account }
    }

    async fn search(&self, _: &User, search: &Search) -> Result<Found<User>, Infallible> {
        let users = self.0.lock().unwrap();
        let found = users.values().filter(|user| !user.is_support && user.name.contains(&search.q));
        let accounts: Vec<User> = found.cloned().collect();
        Ok(Found { total: accounts.len() as u64, accounts })
    }
}

type AuthSession = axum_login::AuthSession<Backend>;

pub(crate) fn routes() -> Router {
    Router::new()
        .route("/members", get(who))
        .route_layer(login_required!(Backend))
        .merge(Router::new().route("/till", get(who)).route_layer(permission_required!(Backend, "support")))
        .route("/who", get(who))
        .route("/login", post(login))
        .route("/logout", post(logout))
        .route("/cart", get(cart).post(add_to_cart))
        .route("/me/{what}", post(mischief))
}

async fn who(auth: AuthSession) -> Json<Value> {
    Json(json!({ "name": auth.user.map(|user| user.name) }))
}

async fn login(mut auth: AuthSession, Json(id): Json<i64>) -> StatusCode {
    let Ok(Some(user)) = auth.authenticate(id).await else { return StatusCode::UNAUTHORIZED };
    auth.login(&user).await.unwrap();
    auth.session.insert("since", vicarious_core::Timestamp::now()).await.unwrap();
    StatusCode::OK
}

async fn logout(mut auth: AuthSession) -> StatusCode {
    auth.logout().await.unwrap();
    StatusCode::NO_CONTENT
}

async fn cart(session: Session) -> Json<Value> {
    Json(json!({ "cart": session.get::<Value>("cart").await.unwrap() }))
}

async fn add_to_cart(session: Session, Json(item): Json<Value>) {
    session.insert("cart", item).await.unwrap();
}

/// What a handler may do with a session, meaning well.
async fn mischief(mut auth: AuthSession, session: Session, Path(what): Path<String>) -> String {
    match what.as_str() {
        "login" => {
            let user = auth.authenticate(EVE).await.unwrap().unwrap();
            auth.login(&user).await.unwrap();
        }
        "renew" => {
            let user = auth.user.clone().unwrap();
            auth.login(&user).await.unwrap();
        }
        "logout" => drop(auth.logout().await.unwrap()),
        "flush" => session.flush().await.unwrap(),
        "cycle" => session.cycle_id().await.unwrap(),
        "delete" => session.delete().await.unwrap(),
        "save" => {
            session.insert("token", 1).await.unwrap();
            session.save().await.unwrap();
        }
        "expire" => session.set_expiry(Some(axum_login::tower_sessions::Expiry::OnSessionEnd)),
        _ => {}
    }
    session.id().map(|id| id.to_string()).unwrap_or_default()
}
