//! Any history whatever: the invariants hold after every step (T06, T13, T28, T51).

use jiff::Timestamp;
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use vicarious_core::consent::ConsentState;
use vicarious_core::decide::{
    Decision, GiveFor, Terms, Transition, acknowledge, decide, end, fall_back, give_ahead, give_for, lower, opt_in,
    opt_out, pause, raise, resume, start_refused, withdraw_for,
};
use vicarious_core::{Account, Consent, EndCause, Impersonation, Kind, Mode, Refusal, SignInKey};

use crate::model::{Asked, Conflict, Store, account, minutes, noon, person};

const AGENTS: [&str; 3] = ["bob", "eve", "dana"];
const CUSTOMERS: [&str; 3] = ["alice", "carol", "dave"];
/// Two sign-ins for each agent.
const SIGN_INS: usize = 6;

#[derive(Clone, Copy, Debug)]
enum InsteadOf {
    Nothing,
    Running,
    SomethingElse,
}

#[derive(Clone, Debug)]
enum Act {
    Start { sign_in: usize, target: usize, instead_of: InsteadOf },
    Continue { sign_in: usize },
    Use { sign_in: usize },
    End { sign_in: usize, cause: EndCause },
    Raise { sign_in: usize },
    Lower { sign_in: usize },
    FallBack { sign_in: usize },
    Acknowledge { sign_in: usize },
    GiveAhead { customer: usize },
    Withdraw { consent: usize },
    GiveFor { customer: usize },
    WithdrawFor { consent: usize },
    OptOut { customer: usize },
    OptIn { customer: usize },
    Pause,
    Resume,
    Pass { minutes: i64 },
}

/// An act, and whether it is decided on what was true one step earlier, as a slow node would.
#[derive(Clone, Debug)]
struct Step {
    act: Act,
    stale: bool,
}

fn act() -> impl Strategy<Value = Act> {
    let sign_in = 0..SIGN_INS;
    let customer = 0..CUSTOMERS.len();
    let instead_of = prop_oneof![Just(InsteadOf::Nothing), Just(InsteadOf::Running), Just(InsteadOf::SomethingElse)];
    let cause = proptest::sample::select(EndCause::ALL.to_vec());
    prop_oneof![
        8 => (sign_in.clone(), 0..AGENTS.len() + CUSTOMERS.len(), instead_of)
            .prop_map(|(sign_in, target, instead_of)| Act::Start { sign_in, target, instead_of }),
        3 => sign_in.clone().prop_map(|sign_in| Act::Continue { sign_in }),
        4 => sign_in.clone().prop_map(|sign_in| Act::Use { sign_in }),
        4 => (sign_in.clone(), cause).prop_map(|(sign_in, cause)| Act::End { sign_in, cause }),
        4 => sign_in.clone().prop_map(|sign_in| Act::Raise { sign_in }),
        2 => sign_in.clone().prop_map(|sign_in| Act::Lower { sign_in }),
        2 => sign_in.clone().prop_map(|sign_in| Act::FallBack { sign_in }),
        2 => sign_in.prop_map(|sign_in| Act::Acknowledge { sign_in }),
        4 => customer.clone().prop_map(|customer| Act::GiveAhead { customer }),
        1 => (0..8_usize).prop_map(|consent| Act::Withdraw { consent }),
        1 => customer.clone().prop_map(|customer| Act::GiveFor { customer }),
        1 => (0..8_usize).prop_map(|consent| Act::WithdrawFor { consent }),
        1 => customer.clone().prop_map(|customer| Act::OptOut { customer }),
        1 => customer.prop_map(|customer| Act::OptIn { customer }),
        1 => Just(Act::Pause),
        1 => Just(Act::Resume),
        3 => (0..40_i64).prop_map(|minutes| Act::Pass { minutes }),
    ]
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = (act(), proptest::bool::weighted(0.25)).prop_map(|(act, stale)| Step { act, stale });
    proptest::collection::vec(step, 1..80)
}

struct World {
    store: Store,
    earlier: Store,
    now: Timestamp,
    starts: u32,
    terms: Terms,
}

impl World {
    fn new() -> Self {
        let terms = Terms { at_once: 2, ..Terms::default() };
        let mut store = Store::default();
        for (index, customer) in CUSTOMERS.iter().enumerate().take(2) {
            let ahead = give_ahead(format!("c{index}").into(), &person(customer), noon() + minutes(6_000), noon());
            store.apply(vec![ahead.unwrap()]).unwrap();
        }
        Self { earlier: store.clone(), store, now: noon(), starts: 0, terms }
    }

    /// Takes a step, and returns how many entries it must have added.
    fn step(&mut self, step: &Step) -> usize {
        let seen = if step.stale { self.earlier.clone() } else { self.store.clone() };
        self.earlier = self.store.clone();
        match step.act {
            Act::Use { sign_in } => self.store.touch(&key(sign_in), self.now),
            Act::Pass { minutes: passed } => self.now += minutes(passed),
            _ => {}
        }
        let transitions = self.decided(&step.act, &seen);
        let count = transitions.len();
        match self.store.apply(transitions) {
            Ok(()) => count + self.follow_up(&step.act),
            Err(Conflict) => {
                assert!(step.stale, "a decision on the present state conflicts: {:?}", step.act);
                0
            }
        }
    }

    /// Ends what must not run on after a pause or a withdrawal, as listed once that has taken effect.
    fn follow_up(&mut self, act: &Act) -> usize {
        let rows = self.store.impersonations.iter();
        let ends: Vec<Transition> = match act {
            Act::Pause => rows.filter_map(|row| end(row, EndCause::Paused, Some(&person("dana")), self.now)).collect(),
            Act::Withdraw { consent } | Act::WithdrawFor { consent } => {
                let consent = self.store.consents.get(*consent);
                consent.map(|consent| self.store.ends_of_consent(consent, self.now)).unwrap_or_default()
            }
            _ => Vec::new(),
        };
        // A consent that could not be withdrawn, because it was over or never there, ends nothing.
        let withdrawn = |at: &usize| self.store.consents.get(*at).is_some_and(|c| c.state == ConsentState::Withdrawn);
        if matches!(act, Act::Withdraw { consent } | Act::WithdrawFor { consent } if !withdrawn(consent)) {
            return 0;
        }
        let count = ends.len();
        self.store.apply(ends).unwrap();
        count
    }

    fn decided(&mut self, act: &Act, seen: &Store) -> Vec<Transition> {
        let now = self.now;
        let running = |sign_in: usize| seen.running_of(&key(sign_in));
        let customer = |index: usize| person(CUSTOMERS[index]);
        match *act {
            Act::Start { sign_in, target, instead_of } => {
                let target = account(AGENTS.iter().chain(&CUSTOMERS).nth(target).unwrap());
                let instead_of = match instead_of {
                    InsteadOf::Nothing => None,
                    InsteadOf::Running => running(sign_in).map(|running| running.id.clone()),
                    InsteadOf::SomethingElse => Some("i0".into()),
                };
                self.start(seen, sign_in, &target, instead_of)
            }
            Act::Continue { sign_in } => match running(sign_in) {
                Some(old) => self.start(seen, sign_in, &account(old.current_user.id.as_str()), Some(old.id.clone())),
                None => Vec::new(),
            },
            Act::End { sign_in, cause } => {
                let by = matches!(cause, EndCause::Revoked).then(|| person("dana"));
                running(sign_in).and_then(|row| end(row, cause, by.as_ref(), now)).into_iter().collect()
            }
            Act::Raise { sign_in } => {
                running(sign_in).and_then(|row| raise(row, "to fix it", &self.terms, now).ok()).into_iter().collect()
            }
            Act::Lower { sign_in } => {
                running(sign_in).and_then(|row| lower(row, now).ok().flatten()).into_iter().collect()
            }
            Act::FallBack { sign_in } => running(sign_in).and_then(|row| fall_back(row, now)).into_iter().collect(),
            Act::Acknowledge { sign_in } => {
                let of_sign_in = |row: &&Impersonation| row.sign_in == key(sign_in);
                let last = seen.impersonations.iter().rev().find(of_sign_in);
                last.and_then(|row| acknowledge(row, now)).into_iter().collect()
            }
            Act::GiveAhead { customer: index } => {
                let id = format!("c{}", seen.consents.len() + 100 * self.store.entries.len());
                vec![give_ahead(id.into(), &customer(index), now + minutes(120), now).unwrap()]
            }
            Act::Withdraw { consent } => withdrawn(seen, consent, now),
            Act::GiveFor { customer: index } => self.given_for(seen, &account(CUSTOMERS[index])),
            Act::WithdrawFor { consent } => {
                let consent = seen.consents.get(consent);
                consent.and_then(|consent| withdraw_for(consent, &person("olga"), now).ok()).into_iter().collect()
            }
            Act::OptOut { customer: index } if !seen.opted_out.contains(&customer(index).id) => {
                vec![opt_out(&customer(index), now)]
            }
            Act::OptIn { customer: index } if seen.opted_out.contains(&customer(index).id) => {
                vec![opt_in(&customer(index), now)]
            }
            Act::Pause if seen.paused.is_none() => vec![pause(Some(&person("dana")), "an incident", now)],
            Act::Resume if seen.paused.is_some() => vec![resume(Some(&person("dana")), now)],
            Act::OptOut { .. } | Act::OptIn { .. } | Act::Pause | Act::Resume | Act::Use { .. } | Act::Pass { .. } => {
                Vec::new()
            }
        }
    }

    /// An administrator of their organisation agrees for a customer, unless they must not.
    fn given_for(&self, seen: &Store, customer: &Account) -> Vec<Transition> {
        let id = format!("g{}", seen.consents.len() + 100 * self.store.entries.len());
        let opted_out = seen.opted_out.contains(customer.id());
        let (by, ends_at) = (person("olga"), self.now + minutes(120));
        let give = GiveFor { by: &by, account: customer, ends_at, known: &seen.consents, opted_out };
        give_for(id.into(), give, self.now).into_iter().collect()
    }

    fn start(
        &mut self,
        seen: &Store,
        sign_in: usize,
        target: &Account,
        instead_of: Option<vicarious_core::ImpersonationId>,
    ) -> Vec<Transition> {
        self.starts += 1;
        let agent = account(agent_of(sign_in));
        let allowed = CUSTOMERS.contains(&target.id().as_str());
        let sign_in = &key(sign_in);
        let asked = Asked { agent: &agent, sign_in, target, allowed, instead_of, number: self.starts };
        match seen.decide_start(&asked, &self.terms, self.now) {
            Ok(transitions) => transitions,
            Err(refusal) => {
                if !allowed {
                    let nested = matches!(refusal, Refusal::AlreadyImpersonating { .. });
                    assert!(nested || refusal == Refusal::NoSuchAccount, "{refusal:?}");
                }
                vec![start_refused(&agent, target.id().as_str(), Some(target), &refusal, self.now)]
            }
        }
    }
}

fn withdrawn(seen: &Store, consent: usize, now: Timestamp) -> Vec<Transition> {
    let Some(consent) = seen.consents.get(consent) else { return Vec::new() };
    decide(consent, Decision::Withdraw, now).into_iter().collect()
}

fn key(sign_in: usize) -> SignInKey {
    format!("s{sign_in}").into()
}

fn agent_of(sign_in: usize) -> &'static str {
    AGENTS[sign_in / 2]
}

fn assert_invariants(world: &World) {
    let store = &world.store;
    for sign_in in 0..SIGN_INS {
        let running = store.impersonations.iter().filter(|row| row.sign_in == key(sign_in) && row.end.is_none());
        assert!(running.count() <= 1, "one at a time for a sign-in");
    }
    for row in &store.impersonations {
        let same_handle = store.impersonations.iter().filter(|other| other.handle == row.handle);
        assert_eq!(same_handle.count(), 1, "a handle answers to one impersonation");
        assert_row(row);
        if store.paused.is_some() {
            assert!(row.end.is_some(), "nothing runs while paused");
        }
        let withdrawn = |consent: &&Consent| consent.state == ConsentState::Withdrawn;
        if store.consents.iter().filter(withdrawn).any(|consent| row.consent.as_ref() == Some(&consent.id)) {
            assert!(row.end.is_some(), "nothing rests on a consent that was withdrawn");
        }
    }
    for agent in AGENTS {
        let running = store.impersonations.iter().filter(|row| row.true_user.id.as_str() == agent && row.end.is_none());
        // Two sign-ins can each start at once on what they saw; the limit is a brake, not an invariant of the store.
        assert!(running.count() <= 2);
    }
}

fn assert_row(row: &Impersonation) {
    let sign_in: usize = row.sign_in.as_str()[1..].parse().unwrap();
    assert_eq!(row.true_user.id.as_str(), agent_of(sign_in), "I1: the true user is whose sign-in it is");
    assert!(CUSTOMERS.contains(&row.current_user.id.as_str()), "never sideways, never up, never oneself");
    assert!(row.started_at < row.ends_at && row.started_at <= row.last_seen_at && row.last_seen_at < row.ends_at);
    assert!(row.idle_ends_at() <= row.ends_at);
    assert!(row.ends_at <= row.started_at + minutes(30));
    if let Mode::Write { until } = row.mode {
        assert!(until <= row.ends_at, "write never outlives the end");
    }
    if let Some(end) = &row.end {
        assert!(end.at >= row.started_at);
        assert_eq!(row.over_at(row.started_at), Some(end.cause), "an end is an end at any time");
    }
    if let Some(at) = row.acknowledged_at {
        assert!(row.end.as_ref().is_some_and(|end| at >= end.at));
    }
}

/// What was, stays: hard ends, ends, acknowledgements and entries.
fn assert_history_is_kept(before: &Store, after: &Store) {
    assert_eq!(after.entries.get(..before.entries.len()), Some(&before.entries[..]));
    for (old, new) in before.impersonations.iter().zip(&after.impersonations) {
        assert_eq!((&old.id, old.ends_at, old.started_at), (&new.id, new.ends_at, new.started_at));
        assert_eq!(
            (&old.true_user, &old.current_user, &old.sign_in),
            (&new.true_user, &new.current_user, &new.sign_in)
        );
        assert!(new.last_seen_at >= old.last_seen_at);
        if old.end.is_some() {
            assert_eq!((&old.end, old.mode), (&new.end, new.mode), "an end is terminal");
        }
        if old.acknowledged_at.is_some() {
            assert_eq!(old.acknowledged_at, new.acknowledged_at);
        }
    }
}

fn assert_entries_name_both(store: &Store) {
    for entry in &store.entries {
        let about_all = matches!(entry.kind, Kind::PauseBegan | Kind::PauseEnded);
        assert!(entry.true_user.is_some(), "{entry:?}");
        assert!(about_all || entry.current_user.is_some(), "{entry:?}");
        let row = store.impersonations.iter().find(|row| Some(&row.id) == entry.impersonation.as_ref());
        if let Some(row) = row {
            assert_eq!(entry.true_user.as_ref(), Some(&row.true_user));
            assert_eq!(entry.current_user.as_ref(), Some(&row.current_user));
        }
    }
}

/// For each impersonation the log tells one start, at most one end, and nothing but an acknowledgement after it.
fn assert_log_is_a_legal_path(store: &Store) {
    for row in &store.impersonations {
        let of_row = store.entries.iter().filter(|entry| entry.impersonation.as_ref() == Some(&row.id));
        let kinds: Vec<Kind> = of_row.map(|entry| entry.kind).collect();
        let is_end =
            |kind: &Kind| matches!(kind, Kind::Stopped | Kind::Expired | Kind::IdledOut | Kind::Revoked | Kind::Ended);
        assert_eq!(kinds.first(), Some(&Kind::Started), "{kinds:?}");
        assert_eq!(kinds.iter().filter(|kind| **kind == Kind::Started).count(), 1);
        match kinds.iter().position(is_end) {
            Some(at) => assert!(kinds[at + 1..].iter().all(|kind| *kind == Kind::Acknowledged), "{kinds:?}"),
            None => assert!(row.end.is_none() && !kinds.contains(&Kind::Acknowledged), "{kinds:?}"),
        }
    }
}

fn assert_stopping_succeeds(world: &World) {
    for sign_in in 0..SIGN_INS {
        let mut store = world.store.clone();
        let Some(row) = store.running_of(&key(sign_in)).cloned() else { continue };
        let stop = end(&row, EndCause::Stopped, None, world.now).unwrap();
        store.apply(vec![stop]).unwrap();
        assert!(store.running_of(&key(sign_in)).is_none());
        let stopped = store.impersonations.iter().find(|other| other.id == row.id).unwrap();
        assert!(stopped.acknowledged_at.is_some(), "nothing blocks after a stop that was asked for");
        assert_eq!(end(stopped, EndCause::Stopped, None, world.now), None, "stopping twice is a no-op");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn every_history_keeps_the_invariants(steps in steps()) {
        let mut world = World::new();
        for step in &steps {
            let before = world.store.clone();
            let added = world.step(step);
            prop_assert_eq!(world.store.entries.len(), before.entries.len() + added, "one entry for each transition");
            assert_history_is_kept(&before, &world.store);
            assert_invariants(&world);
            assert_stopping_succeeds(&world);
        }
        assert_entries_name_both(&world.store);
        assert_log_is_a_legal_path(&world.store);
    }
}

#[test]
fn the_histories_reach_every_kind_of_transition() {
    let mut runner = TestRunner::deterministic();
    let mut met = std::collections::HashSet::new();
    for _ in 0..200 {
        let mut world = World::new();
        for step in steps().new_tree(&mut runner).unwrap().current() {
            world.step(&step);
        }
        met.extend(world.store.entries.iter().map(|entry| entry.kind));
        met.extend(world.store.impersonations.iter().any(|row| row.follows.is_some()).then_some(Kind::Intent));
    }
    // A `follows` stands in the set as an intent, which no transition makes.
    let elsewhere = [
        Kind::ConsentAsked,
        Kind::ConsentRefused,
        Kind::ConsentAttested,
        Kind::ConsentDisowned,
        Kind::Outcome,
        Kind::RequestRefused,
        Kind::Changed,
        Kind::TokenIssued,
    ];
    let missed: Vec<_> = Kind::ALL.iter().filter(|kind| !met.contains(kind) && !elsewhere.contains(kind)).collect();
    assert!(missed.is_empty(), "{missed:?}");
}
