//! The pages that ask before something is done.

use super::*;

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
fn going_up_keeps_the_reason_and_what_was_typed() {
    let alice = alice().person;
    let mut page = SwitchPage {
        words: english(),
        customer: &alice,
        phrase: Some("save this profile"),
        reason: "Invoice",
        minutes: 10,
        held: Some("h3ld"),
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
        typed: &[],
        back: "/orders/new",
    });
    has(&html, &["<form method=\"post\" action=\"/orders\">", "Send what I typed", "value=\"h3ld\""]);
    assert!(!html.contains("_method"));
}
