use super::*;

fn at(text: &str) -> Timestamp {
    text.parse().expect("a time")
}

fn person(name: &str) -> Person {
    Person { id: name.into(), name: name.to_owned(), email: format!("{name}@example.com") }
}

fn banner<'a>(change: impl FnOnce(&mut BannerData<'a>)) -> String {
    // Leaked, so that a test may lend what lives shorter than a static.
    let (bob, alice): (&'static Person, &'static Person) =
        (Box::leak(person("Bob").into()), Box::leak(person("Alice").into()));
    let mut data = BannerData {
        words: Box::leak(Words::english().into()),
        agent: bob,
        customer: alice,
        now: at("2026-03-02T14:02:02Z"),
        mode: Mode::Read,
        ends_at: at("2026-03-02T14:32:00Z"),
        idle_ends_at: at("2026-03-02T14:12:02Z"),
        reason: "Invoice is wrong",
        ticket: Some("SUP-4711"),
        tag: "t4g",
        continue_href: Some("/impersonation/new?account=7&ticket=1"),
        continue_within: SignedDuration::from_mins(5),
        write_minutes: 10,
    };
    change(&mut data);
    Banner::of(&data).html(&data)
}

#[test]
fn it_says_who_acts_as_whom_how_and_for_how_long() {
    let html = banner(|_| {});
    for part in [
        "You are <strong><bdi>Bob</bdi></strong>, using the application as <strong><bdi>Alice</bdi></strong>",
        "(Alice@example.com)",
        "reading only",
        ">29:58</span> left",
        "SUP-4711",
        "Invoice is wrong",
        "data-ends-at=\"2026-03-02T14:32:00Z\"",
        ">Stop</button>",
        "Write for 10 minutes",
    ] {
        assert!(html.contains(part), "{part} in {html}");
    }
    assert!(!html.contains("data-mode-ends-at"));
}

#[test]
fn a_customer_without_an_email_gets_no_empty_brackets() {
    let carl = Person { email: String::new(), ..person("Carl") };
    let html = banner(|data| data.customer = Box::leak(carl.into()));
    assert!(html.contains("using the application as <strong><bdi>Carl</bdi></strong></p>"), "{html}");
    assert!(!html.contains("()"), "{html}");
}

#[test]
fn write_mode_says_until_when_and_leads_back() {
    let until = at("2026-03-02T14:12:00Z");
    let html = banner(|data| data.mode = Mode::Write { until });
    for part in [
        "data-mode=\"write\"",
        "write mode until <time",
        "14:12 UTC",
        "value=\"read\"",
        "Back to reading",
        "<div data-vicarious=\"to-read\">",
        "<details data-vicarious=\"to-write\" hidden>",
    ] {
        assert!(html.contains(part), "{part} in {html}");
    }
    let html = banner(|_| {});
    for part in ["<div data-vicarious=\"to-read\" hidden>", "<details data-vicarious=\"to-write\">"] {
        assert!(html.contains(part), "{part} in {html}");
    }
}

#[test]
fn write_mode_never_claims_to_outlast_the_impersonation() {
    let html = banner(|data| data.mode = Mode::Write { until: at("2026-03-02T15:00:00Z") });
    assert!(html.contains("14:32 UTC") && html.contains("data-mode-ends-at=\"2026-03-02T14:32:00Z\""));
}

#[test]
fn every_form_carries_the_tag_and_stop_asks_for_nothing_else() {
    let html = banner(|_| {});
    let forms = html.matches("<form method=\"post\" action=\"/impersonation\">").count();
    assert_eq!(forms, 3);
    assert_eq!(html.matches("name=\"_identity\" value=\"t4g\"").count(), forms);
    let stop = html.rsplit("<form").next().expect("a form");
    assert!(stop.contains("name=\"_method\" value=\"DELETE\"") && !stop.contains("required"));
}

#[test]
fn continuing_is_offered_in_the_last_five_minutes() {
    let offered = |html: &str| html.contains(">Continue</a>") && !html.contains("ticket=1\" hidden>");
    assert!(!offered(&banner(|_| {})));
    assert!(!offered(&banner(|data| data.now = at("2026-03-02T14:26:59Z"))));
    assert!(offered(&banner(|data| data.now = at("2026-03-02T14:27:00Z"))));
    assert!(!banner(|data| data.continue_href = None).contains("Continue"));
}

#[test]
fn the_time_left_is_never_negative() {
    assert!(banner(|data| data.now = at("2026-03-02T14:40:00Z")).contains(">00:00</span>"));
    assert!(banner(|data| data.ends_at = at("2026-03-02T22:02:02Z")).contains(">480:00</span>"));
}

// T21: names and reasons are written by people who may want to hide the banner.
#[test]
fn hostile_names_stay_text() {
    let hostile = "</bdi></aside><script>alert(1)</script>\"'><!--<textarea>\u{202e}&amp;\0";
    let person = person(hostile);
    let html = banner(|data| {
        (data.agent, data.customer) = (&person, &person);
        (data.reason, data.ticket, data.tag) = (hostile, Some(hostile), hostile);
        data.continue_href = Some(hostile);
    });
    let ours = banner(|_| {});
    for part in ["<script", "</aside>", "<textarea", "<!--", "<form", "'"] {
        assert_eq!(html.matches(part).count(), ours.matches(part).count(), "{part}");
    }
    assert_eq!(html.matches("<bdi>").count(), html.matches("</bdi>").count());
    // No quote is theirs.
    assert_eq!(html.matches('"').count(), ours.matches('"').count());
    assert!(!html.contains('\0'));
}

#[test]
fn it_speaks_german_and_says_so() {
    let german = Words::german();
    let html = banner(|data| data.words = &german);
    for part in [
        "<aside id=\"vicarious-banner\" lang=\"de\"",
        "Sie sind <strong><bdi>Bob</bdi></strong> und nutzen die Anwendung als <strong><bdi>Alice</bdi></strong>",
        "<strong class=\"vicarious-mode\">nur lesend</strong>",
        "<span class=\"vicarious-left\">noch <span data-vicarious=\"left\" role=\"timer\">29:58</span></span>",
        ">Beenden</button>",
        "F&#xfc;r 10 Minuten schreiben",
        "data-minutes=\"noch {count} Minuten\"",
    ] {
        assert!(html.contains(part), "{part} in {html}");
    }
    assert!(html.is_ascii(), "it reads the same in every encoding");
    let write = Mode::Write { until: at("2026-03-02T14:12:00Z") };
    let html = banner(|data| (data.words, data.mode) = (&german, write));
    assert!(html.contains("Schreibmodus bis <time"), "{html}");
}

#[test]
fn words_that_were_replaced_are_text() {
    let words = Words::english()
        .replace("Stop", "<b>\"Stop\"")
        .replace("{time} left", "<{time}>")
        .replace("write mode until {time}", "{time}<script>")
        .replace("yourself again", "\" onclick=\"");
    let until = at("2026-03-02T14:12:00Z");
    let html = banner(|data| (data.words, data.mode) = (&words, Mode::Write { until }));
    assert!(html.contains("&lt;b&gt;&quot;Stop&quot;</button>"), "{html}");
    assert!(html.contains(">&lt;<span data-vicarious=\"left\""), "{html}");
    assert_eq!(html.matches("<script").count(), 1);
    assert!(!html.contains("onclick=\""), "{html}");
}
