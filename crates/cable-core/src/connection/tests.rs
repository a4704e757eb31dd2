use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

const CHAT: &str = r#"{"channel":"ChatChannel","room":7}"#;

fn open() -> (Connection, Limits) {
    let limits = Limits::default();
    let mut connection = Connection::new();
    assert_eq!(connection.handle(Input::Accepted, &limits), [Effect::Send(wire::welcome())]);
    (connection, limits)
}

fn text<'a>(text: &'a str) -> Input<'a> {
    Input::Text { text, at: Duration::ZERO }
}

fn command(command: &str, identifier: &str) -> String {
    serde_json::json!({ "command": command, "identifier": identifier }).to_string()
}

fn message(identifier: &str, data: &str) -> String {
    serde_json::json!({ "command": "message", "identifier": identifier, "data": data }).to_string()
}

fn subscribed(identifier: &str) -> (Connection, Limits) {
    let (mut connection, limits) = open();
    let effects = connection.handle(text(&command("subscribe", identifier)), &limits);
    assert!(matches!(&effects[..], [Effect::Subscribe(_)]));
    assert_eq!(connection.handle(Input::Confirmed(identifier), &limits), [Effect::Send(wire::confirm(identifier))]);
    (connection, limits)
}

#[test]
fn a_subscription_is_confirmed_once() {
    let (mut connection, limits) = subscribed(CHAT);
    assert_eq!(connection.handle(Input::Confirmed(CHAT), &limits), []);
}

#[test]
fn a_duplicate_is_ignored_also_before_it_is_confirmed() {
    let (mut connection, limits) = open();
    let subscribe = command("subscribe", CHAT);
    connection.handle(text(&subscribe), &limits);
    assert_eq!(connection.handle(text(&subscribe), &limits), [Effect::Ignore(Ignored::Duplicate)]);
    connection.handle(Input::Confirmed(CHAT), &limits);
    assert_eq!(connection.handle(text(&subscribe), &limits), [Effect::Ignore(Ignored::Duplicate)]);
}

#[test]
fn identifiers_are_compared_byte_for_byte() {
    let (mut connection, limits) = open();
    let spellings = [CHAT, r#"{"room":7,"channel":"ChatChannel"}"#, r#"{"channel": "ChatChannel", "room": 7}"#];
    for spelling in spellings {
        let effects = connection.handle(text(&command("subscribe", spelling)), &limits);
        let [Effect::Subscribe(identifier)] = &effects[..] else { panic!("{effects:?}") };
        assert_eq!(&**identifier.text(), spelling);
        assert_eq!((identifier.channel(), &identifier.params()["room"]), ("ChatChannel", &7.into()));
    }
    assert_eq!(connection.identifiers().map(|text| &**text).collect::<Vec<_>>(), spellings);
}

#[test]
fn an_identifier_that_cannot_be_served_is_rejected_and_survived() {
    let (mut connection, limits) = open();
    let long = format!(r#"{{"channel":"{}"}}"#, "x".repeat(limits.identifier_bytes));
    let deep = format!(r#"{{"channel":"C","x":{}1{}}}"#, "[".repeat(20), "]".repeat(20));
    for (identifier, error) in [
        ("not json", IdentifierError::NotAnObject),
        ("[]", IdentifierError::NotAnObject),
        ("{}", IdentifierError::NoChannel),
        (r#"{"channel":5}"#, IdentifierError::NoChannel),
        (r#"{"channel":""}"#, IdentifierError::NoChannel),
        (&long, IdentifierError::TooLong),
        (&deep, IdentifierError::TooDeep),
    ] {
        let effects = connection.handle(text(&command("subscribe", identifier)), &limits);
        assert_eq!(effects, [Effect::Ignore(error.into()), Effect::Send(wire::reject(identifier))]);
    }
    assert_eq!(connection.identifiers().count(), 0);
    assert!(connection.is_open());
}

#[test]
fn more_subscriptions_than_allowed_are_rejected_and_leave_the_others_alone() {
    let (mut connection, mut limits) = subscribed(CHAT);
    limits.subscriptions = 1;
    let other = r#"{"channel":"Other"}"#;
    assert_eq!(connection.handle(text(&command("subscribe", other)), &limits), [Effect::Send(wire::reject(other))]);
    connection.handle(text(&command("unsubscribe", CHAT)), &limits);
    let effects = connection.handle(text(&command("subscribe", other)), &limits);
    assert!(matches!(&effects[..], [Effect::Subscribe(_)]));
}

#[test]
fn unsubscribing_is_not_answered() {
    let (mut connection, limits) = subscribed(CHAT);
    let effects = connection.handle(text(&command("unsubscribe", CHAT)), &limits);
    assert_eq!(effects, [Effect::Unsubscribe(CHAT.into())]);
    let again = connection.handle(text(&command("unsubscribe", CHAT)), &limits);
    assert_eq!(again, [Effect::Ignore(Ignored::NoSubscription)]);
    let effects = connection.handle(text(&message(CHAT, r#"{"action":"speak"}"#)), &limits);
    assert_eq!(effects, [Effect::Ignore(Ignored::NoSubscription)]);
}

#[test]
fn an_action_is_named_by_its_data_or_is_receive() {
    let (mut connection, limits) = subscribed(CHAT);
    for (data, action) in [
        (r#"{"action":"speak","text":"hi"}"#, "speak"),
        (r#"{"text":"hi"}"#, "receive"),
        (r#"{"action":" "}"#, "receive"),
        (r#"{"action":null}"#, "receive"),
        (r#"{"action":false}"#, "receive"),
        (r#"{"action":[]}"#, "receive"),
    ] {
        let effects = connection.handle(text(&message(CHAT, data)), &limits);
        let [Effect::Perform { identifier, data: found }] = &effects[..] else { panic!("{effects:?}") };
        assert_eq!((&**identifier, found.action()), (CHAT, action));
        assert_eq!(serde_json::to_string(found.fields()).unwrap(), data);
        assert_eq!(found.clone().into_tagged()["action"], action);
    }
}

#[test]
fn whatever_is_no_command_is_ignored_and_the_connection_goes_on() {
    let (mut connection, limits) = subscribed(CHAT);
    let object = format!(r#"{{"command":"message","identifier":{CHAT:?},"data":{{"action":"speak"}}}}"#);
    for (sent, error) in [
        ("", CommandError::Malformed),
        ("nonsense", CommandError::Malformed),
        (r#""subscribe""#, CommandError::Malformed),
        (r#"["subscribe","x"]"#, CommandError::Malformed),
        (r#"{"command":"subscribe","identifier":{"channel":"X"}}"#, CommandError::Malformed),
        ("{}", CommandError::Unknown),
        (r#"{"command":"history","identifier":"x"}"#, CommandError::Unknown),
        (r#"{"command":"subscribe"}"#, CommandError::NoIdentifier),
        (r#"{"command":"message","data":"{}"}"#, CommandError::NoIdentifier),
        (&object, CommandError::BadData),
        (&message(CHAT, "5"), CommandError::BadData),
        (&message(CHAT, r#"{"action":5}"#), CommandError::BadData),
        (&message(CHAT, r#"{"action":{"name":"speak"}}"#), CommandError::BadData),
        (&command("message", CHAT), CommandError::BadData),
        (&format!("{}{}", "[".repeat(40), "]".repeat(40)), CommandError::TooDeep),
        (&message(CHAT, &format!(r#"{{"a":{}}}"#, "[".repeat(40))), CommandError::TooDeep),
    ] {
        assert_eq!(connection.handle(text(sent), &limits), [Effect::Ignore(error.into())], "{sent}");
    }
    assert_eq!(connection.handle(Input::Binary { at: Duration::ZERO }, &limits), [Effect::Ignore(Ignored::Binary)]);
    assert!(connection.is_open());
}

#[test]
fn closing_tells_the_client_first_and_ends_every_subscription() {
    let (mut connection, limits) = subscribed(CHAT);
    let effects = connection.handle(Input::Close(Disconnect::REMOTE), &limits);
    assert_eq!(effects, [Effect::Close(Disconnect::REMOTE), Effect::Unsubscribe(CHAT.into())]);
    assert_eq!(connection.handle(text(&command("subscribe", CHAT)), &limits), []);
    assert_eq!(connection.handle(Input::Close(Disconnect::REMOTE), &limits), []);
}

#[test]
fn a_flood_of_commands_closes_the_connection_and_a_steady_flow_does_not() {
    let (mut connection, limits) = open();
    let steady = Duration::from_secs(1) / limits.commands_per_second;
    for nth in 0..1000 {
        let effects = connection.handle(Input::Text { text: "{}", at: steady * nth }, &limits);
        assert_eq!(effects, [Effect::Ignore(CommandError::Unknown.into())]);
    }
    let at = steady * 1000;
    let passed = (0..).take_while(|_| {
        let effects = connection.handle(Input::Text { text: "{}", at }, &limits);
        effects == [Effect::Ignore(CommandError::Unknown.into())]
    });
    assert_eq!(passed.count(), limits.burst as usize);
    assert!(!connection.is_open());
}

#[test]
fn frames_that_are_no_texts_count_too() {
    let flood = [Input::Binary { at: Duration::ZERO }, Input::Control { at: Duration::ZERO }];
    for input in flood {
        let (mut connection, limits) = open();
        for _ in 0..limits.burst {
            connection.handle(input.clone(), &limits);
        }
        assert!(connection.is_open());
        assert_eq!(connection.handle(input, &limits), [Effect::Close(Disconnect::RATE_LIMITED)]);
    }
}

#[test]
fn a_rejection_ends_the_subscription_so_that_it_may_be_asked_for_again() {
    let (mut connection, limits) = open();
    connection.handle(text(&command("subscribe", CHAT)), &limits);
    let effects = connection.handle(Input::Rejected(CHAT), &limits);
    assert_eq!(effects, [Effect::Unsubscribe(CHAT.into()), Effect::Send(wire::reject(CHAT))]);
    let effects = connection.handle(text(&command("subscribe", CHAT)), &limits);
    assert!(matches!(&effects[..], [Effect::Subscribe(_)]));
}

#[derive(Clone, Debug)]
enum Step {
    Subscribe(u8),
    Unsubscribe(u8),
    Message(u8),
    Confirm(u8),
    Reject(u8),
    Garbage(String),
    Close,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0..4_u8).prop_map(Step::Subscribe),
        2 => (0..4_u8).prop_map(Step::Unsubscribe),
        2 => (0..4_u8).prop_map(Step::Message),
        3 => (0..4_u8).prop_map(Step::Confirm),
        1 => (0..4_u8).prop_map(Step::Reject),
        1 => "[\\[\\]{}\":,a-z0-9\\\\]{0,30}".prop_map(Step::Garbage),
        1 => Just(Step::Close),
    ]
}

proptest! {
    /// Between two ends of a subscription there is at most one confirmation, each `Subscribe` effect has at most one
    /// `Unsubscribe`, and nothing happens after the close.
    #[test]
    fn any_sequence_keeps_the_protocol(steps in vec(step(), 0..60)) {
        let (mut connection, limits) = open();
        let name = |nth: u8| format!(r#"{{"channel":"C{nth}"}}"#);
        let (mut open, mut confirmed, mut closed) = ([false; 4], [false; 4], false);
        for step in steps {
            let effects = match &step {
                Step::Subscribe(nth) => connection.handle(text(&command("subscribe", &name(*nth))), &limits),
                Step::Unsubscribe(nth) => connection.handle(text(&command("unsubscribe", &name(*nth))), &limits),
                Step::Message(nth) => connection.handle(text(&message(&name(*nth), "{}")), &limits),
                Step::Confirm(nth) => connection.handle(Input::Confirmed(&name(*nth)), &limits),
                Step::Reject(nth) => connection.handle(Input::Rejected(&name(*nth)), &limits),
                Step::Garbage(garbage) => connection.handle(text(garbage), &limits),
                Step::Close => connection.handle(Input::Close(Disconnect::REMOTE), &limits),
            };
            prop_assert!(!closed || effects.is_empty());
            for effect in effects {
                for nth in 0..4_u8 {
                    let (at, name) = (usize::from(nth), name(nth));
                    match &effect {
                        Effect::Subscribe(identifier) if **identifier.text() == name => {
                            prop_assert!(!open[at]);
                            open[at] = true;
                        }
                        Effect::Unsubscribe(identifier) if **identifier == name => {
                            prop_assert!(open[at]);
                            (open[at], confirmed[at]) = (false, false);
                        }
                        Effect::Perform { identifier, .. } if **identifier == name => prop_assert!(open[at]),
                        Effect::Send(frame) if *frame == wire::confirm(&name) => {
                            prop_assert!(open[at] && !confirmed[at]);
                            confirmed[at] = true;
                        }
                        _ => {}
                    }
                }
                closed |= matches!(effect, Effect::Close(_));
            }
            prop_assert_eq!(connection.identifiers().count(), open.iter().filter(|open| **open).count());
        }
    }
}
