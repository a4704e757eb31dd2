use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use axum::Router;
use http::StatusCode;
use jiff::SignedDuration;
use testkit::ManualClock;
use vicarious_axum::{Finding, Vicarious};
use vicarious_core::decide::give_ahead;
use vicarious_core::{Account, AccountId, Person};

use crate::browser::Browser;
use crate::credential::Credential;

type SigningIn = Pin<Box<dyn Future<Output = Credential> + Send>>;

/// How long the consent lasts that [`TestApp::agreed`] gives.
const CONSENT: SignedDuration = SignedDuration::from_hours(24);

/// A host's own router, to be used by browsers without a socket.
///
/// Cloning is cheap, and clones are the same application.
#[derive(Clone)]
pub struct TestApp {
    router: Router,
    vicarious: Vicarious,
    sign_in: Arc<dyn Fn(AccountId) -> SigningIn + Send + Sync>,
    host: Arc<str>,
    clock: Option<ManualClock>,
}

impl TestApp {
    /// Returns an application: the finished router, layers included, as it is handed to `axum::serve`.
    ///
    /// `sign_in` says how somebody signs in: it gets the id of an account and returns a [`Credential`].
    pub fn new<F, Fut>(router: Router, vicarious: &Vicarious, sign_in: F) -> Self
    where
        F: Fn(AccountId) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Credential> + Send + 'static,
    {
        let sign_in = Arc::new(move |account| -> SigningIn { Box::pin(sign_in(account)) });
        Self { router, vicarious: vicarious.clone(), sign_in, host: "localhost".into(), clock: None }
    }

    /// Sets the `Host` that browsers ask for; default `localhost`.
    #[must_use]
    pub fn host(mut self, host: &str) -> Self {
        self.host = host.into();
        self
    }

    /// Hands over the clock that the builder was given, so that an attack can let a moment pass.
    #[must_use]
    pub fn clock(mut self, clock: &ManualClock) -> Self {
        self.clock = Some(clock.clone());
        self
    }

    pub(crate) fn moved_clock(&self) -> Option<&ManualClock> {
        self.clock.as_ref()
    }

    /// Returns a browser in which nobody is signed in.
    pub fn nobody(&self) -> Browser {
        Browser::new(self.router.clone(), &self.host)
    }

    /// Returns a browser in which `account` has just signed in, in the way that the host said.
    ///
    /// # Panics
    ///
    /// When the sign-in does not succeed: the test cannot go on.
    pub async fn signed_in(&self, account: impl Into<AccountId>) -> Browser {
        let account = account.into();
        let credential = (self.sign_in)(account.clone()).await;
        self.presenting(&account, credential).await
    }

    /// Returns two browsers in which `account` has signed in, one after the other; none where the host's closure hands out one
    /// and the same cookie or token, which is one sign-in.
    pub(crate) async fn signed_in_twice(&self, account: &AccountId) -> Option<(Browser, Browser)> {
        let first = self.signed_in(account.clone()).await;
        let credential = (self.sign_in)(account.clone()).await;
        let is_ready = credential.is_ready();
        let second = self.presenting(account, credential).await;
        (!is_ready || !first.presents_like(&second)).then_some((first, second))
    }

    async fn presenting(&self, account: &AccountId, credential: Credential) -> Browser {
        let mut browser = self.nobody();
        let sentence = credential.present(&mut browser).await.err().unwrap_or_default();
        assert!(sentence.is_empty(), "`{account}` could not sign in: {sentence}");
        browser
    }

    /// Lets a customer agree to support access for a day, as if they had done so ahead.
    ///
    /// # Panics
    ///
    /// When there is no such account, or the ledger cannot answer.
    pub async fn agreed(&self, customer: impl Into<AccountId>) {
        let customer = self.account(customer).await.person;
        let now = self.vicarious.now();
        let until = now.saturating_add(CONSENT).unwrap_or(now);
        let id = format!("a test: {}", uuid::Uuid::now_v7()).into();
        let given = give_ahead(id, &customer, until, now).map_err(|refusal| refusal.to_string());
        assert!(given.is_ok(), "`{}` cannot agree: {}", customer.id, given.err().unwrap_or_default());
        let applied = self.vicarious.ledger().apply(given.into_iter().collect()).await;
        assert!(applied.is_ok(), "the consent of `{}` could not be recorded: {applied:?}", customer.id);
    }

    /// Returns an account as the host knows it.
    ///
    /// # Panics
    ///
    /// When there is none.
    pub async fn account(&self, account: impl Into<AccountId>) -> Account {
        let id = account.into();
        let found = self.vicarious.account(&id).await;
        assert!(matches!(found, Ok(Some(_))), "the host finds no account `{id}`: {found:?}");
        found.ok().flatten().unwrap_or_else(|| nobody(&id))
    }

    /// Returns what [`Vicarious::check`] finds wrong with the router, or doubtful; whether the layer sees who has signed in; and
    /// what is careless about the cookies that they get, a sentence each.
    ///
    /// What [is about comfort](vicarious_axum::Finding::is_about_comfort) is left out: that is for the log at the start.
    ///
    /// # Panics
    ///
    /// When the sign-in does not succeed.
    pub async fn check(&self, account: impl Into<AccountId>) -> Vec<String> {
        let account = account.into();
        let found = self.vicarious.check(&self.router).await;
        let mut browser = self.signed_in(account.clone()).await;
        let cookies = browser.careless_cookies(self.is_at_https());
        let mut sentences: Vec<String> =
            found.iter().filter(|finding| !finding.is_about_comfort()).map(ToString::to_string).collect();
        // With a layer in the wrong place nobody is seen, and why has been said.
        if !found.iter().any(Finding::is_wrong) && !self.sees_somebody(&mut browser).await {
            sentences.push(format!(
                "`{account}` has signed in, and the layer sees nobody: `Host::sign_in_key` or `Host::sign_in` does not find \
                 what the sign-in left; with an adapter, the name under which the session has the user may be another, or \
                 the store that it was given, which must be the session layer's or a clone of it"
            ));
        }
        sentences.extend(cookies);
        sentences
    }

    fn is_at_https(&self) -> bool {
        self.vicarious.origins().iter().any(|origin| origin.starts_with("https://"))
    }

    /// Returns whether the layer sees somebody signed in.
    pub(crate) async fn sees_somebody(&self, browser: &mut Browser) -> bool {
        browser.get_json("/impersonation/new").await.status != StatusCode::UNAUTHORIZED
    }

    /// Returns the unsafe routes that have no rule yet, `POST /notes`; see [`Vicarious::undecided`].
    pub fn undecided(&self) -> Vec<String> {
        self.vicarious.undecided(&self.router)
    }

    /// Returns the running system.
    pub fn vicarious(&self) -> &Vicarious {
        &self.vicarious
    }

    /// Returns the router.
    pub fn router(&self) -> &Router {
        &self.router
    }
}

/// What an assertion that does not hold never reaches.
fn nobody(id: &AccountId) -> Account {
    Account {
        person: Person { id: id.clone(), name: String::new(), email: String::new() },
        organisation: None,
        active: false,
    }
}

impl fmt::Debug for TestApp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TestApp").field("host", &self.host).finish_non_exhaustive()
    }
}
