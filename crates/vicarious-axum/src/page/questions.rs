//! The pages that ask before something is changed, and lose nothing of what was typed.
//!
//! Their forms say nothing of whose they are: each of these pages is marked as it leaves, as those of the application are.

use vicarious_core::decide::REASON_AT_MOST;
use vicarious_core::{Person, Words};

use super::{Page, capitalised, escape, hidden, minutes, name, path, said, typed, way_out};

/// What the page of a `confirm` rule shows.
pub(crate) struct ConfirmPage<'a> {
    pub(crate) words: &'a Words,
    /// The question, which names the customer: "Save this profile for Alice's account?"
    pub(crate) question: &'a str,
    /// What is about to happen, as the rule puts it: "save this profile".
    pub(crate) phrase: &'a str,
    /// Whose account it happens to.
    pub(crate) customer: &'a Person,
    /// The method of the request that was held back.
    pub(crate) method: &'a str,
    /// Its path and query.
    pub(crate) path: &'a str,
    /// Its input, sealed.
    pub(crate) held: &'a str,
    /// The one-use permission to repeat it, sealed.
    pub(crate) confirmation: &'a str,
    /// What was typed, without secrets.
    pub(crate) typed: &'a [(String, String)],
    /// Where Cancel leads.
    pub(crate) back: &'a str,
}

/// Returns the page that asks for a confirmation.
pub(crate) fn confirm_page(page: &ConfirmPage<'_>) -> String {
    let words = page.words;
    let main = format!(
        "{whose}{typed}<form method=\"post\" action=\"{action}\">\n{method}{held}{confirmation}\n\
         <p class=\"actions\"><button class=\"primary large\">{yes}</button> {back}</p>\n</form>\n",
        whose = whose(words, page.customer),
        typed = typed(words, page.typed),
        action = path(page.path),
        method = method(page.method),
        held = hidden("_held", page.held),
        confirmation = hidden("_confirmation", page.confirmation),
        yes = said(words, "Yes, {phrase}", &[("phrase", &escape(words.of(page.phrase)))]),
        back = way_out(page.back, words.text("Cancel")),
    );
    Page { title: &capitalised(page.question), words, body_class: "danger" }.render(main)
}

/// What the page that offers write mode shows.
pub(crate) struct SwitchPage<'a> {
    pub(crate) words: &'a Words,
    /// Whose account it is about.
    pub(crate) customer: &'a Person,
    /// What was tried, as its rule puts it; none when it has no phrase.
    pub(crate) phrase: Option<&'a str>,
    /// The reason the impersonation was started for; empty where another was given that will not do.
    pub(crate) reason: &'a str,
    /// How long write mode lasts.
    pub(crate) minutes: i64,
    /// The input of the request that was held back, sealed; none when there was none.
    pub(crate) held: Option<&'a str>,
    /// What was typed, without secrets.
    pub(crate) typed: &'a [(String, String)],
    /// Where Cancel leads.
    pub(crate) back: &'a str,
}

/// Returns the page that offers to switch to write mode.
pub(crate) fn switch_page(page: &SwitchPage<'_>) -> String {
    let words = page.words;
    let title =
        words.fill("You are reading only. Switch to write for {time}?", &[("time", &minutes(words, page.minutes))]);
    let needed = |phrase| said(words, "To {phrase} you have to be in write mode.", &[("phrase", &escape(phrase))]);
    let tried = page.phrase.map(|phrase| format!("<p>{}</p>\n", needed(words.of(phrase)))).unwrap_or_default();
    let kept = format!("<p class=\"note\">{}</p>\n", escape(words.text("What you typed is kept.")));
    let kept = if page.held.is_some() { &*kept } else { "" };
    let main = format!(
        "{tried}{whose}{typed}{kept}<form method=\"post\" action=\"/impersonation\">\n\
         {method}{mode}{held}\n\
         <div class=\"field\">\n<label for=\"reason\">{label}</label>\n\
         <input id=\"reason\" name=\"reason\" type=\"text\" value=\"{reason}\" required autocomplete=\"off\"{described}>\n\
         {wrong}</div>\n\
         <p class=\"actions\"><button class=\"primary\">{switch}</button> {back}</p>\n</form>\n",
        whose = whose(words, page.customer),
        typed = typed(words, page.typed),
        method = hidden("_method", "PATCH"),
        mode = hidden("mode", "write"),
        held = page.held.map(|held| hidden("_held", held).to_string()).unwrap_or_default(),
        label = escape(words.text("Reason")),
        reason = escape(page.reason),
        described = if page.reason.is_empty() { WRONG } else { "" },
        wrong = if page.reason.is_empty() { reason_wrong(words) } else { String::new() },
        switch = escape(words.text("Switch to write")),
        back = way_out(page.back, words.text("Cancel")),
    );
    Page { title: &title, words, body_class: "warning" }.render(main)
}

/// What marks the field that is wrong: whoever uses the keyboard begins there.
const WRONG: &str = " aria-invalid=\"true\" aria-describedby=\"reason-error\" autofocus";

fn reason_wrong(words: &Words) -> String {
    let told = words.fill("Say why, in at most {count} characters of plain text.", &[("count", &REASON_AT_MOST)]);
    format!("<span class=\"error\" id=\"reason-error\">{}</span>\n", escape(&told))
}

/// What the page after a switch to write mode shows.
pub(crate) struct ResumePage<'a> {
    pub(crate) words: &'a Words,
    /// Whose account it is about.
    pub(crate) customer: &'a Person,
    /// The method of the request that was held back.
    pub(crate) method: &'a str,
    /// Its path and query.
    pub(crate) path: &'a str,
    /// Its input, sealed.
    pub(crate) held: &'a str,
    /// What was typed, without secrets.
    pub(crate) typed: &'a [(String, String)],
    /// Where Cancel leads.
    pub(crate) back: &'a str,
}

/// Returns the page that sends what was held back.
pub(crate) fn resume_page(page: &ResumePage<'_>) -> String {
    let words = page.words;
    let main = format!(
        "{whose}{typed}<form method=\"post\" action=\"{action}\">\n{method}{held}\n\
         <p class=\"actions\"><button class=\"primary\">{send}</button> {back}</p>\n</form>\n",
        whose = whose(words, page.customer),
        typed = typed(words, page.typed),
        action = path(page.path),
        method = method(page.method),
        held = hidden("_held", page.held),
        send = escape(words.text("Send what I typed")),
        back = way_out(page.back, words.text("Cancel")),
    );
    Page { title: words.text("You are in write mode. Send what you typed?"), words, body_class: "warning" }.render(main)
}

fn whose(words: &Words, customer: &Person) -> String {
    let strong = format!("<strong>{}</strong>", name(&customer.name));
    format!(
        "<p>{} <span class=\"quiet\">{}</span></p>\n",
        said(words, "This is the account of {customer}", &[("customer", &strong)]),
        escape(&customer.email)
    )
}

/// A form can only post; the method it stands for travels in a field.
fn method(method: &str) -> String {
    if method.eq_ignore_ascii_case("POST") { String::new() } else { hidden("_method", method).to_string() }
}
