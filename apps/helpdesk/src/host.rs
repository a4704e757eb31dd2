//! What Vicarious is told about the shop's own authentication and accounts.

use async_trait::async_trait;
use axum::http::request::Parts;
use vicarious::{Account, AccountId, Found, Host, HostError, Search, SignIn, SignInKey, Staff};

use crate::database::Database;
use crate::rights::Rights;
use crate::shop::accounts::{self, User};
use crate::shop::{At, sessions};
use crate::web::cookie::SessionCookie;

/// The shop, as Vicarious sees it.
pub(crate) struct Shop {
    pub(crate) database: Database,
    pub(crate) cookie: SessionCookie,
}

#[async_trait]
impl Host for Shop {
    type User = User;

    fn account(&self, user: &User) -> Account {
        let mut account = Account::new(user.id.as_str(), user.name.as_str(), user.email.as_str());
        account.organisation.clone_from(&user.organisation);
        account.active = user.disabled_at.is_none();
        account
    }

    async fn sign_in_key(&self, request: &Parts) -> Result<Option<SignInKey>, HostError> {
        Ok(self.cookie.read(&request.headers).map(|secret| sign_in_key(&secret)))
    }

    async fn sign_in(&self, key: &SignInKey) -> Result<Option<SignIn>, HostError> {
        let found = sessions::find(&self.database, key.as_str(), At::now()).await.map_err(HostError::new)?;
        Ok(found.map(|session| SignIn {
            account: AccountId::new(session.account_id),
            since: session.created_at.timestamp(),
        }))
    }

    async fn find(&self, id: &AccountId) -> Result<Option<User>, HostError> {
        accounts::find(&self.database, id.as_str()).await.map_err(HostError::new)
    }

    async fn search(&self, by: &User, search: &Search) -> Result<Found<User>, HostError> {
        if !by.rights().include(Rights::SUPPORT) {
            return Ok(Found { accounts: Vec::new(), total: 0 });
        }
        self.customers(search, search.organisation.as_deref()).await
    }

    async fn people(&self, by: &User, search: &Search) -> Result<Found<User>, HostError> {
        match by.manages() {
            Some(organisation) => self.customers(search, Some(organisation)).await,
            None => Ok(Found { accounts: Vec::new(), total: 0 }),
        }
    }
}

impl Shop {
    async fn customers(&self, search: &Search, organisation: Option<&str>) -> Result<Found<User>, HostError> {
        let matching = (search.q.as_str(), organisation);
        let found = accounts::customers(&self.database, matching, search.limit(), search.offset());
        let (accounts, total) = found.await.map_err(HostError::new)?;
        Ok(Found { accounts, total: u64::try_from(total).unwrap_or(0) })
    }
}

/// Returns the key of a sign-in: the digest of its secret, which is what the database keeps too.
pub(crate) fn sign_in_key(secret: &sessions::Secret) -> SignInKey {
    SignInKey::new(secret.digest())
}

/// Returns what somebody may see of the console.
pub(crate) fn staff(user: &User) -> Staff {
    let rights = user.rights();
    if rights.include(Rights::ADMINISTER) {
        Staff::Administrator
    } else if rights.include(Rights::SUPPORT) {
        Staff::Agent
    } else {
        Staff::No
    }
}
