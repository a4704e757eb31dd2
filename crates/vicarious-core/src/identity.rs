//! Who is acting, and as whom.

use std::pin::Pin;
use std::sync::Arc;

use crate::ports::TellsEnd;
use crate::{Account, AccountId, EndCause, Impersonation, Person};

/// The two answers that every request has: who is at the keyboard, and whose account applies.
///
/// An identity is immutable: it is resolved once for a request or a connection and never changes afterwards.
/// Cloning is cheap.
///
/// # Examples
///
/// ```
/// use vicarious_core::{Account, Identity};
///
/// let bob = Identity::own(Account::new("7", "Bob", "bob@example.com"));
/// assert_eq!(bob.current_user().map(|user| user.name.as_str()), Some("Bob"));
/// assert_eq!(bob.current_user(), bob.true_user());
/// assert!(bob.shadower().is_none());
/// assert!(!bob.is_impersonating());
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identity(Inner);

#[derive(Clone, Debug, Default, PartialEq, Eq)]
enum Inner {
    #[default]
    Anonymous,
    Own(Arc<Account>),
    Impersonating(Arc<Pair>),
}

#[derive(Debug)]
struct Pair {
    true_user: Arc<Account>,
    current_user: Arc<Account>,
    impersonation: Arc<Impersonation>,
    /// Who is asked when it ends; not part of who somebody is.
    told_by: Option<Arc<dyn TellsEnd>>,
}

impl PartialEq for Pair {
    fn eq(&self, other: &Self) -> bool {
        self.true_user == other.true_user
            && self.current_user == other.current_user
            && self.impersonation == other.impersonation
    }
}

impl Eq for Pair {}

impl Identity {
    /// Returns the identity of a request on which nobody is signed in.
    pub fn anonymous() -> Self {
        Self::default()
    }

    /// Returns the identity of somebody acting as themselves.
    pub fn own(account: impl Into<Arc<Account>>) -> Self {
        Self(Inner::Own(account.into()))
    }

    /// Returns the identity of `true_user` acting as `current_user` within `impersonation`.
    ///
    /// Only the code that resolved a live impersonation calls this. The accounts must be those that the
    /// impersonation is bound to; otherwise the answer is [`Identity::anonymous`], which may do nothing.
    pub fn impersonating(
        true_user: impl Into<Arc<Account>>,
        current_user: impl Into<Arc<Account>>,
        impersonation: impl Into<Arc<Impersonation>>,
    ) -> Self {
        let (true_user, current_user, impersonation) = (true_user.into(), current_user.into(), impersonation.into());
        let bound = impersonation.true_user.id == *true_user.id()
            && impersonation.current_user.id == *current_user.id()
            && true_user.id() != current_user.id();
        // INVARIANT: I1, I2: the pair is exactly the one the impersonation was started for.
        if !bound {
            return Self::anonymous();
        }
        Self(Inner::Impersonating(Arc::new(Pair { true_user, current_user, impersonation, told_by: None })))
    }

    /// Returns the same identity, which asks `told_by` when its impersonation ends.
    ///
    /// Only the code that made it calls this, before it is handed out.
    #[must_use]
    pub fn told_by(mut self, told_by: Arc<dyn TellsEnd>) -> Self {
        if let Inner::Impersonating(pair) = &mut self.0
            && let Some(pair) = Arc::get_mut(pair)
        {
            pair.told_by = Some(told_by);
        }
        self
    }

    /// Waits for the end of the impersonation that this identity is of, and returns its cause.
    ///
    /// For whatever goes on when its request is answered: select on it, and stop. It is told once the end is recorded,
    /// in this process at once, and at the hard end in any case. For somebody as themselves it waits for ever.
    pub fn ended(&self) -> Pin<Box<dyn Future<Output = EndCause> + Send>> {
        match &self.0 {
            Inner::Impersonating(pair) => match &pair.told_by {
                Some(told_by) => told_by.ended(&pair.impersonation),
                None => Box::pin(std::future::pending()),
            },
            Inner::Anonymous | Inner::Own(_) => Box::pin(std::future::pending()),
        }
    }

    /// Returns the account whose data and permissions apply.
    pub fn current_user(&self) -> Option<&Person> {
        self.current_account().map(|account| &account.person)
    }

    /// Returns the person at the keyboard; always present when somebody is signed in.
    pub fn true_user(&self) -> Option<&Person> {
        self.true_account().map(|account| &account.person)
    }

    /// Returns the true user when it differs from the current user, otherwise none.
    pub fn shadower(&self) -> Option<&Person> {
        match &self.0 {
            Inner::Impersonating(pair) => Some(&pair.true_user.person),
            Inner::Anonymous | Inner::Own(_) => None,
        }
    }

    /// Returns the current user with what the host said about the account.
    pub fn current_account(&self) -> Option<&Account> {
        match &self.0 {
            Inner::Anonymous => None,
            Inner::Own(account) => Some(account),
            Inner::Impersonating(pair) => Some(&pair.current_user),
        }
    }

    /// Returns the true user with what the host said about the account.
    pub fn true_account(&self) -> Option<&Account> {
        match &self.0 {
            Inner::Anonymous => None,
            Inner::Own(account) => Some(account),
            Inner::Impersonating(pair) => Some(&pair.true_user),
        }
    }

    /// Returns the impersonation that this identity belongs to, if it is one.
    pub fn impersonation(&self) -> Option<&Impersonation> {
        match &self.0 {
            Inner::Impersonating(pair) => Some(&pair.impersonation),
            Inner::Anonymous | Inner::Own(_) => None,
        }
    }

    /// Returns whether the true user acts as somebody else.
    pub fn is_impersonating(&self) -> bool {
        self.impersonation().is_some()
    }

    /// Returns whether nobody is signed in.
    pub fn is_anonymous(&self) -> bool {
        matches!(self.0, Inner::Anonymous)
    }

    /// Returns whether the current user is `account`.
    pub fn is_current_user(&self, account: &AccountId) -> bool {
        self.current_user().is_some_and(|user| user.id == *account)
    }
}
