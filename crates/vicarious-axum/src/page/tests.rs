use http::HeaderMap;
use vicarious_core::{Account, ImpersonationId, Person, Words};

use super::*;
use crate::mounted::SignOut;
use crate::problem::{Next, Problem};

const HOSTILE: &str = "</title></bdi><script>alert(1)</script>\"'><!--<textarea>\0";

/// Leaked, like the people below.
fn english() -> &'static Words {
    Box::leak(Words::english().into())
}

fn alice() -> Account {
    let mut account = Account::new("7", "Alice", "alice@example.com");
    account.organisation = Some("Acme".to_owned());
    account
}

fn bob() -> Person {
    Account::new("2", "Bob", "bob@example.com").person
}

fn start<'a>(change: impl FnOnce(&mut StartPage<'a>)) -> String {
    // Leaked, so that a test may lend what lives shorter than a static.
    let (bob, alice): (&'static Person, &'static Account) = (Box::leak(bob().into()), Box::leak(alice().into()));
    let mut page = StartPage {
        words: english(),
        agent: bob,
        account: Some(alice),
        consent: ConsentShown::Agreed,
        consent_sentence: "Alice has agreed until Friday.",
        online: None,
        who_else: &[],
        put_out: None,
        paused: None,
        reason: "Invoice",
        reasons: &[],
        ticket: "SUP-1",
        go_to: "/orders?page=2",
        return_to: "/support",
        errors: &[],
        ask_available: true,
        asks_at: "/consents/requests",
        attests_at: "/consents/attested",
        console: None,
        code_available: true,
        attest_available: false,
        instead_of: None,
        length_minutes: 30,
        identity_tag: None,
        script: None,
    };
    change(&mut page);
    start_page(&page)
}

fn top() -> Top<'static> {
    Top { brand: "Support access", home: "/", rooms: &[], consents: "/consents", sign_out: None }
}

fn has(html: &str, parts: &[&str]) {
    for part in parts {
        assert!(html.contains(part), "{part} in {html}");
    }
}

#[test]
fn text_is_escaped() {
    assert_eq!(escape("a<b>&\"'\0é").to_string(), "a&lt;b&gt;&amp;&quot;&#39;\u{fffd}é");
    assert_eq!(escape("").to_string(), "");
    assert_eq!(escape("<<").to_string(), "&lt;&lt;");
}

#[test]
fn the_start_page_leads_to_the_console_where_there_is_one() {
    assert!(!start(|_| ()).contains("<header"));
    let rooms =
        [("/desk/accounts".to_owned(), "Customers".to_owned()), ("//evil.example".to_owned(), "<i>".to_owned())];
    let rooms: &'static [_] = rooms.to_vec().leak();
    let out: &'static SignOut = Box::leak(SignOut { path: "/bye".to_owned(), method: Some("DELETE") }.into());
    let html = start(|page| page.console = Some(Top { brand: "Crux & <b>", rooms, sign_out: Some(out), ..top() }));
    let parts = [
        "<header class=\"top\"><p><a href=\"/\">Crux &amp; &lt;b&gt;</a></p>",
        "<a href=\"/desk/accounts\">Customers</a> <a href=\"/\">&lt;i&gt;</a></nav>",
        "<span class=\"hidden\">Signed in as </span><bdi>Bob",
        "<form method=\"post\" action=\"/bye\"><input type=\"hidden\" name=\"_method\" value=\"DELETE\"><button>Log out",
    ];
    has(&html, &parts);
}

#[test]
fn while_everything_is_paused_the_start_page_says_why_and_starts_nothing() {
    let disabled = |label: &str| format!("<button class=\"primary\" disabled>{label}</button>");
    let html = start(|page| page.paused = Some("<b>Phishing"));
    let told = "<p>Impersonation is paused: <bdi>&lt;b&gt;Phishing</bdi>.</p>";
    has(&html, &[told, "Nobody can start until an administrator allows it again.", &disabled("Start as Alice")]);
    let by_code = start(|page| (page.paused, page.account) = (Some("Phishing"), None));
    has(&by_code, &["Phishing", &disabled("Start with this code")]);
    let asks = start(|page| (page.paused, page.consent) = (Some("Phishing"), ConsentShown::Missing));
    has(&asks, &["Phishing", "<button class=\"primary\">Ask Alice</button>"]);
    assert!(!start(|_| ()).contains("disabled") && !start(|_| ()).contains("paused"));
}

#[test]
fn whoever_waits_is_told_what_to_do_and_is_offered_no_cancel() {
    let html = start(|page| page.consent = ConsentShown::Asked);
    has(&html, &["The question stays open", "come back to it to start", ">Back</a>"]);
    assert!(!html.contains("Cancel") && !html.contains("<form"), "{html}");
    let html = start(|page| (page.consent, page.console) = (ConsentShown::Asked, Some(top())));
    has(&html, &["you find the answer here and under <a href=\"/consents\">Consents</a>"]);
}

#[test]
fn the_start_page_loads_the_applications_script_and_tells_it_whose_it_is() {
    assert!(!start(|_| ()).contains("<script"));
    has(
        &start(|page| page.script = Some("/live.js")),
        &["<script src=\"/live.js\" data-staff=\"agent\" data-whose=\"Bob\" data-whose-id=\"2\" defer></script>"],
    );
}

#[test]
fn the_start_page_shows_everything_that_is_filled_in() {
    let reasons = ["Billing".to_owned()];
    let html = start(|page| page.reasons = &reasons);
    has(
        &html,
        &[
            "<title>Use the application as Alice</title>",
            "alice@example.com",
            "Acme",
            "Alice has agreed until Friday.",
            "Nobody else",
            "action=\"/impersonation\"",
            "name=\"account_id\" value=\"7\"",
            "name=\"reason\" type=\"text\" value=\"Invoice\"",
            "list=\"reasons\"",
            "<option value=\"Billing\">",
            "value=\"SUP-1\"",
            "name=\"go_to\" value=\"/orders?page=2\"",
            "name=\"return_to\" value=\"/support\"",
            "at most 30 minutes",
            "recorded",
            ">Start as Alice</button>",
            "href=\"/support\">Cancel",
        ],
    );
    assert!(!html.contains("_identity") && !html.contains("instead_of"));
}

#[test]
fn without_consent_the_customer_can_be_asked_or_reads_out_a_code() {
    let html = start(|page| page.consent = ConsentShown::Missing);
    let link = "href=\"/impersonation/new?reason=Invoice&amp;ticket=SUP-1&amp;go_to=%2Forders%3Fpage%3D2&amp;return_to=%2Fsupport\"";
    has(&html, &[link, ">Enter a support code</a>"]);
    let html = start(|page| page.account = None);
    has(&html, &["name=\"support_code\"", "value=\"Invoice\"", "value=\"SUP-1\"", ">Start with this code<"]);
    let html = start(|page| (page.consent, page.code_available) = (ConsentShown::Missing, false));
    has(&html, &["action=\"/consents/requests\"", ">Ask Alice</button>", "name=\"reason\"", "name=\"ticket\""]);
    assert!(!html.contains("action=\"/impersonation\""));
    for (consent, available) in
        [(ConsentShown::Missing, false), (ConsentShown::Asked, true), (ConsentShown::OptedOut, true)]
    {
        let html = start(|page| {
            (page.consent, page.ask_available, page.code_available) = (consent, available, false);
        });
        assert!(!html.contains("<form"), "{consent:?}");
    }
    for consent in [ConsentShown::Agreed, ConsentShown::OptedOut, ConsentShown::NotRequired] {
        assert!(!start(|page| page.consent = consent).contains("support code"), "{consent:?}");
    }
}

#[test]
fn what_was_said_elsewhere_can_be_recorded_where_that_is_allowed() {
    let html = start(|page| (page.consent, page.attest_available) = (ConsentShown::Missing, true));
    has(&html, &["action=\"/consents/attested\"", "name=\"channel\"", "name=\"quotation\""]);
    let html = start(|page| (page.consent, page.attest_available) = (ConsentShown::Agreed, true));
    assert!(!html.contains("/consents/attested"));
}

#[test]
fn whether_the_customer_is_online_is_said_when_it_is_known() {
    for (online, said) in [(None, ""), (Some(true), "online now"), (Some(false), "not online")] {
        let html = start(|page| page.online = online);
        assert_eq!(html.contains("online"), online.is_some());
        has(&html, &[said]);
    }
}

#[test]
fn what_is_wrong_is_said_at_its_field() {
    let errors = [("reason".to_owned(), "Say why.".to_owned())];
    let html = start(|page| page.errors = &errors);
    has(&html, &["role=\"alert\"", "href=\"#reason\"", "aria-invalid=\"true\" aria-describedby=\"reason-error\""]);
    assert_eq!(html.matches("aria-invalid").count(), 1);
}

#[test]
fn replacing_a_running_impersonation_is_said() {
    let id = ImpersonationId::from("i1");
    let html = start(|page| {
        page.instead_of = Some((&id, "Carol"));
        page.identity_tag = Some("t4g");
    });
    has(&html, &["name=\"instead_of\" value=\"i1\"", "This ends what you are doing as <bdi>Carol</bdi> now."]);
    has(&html, &["name=\"_identity\" value=\"t4g\""]);
}

fn confirm<'a>(customer: &'a Person, typed: &'a [(String, String)], path: &'a str) -> ConfirmPage<'a> {
    ConfirmPage {
        words: english(),
        question: "save this profile for Alice's account?",
        phrase: "save this profile",
        customer,
        method: "PATCH",
        path,
        held: "h3ld",
        confirmation: "c0nf",
        identity_tag: "t4g",
        typed,
        back: "/profile",
    }
}

#[test]
fn a_confirmation_names_the_customer_and_repeats_what_was_typed() {
    let alice = alice().person;
    let typed = [("full_name".to_owned(), "Alice B".to_owned()), ("note".to_owned(), String::new())];
    let html = confirm_page(&confirm(&alice, &typed, "/profile?tab=1"));
    has(
        &html,
        &[
            "<h1>Save this profile for Alice&#39;s account?</h1>",
            "<form method=\"post\" action=\"/profile?tab=1\">",
            "name=\"_method\" value=\"PATCH\"",
            "name=\"_identity\" value=\"t4g\"",
            "name=\"_held\" value=\"h3ld\"",
            "name=\"_confirmation\" value=\"c0nf\"",
            "Yes, save this profile",
            "<dt>Full name</dt><dd><bdi>Alice B</bdi></dd>",
            "(empty)",
            "href=\"/profile\">Cancel",
        ],
    );
}

#[test]
fn no_page_leads_off_the_site() {
    let alice = alice().person;
    for elsewhere in ["https://evil.example", "//evil.example", "javascript:alert(1)", "/\\evil.example"] {
        let mut page = confirm(&alice, &[], elsewhere);
        page.back = elsewhere;
        let problem = Problem::new(StatusCode::FORBIDDEN, "x", "X")
            .offer(Next::Link { href: elsewhere.to_owned(), label: "a".to_owned() })
            .offer(Next::Post { action: elsewhere.to_owned(), label: "b".to_owned(), fields: Vec::new() });
        let mismatch = MismatchPage { words: english(), now: "x", reload: Some(elsewhere), typed: &[] };
        let mut all = vec![confirm_page(&page), problem_page(english(), &problem), mismatch_page(&mismatch)];
        all.push(start(|page| (page.go_to, page.return_to) = ("/", elsewhere)));
        for html in all {
            let attributes = html.split('"').skip(1).step_by(2);
            let leading = html.matches("href=\"/").count() + html.matches("action=\"/").count();
            let total = html.matches("href=\"").count() + html.matches("action=\"").count();
            assert_eq!(leading, total, "{html}");
            let hidden = html.matches("name=\"return_to\"").count();
            assert_eq!(attributes.filter(|value| *value == elsewhere).count(), hidden, "{html}");
        }
    }
}

#[test]
fn going_up_keeps_the_reason_and_what_was_typed() {
    let alice = alice().person;
    let mut page = SwitchPage {
        words: english(),
        customer: &alice,
        phrase: Some("save this profile"),
        reason: "Invoice",
        minutes: 10,
        held: Some("h3ld"),
        identity_tag: "t4g",
        typed: &[],
        back: "/profile",
    };
    has(
        &switch_page(&page),
        &[
            "You are reading only. Switch to write for 10 minutes?",
            "To save this profile you have to be in write mode.",
            "action=\"/impersonation\"",
            "name=\"_method\" value=\"PATCH\"",
            "name=\"mode\" value=\"write\"",
            "name=\"_held\" value=\"h3ld\"",
            "value=\"Invoice\" required",
        ],
    );
    page.held = None;
    assert!(!switch_page(&page).contains("_held"));
}

#[test]
fn resuming_posts_to_the_original_path() {
    let alice = alice().person;
    let html = resume_page(&ResumePage {
        words: english(),
        customer: &alice,
        method: "POST",
        path: "/orders",
        held: "h3ld",
        identity_tag: "t4g",
        typed: &[],
        back: "/orders/new",
    });
    has(&html, &["<form method=\"post\" action=\"/orders\">", "Send what I typed", "value=\"h3ld\""]);
    assert!(!html.contains("_method"));
}

#[test]
fn an_ended_impersonation_offers_both_ways_on() {
    let alice = Person { id: "7&x=1".into(), ..alice().person };
    let (alice, typed) = (Some(&alice), [("shipping_address".to_owned(), "1 Long Lane\nLeeds".to_owned())]);
    let (reason, ticket) = ("50% off & “free”?", "SUP-1#2");
    let sentence = "Its time was up.";
    let page = DeadPage { words: english(), sentence, agent: "Bob", customer: alice, reason, ticket, typed: &typed };
    let html = dead_page(&page);
    has(
        &html,
        &[
            "You are no longer using the application as Alice",
            "Its time was up.",
            "action=\"/impersonation\"",
            "name=\"_method\" value=\"DELETE\"",
            "Go on as Bob",
            "href=\"/impersonation/new?account=7%26x%3D1&amp;reason=50%25+off+%26+%E2%80%9Cfree%E2%80%9D%3F&amp;ticket=SUP-1%232\"",
            "What you typed",
            "<dt>Shipping address</dt><dd><bdi>1 Long Lane\nLeeds</bdi></dd>",
        ],
    );
    let html = dead_page(&DeadPage { reason: "", ticket: "", ..page });
    assert!(html.contains("href=\"/impersonation/new?account=7%26x%3D1\""), "{html}");
    let html = dead_page(&DeadPage { sentence: "It is unknown.", customer: None, typed: &[], ..page });
    assert!(html.contains("Go on as Bob") && !html.contains("Start again") && !html.contains("What you typed"));
}

#[test]
fn hostile_text_stays_text_on_every_page() {
    let person = Person { id: HOSTILE.into(), name: HOSTILE.to_owned(), email: HOSTILE.to_owned() };
    let mut account = Account::new(HOSTILE, HOSTILE, HOSTILE);
    account.organisation = Some(HOSTILE.to_owned());
    let typed = [(HOSTILE.to_owned(), HOSTILE.to_owned())];
    let list = [HOSTILE.to_owned()];
    let id = ImpersonationId::from(HOSTILE);
    let mut confirm = confirm(&person, &typed, HOSTILE);
    (confirm.question, confirm.phrase, confirm.held, confirm.method) = (HOSTILE, HOSTILE, HOSTILE, HOSTILE);
    let problem = Problem::new(StatusCode::FORBIDDEN, "x", HOSTILE).detail(HOSTILE).offer(Next::Post {
        action: HOSTILE.to_owned(),
        label: HOSTILE.to_owned(),
        fields: typed.to_vec(),
    });
    let pages = [
        start(|page| {
            (page.account, page.agent, page.who_else, page.reasons) = (Some(&account), &person, &list, &list);
            (page.reason, page.ticket, page.go_to, page.return_to) = (HOSTILE, HOSTILE, HOSTILE, HOSTILE);
            (page.errors, page.instead_of, page.consent_sentence) = (&typed, Some((&id, HOSTILE)), HOSTILE);
        }),
        confirm_page(&confirm),
        dead_page(&DeadPage {
            words: english(),
            sentence: HOSTILE,
            agent: HOSTILE,
            customer: Some(&person),
            reason: HOSTILE,
            ticket: HOSTILE,
            typed: &typed,
        }),
        mismatch_page(&MismatchPage { words: english(), now: HOSTILE, reload: Some(HOSTILE), typed: &typed }),
        problem_page(english(), &problem),
    ];
    for html in pages {
        for part in ["<script", "<textarea", "<!--", "\0", "'>"] {
            assert!(!html.contains(part), "{part} in {html}");
        }
        assert_eq!(html.matches("</title>").count(), 1);
        assert_eq!(html.matches("<bdi>").count(), html.matches("</bdi>").count());
    }
}

#[test]
fn every_page_is_a_complete_document_with_our_headers() {
    let page = cross_site_page(english());
    has(
        &page,
        &["<!doctype html>", "<html lang=\"en\">", "name=\"viewport\"", "name=\"color-scheme\"", "<main>", "<h1>"],
    );
    has(&page, &["<link rel=\"stylesheet\" href=\"/impersonation/pages.css\">"]);
    let response = respond_html(StatusCode::FORBIDDEN, page);
    assert_eq!(response.status(), StatusCode::FORBIDDEN);
    for (name, value) in [
        ("cache-control", "no-store"),
        ("content-type", "text/html; charset=utf-8"),
        ("x-content-type-options", "nosniff"),
        ("cross-origin-opener-policy", "same-origin"),
        ("referrer-policy", "same-origin"),
    ] {
        assert_eq!(response.headers()[name], value);
    }
    let policy = response.headers()["content-security-policy"].to_str().expect("text");
    assert_eq!(
        policy,
        "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; form-action 'self'; \
         frame-ancestors 'none'; \
         base-uri 'none'"
    );
}

#[tokio::test]
async fn a_problem_is_a_page_for_people_and_json_for_programs() {
    use http_body_util::BodyExt as _;
    let problem = Problem::new(StatusCode::FORBIDDEN, "read-only", "You are reading only")
        .detail("Changing things needs write mode.")
        .with("question", "Really?")
        .with("status", 200)
        .offer(Next::Link { href: "/a".to_owned(), label: "A".to_owned() });
    let response = problem.respond(&HeaderMap::new());
    assert_eq!(response.headers()["content-type"], "text/html; charset=utf-8");
    let mut asked = HeaderMap::new();
    asked.insert("accept", HeaderValue::from_static("application/json"));
    let response = problem.respond(&asked);
    assert_eq!(response.status(), StatusCode::FORBIDDEN);
    assert_eq!(response.headers()["content-type"], "application/problem+json");
    assert_eq!(response.headers()["cache-control"], "no-store");
    let body = response.into_body().collect().await.expect("a body").to_bytes();
    let json: serde_json::Value = serde_json::from_slice(&body).expect("json");
    assert_eq!(
        json,
        serde_json::json!({
            "type": "urn:vicarious:problem:read-only",
            "title": "You are reading only",
            "status": 403,
            "detail": "Changing things needs write mode.",
            "question": "Really?",
            "offers": [{ "method": "GET", "href": "/a", "label": "A" }],
        })
    );
}
