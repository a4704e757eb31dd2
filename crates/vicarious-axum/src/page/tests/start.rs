//! The start page.

use super::*;
use crate::mounted::SignOut;

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
    has(
        &html,
        &["role=\"alert\"", "href=\"#reason\"", "aria-invalid=\"true\" aria-describedby=\"reason-error\" autofocus"],
    );
    assert_eq!(html.matches("aria-invalid").count(), 1);
}

#[test]
fn replacing_a_running_impersonation_is_said() {
    let id = ImpersonationId::from("i1");
    let html = start(|page| page.instead_of = Some((&id, "Carol")));
    has(&html, &["name=\"instead_of\" value=\"i1\"", "This ends what you are doing as <bdi>Carol</bdi> now."]);
}
