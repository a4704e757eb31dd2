//! People, as far as impersonation needs to know them.

use serde::{Deserialize, Serialize};

crate::text_id! {
    /// The host's identifier of an account.
    AccountId
}

/// A number as it is written in decimal, as the identifiers of many tables are.
impl From<i64> for AccountId {
    fn from(number: i64) -> Self {
        Self::new(number.to_string())
    }
}

/// The text of a field, so that `&user.id` will do.
impl From<&String> for AccountId {
    fn from(text: &String) -> Self {
        Self::new(text.as_str())
    }
}

/// A name frozen at the moment something happened, so that the record outlives the account.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Person {
    /// The host's identifier of the account.
    pub id: AccountId,
    /// The name people know the account by.
    pub name: String,
    /// The address the account signs in with; empty where it has none.
    pub email: String,
}

/// An account of the host, as found just now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// Who it is.
    #[serde(flatten)]
    pub person: Person,
    /// The organisation the account belongs to, if the host has such a thing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organisation: Option<String>,
    /// Whether the account may be used at all; a disabled account is never impersonated.
    #[serde(skip, default = "yes")]
    pub active: bool,
}

fn yes() -> bool {
    true
}

impl Account {
    /// Returns an active account without an organisation.
    ///
    /// # Examples
    ///
    /// ```
    /// use vicarious_core::Account;
    ///
    /// let (number, text) = (17, "b0b".to_owned());
    /// assert_eq!(Account::new(number, "Alice Ames", "alice@example.com").id().as_str(), "17");
    /// assert_eq!(Account::new(&text, "Bob Baker", "").id().as_str(), "b0b");
    /// ```
    pub fn new(id: impl Into<AccountId>, name: impl Into<String>, email: impl Into<String>) -> Self {
        let person = Person { id: id.into(), name: name.into(), email: email.into() };
        Self { person, organisation: None, active: true }
    }

    /// Returns the identifier of this account.
    pub fn id(&self) -> &AccountId {
        &self.person.id
    }
}
