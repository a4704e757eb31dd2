//! I4: what a pair may do is what the customer may do, cut down to what the true user may do as them (T05).

use std::collections::BTreeSet;

use proptest::prelude::*;
use vicarious_core::policy::{Decision, Policy};
use vicarious_core::{Identity, Person};

use crate::model::{account, impersonation};

const RIGHTS: [&str; 8] = ["look", "edit", "pay", "refund", "invite", "export", "delete", "admin"];

type Rights = BTreeSet<&'static str>;

/// Who may do what as themselves, and what may be done as another.
struct Table {
    customer: Rights,
    agent: Rights,
    as_other: Rights,
}

impl Policy<()> for Table {
    type Action = &'static str;

    fn own(&self, user: &Person, action: &Self::Action, (): &()) -> Decision {
        let rights = if user.id.as_str() == "alice" { &self.customer } else { &self.agent };
        Decision::when(rights.contains(action), "not theirs")
    }

    fn as_other(&self, true_user: &Person, current_user: &Person, action: &Self::Action, (): &()) -> Decision {
        assert_eq!((true_user.id.as_str(), current_user.id.as_str()), ("bob", "alice"), "the right way around");
        Decision::when(self.as_other.contains(action), "not as another")
    }
}

fn rights() -> impl Strategy<Value = Rights> {
    proptest::sample::subsequence(RIGHTS.to_vec(), 0..=RIGHTS.len()).prop_map(|rights| rights.into_iter().collect())
}

fn may(table: &Table, identity: &Identity) -> Rights {
    RIGHTS.into_iter().filter(|right| table.may(identity, right, &()).is_allowed()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 10_000, ..ProptestConfig::default() })]

    #[test]
    fn a_pair_has_the_customers_rights_cut_down(customer in rights(), agent in rights(), as_other in rights()) {
        let table = Table { customer, agent, as_other };
        let pair = Identity::impersonating(account("bob"), account("alice"), impersonation("i1", "bob", "alice"));
        let expected: Rights = table.customer.intersection(&table.as_other).copied().collect();
        prop_assert_eq!(may(&table, &pair), expected);
        prop_assert_eq!(&may(&table, &Identity::own(account("alice"))), &table.customer);
        prop_assert_eq!(&may(&table, &Identity::own(account("bob"))), &table.agent);
        prop_assert_eq!(may(&table, &Identity::anonymous()), Rights::new());
    }
}

#[test]
fn a_denial_carries_the_first_reason() {
    let first = Decision::when(false, "one").and(|| Decision::when(false, "two"));
    assert_eq!(first, Decision::Deny("one".into()));
    let second = Decision::when(true, "one").and(|| Decision::when(false, "two"));
    assert_eq!(second, Decision::Deny("two".into()));
}
