//! The people who appear in tests.

use jiff::Timestamp;
use vicarious_core::Account;

/// When most tests take place: Monday, 2 March 2026, 10:00 UTC.
pub const MONDAY: Timestamp = Timestamp::constant(1_772_445_600, 0);

/// Returns a customer.
pub fn alice() -> Account {
    Account::new("alice", "Alice Ames", "alice@example.com")
}

/// Returns another customer.
pub fn carol() -> Account {
    Account::new("carol", "Carol Cole", "carol@example.com")
}

/// Returns a support agent.
pub fn bob() -> Account {
    Account::new("bob", "Bob Baker", "bob@example.com")
}

/// Returns another support agent.
pub fn eve() -> Account {
    Account::new("eve", "Eve Early", "eve@example.com")
}

/// Returns an administrator.
pub fn dana() -> Account {
    Account::new("dana", "Dana Dorn", "dana@example.com")
}
