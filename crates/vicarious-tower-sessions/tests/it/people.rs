//! Who there is.

use vicarious_axum::{Found, HostError, Search};
use vicarious_core::{Account, AccountId};
use vicarious_tower_sessions::Accounts;

pub(crate) const ALICE: i64 = 1;
pub(crate) const BOB: i64 = 2;
pub(crate) const EVE: i64 = 3;

#[derive(Clone, Debug)]
pub(crate) struct User {
    id: i64,
    name: &'static str,
    pub(crate) is_support: bool,
}

const USERS: [User; 3] = [
    User { id: ALICE, name: "Alice", is_support: false },
    User { id: BOB, name: "Bob", is_support: true },
    User { id: EVE, name: "Eve", is_support: true },
];

pub(crate) struct People;

impl People {
    pub(crate) fn name(id: i64) -> Option<&'static str> {
        USERS.iter().find(|user| user.id == id).map(|user| user.name)
    }
}

impl Accounts for People {
    type User = User;
    type Error = HostError;

    fn account(&self, user: &User) -> Account {
        Account::new(user.id.to_string(), user.name, format!("{}@example.com", user.name))
    }

    async fn find(&self, id: &AccountId) -> Result<Option<User>, HostError> {
        Ok(USERS.into_iter().find(|user| user.id.to_string() == id.as_str()))
    }

    async fn search(&self, _: &User, _: &Search) -> Result<Found<User>, HostError> {
        Ok(Found { accounts: USERS.to_vec(), total: USERS.len() as u64 })
    }
}
