//! What a sign-in leaves in a session, and what stands there for the customer.

use std::convert::Infallible;

use serde_json::{Value, json};
use vicarious_axum::{Found, Search};
use vicarious_core::{Account, AccountId};
use vicarious_tower_sessions::Accounts;

struct Any;

impl Accounts for Any {
    type User = String;
    type Error = Infallible;

    fn account(&self, id: &String) -> Account {
        Account::new(id.as_str(), "somebody", "somebody@example.com")
    }

    async fn find(&self, id: &AccountId) -> Result<Option<String>, Infallible> {
        Ok(Some(id.to_string()))
    }

    async fn search(&self, _: &String, _: &Search) -> Result<Found<String>, Infallible> {
        Ok(Found { accounts: Vec::new(), total: 0 })
    }
}

#[test]
fn texts_and_numbers_are_ids_and_the_customers_is_of_the_same_kind() {
    for (true_users, id, customers) in [
        (json!(2), "1", json!(1)),
        (json!("2"), "1", json!("1")),
        (json!("bob"), "alice", json!("alice")),
        (json!(2), "alice", json!("alice")),
    ] {
        assert!(Any.signed_in(&true_users).is_some(), "{true_users}");
        assert_eq!(Any.session_value(&id.to_owned(), &true_users), customers);
        assert_eq!(Any.signed_in(&customers), Some(AccountId::from(id)));
    }
}

#[test]
fn anything_else_is_nobody() {
    for value in [Value::Null, json!(true), json!([1]), json!({ "id": 1 })] {
        assert_eq!(Any.signed_in(&value), None, "{value}");
    }
}
