//! The host port of an application that keeps who is signed in in a tower-session.

use std::sync::Arc;

use http::request::Parts;
use vicarious_axum::{Dressed, Found, Host, HostError, KeyRing, Search, SignIn, Watch};
use vicarious_core::{Account, AccountId, Identity, SignInKey};

use super::VERSION;
use super::own::OwnSession;
use super::sessions::Sessions;
use super::tower_sessions::{Session, SessionStore};
use crate::{Accounts, async_trait};

/// An application whose sign-in puts the user into a tower-session: its [`Host`] port.
///
/// Its session layer goes outside of ours: `.layer(vicarious.layer())` first, then `.layer(session_layer)`.
pub struct TowerSessions<A, S> {
    accounts: A,
    sessions: Sessions<S>,
    name: String,
    signed_in_at: Option<String>,
}

impl<A: Accounts, S: SessionStore> TowerSessions<A, S> {
    /// Returns the port of an application with these accounts and this session store, whose sign-in leaves who signed in
    /// under `name` in the session: `"user_id"`.
    pub fn new(accounts: A, store: S, name: impl Into<String>) -> Self {
        Self { accounts, sessions: Sessions::new(store), name: name.into(), signed_in_at: None }
    }

    /// Names the value in the session that says when the sign-in began: RFC 3339, or seconds since 1970.
    ///
    /// Needed for [`Builder::fresh_sign_in`](vicarious_axum::Builder::fresh_sign_in), which refuses without it.
    #[must_use]
    pub fn signed_in_at(mut self, name: impl Into<String>) -> Self {
        self.signed_in_at = Some(name.into());
        self
    }
}

#[async_trait]
impl<A: Accounts, S: SessionStore> Host for TowerSessions<A, S> {
    type User = A::User;

    fn account(&self, user: &A::User) -> Account {
        self.accounts.account(user)
    }

    async fn sign_in_key(&self, request: &Parts) -> Result<Option<SignInKey>, HostError> {
        let session = session(request)?;
        let value = session.get_value(&self.name).await.map_err(HostError::new)?;
        let account = value.and_then(|value| self.accounts.signed_in(&value));
        Ok(account.and_then(|account| self.sessions.key(session, &account)))
    }

    async fn sign_in(&self, key: &SignInKey) -> Result<Option<SignIn>, HostError> {
        let Some(found) = self.sessions.signed_in(key).await? else { return Ok(None) };
        let account = found.data.get(&self.name).and_then(|value| self.accounts.signed_in(value));
        let since = found.since(self.signed_in_at.as_deref());
        Ok(account.filter(|account| *account == found.account).map(|account| SignIn { account, since }))
    }

    async fn find(&self, id: &AccountId) -> Result<Option<A::User>, HostError> {
        self.accounts.find(id).await.map_err(Into::into)
    }

    async fn search(&self, by: &A::User, search: &Search) -> Result<Found<A::User>, HostError> {
        self.accounts.search(by, search).await.map_err(Into::into)
    }

    fn attach(&mut self, keys: &KeyRing) -> Option<Arc<dyn Watch>> {
        Some(self.sessions.attach(keys))
    }

    async fn dress(
        &self,
        request: &mut Parts,
        identity: &Identity,
        current: Option<&A::User>,
    ) -> Result<Option<Box<dyn Dressed>>, HostError> {
        let true_users = session(request)?.get_value(&self.name).await.map_err(HostError::new)?.unwrap_or_default();
        let own = match (identity.impersonation(), current) {
            (Some(row), Some(user)) => {
                self.sessions.own(row, &self.name, self.accounts.session_value(user, &true_users))
            }
            _ => OwnSession::of_nobody(),
        };
        request.extensions.insert(own.session());
        Ok(Some(Box::new(own)))
    }
}

fn session(request: &Parts) -> Result<&Session, HostError> {
    request.extensions.get::<Session>().ok_or_else(|| {
        HostError::misplaced(format!(
            "there is no session of tower-sessions {VERSION} in the request: the session layer must be outside of ours, \
             so add `.layer(session_layer)` after `.layer(vicarious.layer())`"
        ))
    })
}
