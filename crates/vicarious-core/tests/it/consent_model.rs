//! A consent in any order of events: no use outside its window, one use, final states final (T55, T56).

use jiff::Timestamp;
use proptest::prelude::*;
use vicarious_core::consent::{CODE_WAITS, CodeDigest, Coded, ConsentState, LASTS, USABLE, WAITS};
use vicarious_core::decide::{Ask, Attest, Decision, Terms, ask, attest, decide, end, give_ahead, give_by_code};
use vicarious_core::{Consent, EndCause, Refusal, SignInKey, SitePath};

use crate::model::{Asked, Store, account, minutes, noon, person};

const AGENTS: [&str; 2] = ["bob", "eve"];

#[derive(Clone, Copy, Debug)]
enum Event {
    Ask { agent: usize },
    Decide { nth: usize, decision: Decision },
    Enter { agent: usize },
    Continue { agent: usize },
    Stop { agent: usize },
    Pass { minutes: i64 },
}

fn event() -> impl Strategy<Value = Event> {
    let agent = 0..AGENTS.len();
    let decision =
        proptest::sample::select(vec![Decision::Give, Decision::Refuse, Decision::Withdraw, Decision::Disown]);
    let pause = prop_oneof![Just(1), Just(20), Just(30), Just(59), Just(60), Just(24 * 60), 0..12_000_i64];
    prop_oneof![
        3 => agent.clone().prop_map(|agent| Event::Ask { agent }),
        4 => (0..4_usize, decision).prop_map(|(nth, decision)| Event::Decide { nth, decision }),
        3 => agent.clone().prop_map(|agent| Event::Enter { agent }),
        3 => agent.clone().prop_map(|agent| Event::Continue { agent }),
        1 => agent.prop_map(|agent| Event::Stop { agent }),
        4 => pause.prop_map(|minutes| Event::Pass { minutes }),
    ]
}

/// What the promise says of one question, kept apart from the code under test.
#[derive(Debug)]
struct Promise {
    agent: usize,
    asked: Timestamp,
    given: Option<Timestamp>,
    entered: Option<Timestamp>,
    over: bool,
}

impl Promise {
    fn waits(&self, now: Timestamp) -> bool {
        !self.over && self.given.is_none() && now < self.asked + WAITS
    }

    fn may_be_entered(&self, agent: usize, now: Timestamp) -> bool {
        let in_window = self.given.is_some_and(|given| now < given + USABLE);
        !self.over && self.agent == agent && in_window && self.entered.is_none()
    }

    fn stands(&self, now: Timestamp) -> bool {
        let last = self.entered.map(|at| at + LASTS).or(self.given.map(|at| at + USABLE));
        !self.over && last.is_some_and(|last| now < last)
    }
}

struct World {
    store: Store,
    promises: Vec<Promise>,
    now: Timestamp,
    starts: u32,
    terms: Terms,
}

impl World {
    fn new() -> Self {
        // Idling out is not the matter here, so that only the consent's own hour ends things.
        let terms = Terms { idle: minutes(30), ..Terms::default() };
        Self { store: Store::default(), promises: Vec::new(), now: noon(), starts: 0, terms }
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Ask { agent } => self.ask(agent),
            Event::Decide { nth, decision } => self.decide(nth, decision),
            Event::Enter { agent } => self.enter(agent),
            Event::Continue { agent } => self.proceed(agent),
            Event::Stop { agent } => self.stop(agent),
            Event::Pass { minutes: passed } => self.now += minutes(passed),
        }
    }

    fn ask(&mut self, agent: usize) {
        let question = Ask {
            agent: &person(AGENTS[agent]),
            account: &person("alice"),
            reason: "the invoice is wrong",
            ticket: None,
            page: None,
            known: &self.store.consents,
            opted_out: false,
        };
        let asked = ask(format!("q{}", self.promises.len()).into(), question, self.now);
        let waiting = self.promises.iter().any(|promise| promise.agent == agent && promise.waits(self.now));
        assert_eq!(asked.is_err(), waiting, "one question at a time");
        if let Ok(transition) = asked {
            self.store.apply(vec![transition]).unwrap();
            self.promises.push(Promise { agent, asked: self.now, given: None, entered: None, over: false });
        }
    }

    fn decide(&mut self, nth: usize, decision: Decision) {
        let (Some(consent), Some(promise)) = (self.store.consents.get(nth).cloned(), self.promises.get_mut(nth)) else {
            return;
        };
        let (waits, stands) = (promise.waits(self.now), promise.stands(self.now));
        let possible = (waits && decision != Decision::Disown) || (stands && decision == Decision::Withdraw);
        let decided = decide(&consent, decision, self.now);
        assert_eq!(decided.is_ok(), possible, "{decision:?} of {promise:?}");
        let Ok(transition) = decided else { return };
        self.store.apply(vec![transition]).unwrap();
        match decision {
            Decision::Give => promise.given = Some(self.now),
            Decision::Refuse | Decision::Withdraw | Decision::Disown => promise.over = true,
        }
        if decision == Decision::Withdraw {
            let ends = self.store.ends_of_consent(&consent, self.now);
            self.store.apply(ends).unwrap();
        }
    }

    fn enter(&mut self, agent: usize) {
        self.stop(agent);
        let possible = self.promises.iter().any(|promise| promise.may_be_entered(agent, self.now));
        let entered = self.start(agent, None);
        assert_eq!(entered, possible, "entering needs an unused consent in its window: {:?}", self.promises);
        if entered {
            let used = self.used_by_running(agent);
            let promise = &mut self.promises[used];
            assert!(promise.may_be_entered(agent, self.now));
            promise.entered = Some(self.now);
        }
    }

    fn proceed(&mut self, agent: usize) {
        let Some(running) = self.store.running_of(&key(agent)).cloned() else { return };
        if running.over_at(self.now).is_some() {
            return;
        }
        let resting = self.used_by_running(agent);
        assert!(self.promises[resting].stands(self.now), "nothing live rests on a consent that is over");
        assert!(self.start(agent, Some(running.id)), "its own hour covers going on");
        let rests = self.used_by_running(agent);
        if rests != resting {
            assert!(self.promises[rests].may_be_entered(agent, self.now));
            self.promises[rests].entered = Some(self.now);
        }
    }

    fn start(&mut self, agent: usize, instead_of: Option<vicarious_core::ImpersonationId>) -> bool {
        self.starts += 1;
        let (agent_account, alice) = (account(AGENTS[agent]), account("alice"));
        let sign_in = &key(agent);
        let asked =
            Asked { agent: &agent_account, sign_in, target: &alice, allowed: true, instead_of, number: self.starts };
        match self.store.decide_start(&asked, &self.terms, self.now) {
            Ok(transitions) => {
                self.store.apply(transitions).unwrap();
                true
            }
            Err(refusal) => {
                assert_eq!(refusal, Refusal::ConsentRequired { account: person("alice"), opted_out: false });
                false
            }
        }
    }

    fn stop(&mut self, agent: usize) {
        let running = self.store.running_of(&key(agent));
        let stop: Vec<_> = running.and_then(|row| end(row, EndCause::Stopped, None, self.now)).into_iter().collect();
        self.store.apply(stop).unwrap();
    }

    /// Returns which question the running impersonation of an agent rests on.
    fn used_by_running(&self, agent: usize) -> usize {
        let running = self.store.running_of(&key(agent)).unwrap();
        let id = running.consent.as_ref().unwrap();
        self.store.consents.iter().position(|consent| consent.id == *id).unwrap()
    }

    fn assert_promises(&self, before: &[(Consent, ConsentState)]) {
        for ((consent, state), after) in before.iter().zip(&self.store.consents) {
            let is_final = matches!(state, ConsentState::Refused | ConsentState::Withdrawn | ConsentState::Lapsed);
            assert!(!is_final || after.state_at(self.now) == *state, "{state:?} is final");
            assert!(consent.used_by.is_none() || consent.used_by == after.used_by, "one use");
        }
        for (consent, promise) in self.store.consents.iter().zip(&self.promises) {
            assert_eq!(consent.used_by.is_some(), promise.entered.is_some());
            assert_eq!(consent.state_at(self.now) == ConsentState::Given, promise.stands(self.now), "{promise:?}");
            let resting = self.store.impersonations.iter().filter(|row| row.consent.as_ref() == Some(&consent.id));
            for row in resting {
                let entered = promise.entered.unwrap();
                assert_eq!(row.true_user.id.as_str(), AGENTS[promise.agent], "for the agent who asked");
                assert!(row.started_at >= entered && row.ends_at <= entered + LASTS, "within the hour");
                assert!(!promise.over || row.end.is_some(), "a withdrawal ends what rests on it");
            }
        }
    }
}

fn key(agent: usize) -> SignInKey {
    AGENTS[agent].into()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, ..ProptestConfig::default() })]

    #[test]
    fn no_use_outside_an_approved_window(events in proptest::collection::vec(event(), 1..60)) {
        let mut world = World::new();
        for event in events {
            let now = world.now;
            let before: Vec<_> = world.store.consents.iter().map(|c| (c.clone(), c.state_at(now))).collect();
            world.happen(event);
            world.assert_promises(&before);
        }
    }
}

#[test]
fn a_window_closes_exactly_at_its_end() {
    let second = jiff::SignedDuration::from_secs(1);
    let asked = |store: &mut Store| {
        let question = Ask {
            agent: &person("bob"),
            account: &person("alice"),
            reason: "r",
            ticket: None,
            page: None,
            known: &[],
            opted_out: false,
        };
        store.apply(vec![ask("q".into(), question, noon()).unwrap()]).unwrap();
        store.consents[0].clone()
    };
    let consent = asked(&mut Store::default());
    assert!(decide(&consent, Decision::Give, noon() + WAITS - second).is_ok());
    assert_eq!(decide(&consent, Decision::Give, noon() + WAITS), Err(Refusal::AlreadyDecided));

    let mut store = Store::default();
    let consent = asked(&mut store);
    store.apply(vec![decide(&consent, Decision::Give, noon()).unwrap()]).unwrap();
    let given = &store.consents[0];
    assert!(given.covers(&"bob".into(), None, None, noon() + USABLE - second));
    assert!(!given.covers(&"bob".into(), None, None, noon() + USABLE));
    assert!(!given.covers(&"eve".into(), None, None, noon()), "somebody else's");
}

#[test]
fn a_standing_consent_is_for_everybody_until_its_end() {
    let until = noon() + minutes(60);
    let mut store = Store::default();
    store.apply(vec![give_ahead("c".into(), &person("alice"), until, noon()).unwrap()]).unwrap();
    let consent = &store.consents[0];
    for agent in AGENTS {
        assert!(consent.covers(&agent.into(), None, None, until - minutes(1)));
        assert!(!consent.covers(&agent.into(), None, None, until));
    }
}

#[test]
fn a_support_code_lets_in_only_who_gives_it_and_once() {
    let coded = Coded { digest: CodeDigest([7; 32]), page: SitePath::new("/invoices") };
    assert!(give_by_code("c".into(), &person("alice"), coded.clone(), true, noon()).is_err(), "opted out");
    let mut store = Store::default();
    store.apply(vec![give_by_code("c".into(), &person("alice"), coded, false, noon()).unwrap()]).unwrap();
    let mut consent = store.consents[0].clone();
    let (id, bob) = (consent.id.clone(), "bob".into());
    let second = jiff::SignedDuration::from_secs(1);
    assert!(consent.covers(&bob, None, Some(&id), noon() + CODE_WAITS - second));
    assert!(!consent.covers(&bob, None, Some(&id), noon() + CODE_WAITS));
    assert!(!consent.covers(&bob, None, None, noon()), "without the code");
    assert!(!consent.covers(&bob, None, Some(&"another".into()), noon()), "with another one");
    consent.used_by = Some("i".into());
    assert!(!consent.covers(&bob, None, Some(&id), noon()), "used");
}

#[test]
fn what_an_agent_recorded_can_be_disowned_at_any_time_and_not_recorded_again() {
    let (bob, alice, page) = (person("bob"), person("alice"), SitePath::new("/invoices/1"));
    let said = |disowned, quotation| Attest {
        agent: &bob,
        account: &alice,
        channel: "phone",
        quotation,
        ticket: Some("SUP-1"),
        page: Some(&page),
        opted_out: false,
        disowned,
    };
    let invalid = |field| Refusal::Invalid { field, problem: "is missing: say why, in a few words" };
    assert_eq!(attest("c".into(), said(false, " "), noon()).unwrap_err(), invalid("quotation"));
    let mut store = Store::default();
    let recorded = attest("c".into(), said(false, "yes, do look"), noon()).unwrap();
    assert_eq!(recorded.entry().kind, vicarious_core::Kind::ConsentAttested);
    assert_eq!(recorded.entry().detail["page"], "/invoices/1");
    store.apply(vec![recorded]).unwrap();
    let consent = store.consents[0].clone();
    assert!(consent.covers(&"bob".into(), None, None, noon()));
    assert!(!consent.covers(&"eve".into(), None, None, noon()), "somebody else's");
    assert_eq!(consent.reason.as_deref(), Some("phone: yes, do look"));
    // Also once it has lapsed, or was withdrawn before.
    for at in [noon(), noon() + USABLE + minutes(1)] {
        let mut store = store.clone();
        store.apply(vec![decide(&consent, Decision::Disown, at).unwrap()]).unwrap();
        let disowned = &store.consents[0];
        assert_eq!(disowned.state, ConsentState::Disowned);
        assert!(!disowned.covers(&"bob".into(), None, None, noon()));
        assert_eq!(decide(disowned, Decision::Disown, at), Err(Refusal::AlreadyDecided));
    }
    assert!(matches!(attest("d".into(), said(true, "yes"), noon()), Err(Refusal::ConsentRequired { .. })));
}

#[test]
fn who_recorded_what_was_disowned_enters_on_nothing_else_that_they_recorded() {
    let (bob, alice) = (person(AGENTS[0]), person("alice"));
    let mut world = World::new();
    for id in ["c", "d"] {
        let said = Attest {
            agent: &bob,
            account: &alice,
            channel: "phone",
            quotation: "yes, do look",
            ticket: None,
            page: None,
            opted_out: false,
            disowned: false,
        };
        world.store.apply(vec![attest(id.into(), said, noon()).unwrap()]).unwrap();
    }
    let mut before = World { store: world.store.clone(), ..World::new() };
    assert!(before.start(0, None), "as long as nobody says otherwise");
    let disowned = decide(&world.store.consents[0], Decision::Disown, noon()).unwrap();
    world.store.apply(vec![disowned]).unwrap();
    assert!(!world.start(0, None));
}

#[test]
fn only_what_an_agent_recorded_can_be_disowned() {
    let mut store = Store::default();
    store.apply(vec![give_ahead("c".into(), &person("alice"), noon() + minutes(60), noon()).unwrap()]).unwrap();
    assert_eq!(decide(&store.consents[0], Decision::Disown, noon()), Err(Refusal::AlreadyDecided));
}

#[test]
fn a_standing_consent_ends_within_a_year() {
    let days = |count: i64| noon() + jiff::SignedDuration::from_hours(24 * count);
    let table =
        [(days(1), true), (days(366), true), (days(366) + minutes(1), false), (noon(), false), (days(-1), false)];
    for (ends_at, accepted) in table {
        assert_eq!(give_ahead("c".into(), &person("alice"), ends_at, noon()).is_ok(), accepted, "{ends_at}");
    }
}

#[test]
fn nobody_asks_who_declined_altogether() {
    let question = Ask {
        agent: &person("bob"),
        account: &person("alice"),
        reason: "r",
        ticket: None,
        page: None,
        known: &[],
        opted_out: true,
    };
    let refusal = ask("q".into(), question, noon()).unwrap_err();
    assert_eq!(refusal, Refusal::ConsentRequired { account: person("alice"), opted_out: true });
}
