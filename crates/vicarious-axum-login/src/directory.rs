//! What a backend of axum-login does not tell.

use axum_login::AuthnBackend;
use vicarious_axum::{Found, Search};
use vicarious_core::Account;

/// What Vicarious asks a backend beyond authentication: who a user is for people, and who there is.
pub trait Directory: AuthnBackend<User: 'static, Error: 'static> + 'static {
    /// Returns who a user is: name, address, organisation, and whether the account may be used at all.
    ///
    /// Its id is that of [`AuthUser::id`](axum_login::AuthUser::id), whatever is given here.
    fn account(&self, user: &Self::User) -> Account;

    /// Returns a page of the users that `by` may impersonate and that match.
    fn search(
        &self,
        by: &Self::User,
        search: &Search,
    ) -> impl Future<Output = Result<Found<Self::User>, Self::Error>> + Send;
}
