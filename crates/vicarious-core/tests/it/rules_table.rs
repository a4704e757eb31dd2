//! What the table of rules answers (T29).

use proptest::prelude::*;
use vicarious_core::rules::is_safe;
use vicarious_core::{Rule, Rules};

fn rules() -> Rules {
    Rules::new()
        .never("/payments")
        .never("GET /exports/raw")
        .confirm("PATCH /profile", "save this profile")
        .write("POST /orders/*", "change orders")
        .write("POST /orders/{id}/notes", "add a note")
        .never("POST /orders/{id}/refund")
        .read("/invoices", "look at invoices")
        .read("POST /search", "search")
        .by_handler("POST /graphql/")
        .never("get /")
}

#[test]
fn every_route_has_its_answer() {
    let table = [
        ("POST", "/payments", Rule::Never, true),
        ("GET", "/payments", Rule::Never, true),
        ("DELETE", "/payments/{id}/parts", Rule::Never, true),
        ("GET", "/payments-help", Rule::Read, false),
        ("POST", "/payments-help", Rule::Never, false),
        ("PATCH", "/profile", Rule::Confirm, true),
        ("PUT", "/profile", Rule::Never, false),
        ("GET", "/profile", Rule::Read, false),
        ("PATCH", "/profile/picture", Rule::Never, false),
        ("POST", "/orders", Rule::Write, true),
        ("POST", "/orders/{id}", Rule::Write, true),
        ("POST", "/orders/{id}/notes", Rule::Write, true),
        ("POST", "/orders/{id}/refund", Rule::Never, true),
        ("POST", "/orders/{id}/refund/again", Rule::Never, true),
        ("DELETE", "/orders/{id}", Rule::Never, false),
        ("GET", "/invoices", Rule::Read, true),
        ("HEAD", "/invoices", Rule::Read, true),
        ("POST", "/invoices", Rule::Never, false),
        ("POST", "/search", Rule::Read, true),
        ("POST", "/graphql", Rule::ByHandler, true),
        ("POST", "/graphql/batch", Rule::Never, false),
        ("HEAD", "/exports/raw", Rule::Never, true),
        ("GET", "/", Rule::Never, true),
        ("GET", "/anything", Rule::Read, false),
        ("get", "/anything", Rule::Never, false),
        ("PROPFIND", "/anything", Rule::Never, false),
    ];
    let rules = rules();
    for (method, route, rule, classified) in table {
        let verdict = rules.verdict(method, Some(route));
        assert_eq!((verdict.rule, verdict.classified), (rule, classified), "{method} {route}");
    }
    assert_eq!(rules.verdict("PATCH", Some("/profile")).phrase, Some("save this profile"));
}

#[test]
fn what_matched_nothing_may_be_read_at_most() {
    assert_eq!(rules().verdict("GET", None).rule, Rule::Read);
    assert_eq!(rules().verdict("POST", None).rule, Rule::Never);
    assert!(!rules().verdict("POST", None).classified);
}

#[test]
fn a_line_with_a_method_wins_over_one_without_and_the_stricter_wins_a_tie() {
    let named = Rules::new().never("/a").write("POST /a", "do it");
    assert_eq!(named.verdict("POST", Some("/a")).rule, Rule::Write);
    assert_eq!(named.verdict("PUT", Some("/a")).rule, Rule::Never);
    for tie in [Rules::new().write("POST /a", "").never("POST /a"), Rules::new().never("POST /a").write("POST /a", "")]
    {
        assert_eq!(tie.verdict("POST", Some("/a")).rule, Rule::Never);
        assert_eq!(tie.contradictions().len(), 1);
    }
    assert!(named.contradictions().is_empty());
}

#[test]
fn everything_below_the_root_can_be_named() {
    let all = Rules::new().never("/*").read("GET /health", "");
    assert_eq!(all.verdict("GET", Some("/x/y")).rule, Rule::Never);
    assert_eq!(all.verdict("GET", Some("/health")).rule, Rule::Read);
}

#[test]
fn every_rule_has_its_word() {
    let words = [Rule::Read, Rule::ByHandler, Rule::Write, Rule::Confirm, Rule::Never].map(Rule::as_str);
    assert_eq!(words, ["read", "by handler", "write", "confirm", "never"]);
}

proptest! {
    #[test]
    fn an_unsafe_route_that_nobody_classified_is_never(method in "[A-Z]{3,7}", route in "(/[a-z{}]{1,8}){1,4}") {
        let verdict = Rules::new().read("/", "").verdict(&method, Some(&route)).rule;
        prop_assert_eq!(verdict, if is_safe(&method) { Rule::Read } else { Rule::Never });
    }

    #[test]
    fn the_order_of_lines_does_not_matter(order in Just(0..6_usize).prop_map(|all| all.collect::<Vec<_>>()).prop_shuffle(), route in "/[ab](/[ab])?", method in "GET|POST") {
        let table = |order: &[usize]| order.iter().fold(Rules::new(), |rules, line| match line {
            0 => rules.never("/a"),
            1 => rules.write("/a/b", ""),
            2 => rules.confirm("POST /a/b", ""),
            3 => rules.read("/b/*", ""),
            4 => rules.write("POST /b", ""),
            _ => rules.by_handler("/b/a"),
        });
        let sorted = table(&[0, 1, 2, 3, 4, 5]);
        prop_assert_eq!(table(&order).verdict(&method, Some(&route)).rule, sorted.verdict(&method, Some(&route)).rule);
    }
}

#[test]
fn what_a_parameter_is_called_makes_no_difference() {
    let rules = Rules::new().never("GET /payments/{pid}").write("POST /orders/{id}/notes", "add a note");
    assert_eq!(rules.verdict("GET", Some("/payments/{id}")).rule, Rule::Never);
    assert_eq!(rules.verdict("GET", Some("/payments/{id}/lines")).rule, Rule::Never);
    assert_eq!(rules.verdict("POST", Some("/orders/{number}/notes")).rule, Rule::Write);
    assert_eq!(rules.verdict("POST", Some("/orders/new/notes")).rule, Rule::Never, "a literal is no parameter");
    assert_eq!(rules.verdict("GET", Some("/payment")).rule, Rule::Read);
}

#[test]
fn channels_stand_in_the_same_table() {
    let rules = Rules::new()
        .never("PaymentsChannel")
        .write("PERFORM CommandsChannel#echo", "send this")
        .read("PERFORM PresenceChannel#*", "said that they are there")
        .read("NotificationsChannel", "looked at notifications")
        .never("SUBSCRIBE SecretsChannel")
        .write("/NotesChannel", "not a channel");
    let table = [
        ("SUBSCRIBE", "PaymentsChannel", Rule::Never, true),
        ("PERFORM", "PaymentsChannel#pay", Rule::Never, true),
        ("SUBSCRIBE", "CommandsChannel", Rule::Read, false),
        ("PERFORM", "CommandsChannel#echo", Rule::Write, true),
        ("PERFORM", "CommandsChannel#other", Rule::Never, false),
        ("PERFORM", "CommandsChannel#echo#more", Rule::Never, false),
        ("PERFORM", "PresenceChannel#appear", Rule::Read, true),
        ("SUBSCRIBE", "NotificationsChannel", Rule::Read, true),
        ("PERFORM", "NotificationsChannel#read", Rule::Never, false),
        ("PERFORM", "NotificationsChannel", Rule::Never, false),
        ("SUBSCRIBE", "SecretsChannel", Rule::Never, true),
        ("PERFORM", "SecretsChannel#x", Rule::Never, false),
        ("POST", "/PaymentsChannel", Rule::Never, false),
        ("GET", "/PaymentsChannel", Rule::Read, false),
        ("PERFORM", "NotesChannel", Rule::Never, false),
        ("SUBSCRIBE", "NotesChannel", Rule::Read, false),
        ("SUBSCRIBE", "/anything", Rule::Never, false),
    ];
    for (method, route, rule, classified) in table {
        let verdict = rules.verdict(method, Some(route));
        assert_eq!((verdict.rule, verdict.classified), (rule, classified), "{method} {route}");
    }
    assert_eq!(rules.verdict("SUBSCRIBE", None).rule, Rule::Never, "a request with that method");
    assert!(rules.misspelled().is_empty() && rules.without_effect().is_empty());
}

#[test]
fn a_line_that_can_never_match_is_found() {
    for line in ["payments", "POST payments", "POST PaymentsChannel", "PERFORM /payments", "SUBSCRIBE paymentsChannel"]
    {
        assert_eq!(Rules::new().never(line).misspelled().len(), 1, "{line}");
    }
    for line in ["/payments", "POST /payments", "PaymentsChannel", "PERFORM Shop::PaymentsChannel#pay", "/*"] {
        assert!(Rules::new().never(line).misspelled().is_empty(), "{line}");
    }
}
