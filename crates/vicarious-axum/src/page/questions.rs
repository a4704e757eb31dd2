//! The pages that ask before something is changed, and lose nothing of what was typed.

use vicarious_core::Person;

use super::{Page, capitalised, escape, hidden, identity, name, path, typed, way_out};

/// What the page of a `confirm` rule shows.
pub(crate) struct ConfirmPage<'a> {
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
    /// The tag of the identity that asked.
    pub(crate) identity_tag: &'a str,
    /// What was typed, without secrets.
    pub(crate) typed: &'a [(String, String)],
    /// Where Cancel leads.
    pub(crate) back: &'a str,
}

/// Returns the page that asks for a confirmation.
pub(crate) fn confirm_page(page: &ConfirmPage<'_>) -> String {
    let main = format!(
        "{whose}{typed}<form method=\"post\" action=\"{action}\">\n{method}{identity}{held}{confirmation}\n\
         <p class=\"actions\"><button class=\"primary large\">Yes, {phrase}</button> {back}</p>\n</form>\n",
        whose = whose(page.customer),
        typed = typed(page.typed),
        action = path(page.path),
        method = method(page.method),
        identity = identity(Some(page.identity_tag)),
        held = hidden("_held", page.held),
        confirmation = hidden("_confirmation", page.confirmation),
        phrase = escape(page.phrase),
        back = way_out(page.back, "Cancel"),
    );
    Page { title: &capitalised(page.question), lang: "en", body_class: "danger" }.render(main)
}

/// What the page that offers write mode shows.
pub(crate) struct SwitchPage<'a> {
    /// Whose account it is about.
    pub(crate) customer: &'a Person,
    /// What was tried, as its rule puts it; none when it has no phrase.
    pub(crate) phrase: Option<&'a str>,
    /// The reason the impersonation was started for.
    pub(crate) reason: &'a str,
    /// How long write mode lasts.
    pub(crate) minutes: i64,
    /// The input of the request that was held back, sealed; none when there was none.
    pub(crate) held: Option<&'a str>,
    /// The tag of the identity that asked.
    pub(crate) identity_tag: &'a str,
    /// What was typed, without secrets.
    pub(crate) typed: &'a [(String, String)],
    /// Where Cancel leads.
    pub(crate) back: &'a str,
}

/// Returns the page that offers to switch to write mode.
pub(crate) fn switch_page(page: &SwitchPage<'_>) -> String {
    let title = format!("You are reading only. Switch to write for {}?", minutes(page.minutes));
    let tried = page
        .phrase
        .map(|phrase| format!("<p>To {} you have to be in write mode.</p>\n", escape(phrase)))
        .unwrap_or_default();
    let kept = if page.held.is_some() { "<p class=\"note\">What you typed is kept.</p>\n" } else { "" };
    let main = format!(
        "{tried}{whose}{typed}{kept}<form method=\"post\" action=\"/impersonation\">\n\
         {method}{mode}{identity}{held}\n\
         <div class=\"field\">\n<label for=\"reason\">Reason</label>\n\
         <input id=\"reason\" name=\"reason\" type=\"text\" value=\"{reason}\" required autocomplete=\"off\">\n</div>\n\
         <p class=\"actions\"><button class=\"primary\">Switch to write</button> {back}</p>\n</form>\n",
        whose = whose(page.customer),
        typed = typed(page.typed),
        method = hidden("_method", "PATCH"),
        mode = hidden("mode", "write"),
        identity = identity(Some(page.identity_tag)),
        held = page.held.map(|held| hidden("_held", held).to_string()).unwrap_or_default(),
        reason = escape(page.reason),
        back = way_out(page.back, "Cancel"),
    );
    Page { title: &title, lang: "en", body_class: "warning" }.render(main)
}

/// What the page after a switch to write mode shows.
pub(crate) struct ResumePage<'a> {
    /// Whose account it is about.
    pub(crate) customer: &'a Person,
    /// The method of the request that was held back.
    pub(crate) method: &'a str,
    /// Its path and query.
    pub(crate) path: &'a str,
    /// Its input, sealed.
    pub(crate) held: &'a str,
    /// The tag of the identity that asked.
    pub(crate) identity_tag: &'a str,
    /// What was typed, without secrets.
    pub(crate) typed: &'a [(String, String)],
    /// Where Cancel leads.
    pub(crate) back: &'a str,
}

/// Returns the page that sends what was held back.
pub(crate) fn resume_page(page: &ResumePage<'_>) -> String {
    let main = format!(
        "{whose}{typed}<form method=\"post\" action=\"{action}\">\n{method}{identity}{held}\n\
         <p class=\"actions\"><button class=\"primary\">Send what I typed</button> {back}</p>\n</form>\n",
        whose = whose(page.customer),
        typed = typed(page.typed),
        action = path(page.path),
        method = method(page.method),
        identity = identity(Some(page.identity_tag)),
        held = hidden("_held", page.held),
        back = way_out(page.back, "Cancel"),
    );
    Page { title: "You are in write mode. Send what you typed?", lang: "en", body_class: "warning" }.render(main)
}

fn whose(customer: &Person) -> String {
    format!(
        "<p>This is the account of <strong>{}</strong> <span class=\"quiet\">{}</span></p>\n",
        name(&customer.name),
        escape(&customer.email)
    )
}

/// A form can only post; the method it stands for travels in a field.
fn method(method: &str) -> String {
    if method.eq_ignore_ascii_case("POST") { String::new() } else { hidden("_method", method).to_string() }
}

fn minutes(minutes: i64) -> String {
    if minutes == 1 { "1 minute".to_owned() } else { format!("{minutes} minutes") }
}
