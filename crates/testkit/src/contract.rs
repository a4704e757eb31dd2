//! What every ledger must hold, one claim at a time.
//!
//! Each claim is an async function over an empty ledger; it panics when the claim does not hold. An implementation
//! runs them all with [`ledger_contract!`](crate::ledger_contract), so that each has a name of its own in the report.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a claim that does not hold fails the test that runs it")]

mod admission;
mod consents;
mod ends;
mod entries;
mod reads;
mod starts;

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use vicarious_core::decide::Transition;
use vicarious_core::ports::{ApplyError, EntryFilter, Ledger};
use vicarious_core::{Impersonation, Kind};

pub use admission::*;
pub use consents::*;
pub use ends::*;
pub use entries::*;
pub use reads::*;
pub use starts::*;

use crate::people::{MONDAY, alice, bob};
use crate::scene::{Start, started};

/// Runs the whole contract: one test for each claim.
///
/// The argument names an `async fn` that returns a fresh, empty ledger as `Arc<dyn Ledger>`, together with anything
/// that must live as long as the test, such as a temporary directory. The crate that calls it needs tokio.
///
/// # Examples
///
/// ```
/// use std::sync::Arc;
///
/// use testkit::MemoryLedger;
/// use vicarious_core::ports::Ledger;
///
/// async fn in_memory() -> (Arc<dyn Ledger>, ()) {
///     (Arc::new(MemoryLedger::new()), ())
/// }
///
/// mod contract {
///     testkit::ledger_contract!(super::in_memory);
/// }
/// # fn main() {}
/// ```
#[macro_export]
macro_rules! ledger_contract {
    ($fresh:path) => {
        $crate::ledger_contract! { @each $fresh;
            a_start_is_found_by_handle_by_id_and_by_sign_in
            everything_about_an_impersonation_is_kept
            a_second_start_of_one_sign_in_conflicts
            of_many_starts_at_once_from_one_sign_in_one_succeeds
            two_sign_ins_of_one_person_start_side_by_side
            of_many_starts_at_once_from_many_sign_ins_no_more_succeed_than_may_run
            a_switch_at_the_limit_takes_the_place_of_the_old
            a_handle_belongs_to_one_impersonation_for_ever
            a_switch_ends_the_old_and_starts_the_new_in_one_step
            a_conflict_in_one_transition_undoes_them_all
            a_pause_between_decision_and_start_conflicts
            a_consent_withdrawn_between_decision_and_start_conflicts
            a_requested_consent_is_used_up_by_its_start
            ending_twice_conflicts_and_keeps_the_first_end
            of_many_stops_at_once_one_is_recorded
            a_stop_leaves_nothing_to_acknowledge
            a_revocation_stays_open_until_it_is_acknowledged
            acknowledging_twice_conflicts
            a_dead_handle_forgotten_by_a_new_start_blocks_no_more
            going_up_is_kept_and_conflicts_when_the_mode_has_changed
            the_mode_of_an_ended_impersonation_cannot_change
            a_journalled_stop_ends_at_once
            a_journalled_stop_comes_before_the_next_admission
            a_journalled_stop_of_an_unknown_handle_is_harmless
            a_journalled_stop_acknowledges_an_end_that_came_first
            an_active_impersonation_admits_and_the_intent_is_recorded
            an_ended_impersonation_admits_nothing_and_says_why
            time_that_has_passed_admits_nothing_before_anybody_recorded_it
            use_moves_the_idle_end_and_never_the_hard_end
            a_late_intent_never_moves_the_idle_end_back
            an_intent_of_no_known_impersonation_is_not_admitted
            after_a_stop_returns_nothing_is_admitted
            an_intent_with_its_answer_is_admitted_like_any_other_and_needs_no_outcome
            a_consent_is_kept_with_everything_about_it
            deciding_a_consent_twice_conflicts
            consents_are_listed_for_customer_agent_and_pair_newest_first
            a_support_code_finds_its_consent
            what_an_organisation_gave_is_kept_with_who_gave_it_and_who_took_it_back
            what_somebody_gave_for_others_is_listed_newest_first
            opting_out_is_kept_until_opting_in
            the_off_switch_is_kept_until_resumed
            a_nonce_is_spent_once
            of_many_spenders_one_succeeds
            running_lists_by_every_side_oldest_first
            overdue_are_those_whose_hard_end_idle_end_or_write_mode_has_passed
            of_account_pages_newest_first
            by_true_user_lists_newest_first_ended_ones_included
            every_applied_transition_leaves_its_entry
            an_entry_is_kept_with_everything_about_it
            outcomes_accepted_before_a_flush_are_recorded_after_it_in_order
            every_filter_narrows_and_they_combine
            a_page_of_entries_continues_where_the_last_one_ended
            no_limit_lists_no_entries
        }
    };
    (@each $fresh:path; $($claim:ident)*) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $claim() {
                let (ledger, _alive) = $fresh().await;
                $crate::contract::$claim(ledger).await;
            }
        )*
    };
}

type Store = Arc<dyn Ledger>;

fn minutes(count: i64) -> Timestamp {
    MONDAY + SignedDuration::from_mins(count)
}

async fn apply(ledger: &Store, transitions: impl IntoIterator<Item = Transition>) {
    ledger.apply(transitions.into_iter().collect()).await.unwrap();
}

async fn conflicts(ledger: &Store, transitions: impl IntoIterator<Item = Transition>) {
    match ledger.apply(transitions.into_iter().collect()).await {
        Err(ApplyError::Conflict) => {}
        other => panic!("expected a conflict, got {other:?}"),
    }
}

/// Bob becomes Alice at [`MONDAY`].
async fn bob_as_alice(ledger: &Store) -> Impersonation {
    begin(ledger, &Start::of("first", bob(), alice(), MONDAY)).await
}

async fn begin(ledger: &Store, start: &Start) -> Impersonation {
    let transitions = start.decide().unwrap();
    let impersonation = started(&transitions).unwrap();
    apply(ledger, transitions).await;
    impersonation
}

async fn again(ledger: &Store, impersonation: &Impersonation) -> Impersonation {
    ledger.by_id(&impersonation.id).await.unwrap().unwrap()
}

/// Every kind recorded so far, oldest first.
async fn kinds(ledger: &Store) -> Vec<Kind> {
    let all = ledger.entries(&EntryFilter { limit: 1_000, ..EntryFilter::default() }).await.unwrap();
    all.iter().rev().map(|recorded| recorded.entry.kind).collect()
}
