//! The host port of an application on axum-login.

use std::sync::Arc;

use async_trait::async_trait;
use axum_login::tower_sessions::SessionStore;
use axum_login::{AuthSession, AuthUser, UserId};
use http::request::Parts;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::json;
use vicarious_axum::{Dressed, Found, Host, HostError, KeyRing, Search, SignIn, Watch};
use vicarious_core::{Account, AccountId, Identity, SignInKey};
use vicarious_tower_sessions::v14::{OwnSession, Sessions, SignedIn};

use crate::{Directory, ids};

/// Under which name axum-login keeps what it knows in a session, unless it is told otherwise.
const DATA_KEY: &str = "axum-login.data";

/// An application on axum-login: its [`Host`] port.
pub struct AxumLogin<B, S> {
    backend: B,
    sessions: Sessions<S>,
    data_key: String,
    signed_in_at: Option<String>,
}

/// What axum-login keeps in a session.
#[derive(Deserialize)]
#[serde(bound = "Id: DeserializeOwned")]
struct Data<Id> {
    user_id: Option<Id>,
    auth_hash: Option<Vec<u8>>,
}

impl<B: Directory, S: SessionStore> AxumLogin<B, S> {
    /// Returns the port of an application with this backend and this session store: those that its layers have.
    pub fn new(backend: B, session_store: S) -> Self {
        Self { backend, sessions: Sessions::new(session_store), data_key: DATA_KEY.to_owned(), signed_in_at: None }
    }

    /// Sets the name that `AuthManagerLayerBuilder::with_data_key` was given.
    #[must_use]
    pub fn data_key(mut self, name: impl Into<String>) -> Self {
        self.data_key = name.into();
        self
    }

    /// Names the value in the session that says when the sign-in began: RFC 3339, or seconds since 1970.
    ///
    /// axum-login does not keep that, so a sign-in handler has to. Needed for
    /// [`Builder::fresh_sign_in`](vicarious_axum::Builder::fresh_sign_in), which refuses without it.
    #[must_use]
    pub fn signed_in_at(mut self, name: impl Into<String>) -> Self {
        self.signed_in_at = Some(name.into());
        self
    }

    /// Returns the user whose sign-in a session is, by the same test as axum-login's.
    async fn user(&self, found: &SignedIn) -> Result<Option<B::User>, HostError> {
        let data = found.data.get(&self.data_key).cloned();
        let data = data.map(serde_json::from_value::<Data<UserId<B>>>).transpose().map_err(HostError::new)?;
        let Some(Data { user_id: Some(id), auth_hash: Some(auth_hash) }) = data else { return Ok(None) };
        let user = self.backend.get_user(&id).await.map_err(HostError::new)?;
        Ok(user.filter(|user| user.session_auth_hash() == auth_hash))
    }
}

#[async_trait]
impl<B: Directory, S: SessionStore> Host for AxumLogin<B, S> {
    type User = B::User;

    fn account(&self, user: &B::User) -> Account {
        let mut account = self.backend.account(user);
        account.person.id = ids::text(&user.id());
        account
    }

    async fn sign_in_key(&self, request: &Parts) -> Result<Option<SignInKey>, HostError> {
        let auth_session = auth_session::<B>(request)?;
        let account = auth_session.user.as_ref().map(|user| ids::text(&user.id()));
        Ok(account.and_then(|account| self.sessions.key(&auth_session.session, &account)))
    }

    async fn sign_in(&self, key: &SignInKey) -> Result<Option<SignIn>, HostError> {
        let Some(found) = self.sessions.signed_in(key).await? else { return Ok(None) };
        let account = self.user(&found).await?.map(|user| ids::text(&user.id()));
        let since = found.since(self.signed_in_at.as_deref());
        Ok(account.filter(|account| *account == found.account).map(|account| SignIn { account, since }))
    }

    async fn find(&self, id: &AccountId) -> Result<Option<B::User>, HostError> {
        let Some(id) = ids::parse::<UserId<B>>(id) else { return Ok(None) };
        self.backend.get_user(&id).await.map_err(HostError::new)
    }

    async fn search(&self, by: &B::User, search: &Search) -> Result<Found<B::User>, HostError> {
        self.backend.search(by, search).await.map_err(HostError::new)
    }

    fn attach(&mut self, keys: &KeyRing) -> Option<Arc<dyn Watch>> {
        Some(self.sessions.attach(keys))
    }

    async fn dress(
        &self,
        request: &mut Parts,
        identity: &Identity,
        current: Option<&B::User>,
    ) -> Result<Option<Box<dyn Dressed>>, HostError> {
        let mut auth_session = auth_session::<B>(request)?.clone();
        let own = match (identity.impersonation(), current) {
            (Some(row), Some(user)) => {
                let data = json!({ "user_id": user.id(), "auth_hash": user.session_auth_hash() });
                self.sessions.own(row, &self.data_key, data)
            }
            _ => OwnSession::of_nobody(),
        };
        auth_session.user = current.cloned();
        auth_session.session = own.session();
        request.extensions.insert(own.session());
        request.extensions.insert(auth_session);
        Ok(Some(Box::new(own)))
    }
}

fn auth_session<B: Directory>(request: &Parts) -> Result<&AuthSession<B>, HostError> {
    request.extensions.get::<AuthSession<B>>().ok_or_else(|| {
        HostError::misplaced(
            "there is no `AuthSession` of axum-login 0.18 for this backend in the request: its layer must be outside of \
             ours, so add `.layer(auth_layer)` after `.layer(vicarious.layer())`",
        )
    })
}
