//! Times and modes, exactly at their limits (T13).

use jiff::SignedDuration;
use proptest::prelude::*;
use vicarious_core::decide::{Change, Terms, end, fall_back, lower, raise};
use vicarious_core::impersonation::End;
use vicarious_core::{EndCause, Impersonation, Kind, Mode, Refusal};

use crate::model::{impersonation, minutes, noon};

const A_MICROSECOND: SignedDuration = SignedDuration::from_micros(1);

fn of_bob() -> Impersonation {
    impersonation("i1", "bob", "alice")
}

fn writing(until_minutes: i64) -> Impersonation {
    Impersonation { mode: Mode::Write { until: noon() + minutes(until_minutes) }, ..of_bob() }
}

#[test]
fn it_is_over_exactly_at_its_end() {
    let busy = Impersonation { last_seen_at: noon() + minutes(29), ..of_bob() };
    let idle = of_bob();
    let table = [
        ("just before the hard end", &busy, minutes(30) - A_MICROSECOND, None),
        ("at the hard end", &busy, minutes(30), Some(EndCause::Expired)),
        ("long after", &busy, minutes(3_000), Some(EndCause::Expired)),
        ("just before it idles out", &idle, minutes(10) - A_MICROSECOND, None),
        ("when it idles out", &idle, minutes(10), Some(EndCause::IdledOut)),
        ("idle, and past the hard end", &idle, minutes(30), Some(EndCause::Expired)),
    ];
    for (name, row, after, expected) in table {
        assert_eq!(row.over_at(noon() + after), expected, "{name}");
    }
}

#[test]
fn a_recorded_end_has_the_last_word() {
    let ended = Impersonation { end: Some(End { cause: EndCause::Revoked, at: noon() }), ..of_bob() };
    assert_eq!(ended.over_at(noon() + minutes(99)), Some(EndCause::Revoked));
    assert_eq!(raise(&ended, "r", &Terms::default(), noon()), Err(Refusal::Ended(EndCause::Revoked)));
    assert_eq!(lower(&ended, noon()), Err(Refusal::Ended(EndCause::Revoked)));
    assert_eq!(end(&ended, EndCause::Stopped, None, noon()), None);
}

#[test]
fn activity_moves_the_idle_end_but_never_past_the_hard_one() {
    let at = |seen| Impersonation { last_seen_at: noon() + minutes(seen), ..of_bob() }.idle_ends_at();
    assert_eq!(at(5), noon() + minutes(15));
    assert_eq!(at(25), noon() + minutes(30));
}

#[test]
fn write_mode_falls_back_exactly_at_its_time() {
    let row = writing(9);
    let just_before = noon() + minutes(9) - A_MICROSECOND;
    assert_eq!(row.mode_at(just_before).as_str(), "write");
    assert_eq!(fall_back(&row, just_before), None);
    assert_eq!(row.mode_at(noon() + minutes(9)), Mode::Read);
    let fell = fall_back(&row, noon() + minutes(9)).unwrap();
    assert_eq!(fell.entry().kind, Kind::ModeFellBack);
}

#[test]
fn raising_is_timed_and_never_outlives_the_end() {
    let until = |now| match raise(&Impersonation { last_seen_at: now, ..of_bob() }, " why ", &Terms::default(), now) {
        Ok(raised) => {
            assert_eq!(raised.entry().reason.as_deref(), Some("why"));
            match raised.change() {
                Change::SetMode { from: Mode::Read, to: Mode::Write { until }, .. } => *until,
                other => panic!("{other:?}"),
            }
        }
        Err(refusal) => panic!("{refusal}"),
    };
    assert_eq!(until(noon()), noon() + minutes(10));
    assert_eq!(until(noon() + minutes(25)), noon() + minutes(30));
}

#[test]
fn raising_needs_a_reason_and_time_left() {
    let terms = Terms::default();
    assert!(matches!(raise(&of_bob(), " ", &terms, noon()), Err(Refusal::Invalid { field: "reason", .. })));
    assert_eq!(raise(&of_bob(), "r", &terms, noon() + minutes(10)), Err(Refusal::Ended(EndCause::IdledOut)));
}

#[test]
fn lowering_says_whether_it_was_asked_for_or_had_run_out() {
    let kind = |row: &Impersonation, after| {
        lower(row, noon() + minutes(after)).unwrap().map(|transition| transition.entry().kind)
    };
    assert_eq!(kind(&of_bob(), 1), None, "it was reading only already");
    assert_eq!(kind(&writing(5), 1), Some(Kind::ModeLowered));
    assert_eq!(kind(&writing(5), 5), Some(Kind::ModeFellBack));
}

#[test]
fn every_cause_ends_with_its_kind_and_its_word() {
    for cause in EndCause::ALL {
        let ended = end(&of_bob(), cause, None, noon()).unwrap();
        let expected = match cause {
            EndCause::Stopped => Kind::Stopped,
            EndCause::Expired => Kind::Expired,
            EndCause::IdledOut => Kind::IdledOut,
            EndCause::Revoked => Kind::Revoked,
            _ => Kind::Ended,
        };
        assert_eq!((ended.entry().kind, &ended.entry().detail["cause"]), (expected, &cause.as_str().into()));
        let asked_for = matches!(cause, EndCause::Stopped | EndCause::Switched | EndCause::Continued);
        assert!(matches!(ended.change(), Change::End { acknowledged, .. } if *acknowledged == asked_for), "{cause:?}");
    }
}

#[test]
fn what_is_recorded_is_what_was_true_first() {
    let late = end(&of_bob(), EndCause::Revoked, None, noon() + minutes(30)).unwrap();
    assert_eq!(late.entry().kind, Kind::Expired);
    let stopped_late = end(&of_bob(), EndCause::Stopped, None, noon() + minutes(12)).unwrap();
    assert_eq!(stopped_late.entry().kind, Kind::IdledOut);
    assert!(
        matches!(stopped_late.change(), Change::End { acknowledged: true, .. }),
        "they asked to go on as themselves"
    );
}

#[test]
fn the_public_form_has_the_times_that_bound_it() {
    let json = writing(9).to_json(noon() + minutes(1));
    assert_eq!((&json["mode"], &json["mode_ends_at"]), (&"write".into(), &"2024-11-22T12:09:00Z".into()));
    assert_eq!(
        (&json["ends_at"], &json["idle_ends_at"]),
        (&"2024-11-22T12:30:00Z".into(), &"2024-11-22T12:10:00Z".into())
    );
    let fallen = writing(9).to_json(noon() + minutes(9));
    assert_eq!((&fallen["mode"], &fallen["mode_ends_at"]), (&"read".into(), &serde_json::Value::Null));
    assert!(!json.to_string().contains("handle"), "no handle leaves");
}

proptest! {
    #[test]
    fn tags_of_different_identities_differ(one in any::<[String; 3]>(), two in any::<[String; 3]>()) {
        let tag = |[id, agent, customer]: &[String; 3]| impersonation(id, agent, customer).tag();
        prop_assert_eq!(one == two, tag(&one) == tag(&two));
        prop_assert!(tag(&one).len() == 32 && tag(&one).bytes().all(|byte| byte.is_ascii_hexdigit()));
    }

    #[test]
    fn a_tag_keeps_neighbours_apart(text in "[ab]{0,6}", one in 0..7_usize, two in 0..7_usize, three in 0..7_usize, four in 0..7_usize) {
        let split = |first: usize, second: usize| {
            let (first, second) = (first.min(text.len()), second.min(text.len()));
            let (first, second) = (first.min(second), first.max(second));
            (text[..first].to_owned(), text[first..second].to_owned(), text[second..].to_owned())
        };
        let tag = |(id, agent, customer): &(String, String, String)| impersonation(id, agent, customer).tag();
        let (left, right) = (split(one, two), split(three, four));
        prop_assert_eq!(left == right, tag(&left) == tag(&right));
    }
}
