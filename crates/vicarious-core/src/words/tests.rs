use super::*;

/// Every sentence there is, in English and in German.
fn all() -> Vec<(&'static str, &'static str)> {
    pairs(GERMAN).collect()
}

#[test]
fn every_sentence_stands_in_the_list_once_and_has_a_translation() {
    let mut seen = std::collections::HashSet::new();
    for (english, german) in all() {
        assert!(seen.insert(english), "`{english}` stands there twice");
        assert!(!english.is_empty() && !german.is_empty(), "`{english}`: `{german}`");
        assert!(!english.starts_with(['#', '=']), "`{english}` has no English line above it");
    }
    let sentences = GERMAN.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#'));
    assert_eq!(sentences.count(), 2 * all().len(), "a line has no counterpart");
}

#[test]
fn every_translation_has_the_names_of_its_sentence() {
    for (english, german) in all() {
        assert_eq!(slots(english), slots(german), "`{german}`");
    }
    assert_eq!(Words::german().mistakes(), [""; 0]);
    assert_eq!(Words::german().missing(), [""; 0]);
}

#[test]
fn what_is_replaced_is_said_and_a_mistake_replaces_nothing() {
    let words = Words::english()
        .replace("Stop", "Leave")
        .replace("Stopp", "Leave")
        .replace("Start as {customer}", "Start")
        .own("save this profile", "keep this profile");
    assert_eq!(words.text("Stop"), "Leave");
    assert_eq!(words.of("save this profile"), "keep this profile");
    assert_eq!(words.of("something else"), "something else");
    assert_eq!(words.fill("Start as {customer}", &[("customer", &"Alice")]), "Start as Alice");
    let mistakes = [
        "`Stopp` is no sentence of Vicarious",
        "`Start` does not have the same names in braces as `Start as {customer}`",
    ];
    assert_eq!(words.mistakes(), mistakes);
}

/// Every sentence without its names in braces.
fn plain(words: &Words) -> Vec<String> {
    let text = |english| {
        pieces(words.text(english)).filter_map(|piece| match piece {
            Piece::Text(text) => Some(text.to_lowercase()),
            Piece::Slot(_) => None,
        })
    };
    all().into_iter().map(|(english, _)| text(english).collect()).collect()
}

#[test]
fn other_nouns_for_customers_and_agents_stand_in_every_sentence() {
    let words = Words::english().calling_customers("employee", "employees").calling_agents("Helper", "Helpers");
    let left = plain(&words).into_iter().find(|text| text.contains("customer") || text.contains("agent"));
    assert_eq!((left, words.mistakes()), (None, [].as_slice()));
    for (english, wanted) in [
        ("Find a customer", "Find an employee"),
        ("Customers", "Employees"),
        (
            "You are {agent}, using the application as {customer}",
            "You are {agent}, using the application as {customer}",
        ),
        ("In the customer’s words", "In the employee’s words"),
        ("You are not in any customer’s account.", "You are not in any employee’s account."),
        (
            "The customer, an administrator, or the agent from elsewhere ended it.",
            "The employee, an administrator, or the Helper from elsewhere ended it.",
        ),
    ] {
        assert_eq!(words.text(english), wanted);
    }
    let members = words.calling_customers("x", "xs");
    assert_eq!(members.text("Find a customer"), "Find an employee", "nothing is left to be called otherwise");
}

#[test]
fn what_is_replaced_after_a_noun_is_said_as_it_is_written() {
    let words = Words::english().replace("Customers", "All customers here");
    let words = words.calling_customers("member", "members").replace("All customers", "Customers and members");
    assert_eq!((words.text("Customers"), words.text("All customers")), ("All members here", "Customers and members"));
}

#[test]
fn a_noun_that_cannot_be_said_is_a_mistake_and_changes_nothing() {
    for (words, mistake) in [
        (Words::english().calling_customers("", "s"), "`` is no noun, which has letters, spaces and hyphens"),
        (Words::english().calling_agents("a{b}", "bs"), "`a{b}` is no noun, which has letters, spaces and hyphens"),
        (
            Words::german().calling_customers("Mitglied", "Mitglieder"),
            "`Mitglied` is a noun for English sentences, and these are in `de`",
        ),
    ] {
        assert_eq!(words.mistakes(), [mistake]);
        assert_eq!(
            words.text("Customers"),
            Words::text(&if words.is_english() { Words::english() } else { Words::german() }, "Customers")
        );
    }
}

#[test]
fn a_language_of_the_application_says_in_english_what_it_lacks() {
    let french = Words::language("fr", "# Bannière\nStop\n= Arrêter\n\nBack\n= Retour\n");
    assert_eq!((french.tag(), french.text("Stop"), french.text("Cancel")), ("fr", "Arrêter", "Cancel"));
    assert_eq!(french.missing().len(), all().len() - 2);
    assert!(!french.missing().contains(&"Stop"));
}

#[test]
fn a_sentence_is_taken_apart_at_its_names_only() {
    let check = |text: &str, wanted: &[Piece<'_>]| assert_eq!(pieces(text).collect::<Vec<_>>(), wanted, "{text}");
    check("", &[]);
    check("Stop", &[Piece::Text("Stop")]);
    check("{a}", &[Piece::Slot("a")]);
    check("Ü{agent}, {b_c}", &[Piece::Text("Ü"), Piece::Slot("agent"), Piece::Text(", "), Piece::Slot("b_c")]);
    check("{} {A} {a", &[Piece::Text("{} {A} {a")]);
    check("{{a}", &[Piece::Text("{"), Piece::Slot("a")]);
}

#[test]
fn what_stands_for_a_name_is_not_taken_apart_again() {
    let filled = filled("{a} and {b}", &[("a", &"{b}"), ("b", &"{a}")]);
    assert_eq!(filled, "{b} and {a}");
}

#[test]
fn the_language_asked_for_is_chosen_and_otherwise_the_first() {
    let offered = [Words::english(), Words::german()];
    for (accepted, wanted) in [
        ("", "en"),
        ("de", "de"),
        ("DE-at", "de"),
        ("de-DE,de;q=0.9,en;q=0.8", "de"),
        ("en-GB,en;q=0.9,de;q=0.8", "en"),
        ("fr, de;q=0.5", "de"),
        ("fr", "en"),
        ("de;q=0", "en"),
        ("de;q=0.0001", "en"),
        ("de;q=2", "en"),
        ("den", "en"),
        ("*", "en"),
        ("en;q=0.8, de;q=0.801", "de"),
        ("de; q=0.7, en ;q=0.3", "de"),
        ("de;q=ü", "en"),
    ] {
        assert_eq!(offered[chosen(&offered, accepted)].tag(), wanted, "{accepted}");
    }
}

#[test]
fn one_is_said_otherwise_than_many() {
    let minutes = |count| Words::german().count(count, "{count} minute", "{count} minutes");
    assert_eq!([minutes(0), minutes(1), minutes(2)], ["0 Minuten", "1 Minute", "2 Minuten"]);
}

#[test]
fn days_and_months_have_names() {
    let at: crate::Timestamp = "2026-03-02T23:59:00Z".parse().unwrap();
    let (english, german) = (Words::english(), Words::german());
    assert_eq!((english.weekday(at), english.short_weekday(at), english.month(at)), ("Monday", "Mon", "March"));
    assert_eq!((german.weekday(at), german.short_weekday(at), german.month(at)), ("Montag", "Mo", "März"));
}

#[test]
fn every_word_for_an_end_and_for_a_kind_is_known() {
    for kind in crate::Kind::ALL {
        assert!(is_known(kind.label()), "{}", kind.label());
    }
    for cause in crate::EndCause::ALL {
        assert!(is_known(cause.sentence()), "{}", cause.sentence());
    }
}
