//! Words on the wire and in the database: each has one meaning, and reads back.

use std::collections::HashSet;

use proptest::prelude::*;
use vicarious_core::audit::Recorded;
use vicarious_core::consent::ConsentState;
use vicarious_core::{EndCause, Entry, Kind};

use crate::model::{impersonation, noon};

#[test]
fn kinds_have_unique_words_and_labels_and_read_back() {
    let words: HashSet<_> = Kind::ALL.iter().map(|kind| kind.as_str()).collect();
    let labels: HashSet<_> = Kind::ALL.iter().map(|kind| kind.label()).collect();
    assert_eq!((words.len(), labels.len()), (Kind::ALL.len(), Kind::ALL.len()));
    for kind in Kind::ALL {
        assert_eq!(Kind::parse(kind.as_str()), Some(*kind));
        assert!(kind.as_str().bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'.' || byte == b'_'));
    }
}

#[test]
fn end_causes_have_unique_words_and_sentences_and_read_back() {
    let words: HashSet<_> = EndCause::ALL.iter().map(|cause| cause.as_str()).collect();
    let sentences: HashSet<_> = EndCause::ALL.iter().map(|cause| cause.sentence()).collect();
    assert_eq!((words.len(), sentences.len()), (EndCause::ALL.len(), EndCause::ALL.len()));
    for cause in EndCause::ALL {
        assert_eq!(EndCause::parse(cause.as_str()), Some(cause));
    }
}

#[test]
fn consent_states_read_back() {
    for word in ["asked", "given", "refused", "withdrawn", "lapsed", "disowned", "used"] {
        assert_eq!(ConsentState::parse(word).map(ConsentState::as_str), Some(word));
    }
}

#[test]
fn only_intents_and_outcomes_come_in_bulk() {
    let bulk: Vec<_> = Kind::ALL.iter().filter(|kind| kind.is_per_request()).collect();
    assert_eq!(bulk, [&Kind::Intent, &Kind::Outcome]);
}

#[test]
fn a_detail_never_replaces_a_field_of_the_record() {
    let entry = Entry::of(&impersonation("i1", "bob", "alice"), Kind::Changed, noon())
        .with("true_user", "mallory")
        .with("seq", 99)
        .with("status", 200)
        .with("field", "name");
    let json = Recorded { seq: 3, entry }.to_json();
    assert_eq!((&json["seq"], &json["true_user"]["id"], &json["field"]), (&3.into(), &"bob".into(), &"name".into()));
    assert!(json["status"].is_null());
}

proptest! {
    #[test]
    fn other_words_mean_nothing(word in "[a-z._ ]{0,24}") {
        prop_assert_eq!(Kind::parse(&word).map(Kind::as_str), Kind::ALL.iter().map(|kind| kind.as_str()).find(|known| *known == word));
        prop_assert_eq!(EndCause::parse(&word).is_some(), EndCause::ALL.iter().any(|cause| cause.as_str() == word));
        prop_assert!(ConsentState::parse(&word).is_none_or(|state| state.as_str() == word));
    }
}
