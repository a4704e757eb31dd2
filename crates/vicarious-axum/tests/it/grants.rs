//! Consent in the place of others: who may give it, and what happens when the other says no at that very moment.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Waker};

use testkit::people::{MONDAY, alice, bob, carol};
use vicarious_axum::{GivenForAll, Refused, Search};
use vicarious_core::consent::ConsentState;
use vicarious_core::decide::{self, granted};
use vicarious_core::ports::{Consents, Ledger};
use vicarious_core::{Account, Identity, Refusal, SignedDuration};

use crate::support::World;

fn until() -> vicarious_core::Timestamp {
    MONDAY + SignedDuration::from_hours(24)
}

fn olga() -> Identity {
    Identity::own(Account::new("olga", "olga of the host", "olga@example.com"))
}

/// Returns a world in which Olga may agree for everybody but Carol.
async fn world() -> World {
    let world = World::with(|builder| {
        builder
            .clock(|| MONDAY)
            .who_grants_for(|by, person| by.account.id().as_str() == "olga" && person.account.id() != carol().id())
    })
    .await;
    world.add("olga", &[]);
    world
}

#[tokio::test]
async fn a_host_that_only_searches_lists_whom_it_lets_one_speak_for() {
    let world = world().await;
    let search = Search { q: String::new(), organisation: None, page: 1, per_page: 20 };
    let found = world.vicarious.people(&olga(), &search).await.unwrap();
    let ids: Vec<_> = found.accounts.iter().map(|account| account.id().as_str()).collect();
    assert_eq!(ids, ["alice"], "no staff, not Carol, not herself");
    assert!(world.vicarious.grants(&olga()).await.unwrap());
    for nobody in [Identity::own(alice()), Identity::own(bob()), Identity::anonymous()] {
        assert!(!world.vicarious.grants(&nobody).await.unwrap(), "{nobody:?}");
    }
    let all = world.vicarious.give_consent_for_all(&olga(), until()).await.unwrap();
    assert_eq!(all, GivenForAll { given: 1, left_out: 0, more: false });
    let again = world.vicarious.give_consent_for_all(&olga(), until()).await.unwrap();
    assert_eq!(again, GivenForAll { given: 0, left_out: 1, more: false });
    assert_eq!(world.count("consent.given_for"), 1);
}

#[tokio::test]
async fn nobody_agrees_to_what_they_could_use_themselves() {
    let world = World::with(|builder| {
        builder.who_grants_for(|_, _| true).who_may_whom(|agent, customer| {
            (agent.account.id().as_str(), customer.account.id().as_str()) == ("olga", "alice")
        })
    })
    .await;
    world.add("olga", &[]);
    let given = world.vicarious.give_consent_for(&olga(), alice().id(), until()).await;
    assert_eq!(given, Err(Refused::Refusal(Refusal::NoSuchAccount)));
    let other = world.vicarious.give_consent_for(&olga(), carol().id(), until()).await;
    assert!(other.is_err(), "the clock of this world is past that end: {other:?}");
    let later = world.vicarious.now() + SignedDuration::from_hours(1);
    assert!(world.vicarious.give_consent_for(&olga(), carol().id(), later).await.is_ok());
}

/// Does at once what a ledger in memory never waits for.
fn at_once(work: impl Future<Output = Result<(), vicarious_core::ports::ApplyError>>) {
    match pin!(work).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(done) => done.unwrap(),
        Poll::Pending => panic!("a ledger in memory has to wait"),
    }
}

#[tokio::test]
async fn an_opt_out_that_passes_a_consent_in_ones_place_still_beats_it() {
    let world = World::of(
        |builder, ledger| {
            let (ledger, asked) = (ledger.clone(), Arc::new(AtomicBool::new(false)));
            let armed = asked.clone();
            builder
                .who_grants_for(move |_, _| {
                    asked.store(true, Ordering::SeqCst);
                    true
                })
                // The time is looked up last, when all that is known has been looked up: just then Alice says no.
                .clock(move || {
                    if armed.swap(false, Ordering::SeqCst) {
                        at_once(ledger.apply(vec![decide::opt_out(&alice().person, MONDAY)]));
                    }
                    MONDAY
                })
        },
        axum::Router::new(),
    )
    .await;
    world.add("olga", &[]);
    let given = world.vicarious.give_consent_for(&olga(), alice().id(), until()).await;
    let declined = Refusal::ConsentRequired { account: alice().person, opted_out: true };
    assert_eq!(given, Err(Refused::Refusal(declined)));
    let known = world.ledger.consents(Consents::Of(alice().id())).await.unwrap();
    assert_eq!(granted(&known, &alice(), MONDAY), None);
    let grants: Vec<_> = known.iter().filter(|consent| consent.grant.is_some()).map(|consent| consent.state).collect();
    assert_eq!(grants, [ConsentState::Withdrawn]);
    let kinds = world.kinds();
    let kinds: Vec<_> = kinds.iter().filter(|kind| !kind.ends_with(".given")).collect();
    assert_eq!(kinds, [&"consent.opted_out", &"consent.given_for", &"consent.withdrawn_for"]);
}
