//! The questions that a start must pass, in their order (T01, T03, T06, T08).

use vicarious_core::decide::{
    Change, ConsentPolicy, Fresh, Pause, StartFacts, StartRequest, Terms, give_ahead, start, start_refused,
};
use vicarious_core::{Account, Consent, EndCause, Impersonation, Kind, Mode, Refusal, SignInKey, SitePath};

use crate::model::{account, fresh, impersonation, minutes, noon, person};

/// Everything that can be wrong at once; the tests put it right one by one.
struct Case {
    signed_in: bool,
    agent: Account,
    sign_in: SignInKey,
    running: Option<Impersonation>,
    instead_of: Option<&'static str>,
    target: Option<Account>,
    allowed: bool,
    fresh_sign_in: bool,
    reason: String,
    ticket: Option<String>,
    consents: Vec<Consent>,
    opted_out: bool,
    running_of_true_user: usize,
    paused: Option<Pause>,
    terms: Terms,
}

impl Case {
    fn right() -> Self {
        Self {
            signed_in: true,
            agent: account("bob"),
            sign_in: "s".into(),
            running: None,
            instead_of: None,
            target: Some(account("alice")),
            allowed: true,
            fresh_sign_in: true,
            reason: "the invoice is wrong".to_owned(),
            ticket: Some("SUP-4711".to_owned()),
            consents: vec![standing("alice")],
            opted_out: false,
            running_of_true_user: 0,
            paused: None,
            terms: Terms::default(),
        }
    }

    fn wrong() -> Self {
        Self {
            signed_in: false,
            running: Some(impersonation("i7", "bob", "carol")),
            allowed: false,
            fresh_sign_in: false,
            reason: " ".to_owned(),
            ticket: Some("two words".to_owned()),
            consents: Vec::new(),
            opted_out: true,
            running_of_true_user: 6,
            paused: Some(Pause { reason: "an incident".to_owned(), since: noon() }),
            ..Self::right()
        }
    }

    fn decide(&self) -> Result<Vec<vicarious_core::Transition>, Refusal> {
        let request = StartRequest {
            reason: self.reason.clone(),
            ticket: self.ticket.clone(),
            return_to: SitePath::new("/accounts"),
            instead_of: self.instead_of.map(Into::into),
        };
        let facts = StartFacts {
            true_user: self.signed_in.then_some((&self.agent, &self.sign_in)),
            running: self.running.as_ref(),
            target: self.target.as_ref(),
            allowed: self.allowed,
            fresh_sign_in: self.fresh_sign_in,
            consents: &self.consents,
            redeemed: None,
            opted_out: self.opted_out,
            running_of_true_user: self.running_of_true_user,
            paused: self.paused.as_ref(),
        };
        start(&request, &facts, fresh(1), &self.terms, noon() + minutes(1))
    }

    fn started(&self) -> Impersonation {
        let transitions = self.decide().unwrap();
        match transitions.last().unwrap().change() {
            Change::Start { impersonation, .. } => (**impersonation).clone(),
            other => panic!("a start ends with a start, not {other:?}"),
        }
    }
}

fn standing(customer: &str) -> Consent {
    let given = give_ahead("c1".into(), &person(customer), noon() + minutes(600), noon()).unwrap();
    match given.into_parts().0 {
        Change::AddConsent(consent) => *consent,
        other => panic!("{other:?}"),
    }
}

/// One thing put right, and the refusal that stands until then.
type Repair = (Refusal, fn(&mut Case));

#[test]
fn each_refusal_comes_in_its_place() {
    let repairs: [Repair; 9] = [
        (Refusal::NotSignedIn, |case| case.signed_in = true),
        (Refusal::AlreadyImpersonating { running_as: person("carol") }, |case| case.instead_of = Some("i7")),
        (Refusal::NoSuchAccount, |case| case.allowed = true),
        (Refusal::StepUpRequired, |case| case.fresh_sign_in = true),
        (Refusal::Invalid { field: "reason", problem: "is missing: say why, in a few words" }, |case| {
            case.reason = "r".to_owned();
        }),
        (
            Refusal::Invalid { field: "ticket", problem: "must be one word without spaces, for example SUP-4711" },
            |case| case.ticket = None,
        ),
        (Refusal::ConsentRequired { account: person("alice"), opted_out: true }, |case| {
            case.opted_out = false;
            case.consents = vec![standing("alice")];
        }),
        (Refusal::Paused { reason: "an incident".to_owned() }, |case| case.paused = None),
        (Refusal::TooMany { limit: 5 }, |case| case.running_of_true_user = 5),
    ];
    let mut case = Case::wrong();
    for (refusal, repair) in repairs {
        assert_eq!(case.decide(), Err(refusal));
        repair(&mut case);
    }
    assert_eq!(case.started().follows, Some("i7".into()));
}

#[test]
fn unknown_gone_disabled_oneself_and_not_allowed_are_one_and_the_same() {
    let mut disabled = account("alice");
    disabled.active = false;
    let mut disabled_agent = account("bob");
    disabled_agent.active = false;
    let table = [
        ("unknown or gone", Case { target: None, ..Case::right() }),
        ("disabled", Case { target: Some(disabled), ..Case::right() }),
        ("oneself", Case { target: Some(account("bob")), consents: vec![standing("bob")], ..Case::right() }),
        ("not allowed", Case { allowed: false, ..Case::right() }),
        ("the agent is disabled", Case { agent: disabled_agent, ..Case::right() }),
        ("and whatever else is wrong", Case { signed_in: true, running: None, ..Case::wrong() }),
    ];
    for (name, case) in table {
        assert_eq!(case.decide(), Err(Refusal::NoSuchAccount), "{name}");
    }
    assert!(Case::right().decide().is_ok());
}

#[test]
fn instead_of_must_name_the_running_one() {
    let running = || Some(impersonation("i7", "bob", "carol"));
    let wrong = Case { running: running(), instead_of: Some("i6"), ..Case::right() };
    assert_eq!(wrong.decide(), Err(Refusal::AlreadyImpersonating { running_as: person("carol") }));
    let idle = Case { instead_of: Some("i6"), ..Case::right() };
    assert_eq!(idle.started().follows, None, "nothing runs, so nothing is replaced");
}

#[test]
fn a_switch_ends_one_and_starts_one_in_a_single_step() {
    let case = Case { running: Some(impersonation("i7", "bob", "carol")), instead_of: Some("i7"), ..Case::right() };
    assert_eq!(kinds(&case), [Kind::Ended, Kind::Started]);
    assert_eq!(end_cause(&case), EndCause::Switched);
    assert_eq!(case.started().mode, Mode::Read);
}

#[test]
fn going_on_with_the_same_customer_is_a_fresh_start_and_reads_only() {
    let mut running = impersonation("i7", "bob", "alice");
    running.mode = Mode::Write { until: noon() + minutes(9) };
    let case = Case { running: Some(running), instead_of: Some("i7"), ..Case::right() };
    assert_eq!(end_cause(&case), EndCause::Continued);
    let started = case.started();
    assert_eq!((started.mode, started.ends_at), (Mode::Read, noon() + minutes(31)));
    assert_eq!(started.follows, Some("i7".into()));
}

#[test]
fn what_ran_out_unrecorded_is_recorded_along_with_the_start() {
    let mut running = impersonation("i7", "bob", "carol");
    running.ends_at = noon() + minutes(1);
    let case = Case { running: Some(running), running_of_true_user: 5, ..Case::right() };
    assert_eq!(kinds(&case), [Kind::Expired, Kind::Started]);
    assert_eq!(case.started().follows, None);
}

#[test]
fn a_consent_bounds_the_hard_end() {
    let mut consent = standing("alice");
    consent.ends_at = noon() + minutes(5);
    let case = Case { consents: vec![consent], ..Case::right() };
    assert_eq!(case.started().ends_at, noon() + minutes(5));
}

#[test]
fn somebody_elses_consent_does_not_count() {
    let case = Case { consents: vec![standing("carol")], ..Case::right() };
    assert_eq!(case.decide(), Err(Refusal::ConsentRequired { account: person("alice"), opted_out: false }));
}

#[test]
fn without_a_need_for_consent_none_is_used() {
    let terms = Terms { consent: ConsentPolicy::NotRequired, ..Terms::default() };
    let case = Case { consents: Vec::new(), terms, ..Case::right() };
    assert_eq!(case.started().consent, None);
}

#[test]
fn a_limit_counts_what_goes_on_besides() {
    let at = |running_of_true_user| Case { running_of_true_user, ..Case::right() }.decide().is_ok();
    assert!(at(4) && !at(5));
}

#[test]
fn reasons_and_tickets_are_one_line_of_what_is_seen() {
    let started = |reason: &str, ticket: &str| {
        let ticket = Some(ticket.to_owned());
        Case { reason: reason.to_owned(), ticket, ..Case::right() }.decide().map(|_| ())
    };
    let ok = |reason: &str, ticket: &str| assert_eq!(started(reason, ticket), Ok(()), "{reason:?}, {ticket:?}");
    let refused = |reason: &str, ticket: &str, field: &str| {
        let refusal = started(reason, ticket);
        assert!(matches!(&refusal, Err(Refusal::Invalid { field: named, .. }) if *named == field), "{refusal:?}");
    };
    ok(&"x".repeat(500), &"T".repeat(64));
    ok("two\nlines", "  ");
    refused(&"x".repeat(501), "T", "reason");
    refused("a\0b", "T", "reason");
    refused("\u{202e}\u{200b}", "T", "reason");
    refused("r", &"T".repeat(65), "ticket");
    refused("r", "T\u{7f}", "ticket");
    let case = Case {
        reason: " a \n\t reason\u{202e} ".to_owned(),
        ticket: Some(" SUP\u{200b}-1 ".to_owned()),
        ..Case::right()
    };
    let started = case.started();
    assert_eq!((started.reason.as_str(), started.ticket.as_deref()), ("a reason", Some("SUP-1")));
}

#[test]
fn a_refused_start_is_recorded_and_changes_nothing() {
    let refusal = Refusal::NoSuchAccount;
    let transition = start_refused(&account("bob"), "a\u{1b}lice", Some(&account("alice")), &refusal, noon());
    assert_eq!(transition.change(), &Change::Nothing);
    let entry = transition.entry();
    assert_eq!(
        (entry.kind, &entry.true_user, &entry.current_user),
        (Kind::StartRefused, &Some(person("bob")), &Some(person("alice")))
    );
    assert_eq!(entry.detail["asked_for"], "alice");
    assert_eq!(entry.detail["refusal"], "there is no such account");
}

fn kinds(case: &Case) -> Vec<Kind> {
    case.decide().unwrap().iter().map(|transition| transition.entry().kind).collect()
}

fn end_cause(case: &Case) -> EndCause {
    match case.decide().unwrap()[0].change() {
        Change::End { cause, acknowledged: true, .. } => *cause,
        other => panic!("{other:?}"),
    }
}

#[test]
fn fresh_identifiers_are_used_as_given() {
    let Fresh { id, handle } = fresh(1);
    let started = Case::right().started();
    assert_eq!((started.id, started.handle), (id, handle));
}
