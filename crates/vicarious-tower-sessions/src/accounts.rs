//! What sessions cannot tell: who there is.

use serde_json::{Number, Value};
use vicarious_axum::{Found, HostError, Search};
use vicarious_core::{Account, AccountId};

/// The accounts of an application, and how its sign-in writes them into a session.
pub trait Accounts: Send + Sync + 'static {
    /// The application's own account type.
    type User: Clone + Send + Sync + 'static;
    /// Why an answer may be missing, which is an outage: any error, such as that of a database.
    type Error: Into<HostError>;

    /// Returns who a user is.
    fn account(&self, user: &Self::User) -> Account;

    /// Returns the account with this id, disabled ones included.
    fn find(&self, id: &AccountId) -> impl Future<Output = Result<Option<Self::User>, Self::Error>> + Send;

    /// Returns a page of the accounts that `by` may impersonate and that match.
    fn search(
        &self,
        by: &Self::User,
        search: &Search,
    ) -> impl Future<Output = Result<Found<Self::User>, Self::Error>> + Send;

    /// Returns who is signed in, from the value that a sign-in leaves in the session.
    ///
    /// As it is, for a session that holds the id as a text or a number.
    fn signed_in(&self, value: &Value) -> Option<AccountId> {
        match value {
            Value::String(id) => Some(AccountId::from(id.as_str())),
            Value::Number(id) => Some(AccountId::from(id.to_string())),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
        }
    }

    /// Returns the value that a sign-in of `user` would leave in the session, given that of the true user.
    ///
    /// As it is, the id, as the number or the text that the true user's is.
    fn session_value(&self, user: &Self::User, true_users: &Value) -> Value {
        let id = self.account(user).person.id;
        let number = || serde_json::from_str::<Number>(id.as_str()).ok().map(Value::Number);
        let number = true_users.is_number().then(number).flatten();
        number.unwrap_or_else(|| Value::from(id.as_str()))
    }
}
