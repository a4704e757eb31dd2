mod notices;
mod questions;
mod start;

use vicarious_core::{Account, ImpersonationId, Person, Words};

use super::*;
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
        typed,
        back: "/profile",
    }
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
