//! Policies that see both users, and the record.

use std::borrow::Cow;

use crate::{Identity, Person};

/// Whether something may be done, and why not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// It may.
    Allow,
    /// It may not, for this reason.
    Deny(Cow<'static, str>),
}

impl Decision {
    /// Returns [`Decision::Allow`] if `allowed`, otherwise a denial with `reason`.
    pub fn when(allowed: bool, reason: impl Into<Cow<'static, str>>) -> Self {
        if allowed { Self::Allow } else { Self::Deny(reason.into()) }
    }

    /// Returns whether it may be done.
    pub fn is_allowed(&self) -> bool {
        matches!(self, Self::Allow)
    }

    /// Returns the first denial of the two, or [`Decision::Allow`].
    #[must_use]
    pub fn and(self, other: impl FnOnce() -> Self) -> Self {
        match self {
            Self::Allow => other(),
            denied @ Self::Deny(_) => denied,
        }
    }
}

/// The host's own authorization, asked with both users and the record.
///
/// What a pair may do is what the customer may do **and** what this true user may do as them: [`Policy::may`]
/// joins the two answers, so that neither half can be forgotten.
///
/// # Examples
///
/// An accountant may look at everything of her client, but pay nothing.
///
/// ```
/// use vicarious_core::policy::{Decision, Policy};
/// use vicarious_core::{Account, Identity, Person};
///
/// struct Invoices;
/// struct Invoice { owner: &'static str }
///
/// impl Policy<Invoice> for Invoices {
///     type Action = &'static str;
///
///     fn own(&self, user: &Person, _: &Self::Action, invoice: &Invoice) -> Decision {
///         Decision::when(invoice.owner == user.id.as_str(), "this invoice belongs to somebody else")
///     }
///
///     fn as_other(&self, _true_user: &Person, _current_user: &Person, action: &Self::Action, _: &Invoice) -> Decision {
///         Decision::when(*action != "pay", "only the customer pays")
///     }
/// }
///
/// let alice = Identity::own(Account::new("1", "Alice", "alice@example.com"));
/// assert!(Invoices.may(&alice, &"pay", &Invoice { owner: "1" }).is_allowed());
/// assert!(!Invoices.may(&alice, &"pay", &Invoice { owner: "2" }).is_allowed());
/// assert!(!Invoices.may(&Identity::anonymous(), &"pay", &Invoice { owner: "1" }).is_allowed());
/// ```
pub trait Policy<Resource: ?Sized> {
    /// What can be done to the resource.
    type Action;

    /// Decides what somebody may do as themselves.
    fn own(&self, user: &Person, action: &Self::Action, resource: &Resource) -> Decision;

    /// Decides what `true_user` may do while using the account of `current_user`; asked in addition to
    /// [`Policy::own`] for the current user.
    fn as_other(
        &self,
        true_user: &Person,
        current_user: &Person,
        action: &Self::Action,
        resource: &Resource,
    ) -> Decision;

    /// Decides for an identity: nobody may do nothing, and a pair needs both answers.
    fn may(&self, identity: &Identity, action: &Self::Action, resource: &Resource) -> Decision {
        let Some(current_user) = identity.current_user() else {
            return Decision::Deny("nobody is signed in".into());
        };
        // INVARIANT: I4: rights of the pair = rights of the current user ∩ what the true user may do as them.
        self.own(current_user, action, resource).and(|| match identity.shadower() {
            Some(true_user) => self.as_other(true_user, current_user, action, resource),
            None => Decision::Allow,
        })
    }
}
