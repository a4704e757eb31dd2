//! Consent that an administrator of an organisation gives in the place of its people.

use jiff::{SignedDuration, Timestamp};
use vicarious_core::consent::{ConsentState, STANDING_AT_MOST};
use vicarious_core::decide::{
    Decision, GiveFor, Terms, decide, give_ahead, give_for, granted, has_declined, opt_out, withdraw_for,
};
use vicarious_core::{Account, Consent, Impersonation, Kind, Refusal, Transition};

use crate::model::{Asked, Store, account, minutes, noon, person};

fn of(id: &str, organisation: &str) -> Account {
    Account { organisation: Some(organisation.to_owned()), ..account(id) }
}

fn tomorrow() -> Timestamp {
    noon() + SignedDuration::from_hours(24)
}

/// Olga gives it for `person`, on what the store knows.
fn give(store: &Store, person: &Account, ends_at: Timestamp) -> Result<Transition, Refusal> {
    let (olga, id) = (of("olga", "Ames Ltd").person, format!("g{}", store.consents.len()));
    let opted_out = store.opted_out.contains(person.id());
    let give = GiveFor { by: &olga, account: person, ends_at, known: &store.consents, opted_out };
    give_for(id.into(), give, noon())
}

/// Returns a store in which Olga gave consent in Alice's place until tomorrow.
fn given() -> Store {
    let mut store = Store::default();
    store.apply(vec![give(&store, &of("alice", "Ames Ltd"), tomorrow()).unwrap()]).unwrap();
    store
}

/// Lets an agent start as Alice, and returns what was started.
fn start(store: &mut Store, agent: &str, alice: &Account) -> Result<Impersonation, Refusal> {
    let (agent, sign_in) = (account(agent), "s".into());
    let asked = Asked { agent: &agent, sign_in: &sign_in, target: alice, allowed: true, instead_of: None, number: 1 };
    let transitions = store.decide_start(&asked, &Terms::default(), noon())?;
    store.apply(transitions).unwrap();
    Ok(store.impersonations.last().unwrap().clone())
}

fn not_agreed(opted_out: bool) -> Refusal {
    Refusal::ConsentRequired { account: person("alice"), opted_out }
}

#[test]
fn a_grant_is_on_record_with_both_of_them_and_lets_agents_in() {
    let mut store = given();
    let entry = &store.entries[0];
    assert_eq!(entry.kind, Kind::ConsentGivenFor);
    assert_eq!((&entry.true_user, &entry.current_user), (&Some(person("olga")), &Some(person("alice"))));
    assert_eq!(entry.detail["organisation"], "Ames Ltd");
    let grant = store.consents[0].grant.clone().unwrap();
    assert_eq!((grant.by, grant.organisation.as_deref(), grant.declined), (person("olga"), Some("Ames Ltd"), false));
    let json = store.consents[0].to_json(None, noon());
    assert_eq!((&json["given_by"]["id"], &json["organisation"]), (&"olga".into(), &"Ames Ltd".into()));
    for agent in ["bob", "eve"] {
        let mut store = store.clone();
        assert_eq!(start(&mut store, agent, &of("alice", "Ames Ltd")).unwrap().consent, Some("g0".into()), "{agent}");
    }
    let alone = start(&mut store, "olga", &of("alice", "Ames Ltd"));
    assert_eq!(alone, Err(not_agreed(false)), "nobody comes in on what they gave themselves");
}

#[test]
fn a_grant_ends_within_a_year() {
    let (store, alice) = (Store::default(), of("alice", "Ames Ltd"));
    let longest = noon() + STANDING_AT_MOST;
    for (ends_at, accepted) in [
        (noon() - minutes(1), false),
        (noon(), false),
        (noon() + minutes(1), true),
        (longest, true),
        (longest + minutes(1), false),
    ] {
        let given = give(&store, &alice, ends_at);
        assert_eq!(given.is_ok(), accepted, "{ends_at}: {given:?}");
        assert!(accepted || matches!(given, Err(Refusal::Invalid { field: "ends_at", .. })));
    }
}

#[test]
fn one_grant_stands_at_a_time() {
    let (mut store, alice) = (given(), of("alice", "Ames Ltd"));
    assert_eq!(give(&store, &alice, tomorrow()), Err(Refusal::AlreadyDecided));
    assert_eq!(granted(&store.consents, &alice, noon()).map(|consent| consent.id.as_str()), Some("g0"));
    assert_eq!(granted(&store.consents, &alice, tomorrow()), None, "it has lapsed");
    let back = withdraw_for(&store.consents[0], &person("petra"), noon()).unwrap();
    assert_eq!(back.entry().kind, Kind::ConsentWithdrawnFor);
    assert_eq!(back.entry().true_user, Some(person("petra")), "another administrator may take it back");
    store.apply(vec![back]).unwrap();
    assert_eq!(store.consents[0].state, ConsentState::Withdrawn);
    assert!(give(&store, &alice, tomorrow()).is_ok(), "it was the organisation that took it back");
}

#[test]
fn whoever_takes_back_what_was_given_in_their_place_decides_alone_from_then_on() {
    let (mut store, alice) = (given(), of("alice", "Ames Ltd"));
    let running = start(&mut store, "bob", &alice).unwrap();
    let mut transitions = vec![decide(&store.consents[0], Decision::Withdraw, noon()).unwrap()];
    assert_eq!(transitions[0].entry().detail["given_by"]["id"], "olga");
    transitions.extend(store.ends_of_consent(&store.consents[0], noon()));
    store.apply(transitions).unwrap();
    assert!(store.running_of(&running.sign_in).is_none(), "who was inside is out");
    assert_eq!(store.consents[0].state, ConsentState::Withdrawn);
    assert!(has_declined(&store.consents, &alice));
    for later in [alice.clone(), of("alice", "Beta GmbH"), account("alice")] {
        assert_eq!(give(&store, &later, tomorrow()), Err(Refusal::AlreadyDecided), "{:?}", later.organisation);
    }
    let own = give_ahead("own".into(), &alice.person, tomorrow(), noon()).unwrap();
    store.apply(vec![own]).unwrap();
    assert_eq!(start(&mut store, "bob", &alice).unwrap().consent, Some("own".into()), "she may agree herself");
}

#[test]
fn no_decision_brings_a_grant_back() {
    let store = given();
    let consent = &store.consents[0];
    let mut over: Vec<Consent> = vec![consent.clone()];
    for back in [decide(consent, Decision::Withdraw, noon()), withdraw_for(consent, &person("olga"), noon())] {
        let mut store = store.clone();
        store.apply(vec![back.unwrap()]).unwrap();
        over.push(store.consents[0].clone());
    }
    for consent in &over {
        for decision in [Decision::Give, Decision::Refuse, Decision::Disown] {
            assert_eq!(decide(consent, decision, noon()), Err(Refusal::AlreadyDecided), "{decision:?} of {consent:?}");
        }
    }
    for consent in &over[1..] {
        assert_eq!(decide(consent, Decision::Withdraw, noon()), Err(Refusal::AlreadyDecided));
        assert_eq!(withdraw_for(consent, &person("olga"), noon()), Err(Refusal::AlreadyDecided));
    }
    assert_eq!(withdraw_for(&over[0], &person("olga"), tomorrow()), Err(Refusal::AlreadyDecided), "lapsed");
}

#[test]
fn what_somebody_gave_themselves_is_nobody_elses_to_withdraw() {
    let mut store = Store::default();
    store.apply(vec![give_ahead("c".into(), &person("alice"), tomorrow(), noon()).unwrap()]).unwrap();
    assert_eq!(withdraw_for(&store.consents[0], &person("olga"), noon()), Err(Refusal::AlreadyDecided));
}

#[test]
fn opting_out_beats_what_was_given_and_what_would_be() {
    let (mut store, alice) = (given(), of("alice", "Ames Ltd"));
    store.apply(vec![opt_out(&alice.person, noon())]).unwrap();
    assert_eq!(start(&mut store, "bob", &alice), Err(not_agreed(true)), "though it has not been withdrawn yet");
    assert_eq!(give(&store, &alice, tomorrow()), Err(not_agreed(true)));
}

#[test]
fn a_grant_is_for_nobody_who_has_left_the_organisation() {
    for (now, holds) in [(of("alice", "Ames Ltd"), true), (of("alice", "Beta GmbH"), false), (account("alice"), false)]
    {
        let mut store = given();
        let started = start(&mut store, "bob", &now);
        assert_eq!(started.is_ok(), holds, "{:?}: {started:?}", now.organisation);
        assert_eq!(granted(&store.consents, &now, noon()).is_some(), holds);
    }
    let mut moved = given();
    let there = of("alice", "Beta GmbH");
    moved.apply(vec![give(&moved, &there, tomorrow()).unwrap()]).unwrap();
    assert_eq!(start(&mut moved, "bob", &there).unwrap().consent, Some("g1".into()));
}

#[test]
fn the_customers_own_consent_is_used_first() {
    let (mut store, alice) = (given(), of("alice", "Ames Ltd"));
    let own = give_ahead("own".into(), &alice.person, noon() + minutes(20), noon()).unwrap();
    store.apply(vec![own]).unwrap();
    let started = start(&mut store, "bob", &alice).unwrap();
    assert_eq!(started.consent, Some("own".into()), "although the other lasts longer");
}
