//! The host's port: who is signed in, which accounts there are.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use http::StatusCode;
use http::request::Parts;
use jiff::Timestamp;
use vicarious_core::{Account, AccountId, Identity, SignInKey};

use crate::events::Watch;
use crate::keys::KeyRing;

/// What an application tells Vicarious about its own authentication and accounts.
///
/// Errors are outages: a request whose identity cannot be found out is answered 503, never as somebody else.
#[async_trait]
pub trait Host: Send + Sync + 'static {
    /// The host's own account type, handed to handlers by [`CurrentUser`](crate::CurrentUser).
    type User: Clone + Send + Sync + 'static;

    /// Returns who a user is.
    fn account(&self, user: &Self::User) -> Account;

    /// Returns the key of the sign-in that a request presents, without checking it: cheap, and stable for as long
    /// as the sign-in lasts. A new sign-in has a different key. Never the secret itself; a digest of it will do. The id of
    /// a user is none: it is the same at every sign-in, and nothing ends it.
    ///
    /// A table that knows its sessions by their secret alone is no obstacle: [`KeyRing::sign_in_key`] makes a key of the
    /// secret, and [`KeyRing::sign_in_found_by`] gives the secret back in [`sign_in`](Self::sign_in).
    async fn sign_in_key(&self, request: &Parts) -> Result<Option<SignInKey>, HostError>;

    /// Returns who is signed in under `key`, or none when that sign-in is over.
    ///
    /// It is also called without a request, for sockets and for what runs by itself, and not for each request, because an
    /// answer may be kept for a moment: change nothing here, such as when somebody was last seen.
    async fn sign_in(&self, key: &SignInKey) -> Result<Option<SignIn>, HostError>;

    /// Returns the account with this id, disabled ones included.
    async fn find(&self, id: &AccountId) -> Result<Option<Self::User>, HostError>;

    /// Returns a page of the accounts that `by` may impersonate and that match.
    async fn search(&self, by: &Self::User, search: &Search) -> Result<Found<Self::User>, HostError>;

    /// Returns a page of the accounts in whose place `by` may give consent and that match: the people of the organisation
    /// that `by` administers. Asked only of hosts with [`Builder::who_grants_for`](crate::Builder::who_grants_for), which is
    /// asked about each of them again.
    ///
    /// The default asks [`search`](Self::search), which may find nobody for somebody who is no agent.
    async fn people(&self, by: &Self::User, search: &Search) -> Result<Found<Self::User>, HostError> {
        self.search(by, search).await
    }

    /// Takes what it needs of the keys; called once, by [`Builder::build`](crate::Builder::build), before anything is
    /// asked. Returns who is to be told what happens on the host's behalf.
    fn attach(&mut self, keys: &KeyRing) -> Option<Arc<dyn Watch>> {
        let _ = keys;
        None
    }

    /// Puts into a request what handlers look for when they want to know who is asking, and where they keep what
    /// belongs to whoever it is: `current`, or nobody.
    ///
    /// Called for requests that run as somebody else than who is signed in, and for no others: not for people as
    /// themselves, not for sign-in and sign-out, and not for paths that are open. An error is an outage.
    async fn dress(
        &self,
        request: &mut Parts,
        identity: &Identity,
        current: Option<&Self::User>,
    ) -> Result<Option<Box<dyn Dressed>>, HostError> {
        let _ = (request, identity, current);
        Ok(None)
    }
}

/// What [`Host::dress`] has put into a request, to be looked after when that is answered.
#[async_trait]
pub trait Dressed: Send {
    /// Keeps what is to be kept, before the answer leaves. An error is an outage, and answered as one.
    async fn answered(self: Box<Self>, status: StatusCode) -> Result<(), HostError>;
}

/// A sign-in that is alive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignIn {
    /// Who signed in.
    pub account: AccountId,
    /// When; by the same clock as [`Builder::clock`](crate::Builder::clock). What asks for a recent sign-in rests on it, such
    /// as [`Builder::fresh_sign_in`](crate::Builder::fresh_sign_in): tell when the person proved who they are, never when
    /// they were last seen; when in doubt, the earlier time.
    pub since: Timestamp,
}

impl SignIn {
    /// Returns the sign-in of an account since a time in seconds since 1970, as many tables keep it.
    ///
    /// A time that no calendar reaches counts as long ago.
    ///
    /// # Examples
    ///
    /// ```
    /// use vicarious_axum::SignIn;
    ///
    /// let sign_in = SignIn::at(7, 1_790_000_000);
    /// assert_eq!((sign_in.account.as_str(), sign_in.since.as_second()), ("7", 1_790_000_000));
    /// ```
    pub fn at(account: impl fmt::Display, second: i64) -> Self {
        let since = Timestamp::from_second(second).unwrap_or(Timestamp::MIN);
        Self { account: account.to_string().into(), since }
    }
}

/// A search for accounts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Search {
    /// Part of a name, or a whole e-mail address; empty matches all.
    pub q: String,
    /// Only accounts of this organisation.
    pub organisation: Option<String>,
    /// The page, counted from 1.
    pub page: u32,
    /// How many accounts a page has.
    pub per_page: u32,
}

impl Search {
    /// Returns how many matches come before this page, for `OFFSET`.
    ///
    /// # Examples
    ///
    /// ```
    /// use vicarious_axum::Search;
    ///
    /// let search = Search { q: String::new(), organisation: None, page: 3, per_page: 20 };
    /// assert_eq!((search.limit(), search.offset()), (20, 40));
    /// ```
    pub fn offset(&self) -> i64 {
        i64::from(self.page.saturating_sub(1)).saturating_mul(self.limit())
    }

    /// Returns how many accounts a page has, for `LIMIT`.
    pub fn limit(&self) -> i64 {
        self.per_page.into()
    }
}

/// A page of a search.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found<User> {
    /// The accounts on this page.
    pub accounts: Vec<User>,
    /// How many match in all.
    pub total: u64,
}

/// From the accounts on a page and how many match in all.
impl<User> From<(Vec<User>, u64)> for Found<User> {
    fn from((accounts, total): (Vec<User>, u64)) -> Self {
        Self { accounts, total }
    }
}

/// The same, from a count as PostgreSQL has it; a negative one is none.
impl<User> From<(Vec<User>, i64)> for Found<User> {
    fn from((accounts, total): (Vec<User>, i64)) -> Self {
        Self { accounts, total: u64::try_from(total).unwrap_or(0) }
    }
}

/// What somebody may see of the console.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Staff {
    /// Nothing: a customer.
    #[default]
    No,
    /// The people they may impersonate, and their own impersonations.
    Agent,
    /// Everything: the trail, who is inside whom, revoking, pausing.
    Administrator,
}

/// The host cannot answer.
///
/// Every error becomes one by `?`. For that it is none itself.
#[derive(Debug)]
pub struct HostError(pub Box<dyn std::error::Error + Send + Sync>);

impl fmt::Display for HostError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the host cannot answer")
    }
}

impl<E: std::error::Error + Send + Sync + 'static> From<E> for HostError {
    fn from(error: E) -> Self {
        Self::new(error)
    }
}

impl HostError {
    /// Wraps what went wrong.
    pub fn new(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self(source.into())
    }

    /// Returns the error of a host that cannot find what a layer was to put into every request.
    ///
    /// That is a mistake and no outage: everybody gets a 500 that explains it with `sentence`, and so does the log.
    pub fn misplaced(sentence: impl Into<String>) -> Self {
        Self(Box::new(Misplaced(sentence.into())))
    }

    /// Returns the sentence that explains which layer is in the wrong place, if that is the error.
    pub(crate) fn misplacement(&self) -> Option<&str> {
        self.0.downcast_ref::<Misplaced>().map(|Misplaced(sentence)| sentence.as_str())
    }
}

#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Misplaced(String);

/// A user of the host together with what Vicarious knows of it; cloning it is cheap.
#[derive(Clone)]
pub(crate) struct Known {
    pub(crate) account: Arc<Account>,
    pub(crate) user: Arc<dyn Any + Send + Sync>,
}

/// [`Host`] with its user type erased, and the host's questions about pairs beside it.
#[async_trait]
pub(crate) trait AnyHost: Send + Sync {
    async fn sign_in_key(&self, request: &Parts) -> Result<Option<SignInKey>, HostError>;
    async fn sign_in(&self, key: &SignInKey) -> Result<Option<SignIn>, HostError>;
    async fn find(&self, id: &AccountId) -> Result<Option<Known>, HostError>;
    async fn search(&self, by: &Known, search: &Search) -> Result<Found<Known>, HostError>;
    async fn people(&self, by: &Known, search: &Search) -> Result<Found<Known>, HostError>;
    async fn dress(
        &self,
        request: &mut Parts,
        identity: &Identity,
        current: Option<&Known>,
    ) -> Result<Option<Box<dyn Dressed>>, HostError>;
    fn may(&self, true_user: &Known, current_user: &Known) -> bool;
    fn grants_for(&self, administrator: &Known, person: &Known) -> bool;
    fn staff(&self, user: &Known) -> Staff;
    fn decided(&self) -> Decided;
}

/// Which questions the application has answered at all.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Decided {
    pub(crate) pairs: bool,
    pub(crate) staff: bool,
    pub(crate) grants: bool,
}

pub(crate) type Pairing<User> = Box<dyn Fn(&User, &User) -> bool + Send + Sync>;
pub(crate) type Staffing<User> = Box<dyn Fn(&User) -> Staff + Send + Sync>;

pub(crate) struct Erased<H: Host> {
    pub(crate) host: H,
    /// Without it: nobody.
    pub(crate) who_may_whom: Option<Pairing<H::User>>,
    /// Without it: nobody sees anything.
    pub(crate) staff: Option<Staffing<H::User>>,
    /// Without it: nobody gives consent in anybody's place.
    pub(crate) who_grants_for: Option<Pairing<H::User>>,
}

impl<H: Host> Erased<H> {
    fn known(&self, user: H::User) -> Known {
        Known { account: Arc::new(self.host.account(&user)), user: Arc::new(user) }
    }

    fn found(&self, found: Found<H::User>) -> Found<Known> {
        Found { accounts: found.accounts.into_iter().map(|user| self.known(user)).collect(), total: found.total }
    }
}

#[async_trait]
impl<H: Host> AnyHost for Erased<H> {
    async fn sign_in_key(&self, request: &Parts) -> Result<Option<SignInKey>, HostError> {
        self.host.sign_in_key(request).await
    }

    async fn sign_in(&self, key: &SignInKey) -> Result<Option<SignIn>, HostError> {
        self.host.sign_in(key).await
    }

    async fn find(&self, id: &AccountId) -> Result<Option<Known>, HostError> {
        Ok(self.host.find(id).await?.map(|user| self.known(user)))
    }

    async fn search(&self, by: &Known, search: &Search) -> Result<Found<Known>, HostError> {
        let Some(by) = by.user.downcast_ref::<H::User>() else { return Ok(nobody()) };
        Ok(self.found(self.host.search(by, search).await?))
    }

    async fn people(&self, by: &Known, search: &Search) -> Result<Found<Known>, HostError> {
        let Some(by) = by.user.downcast_ref::<H::User>().filter(|_| self.who_grants_for.is_some()) else {
            return Ok(nobody());
        };
        Ok(self.found(self.host.people(by, search).await?))
    }

    async fn dress(
        &self,
        request: &mut Parts,
        identity: &Identity,
        current: Option<&Known>,
    ) -> Result<Option<Box<dyn Dressed>>, HostError> {
        self.host.dress(request, identity, current.and_then(|known| known.user.downcast_ref())).await
    }

    fn may(&self, true_user: &Known, current_user: &Known) -> bool {
        pairs(self.who_may_whom.as_ref(), true_user, current_user)
    }

    fn grants_for(&self, administrator: &Known, person: &Known) -> bool {
        pairs(self.who_grants_for.as_ref(), administrator, person)
    }

    fn staff(&self, user: &Known) -> Staff {
        let (Some(user), Some(staff)) = (user.user.downcast_ref(), &self.staff) else { return Staff::No };
        staff(user)
    }

    fn decided(&self) -> Decided {
        Decided {
            pairs: self.who_may_whom.is_some(),
            staff: self.staff.is_some(),
            grants: self.who_grants_for.is_some(),
        }
    }
}

/// Returns whether the application lets one act for the other; without its answer, nobody.
fn pairs<User: 'static>(pairing: Option<&Pairing<User>>, one: &Known, other: &Known) -> bool {
    match (pairing, one.user.downcast_ref(), other.user.downcast_ref()) {
        (Some(pairing), Some(one), Some(other)) => pairing(one, other),
        _ => false,
    }
}

fn nobody() -> Found<Known> {
    Found { accounts: Vec::new(), total: 0 }
}

#[cfg(test)]
mod tests {
    use super::Found;

    #[test]
    fn a_count_may_be_signed_as_that_of_a_database_is_and_a_negative_one_is_none() {
        for (counted, total) in [(41, 41), (i64::MAX, i64::MAX as u64), (0, 0), (-1, 0)] {
            assert_eq!(Found::from((vec!["alice"], counted)), Found { accounts: vec!["alice"], total });
        }
    }
}
