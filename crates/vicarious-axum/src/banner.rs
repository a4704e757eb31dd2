//! The banner: who is acting as whom, how, for how long, and the way out.

#[cfg(test)]
mod tests;

use std::fmt::{self, Display, Write as _};

use jiff::{SignedDuration, Timestamp};
use vicarious_core::{Mode, Person, Words};

use crate::document::ascii;
use crate::page::{Escaped, escape, hidden, name, said};

/// The style sheet of the banner.
pub(crate) const BANNER_CSS: &str = include_str!("assets/banner.css");
/// The script that counts down and tells other tabs; the banner is complete without it.
pub(crate) const BANNER_JS: &str = include_str!("assets/banner.js");

/// What the banner shows.
#[derive(Clone, Debug)]
pub(crate) struct BannerData<'a> {
    /// What it is said in.
    pub(crate) words: &'a Words,
    /// The person at the keyboard.
    pub(crate) agent: &'a Person,
    /// Whose account applies.
    pub(crate) customer: &'a Person,
    /// The server's time.
    pub(crate) now: Timestamp,
    /// The mode that applies now.
    pub(crate) mode: Mode,
    /// The hard end.
    pub(crate) ends_at: Timestamp,
    /// When it idles out.
    pub(crate) idle_ends_at: Timestamp,
    /// Why it was started.
    pub(crate) reason: &'a str,
    /// For which ticket.
    pub(crate) ticket: Option<&'a str>,
    /// The identity's tag.
    pub(crate) tag: &'a str,
    /// The start page that continues this impersonation; none where that is not possible.
    pub(crate) continue_href: Option<&'a str>,
    /// How long before the hard end the banner offers to continue.
    pub(crate) continue_within: SignedDuration,
    /// How long write mode would last.
    pub(crate) write_minutes: i64,
}

/// The parts of a banner that are the same on every page, in their order, written once. All in ASCII, so that they read
/// the same in every encoding.
#[derive(Clone, Debug)]
pub(crate) struct Banner {
    /// Up to the mode.
    begin: String,
    /// From behind the mode to the time of now.
    identity: String,
    /// From there to the idle end.
    ends: String,
    /// From there to what depends on the mode.
    within: String,
    /// From there to the mode as people read it.
    who: String,
    reads: String,
    /// Around the end of write mode.
    writes: (String, String),
    /// Around the time left.
    left: (String, String),
    /// From there to the offer to continue.
    why: String,
    on: String,
    to_write: String,
    to_read: String,
    stop: String,
}

/// How much longer a banner is than its parts, in bytes, more or less.
const ROOM: usize = 1024;

impl Banner {
    /// Writes what stays the same, whatever the time, the mode and the page.
    pub(crate) fn of(data: &BannerData<'_>) -> Self {
        let parts = [begin(data), identity(data), ends(data), within(data), who(data), why(data)];
        let [begin, identity, ends, within, who, why] = parts.map(ascii);
        Self {
            begin,
            identity,
            ends,
            within,
            who,
            reads: ascii(t(data, "reading only").to_string()),
            writes: around(data.words, "write mode until {time}"),
            left: around(data.words, "{time} left"),
            why,
            on: ascii(t(data, "Continue").to_string()),
            to_write: ascii(to_write(data)),
            to_read: ascii(to_read(data)),
            stop: ascii(format!("{}{}{END}", stop(data), notices(data))),
        }
    }

    /// Returns the banner's HTML: a style sheet, the banner, and the script that keeps it going.
    pub(crate) fn html(&self, data: &BannerData<'_>) -> String {
        let Self { begin, identity, ends, within, who, left: (before, after), why, to_write, to_read, stop, .. } = self;
        let parts = [begin, identity, ends, within, who, why, to_write, to_read, stop];
        let mut html = String::with_capacity(parts.iter().map(|part| part.len()).sum::<usize>() + ROOM);
        // Both are there, because the mode may change while the page stays.
        let (up, down) = if data.mode == Mode::Read { ("", HIDDEN) } else { (HIDDEN, "") };
        // Writing to a string cannot fail.
        let _ = write!(
            html,
            "{begin}{mode}{identity}{now}{ends}{idle}{within}{until}{who}{reads}{LEFT}{before}{TIMER}{left}</span>{after}\
             {why}{offer}{TO_WRITE}{up}{to_write}{TO_READ}{down}{to_read}{stop}",
            mode = data.mode.as_str(),
            now = data.now,
            idle = data.idle_ends_at,
            until = mode_ends_at(data),
            reads = self.mode(data),
            left = left(data.now, data.ends_at),
            offer = self.offer(data),
        );
        html
    }
}

const LEFT: &str = "</strong> <span class=\"vicarious-left\">";
const TIMER: &str = "<span data-vicarious=\"left\" role=\"timer\">";
const TO_WRITE: &str = "<details data-vicarious=\"to-write\"";
const TO_READ: &str = "<div data-vicarious=\"to-read\"";
const HIDDEN: &str = " hidden";
const END: &str = "</aside>\n<script src=\"/impersonation/banner.js\" defer></script>\n";

/// Returns a text of ours, to stand in an element or in quotes.
fn t<'a>(data: &BannerData<'a>, english: &'static str) -> Escaped<'a> {
    escape(data.words.text(english))
}

/// Returns what stands before and behind the one name in a sentence.
fn around(words: &Words, english: &str) -> (String, String) {
    let text = said(words, english, &[("time", &MARK)]);
    let (before, after) = text.split_once(MARK).unwrap_or((&text, ""));
    (ascii(before.to_owned()), ascii(after.to_owned()))
}

/// No text of ours has it.
const MARK: &str = "\0";

/// What the script says has to be said in the same language.
fn begin(data: &BannerData<'_>) -> String {
    format!(
        "<link rel=\"stylesheet\" href=\"/impersonation/banner.css\">\n\
         <aside id=\"vicarious-banner\" lang=\"{lang}\" role=\"region\" aria-label=\"{label}\" data-reads=\"{reads}\" \
         data-writes=\"{writes}\" data-fell-back=\"{fell_back}\" data-expired=\"{expired}\" data-minutes=\"{minutes}\" data-minute=\"{minute}\" \
         data-self=\"{own}\" data-mode=\"",
        lang = escape(data.words.tag()),
        label = t(data, "Impersonation"),
        reads = t(data, "reading only"),
        writes = t(data, "write mode until {time}"),
        fell_back = t(data, "Write mode is over, reading only"),
        expired = t(data, "This impersonation has ended: its time was up."),
        minutes = t(data, "{count} minutes left"),
        minute = t(data, "{count} minute left"),
        own = t(data, "yourself again"),
    )
}

/// Shown by the script alone.
fn notices(data: &BannerData<'_>) -> String {
    let link = format!("<a href=\"\">{}</a>", t(data, "reload"));
    let idle =
        "Nothing was done here for a while, so this impersonation may have ended. Copy what you typed, then {link}";
    let changed = "You are now {identity}, but this tab was opened before.";
    format!(
        "<p class=\"vicarious-notice\" data-vicarious=\"ended\" hidden>{ended} <a href=\"\">{reload}</a></p>\n\
         <p class=\"vicarious-notice\" data-vicarious=\"idle\" hidden>{idle}</p>\n\
         <p class=\"vicarious-notice\" data-vicarious=\"changed\" hidden>{changed} <a href=\"\">{reload}</a></p>\n\
         <p class=\"vicarious-heard\" data-vicarious=\"heard\" role=\"status\"></p>\n",
        ended = t(data, "This impersonation has ended."),
        reload = t(data, "Reload"),
        idle = said(data.words, idle, &[("link", &link)]),
        changed = said(data.words, changed, &[("identity", &"<span data-vicarious=\"now\"></span>")]),
    )
}

fn identity(data: &BannerData<'_>) -> String {
    let (agent, customer) = (escape(&data.agent.name), escape(&data.customer.name));
    format!(
        "\" data-tag=\"{tag}\" data-identity=\"{who}\" data-now=\"",
        tag = escape(data.tag),
        who = said(
            data.words,
            "{agent}, using the application as {customer}",
            &[("agent", &agent), ("customer", &customer)]
        ),
    )
}

fn ends(data: &BannerData<'_>) -> String {
    format!("\" data-ends-at=\"{}\" data-idle-ends-at=\"", data.ends_at)
}

fn within(data: &BannerData<'_>) -> String {
    format!("\" data-continue-within=\"{}\"", data.continue_within.as_secs())
}

fn who(data: &BannerData<'_>) -> String {
    let strong = |person: &Person| format!("<strong>{}</strong>", name(&person.name));
    let (agent, customer) = (strong(data.agent), strong(data.customer));
    let who = "You are {agent}, using the application as {customer}";
    let email = fmt::from_fn(|f| match &*data.customer.email {
        "" => Ok(()),
        email => write!(f, " <span class=\"vicarious-email\">({})</span>", escape(email)),
    });
    format!(
        ">\n<div class=\"vicarious-who\"><p class=\"vicarious-identity\">{who}{email}</p>\n\
         <p class=\"vicarious-facts\"><strong class=\"vicarious-mode\">",
        who = said(data.words, who, &[("agent", &agent), ("customer", &customer)]),
    )
}

fn why(data: &BannerData<'_>) -> String {
    let ticket = fmt::from_fn(|f| match data.ticket {
        Some(ticket) => write!(f, "<span class=\"vicarious-ticket\">{}</span> ", escape(ticket)),
        None => Ok(()),
    });
    format!(
        "</span> {ticket}<span class=\"vicarious-reason\">{reason}</span></p>\n</div>\n\
         <div class=\"vicarious-controls\">",
        reason = name(data.reason),
    )
}

fn to_write(data: &BannerData<'_>) -> String {
    let write = data.words.count(data.write_minutes, "Write for {count} minute", "Write for {count} minutes");
    let inputs = fmt::from_fn(|f| {
        write!(
            f,
            "<label>{label} <input type=\"text\" name=\"reason\" value=\"{reason}\" required \
             autocomplete=\"off\"></label> <button>{write}</button>",
            label = t(data, "Reason"),
            reason = escape(data.reason),
            write = escape(&write),
        )
    });
    let form = form(data, [("_method", "PATCH"), ("mode", "write")], inputs);
    format!("><summary>{}</summary>\n{form}</details>\n", t(data, "Switch to write"))
}

fn to_read(data: &BannerData<'_>) -> String {
    let button = format!("<button>{}</button>", t(data, "Back to reading"));
    format!(">{}</div>\n", form(data, [("_method", "PATCH"), ("mode", "read")], button))
}

fn stop(data: &BannerData<'_>) -> String {
    let button = format!("<button class=\"vicarious-stop\">{}</button>", t(data, "Stop"));
    let form = form(data, [("_method", "DELETE")], button);
    format!("{form}</div>\n")
}

impl Banner {
    fn mode(&self, data: &BannerData<'_>) -> impl Display {
        let (before, after) = &self.writes;
        fmt::from_fn(move |f| match data.mode {
            Mode::Read => f.write_str(&self.reads),
            Mode::Write { until } => write!(f, "{before}{}{after}", clock(until.min(data.ends_at))),
        })
    }

    fn offer(&self, data: &BannerData<'_>) -> impl Display {
        fmt::from_fn(move |f| {
            let Some(href) = data.continue_href else { return Ok(()) };
            let soon = data.ends_at.duration_since(data.now) <= data.continue_within;
            let (href, hidden, on) = (escape(href), if soon { "" } else { " hidden" }, &self.on);
            writeln!(f, "<a class=\"vicarious-continue\" data-vicarious=\"continue\" href=\"{href}\"{hidden}>{on}</a>")
        })
    }
}

// What follows writes itself into the banner, so that nothing is put together twice.

fn mode_ends_at(data: &BannerData<'_>) -> impl Display {
    fmt::from_fn(|f| match data.mode {
        Mode::Write { until } => write!(f, " data-mode-ends-at=\"{}\"", until.min(data.ends_at)),
        Mode::Read => Ok(()),
    })
}

fn form<const FIELDS: usize>(
    data: &BannerData<'_>,
    fields: [(&'static str, &'static str); FIELDS],
    rest: impl Display,
) -> impl Display {
    fmt::from_fn(move |f| {
        write!(f, "<form method=\"post\" action=\"/impersonation\">{}", hidden("_identity", data.tag))?;
        for (name, value) in fields {
            hidden(name, value).fmt(f)?;
        }
        writeln!(f, "{rest}</form>")
    })
}

/// Returns the time left as minutes and seconds, as the script goes on to write it.
fn left(now: Timestamp, end: Timestamp) -> impl Display {
    let seconds = end.duration_since(now).as_secs().max(0);
    fmt::from_fn(move |f| write!(f, "{:02}:{:02}", seconds / 60, seconds % 60))
}

/// Returns a time of day, in UTC as everywhere.
fn clock(at: Timestamp) -> impl Display {
    fmt::from_fn(move |f| write!(f, "<time datetime=\"{at}\">{} UTC</time>", at.strftime("%H:%M")))
}
