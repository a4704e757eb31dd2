//! The page on which an impersonation begins: whom, why, for how long, with whose permission.

use std::fmt::Display;

use vicarious_core::{Account, ImpersonationId, Person, Words};

use super::put_out::{self, PutOut};
use super::top::{self, Top};
use super::{Page, escape, hidden, minutes, name, path, said, way_out};
use crate::paths::START_PAGE;

/// What the start page shows.
pub(crate) struct StartPage<'a> {
    pub(crate) words: &'a Words,
    /// Who asks.
    pub(crate) agent: &'a Person,
    /// Whose account it is about; none until a support code says so.
    pub(crate) account: Option<&'a Account>,
    /// Where the customer's permission stands.
    pub(crate) consent: ConsentShown,
    /// The same as a sentence, for example "Alice has agreed until Friday."
    pub(crate) consent_sentence: &'a str,
    /// Whether the customer uses the application just now; none when nobody can tell.
    pub(crate) online: Option<bool>,
    /// Who else is in the account now, by name.
    pub(crate) who_else: &'a [String],
    /// Who put the agent out of this account not long ago, if somebody did.
    pub(crate) put_out: Option<&'a PutOut>,
    /// Why nobody may start at present, if that is so.
    pub(crate) paused: Option<&'a str>,
    /// The reason typed so far.
    pub(crate) reason: &'a str,
    /// Reasons to pick from; none for free text alone.
    pub(crate) reasons: &'a [String],
    /// The ticket typed so far.
    pub(crate) ticket: &'a str,
    /// The customer's page to land on.
    pub(crate) go_to: &'a str,
    /// The agent's page to come back to.
    pub(crate) return_to: &'a str,
    /// What was wrong with a field, as whole sentences.
    pub(crate) errors: &'a [(String, String)],
    /// Where the customer is asked, and where it is recorded that they agreed elsewhere.
    pub(crate) asks_at: &'a str,
    pub(crate) attests_at: &'a str,
    /// The head of the console's pages; none where there is no console, and within another account.
    pub(crate) console: Option<Top<'a>>,
    /// Whether a support code can be entered.
    pub(crate) code_available: bool,
    /// Whether it can be recorded that the customer agreed elsewhere.
    pub(crate) attest_available: bool,
    /// Whether the customer can be asked from here.
    pub(crate) ask_available: bool,
    /// The running impersonation that this one would replace, and of whom it is.
    pub(crate) instead_of: Option<(&'a ImpersonationId, &'a str)>,
    /// How long it will last at most.
    pub(crate) length_minutes: i64,
    /// A script that keeps the page true while it is open.
    pub(crate) script: Option<&'a str>,
}

/// Where a customer's permission stands, as far as the start page cares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ConsentShown {
    /// The host requires none.
    NotRequired,
    /// Given.
    Agreed,
    /// Asked for, not decided.
    Asked,
    /// Not given, not asked for.
    Missing,
    /// The customer declined altogether.
    OptedOut,
}

impl ConsentShown {
    fn class(self) -> &'static str {
        match self {
            Self::NotRequired | Self::Agreed => "good",
            Self::Asked => "waiting",
            Self::Missing | Self::OptedOut => "bad",
        }
    }
}

/// Returns the start page.
pub(crate) fn start_page(page: &StartPage<'_>) -> String {
    let words = page.words;
    let put_out = |(account, by): (&Account, &PutOut)| put_out::html(words, &account.person.name, by);
    let title = match page.account {
        Some(account) => words.fill("Use the application as {customer}", &[("customer", &account.person.name)]),
        None => words.text("Enter a support code").to_owned(),
    };
    let main = format!(
        "{errors}<div data-live=\"start\">\n{paused}{put_out}{about}{form}</div>\n{code}{attest}{script}",
        errors = summary(words, page.errors),
        paused = page.paused.map(|reason| paused(words, reason)).unwrap_or_default(),
        put_out = page.account.zip(page.put_out).map(put_out).unwrap_or_default(),
        about = page.account.map(|account| about(page, account)).unwrap_or_default(),
        form = page.account.map(|account| form(page, account)).unwrap_or_default(),
        code = code(page),
        attest = page.account.map(|account| attest(page, account)).unwrap_or_default(),
        script = script(page),
    );
    let top = page.console.as_ref().map(|top| top::html(words, page.agent, top)).unwrap_or_default();
    Page { title: &title, words, body_class: "calm" }.below(top, main)
}

fn script(page: &StartPage<'_>) -> String {
    let tag = |src| {
        format!(
            "<script src=\"{src}\" data-staff=\"agent\" data-whose=\"{name}\" data-whose-id=\"{id}\" defer></script>\n",
            src = path(src),
            name = escape(&page.agent.name),
            id = escape(page.agent.id.as_str()),
        )
    };
    page.script.map(tag).unwrap_or_default()
}

fn summary(words: &Words, errors: &[(String, String)]) -> String {
    if errors.is_empty() {
        return String::new();
    }
    let item = |(field, text): &(String, String)| match field.as_str() {
        "" => format!("<li>{}</li>\n", escape(text)),
        field => format!("<li><a href=\"#{}\">{}</a></li>\n", escape(field), escape(text)),
    };
    let items: String = errors.iter().map(item).collect();
    // Whoever uses the keyboard begins in the field that is wrong, and here where none is.
    let focus = if errors.iter().all(|(field, _)| field.is_empty()) { " tabindex=\"-1\" autofocus" } else { "" };
    let missing = escape(words.text("Something is missing:"));
    format!("<div class=\"problem\" role=\"alert\"{focus}>\n<p>{missing}</p>\n<ul>\n{items}</ul>\n</div>\n")
}

/// Returns that nobody may start at present, and why.
fn paused(words: &Words, reason: &str) -> String {
    format!(
        "<div class=\"problem\" role=\"status\">\n<p>{paused}</p>\n<p>{until}</p>\n</div>\n",
        paused = said(words, "Impersonation is paused: {reason}.", &[("reason", &name(reason))]),
        until = escape(words.text("Nobody can start until an administrator allows it again.")),
    )
}

/// Returns the button that starts; while everything is paused it stands there and does nothing.
fn start_button(page: &StartPage<'_>, label: &str) -> String {
    let disabled = if page.paused.is_some() { " disabled" } else { "" };
    format!("<button class=\"primary\"{disabled}>{}</button>", escape(label))
}

fn about(page: &StartPage<'_>, account: &Account) -> String {
    let words = page.words;
    let fact = |label, value: &str| format!("<div><dt>{}</dt><dd>{value}</dd></div>\n", escape(words.text(label)));
    let organisation = account
        .organisation
        .as_deref()
        .map(|organisation| fact("Organisation", &name(organisation).to_string()))
        .unwrap_or_default();
    let who_else = match page.who_else {
        [] => escape(words.text("Nobody else")).to_string(),
        others => others.iter().map(|other| name(other).to_string()).collect::<Vec<_>>().join(", "),
    };
    let customer = format!(
        "{customer} <span class=\"quiet\">{email}</span>{online}",
        customer = name(&account.person.name),
        email = escape(&account.person.email),
        online = online(page),
    );
    let consent = format!("<span class=\"state {}\">{}</span>", page.consent.class(), escape(page.consent_sentence));
    format!(
        "<dl class=\"about\">\n{customer}{organisation}{consent}{inside}</dl>\n{replaces}",
        customer = fact("Customer", &customer),
        consent = fact("Permission", &consent),
        inside = fact("In this account now", &who_else),
        replaces = replaces(page),
    )
}

fn online(page: &StartPage<'_>) -> String {
    let (class, said) = match page.online {
        Some(true) => ("state good", "online now"),
        Some(false) => ("quiet", "not online"),
        None => return String::new(),
    };
    format!(" · <span class=\"{class}\">{}</span>", escape(page.words.text(said)))
}

/// Returns what becomes of the impersonation that runs.
fn replaces(page: &StartPage<'_>) -> String {
    let Some((_, other)) = page.instead_of else { return String::new() };
    let ends = "This ends what you are doing as {customer} now.";
    format!("<p class=\"note waiting\">{}</p>\n", said(page.words, ends, &[("customer", &name(other))]))
}

fn form(page: &StartPage<'_>, account: &Account) -> String {
    let account = &account.person;
    if page.consent == ConsentShown::Asked {
        return waiting(page, account);
    }
    let back = way_out(page.return_to, page.words.text("Cancel"));
    let label = |english| page.words.fill(english, &[("customer", &account.name)]);
    let (action, button) = match page.consent {
        ConsentShown::NotRequired | ConsentShown::Agreed => {
            ("/impersonation", start_button(page, &label("Start as {customer}")))
        }
        ConsentShown::Missing if page.ask_available => {
            (page.asks_at, format!("<button class=\"primary\">{}</button>", escape(&label("Ask {customer}"))))
        }
        ConsentShown::Missing | ConsentShown::Asked | ConsentShown::OptedOut => {
            return format!("<p class=\"actions\">{back}</p>\n");
        }
    };
    let instead_of = page.instead_of.map(|(id, _)| hidden("instead_of", id.as_str()).to_string()).unwrap_or_default();
    format!(
        "<form method=\"post\" action=\"{action}\">\n{id}{go_to}{return_to}{instead_of}\n\
         {fields}{expect}\
         <p class=\"actions\">{button} {back}</p>\n</form>\n",
        action = path(action),
        id = hidden("account_id", account.id.as_str()),
        go_to = hidden("go_to", page.go_to),
        return_to = hidden("return_to", page.return_to),
        fields = fields(page),
        expect = expect(page),
    )
}

/// Returns what to do while the customer has not answered.
fn waiting(page: &StartPage<'_>, account: &Person) -> String {
    let words = page.words;
    let note = match &page.console {
        Some(Top { consents, .. }) => {
            let link = format!("<a href=\"{}\">{}</a>", path(consents), escape(words.text("Consents")));
            let told = "There is nothing more to do now. The question stays open, also when you leave this page; you find the \
                        answer here and under {link}, and can start from there.";
            said(words, told, &[("link", &link)])
        }
        None => {
            let told = "There is nothing more to do now. The question stays open, also when you leave this page; come back to \
                        it to start.";
            escape(words.text(told)).to_string()
        }
    };
    let back = way_out(page.return_to, words.text("Back"));
    format!(
        "<p class=\"note\">{note}</p>\n\
         <p class=\"actions\"><a class=\"button primary\" href=\"{again}\">{look}</a> {back}</p>\n",
        again = filled_in(page, Some(account)),
        look = escape(words.text("Look again")),
    )
}

/// Returns this page's address, for one customer or for none, filled in as it is: an attribute's value.
fn filled_in(page: &StartPage<'_>, account: Option<&Person>) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(account.map(|account| ("account", account.id.as_str())));
    for (name, value) in
        [("reason", page.reason), ("ticket", page.ticket), ("go_to", page.go_to), ("return_to", page.return_to)]
    {
        query.append_pair(name, value);
    }
    // Not through `path`: a long reason makes it longer than what others may lead to.
    escape(&format!("{START_PAGE}?{}", query.finish())).to_string()
}

/// Returns the form that takes a support code, or the way to it where there are other ways in.
fn code(page: &StartPage<'_>) -> String {
    if !page.code_available {
        return String::new();
    }
    match page.account {
        None => code_form(page),
        Some(_) if matches!(page.consent, ConsentShown::Missing | ConsentShown::Asked) => format!(
            "<p class=\"note\">{} <a href=\"{}\">{}</a></p>\n",
            escape(page.words.text("Does the customer read out a code?")),
            filled_in(page, None),
            escape(page.words.text("Enter a support code"))
        ),
        Some(_) => String::new(),
    }
}

fn code_form(page: &StartPage<'_>) -> String {
    let words = page.words;
    let link = format!("<q>{}</q>", escape(words.text("Get help with this page")));
    let expect =
        "You begin on the page that the customer wants help with, reading only, and every page you open is recorded.";
    format!(
        "<p>{found}</p>\n\
         <form method=\"post\" action=\"/impersonation\">\n{go_to}{return_to}\n{code}{fields}\
         <p class=\"note\">{expect}</p>\n\
         <p class=\"actions\">{start} {back}</p>\n</form>\n",
        go_to = hidden("go_to", page.go_to),
        return_to = hidden("return_to", page.return_to),
        found = said(words, "A customer finds a code under {link}, and reads it to you.", &[("link", &link)]),
        expect = escape(words.text(expect)),
        start = start_button(page, words.text("Start with this code")),
        // Not filled in again: it is a secret, and a wrong one is of no use.
        code = field(
            page,
            "support_code",
            words.text("Support code"),
            "required autocomplete=\"off\" autocapitalize=\"characters\" spellcheck=\"false\" maxlength=\"16\"",
        ),
        fields = fields(page),
        back = way_out(page.return_to, page.words.text("Cancel")),
    )
}

/// Returns the form that records what the customer said elsewhere.
fn attest(page: &StartPage<'_>, account: &Account) -> String {
    let is_needed = matches!(page.consent, ConsentShown::Missing | ConsentShown::Asked);
    if !page.attest_available || !is_needed {
        return String::new();
    }
    let words = page.words;
    let customer: [(&str, &dyn Display); 1] = [("customer", &name(&account.person.name))];
    let told = "{customer} is told at once, and can say that it is not true; then it ends, and your administrator hears of it.";
    format!(
        "<h2>{title}</h2>\n<p>{told}</p>\n<form method=\"post\" action=\"{action}\">\n{id}{go_to}{return_to}{reason}{ticket}\n\
         {channel}{quotation}\
         <p class=\"actions\"><button>{record}</button></p>\n</form>\n",
        title = said(words, "Or record that {customer} agreed elsewhere", &customer),
        told = said(words, told, &customer),
        record = escape(words.text("Record what was said")),
        action = path(page.attests_at),
        id = hidden("account_id", account.person.id.as_str()),
        go_to = hidden("go_to", page.go_to),
        return_to = hidden("return_to", page.return_to),
        reason = hidden("reason", page.reason),
        ticket = hidden("ticket", page.ticket),
        channel = field(
            page,
            "channel",
            words.text("Where was it said?"),
            &format!("required autocomplete=\"off\" placeholder=\"{}\"", escape(words.text("phone, chat, mail"))),
        ),
        quotation = field(page, "quotation", words.text("In the customer’s words"), "required autocomplete=\"off\""),
    )
}

/// Returns the fields of a start.
fn fields(page: &StartPage<'_>) -> String {
    let value = format!("value=\"{}\" autocomplete=\"off\"", escape(page.ticket));
    let label = page.words.fill("{label} (optional)", &[("label", &page.words.text("Ticket"))]);
    format!("{}{}", reason(page), field(page, "ticket", &label, &value))
}

fn expect(page: &StartPage<'_>) -> String {
    let words = page.words;
    let shown = "Your request, your reason and the ticket are shown to the customer and recorded.";
    let shown_page =
        "Your request, your reason, the ticket and the page {page} are shown to the customer and recorded.";
    let begin = "You begin on {page}, reading only, for at most {time}. Every page you open is recorded under your name, \
                 {agent}, and the customer can see it.";
    let go_to = format!("<code>{}</code>", path(page.go_to));
    let note = match page.consent {
        ConsentShown::Missing if page.go_to == "/" => escape(words.text(shown)).to_string(),
        ConsentShown::Missing => said(words, shown_page, &[("page", &go_to)]),
        _ => {
            let (time, agent) = (minutes(words, page.length_minutes), name(&page.agent.name));
            said(words, begin, &[("page", &go_to), ("time", &escape(&time)), ("agent", &agent)])
        }
    };
    format!("<p class=\"note\">{note}</p>\n")
}

fn reason(page: &StartPage<'_>) -> String {
    let list: String =
        page.reasons.iter().map(|reason| format!("<option value=\"{}\">", escape(page.words.of(reason)))).collect();
    let (attribute, list) = if list.is_empty() {
        ("", String::new())
    } else {
        (" list=\"reasons\"", format!("<datalist id=\"reasons\">{list}</datalist>\n"))
    };
    let attributes = format!("value=\"{}\" required autocomplete=\"off\"{attribute}", escape(page.reason));
    format!("{}{list}", field(page, "reason", page.words.text("Reason"), &attributes))
}

fn field(page: &StartPage<'_>, id: &str, label: &str, attributes: &str) -> String {
    let wrong = page.errors.iter().find(|(field, _)| field == id);
    let (described, error) = wrong.map_or_else(Default::default, |(_, text)| {
        (
            format!(" aria-invalid=\"true\" aria-describedby=\"{id}-error\" autofocus"),
            format!("<span class=\"error\" id=\"{id}-error\">{}</span>\n", escape(text)),
        )
    });
    format!(
        "<div class=\"field\">\n<label for=\"{id}\">{label}</label>\n\
         <input id=\"{id}\" name=\"{id}\" type=\"text\" {attributes}{described}>\n{error}</div>\n",
        label = escape(label),
    )
}
