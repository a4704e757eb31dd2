//! The pages that say why something did not happen, and what can be done now.

use vicarious_core::Person;

use super::{Page, escape, hidden, path, way_out};
use crate::problem::{Next, Problem};

/// What the page of an ended impersonation shows.
pub(crate) struct DeadPage<'a> {
    /// Why it ended, as a sentence.
    pub(crate) sentence: &'a str,
    /// The person at the keyboard, by name.
    pub(crate) agent: &'a str,
    /// Whose account it was; none when the handle is unknown.
    pub(crate) customer: Option<&'a Person>,
}

/// Returns the page that every request gets until its end is acknowledged.
pub(crate) fn dead_page(page: &DeadPage<'_>) -> String {
    let title = match page.customer {
        Some(customer) => format!("You are no longer using the application as {}", customer.name),
        None => "Your impersonation has ended".to_owned(),
    };
    let again = page
        .customer
        .map(|customer| way_out(&start_again(customer), &format!("Start again as {}", customer.name)))
        .unwrap_or_default();
    let main = format!(
        "<p class=\"lead\">{sentence}</p>\n\
         <p>Nothing you did on the last page was carried out. Say first who you want to be, \
         so that nothing runs under the wrong name.</p>\n\
         <form method=\"post\" action=\"/impersonation\">\n{method}\n\
         <p class=\"actions\"><button class=\"primary\">Go on as {agent}</button> {again}</p>\n</form>\n",
        sentence = escape(page.sentence),
        method = hidden("_method", "DELETE"),
        agent = escape(page.agent),
    );
    Page { title: &title, lang: "en", body_class: "warning" }.render(main)
}

/// Returns the address of the start page for a customer.
fn start_again(customer: &Person) -> String {
    let id: String = form_urlencoded::byte_serialize(customer.id.as_str().as_bytes()).collect();
    format!("/impersonation/new?account={id}")
}

/// What the page of a mixed-up tab shows.
pub(crate) struct MismatchPage<'a> {
    /// Who is acting now, and as whom, as a sentence.
    pub(crate) now: &'a str,
    /// The page that the form was on; none when the browser did not say.
    pub(crate) reload: Option<&'a str>,
}

/// Returns the page for a form that was made for another identity.
pub(crate) fn mismatch_page(page: &MismatchPage<'_>) -> String {
    let reload = page
        .reload
        .map(|back| format!("<a class=\"button primary\" href=\"{}\">Reload that page</a> ", path(back)))
        .unwrap_or_default();
    let main = format!(
        "<p class=\"lead\">{now}</p>\n\
         <p>The page you sent this from was opened as somebody else, so nothing was carried out. \
         This happens when the identity changes in another tab.</p>\n\
         <p class=\"actions\">{reload}{home}</p>\n",
        now = escape(page.now),
        home = way_out("/", "Go to the first page"),
    );
    Page { title: "This tab belongs to another identity", lang: "en", body_class: "danger" }.render(main)
}

/// Returns the page for a request that another site caused.
pub(crate) fn cross_site_page() -> String {
    let main = format!(
        "<p class=\"lead\">Another site asked for this, so nothing was carried out.</p>\n\
         <p>If you meant to do it, open the application yourself and do it there.</p>\n\
         <p class=\"actions\">{home}</p>\n",
        home = way_out("/", "Go to the first page"),
    );
    Page { title: "This request came from another site", lang: "en", body_class: "danger" }.render(main)
}

/// Returns the page of a problem, with the next steps it offers.
pub(crate) fn problem_page(problem: &Problem) -> String {
    let detail = problem.detail.as_deref();
    let detail = detail.map(|detail| format!("<p class=\"lead\">{}</p>\n", escape(detail))).unwrap_or_default();
    let steps: String = problem.links.iter().map(step).collect();
    let main = format!(
        "{detail}<div class=\"actions\">\n{steps}{home}\n</div>\n",
        home = way_out("/", "Go to the first page"),
    );
    Page { title: &problem.title, lang: "en", body_class: "warning" }.render(main)
}

fn step(next: &Next) -> String {
    match next {
        Next::Link { href, label } => format!("{}\n", way_out(href, label)),
        Next::Post { action, label, fields } => {
            let fields: String = fields.iter().map(|(name, value)| hidden(name, value).to_string()).collect();
            format!(
                "<form method=\"post\" action=\"{}\">{fields}<button class=\"primary\">{}</button></form>\n",
                path(action),
                escape(label)
            )
        }
    }
}
