//! The pages that say why something did not happen, and what can be done now.

use vicarious_core::{Person, Words};

use super::{Page, escape, hidden, home, path, typed, way_out};
use crate::problem::{Next, Problem};

/// What the page of an ended impersonation shows.
pub(crate) struct DeadPage<'a> {
    pub(crate) words: &'a Words,
    /// Why it ended, as a sentence.
    pub(crate) sentence: &'a str,
    /// The person at the keyboard, by name.
    pub(crate) agent: &'a str,
    /// Whose account it was; none when the handle is unknown.
    pub(crate) customer: Option<&'a Person>,
    /// What the agent had given as the reason and the ticket; empty where there was none.
    pub(crate) reason: &'a str,
    pub(crate) ticket: &'a str,
    /// What was typed into the form that came too late, without secrets.
    pub(crate) typed: &'a [(String, String)],
}

/// Returns the page that every request gets until its end is acknowledged.
pub(crate) fn dead_page(page: &DeadPage<'_>) -> String {
    let words = page.words;
    let title = match page.customer {
        Some(customer) => {
            words.fill("You are no longer using the application as {customer}", &[("customer", &customer.name)])
        }
        None => words.text("Your impersonation has ended").to_owned(),
    };
    let again = page.customer.map(|customer| start_again(page, customer)).unwrap_or_default();
    let explained = "What you have just asked for was not carried out. Say first who you want to be, so that nothing runs \
                     under the wrong name.";
    let main = format!(
        "<p class=\"lead\">{sentence}</p>\n<p>{explained}</p>\n\
         <form method=\"post\" action=\"/impersonation\">\n{method}\n\
         <p class=\"actions\"><button class=\"primary\">{on}</button> {again}</p>\n</form>\n{typed}",
        sentence = escape(page.sentence),
        explained = escape(words.text(explained)),
        method = hidden("_method", "DELETE"),
        on = escape(&words.fill("Go on as {agent}", &[("agent", &page.agent)])),
        typed = typed(words, page.typed),
    );
    Page { title: &title, words, body_class: "warning" }.render(main)
}

/// Returns the way to the start page for a customer, filled in with what was said the last time.
fn start_again(page: &DeadPage<'_>, customer: &Person) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    for (name, value) in [("account", customer.id.as_str()), ("reason", page.reason), ("ticket", page.ticket)] {
        if !value.is_empty() {
            query.append_pair(name, value);
        }
    }
    // Not through `way_out`: a long reason makes it longer than what others may lead to.
    format!(
        "<a class=\"button\" href=\"/impersonation/new?{}\">{}</a>",
        escape(&query.finish()),
        escape(&page.words.fill("Start again as {customer}", &[("customer", &customer.name)]))
    )
}

/// What the page of a mixed-up tab shows.
pub(crate) struct MismatchPage<'a> {
    pub(crate) words: &'a Words,
    /// Who is acting now, and as whom, as a sentence.
    pub(crate) now: &'a str,
    /// The page that the form was on; none when the browser did not say.
    pub(crate) reload: Option<&'a str>,
    /// What was typed into the form, without secrets.
    pub(crate) typed: &'a [(String, String)],
}

/// Returns the page for a form that was made for another identity.
pub(crate) fn mismatch_page(page: &MismatchPage<'_>) -> String {
    let words = page.words;
    let label = escape(words.text("Reload that page"));
    let reload = page
        .reload
        .map(|back| format!("<a class=\"button primary\" href=\"{}\">{label}</a> ", path(back)))
        .unwrap_or_default();
    let explained = "The page you sent this from was opened as somebody else, so nothing was carried out. This happens when \
                     the identity changes in another tab.";
    let main = format!(
        "<p class=\"lead\">{now}</p>\n<p>{explained}</p>\n<p class=\"actions\">{reload}{home}</p>\n{typed}",
        now = escape(page.now),
        explained = escape(words.text(explained)),
        home = home(words),
        typed = typed(words, page.typed),
    );
    Page { title: words.text("This tab belongs to another identity"), words, body_class: "danger" }.render(main)
}

/// Returns the page for a request that another site caused.
pub(crate) fn cross_site_page(words: &Words) -> String {
    let main = format!(
        "<p class=\"lead\">{nothing}</p>\n<p>{yourself}</p>\n<p class=\"actions\">{home}</p>\n",
        nothing = escape(words.text("Another site asked for this, so nothing was carried out.")),
        yourself = escape(words.text("If you meant to do it, open the application yourself and do it there.")),
        home = home(words),
    );
    Page { title: words.text("This request came from another site"), words, body_class: "danger" }.render(main)
}

/// Returns the page of a problem, with the next steps it offers.
pub(crate) fn problem_page(words: &Words, problem: &Problem) -> String {
    let detail = problem.detail_in(words);
    let detail = detail.map(|detail| format!("<p class=\"lead\">{}</p>\n", escape(&detail))).unwrap_or_default();
    let quoted =
        problem.quoted().map(|text| format!("<pre class=\"quote\">{}</pre>\n", escape(text))).unwrap_or_default();
    let steps: String = problem.links.iter().map(|next| step(words, next)).collect();
    let main = format!("{detail}{quoted}<div class=\"actions\">\n{steps}{home}\n</div>\n", home = home(words));
    Page { title: words.of(&problem.title), words, body_class: "warning" }.render(main)
}

fn step(words: &Words, next: &Next) -> String {
    match next {
        Next::Link { href, label } => format!("{}\n", way_out(href, words.of(label))),
        Next::Post { action, label, fields } => {
            let fields: String = fields.iter().map(|(name, value)| hidden(name, value).to_string()).collect();
            format!(
                "<form method=\"post\" action=\"{}\">{fields}<button class=\"primary\">{}</button></form>\n",
                path(action),
                escape(words.of(label))
            )
        }
    }
}
