//! A host made of closures.

use std::pin::Pin;
use std::str::FromStr;

use async_trait::async_trait;
use http::request::Parts;
use vicarious_core::{Account, AccountId, SignInKey};

use crate::host::{Found, Host, HostError, Search, SignIn};

type Later<T> = Pin<Box<dyn Future<Output = Result<T, HostError>> + Send>>;
type Describe<User> = Box<dyn Fn(&User) -> Account + Send + Sync>;
type Presented = Box<dyn Fn(&Parts) -> Option<String> + Send + Sync>;
type Alive<State> = Box<dyn Fn(State, String) -> Later<Option<SignIn>> + Send + Sync>;
type Finding<State, User> = Box<dyn Fn(State, AccountId) -> Later<Option<User>> + Send + Sync>;
type Searching<State, User> = Box<dyn Fn(State, User, Search) -> Later<Found<User>> + Send + Sync>;

/// A [`Host`] of five answers, a closure each, for an application with sessions or tokens of its own.
///
/// Each gets a copy of what it was made [of](Self::of), such as a pool of connections. One whose answer is missing is no
/// [`Host`], and does not compile. An application that answers at greater length implements [`Host`] itself.
///
/// # Examples
///
/// ```
/// # #[derive(Clone)]
/// # struct Database;
/// # #[derive(Clone)]
/// # struct User { id: i64, name: String, email: String, is_support: bool }
/// # struct Session { user: User, started_at: i64 }
/// # impl Database {
/// #     async fn session(&self, _digest: String) -> Result<Option<Session>, std::io::Error> { Ok(None) }
/// #     async fn user(&self, _id: i64) -> Result<Option<User>, std::io::Error> { Ok(None) }
/// #     async fn customers(&self, _: String, _: u32, _: u32) -> Result<(Vec<User>, u64), std::io::Error> { Ok((Vec::new(), 0)) }
/// # }
/// # fn digest(_: &axum::http::HeaderMap) -> Option<String> { None }
/// use vicarious_axum::{Answers, SignIn, Vicarious}; // or from `vicarious`
/// use vicarious_core::Account;
///
/// # fn host(database: Database) {
/// let host = Answers::of(database, |user: &User| Account::new(user.id, &user.name, &user.email))
///     .sign_in_key(|request| digest(&request.headers))
///     .sign_in(|db, key| async move { Ok(db.session(key).await?.map(|it| SignIn::at(it.user.id, it.started_at))) })
///     .find(|db, id| async move { Ok(db.user(id).await?) })
///     .search(|db, _, search| async move { Ok(db.customers(search.q, search.page, search.per_page).await?.into()) });
/// let builder = Vicarious::builder(host).who_may_whom(|agent, customer| agent.is_support && !customer.is_support);
/// # drop(builder);
/// # }
/// ```
#[must_use = "nobody is asked before it is given to `Vicarious::builder`"]
pub struct Answers<State, User, Key = (), Signed = (), Find = (), Look = ()> {
    state: State,
    account: Describe<User>,
    key: Key,
    signed: Signed,
    find: Find,
    look: Look,
}

impl<State, User> Answers<State, User> {
    /// Returns the beginning of a host: what its answers are found with, and who a user is for people.
    pub fn of(state: State, account: impl Fn(&User) -> Account + Send + Sync + 'static) -> Self {
        Self { state, account: Box::new(account), key: (), signed: (), find: (), look: () }
    }
}

impl<State, User, Key, Signed, Find, Look> Answers<State, User, Key, Signed, Find, Look> {
    /// Says under which key a request presents a sign-in; see [`Host::sign_in_key`]: never the secret itself.
    ///
    /// Where a request brings a secret alone, and sessions are found by nothing else,
    /// [`KeyRing::sign_in_key`](crate::KeyRing::sign_in_key) makes a key of it, which
    /// [`KeyRing::sign_in_found_by`](crate::KeyRing::sign_in_found_by) turns back in [`sign_in`](Self::sign_in).
    pub fn sign_in_key(
        self,
        key: impl Fn(&Parts) -> Option<String> + Send + Sync + 'static,
    ) -> Answers<State, User, Presented, Signed, Find, Look> {
        let Self { state, account, signed, find, look, .. } = self;
        Answers { state, account, key: Box::new(key), signed, find, look }
    }

    /// Says who is signed in under a key, or that the sign-in is over; see [`Host::sign_in`].
    pub fn sign_in<Answer>(
        self,
        signed: impl Fn(State, String) -> Answer + Send + Sync + 'static,
    ) -> Answers<State, User, Key, Alive<State>, Find, Look>
    where
        Answer: Future<Output = Result<Option<SignIn>, HostError>> + Send + 'static,
    {
        let Self { state, account, key, find, look, .. } = self;
        let signed: Alive<State> = Box::new(move |state, key| Box::pin(signed(state, key)));
        Answers { state, account, key, signed, find, look }
    }

    /// Says whose an id is, disabled accounts included; see [`Host::find`].
    ///
    /// What cannot be read as an `Id` is nobody's, and so is what reads as one and is spelled otherwise, such as `+1`.
    pub fn find<Id: FromStr, Answer>(
        self,
        find: impl Fn(State, Id) -> Answer + Send + Sync + 'static,
    ) -> Answers<State, User, Key, Signed, Finding<State, User>, Look>
    where
        Answer: Future<Output = Result<Option<User>, HostError>> + Send + 'static,
    {
        let Self { state, account, key, signed, look, .. } = self;
        let find: Finding<State, User> = Box::new(move |state, id| match id.as_str().parse() {
            Ok(id) => Box::pin(find(state, id)),
            Err(_) => Box::pin(async { Ok(None) }),
        });
        Answers { state, account, key, signed, find, look }
    }

    /// Finds a page of the accounts that somebody may impersonate; see [`Host::search`].
    pub fn search<Answer>(
        self,
        search: impl Fn(State, User, Search) -> Answer + Send + Sync + 'static,
    ) -> Answers<State, User, Key, Signed, Find, Searching<State, User>>
    where
        Answer: Future<Output = Result<Found<User>, HostError>> + Send + 'static,
    {
        let Self { state, account, key, signed, find, .. } = self;
        let look: Searching<State, User> = Box::new(move |state, by, wanted| Box::pin(search(state, by, wanted)));
        Answers { state, account, key, signed, find, look }
    }
}

#[async_trait]
impl<State, User> Host for Answers<State, User, Presented, Alive<State>, Finding<State, User>, Searching<State, User>>
where
    State: Clone + Send + Sync + 'static,
    User: Clone + Send + Sync + 'static,
{
    type User = User;

    fn account(&self, user: &User) -> Account {
        (self.account)(user)
    }

    async fn sign_in_key(&self, request: &Parts) -> Result<Option<SignInKey>, HostError> {
        Ok((self.key)(request).map(SignInKey::from))
    }

    async fn sign_in(&self, key: &SignInKey) -> Result<Option<SignIn>, HostError> {
        (self.signed)(self.state.clone(), key.to_string()).await
    }

    async fn find(&self, id: &AccountId) -> Result<Option<User>, HostError> {
        let found = (self.find)(self.state.clone(), id.clone()).await?;
        Ok(found.filter(|user| self.account(user).id() == id))
    }

    async fn search(&self, by: &User, search: &Search) -> Result<Found<User>, HostError> {
        (self.look)(self.state.clone(), by.clone(), search.clone()).await
    }
}
