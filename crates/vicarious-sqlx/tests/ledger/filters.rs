//! The clever ways of finding entries find what plain looking would.

use jiff::{SignedDuration, Timestamp};
use testkit::MemoryLedger;
use testkit::people::{MONDAY, alice, bob, carol, dana, eve};
use testkit::scene::{Start, intent, started};
use vicarious_core::ports::{EntryFilter, Ledger};
use vicarious_core::{AccountId, Entry, Impersonation, Kind, decide};

use crate::support::{Fresh, on_both};

on_both! {
    every_combination_of_filters_finds_what_looking_through_everything_finds
}

/// Enough for a dozen blocks.
const ENTRIES: usize = 3_000;

async fn every_combination_of_filters_finds_what_looking_through_everything_finds(fresh: Fresh) {
    let (store, oracle) = (fresh.open().await, MemoryLedger::new());
    let mut impersonations = Vec::new();
    for (id, agent, customer) in [("ba", bob(), alice()), ("bc", bob(), carol()), ("ea", eve(), alice())] {
        let decided = Start::of(id, agent, customer, MONDAY).from_sign_in(id).decide().unwrap();
        impersonations.push(started(&decided).unwrap());
        store.apply(decided.clone()).await.unwrap();
        oracle.apply(decided).await.unwrap();
    }
    for number in 0..ENTRIES {
        let entry = made_up(number, &impersonations);
        store.append_later(entry.clone());
        oracle.append(entry).await.unwrap();
    }
    store.flush().await;
    for filter in filters() {
        let expected = oracle.entries(&filter).await.unwrap();
        assert_eq!(store.entries(&filter).await.unwrap(), expected, "{filter:?}");
    }
}

/// Bob is busy, Eve is rare, and now and then something other than a request happens.
fn made_up(number: usize, impersonations: &[Impersonation]) -> Entry {
    let rare = number % 331 == 7;
    let place = if rare { 2 } else { usize::from(number > 1_000 && number.is_multiple_of(3)) };
    let mut entry = intent(&impersonations[place], &format!("r{number}"), "/orders", at(number));
    entry.kind = match number % 50 {
        3 => Kind::RequestRefused,
        4 => Kind::Changed,
        5 => return decide::opt_out(&dana().person, at(number)).entry().clone(),
        even if even % 2 == 0 => Kind::Intent,
        _ => Kind::Outcome,
    };
    entry
}

/// Time runs on, but neighbours overtake each other.
fn at(number: usize) -> Timestamp {
    let swapped = if number.is_multiple_of(2) { number + 3 } else { number };
    MONDAY + SignedDuration::from_secs(i64::try_from(swapped).unwrap())
}

fn filters() -> Vec<EntryFilter> {
    let person = |account: vicarious_core::Account| Some(account.id().clone());
    let true_users = [None, person(bob()), person(eve()), Some(AccountId::new("nobody"))];
    let current_users = [None, person(alice()), person(dana())];
    let kinds = [None, Some(Kind::Intent), Some(Kind::Changed), Some(Kind::OptedOut)];
    let impersonations = [None, Some("ea".into())];
    let times = [(None, None), (Some(at(500)), Some(at(2_000))), (None, Some(at(20)))];
    let pages = [(Some(1_501), 40), (None, ENTRIES * 2)];
    let gone = Some("gone".into());
    let mut filters = vec![EntryFilter { impersonation: gone, limit: 5, ..EntryFilter::default() }];
    for true_user in &true_users {
        for current_user in &current_users {
            for kind in kinds {
                for impersonation in &impersonations {
                    for (from, to) in times {
                        for (before, limit) in pages {
                            filters.push(EntryFilter {
                                true_user: true_user.clone(),
                                current_user: current_user.clone(),
                                kind,
                                impersonation: impersonation.clone(),
                                from,
                                to,
                                before,
                                limit,
                            });
                        }
                    }
                }
            }
        }
    }
    filters
}
