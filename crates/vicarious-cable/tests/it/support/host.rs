//! The host: accounts and sign-ins in memory, to be changed under the running system.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use axum::extract::State;
use http::request::Parts;
use http::{HeaderMap, StatusCode};
use jiff::Timestamp;
use vicarious_axum::{Found, Host, HostError, Search, SignIn};
use vicarious_core::{Account, AccountId, SignInKey};

/// An account of the host.
#[derive(Clone, Debug)]
pub(crate) struct User {
    pub(crate) account: Account,
    pub(crate) staff: bool,
}

/// The host's database.
#[derive(Clone, Default)]
pub(crate) struct Accounts {
    users: Arc<Mutex<BTreeMap<AccountId, User>>>,
    sessions: Arc<Mutex<BTreeMap<String, SignIn>>>,
}

impl Accounts {
    pub(crate) fn of_everybody() -> Self {
        let accounts = Self::default();
        let people = [
            (testkit::people::alice(), false),
            (testkit::people::carol(), false),
            (testkit::people::bob(), true),
            (testkit::people::eve(), true),
            (testkit::people::dana(), true),
        ];
        for (account, staff) in people {
            let id = account.id().clone();
            accounts.users.lock().unwrap().insert(id, User { account, staff });
        }
        accounts
    }

    pub(crate) fn sign_in(&self, account: &Account, since: Timestamp) -> String {
        let mut sessions = self.sessions.lock().unwrap();
        let key = format!("session-{}-{}", account.id(), sessions.len());
        sessions.insert(key.clone(), SignIn { account: account.id().clone(), since });
        key
    }

    /// Ends every sign-in, as another process would: nobody here is told.
    pub(crate) fn end_sign_ins(&self) {
        self.sessions.lock().unwrap().clear();
    }

    pub(crate) fn change(&self, account: &Account, change: impl FnOnce(&mut User)) {
        change(self.users.lock().unwrap().get_mut(account.id()).unwrap());
    }
}

pub(crate) async fn sign_out(State(accounts): State<Accounts>, headers: HeaderMap) -> StatusCode {
    accounts.sessions.lock().unwrap().remove(&session(&headers).unwrap_or_default());
    StatusCode::NO_CONTENT
}

fn session(headers: &HeaderMap) -> Option<String> {
    let cookies = headers.get("cookie")?.to_str().ok()?;
    cookies.split("; ").find_map(|cookie| cookie.strip_prefix("session=")).map(str::to_owned)
}

#[async_trait::async_trait]
impl Host for Accounts {
    type User = User;

    fn account(&self, user: &User) -> Account {
        user.account.clone()
    }

    async fn sign_in_key(&self, request: &Parts) -> Result<Option<SignInKey>, HostError> {
        Ok(session(&request.headers).map(SignInKey::from))
    }

    async fn sign_in(&self, key: &SignInKey) -> Result<Option<SignIn>, HostError> {
        Ok(self.sessions.lock().unwrap().get(key.as_str()).cloned())
    }

    async fn find(&self, id: &AccountId) -> Result<Option<User>, HostError> {
        Ok(self.users.lock().unwrap().get(id).cloned())
    }

    async fn search(&self, _: &User, _: &Search) -> Result<Found<User>, HostError> {
        Ok(Found { accounts: Vec::new(), total: 0 })
    }
}
