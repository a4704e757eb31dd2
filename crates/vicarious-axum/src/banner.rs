//! The banner: who is acting as whom, how, for how long, and the way out.

#[cfg(test)]
mod tests;

use std::fmt::{self, Display, Write as _};

use jiff::{SignedDuration, Timestamp};
use vicarious_core::{Mode, Person};

use crate::document::ascii;
use crate::page::{escape, hidden, name};

/// The style sheet of the banner.
pub(crate) const BANNER_CSS: &str = include_str!("assets/banner.css");
/// The script that counts down and tells other tabs; the banner is complete without it.
pub(crate) const BANNER_JS: &str = include_str!("assets/banner.js");

/// What the banner shows.
#[derive(Clone, Debug)]
pub(crate) struct BannerData<'a> {
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
    /// From behind the mode to the time of now.
    identity: String,
    /// From there to the idle end.
    ends: String,
    /// From there to what depends on the mode.
    within: String,
    /// From there to the mode as people read it.
    who: String,
    /// From behind the time left to the offer to continue.
    why: String,
    to_write: String,
    to_read: String,
    stop: String,
}

/// How much longer a banner is than its parts, in bytes, more or less.
const ROOM: usize = 1024;

impl Banner {
    /// Writes what stays the same, whatever the time, the mode and the page.
    pub(crate) fn of(data: &BannerData<'_>) -> Self {
        let parts = [identity(data), ends(data), within(data), who(data), why(data), to_write(data), to_read(data)];
        let [identity, ends, within, who, why, to_write, to_read] = parts.map(ascii);
        Self { identity, ends, within, who, why, to_write, to_read, stop: ascii(stop(data)) }
    }

    /// Returns the banner's HTML: a style sheet, the banner, and the script that keeps it going.
    pub(crate) fn html(&self, data: &BannerData<'_>) -> String {
        let Self { identity, ends, within, who, why, to_write, to_read, stop } = self;
        let parts = [BEGIN, identity, ends, within, who, why, to_write, stop, NOTICES, END];
        let mut html = String::with_capacity(parts.iter().map(|part| part.len()).sum::<usize>() + ROOM);
        let switch = if data.mode == Mode::Read { to_write } else { to_read };
        // Writing to a string cannot fail.
        let _ = write!(
            html,
            "{BEGIN}{mode}{identity}{now}{ends}{idle}{within}{until}{who}{reads}{LEFT}{left}{why}{offer}{switch}{stop}\
             {NOTICES}{END}",
            mode = data.mode.as_str(),
            now = data.now,
            idle = data.idle_ends_at,
            until = mode_ends_at(data),
            reads = mode(data),
            left = left(data.now, data.ends_at),
            offer = offer(data),
        );
        html
    }
}

const BEGIN: &str = "<link rel=\"stylesheet\" href=\"/impersonation/banner.css\">\n\
     <aside id=\"vicarious-banner\" role=\"region\" aria-label=\"Impersonation\" data-mode=\"";

const LEFT: &str = "</strong> <span class=\"vicarious-left\"><span data-vicarious=\"left\" role=\"timer\">";

const END: &str = "</aside>\n<script src=\"/impersonation/banner.js\" defer></script>\n";

/// Shown by the script alone.
const NOTICES: &str = "<p class=\"vicarious-notice\" data-vicarious=\"ended\" hidden>This impersonation has ended. \
     <a href=\"\">Reload</a></p>\n\
     <p class=\"vicarious-notice\" data-vicarious=\"idle\" hidden>Nothing was done here for a while, so this \
     impersonation may have ended. Copy what you typed, then <a href=\"\">reload</a></p>\n\
     <p class=\"vicarious-notice\" data-vicarious=\"changed\" hidden>You are now <span data-vicarious=\"now\"></span>, \
     but this tab was opened before. <a href=\"\">Reload</a></p>\n\
     <p class=\"vicarious-heard\" data-vicarious=\"heard\" role=\"status\"></p>\n";

fn identity(data: &BannerData<'_>) -> String {
    format!(
        "\" data-tag=\"{tag}\" data-identity=\"{agent}, using the application as {customer}\" data-now=\"",
        tag = escape(data.tag),
        agent = escape(&data.agent.name),
        customer = escape(&data.customer.name),
    )
}

fn ends(data: &BannerData<'_>) -> String {
    format!("\" data-ends-at=\"{}\" data-idle-ends-at=\"", data.ends_at)
}

fn within(data: &BannerData<'_>) -> String {
    format!("\" data-continue-within=\"{}\"", data.continue_within.as_secs())
}

fn who(data: &BannerData<'_>) -> String {
    format!(
        ">\n<div class=\"vicarious-who\"><p class=\"vicarious-identity\">You are <strong>{agent}</strong>, using the \
         application as <strong>{customer}</strong> <span class=\"vicarious-email\">({email})</span></p>\n\
         <p class=\"vicarious-facts\"><strong class=\"vicarious-mode\">",
        agent = name(&data.agent.name),
        customer = name(&data.customer.name),
        email = escape(&data.customer.email),
    )
}

fn why(data: &BannerData<'_>) -> String {
    let ticket = fmt::from_fn(|f| match data.ticket {
        Some(ticket) => write!(f, "<span class=\"vicarious-ticket\">{}</span> ", escape(ticket)),
        None => Ok(()),
    });
    format!(
        "</span> left</span> {ticket}<span class=\"vicarious-reason\">{reason}</span></p>\n</div>\n\
         <div class=\"vicarious-controls\">",
        reason = name(data.reason),
    )
}

fn to_write(data: &BannerData<'_>) -> String {
    let inputs = fmt::from_fn(|f| {
        write!(
            f,
            "<label>Reason <input type=\"text\" name=\"reason\" value=\"{reason}\" required \
             autocomplete=\"off\"></label> <button>Write for {minutes} minutes</button>",
            reason = escape(data.reason),
            minutes = data.write_minutes,
        )
    });
    let form = form(data, [("_method", "PATCH"), ("mode", "write")], inputs);
    format!("<details><summary>Switch to write</summary>\n{form}</details>\n")
}

fn to_read(data: &BannerData<'_>) -> String {
    form(data, [("_method", "PATCH"), ("mode", "read")], "<button>Back to reading</button>").to_string()
}

fn stop(data: &BannerData<'_>) -> String {
    let form = form(data, [("_method", "DELETE")], "<button class=\"vicarious-stop\">Stop</button>");
    format!("{form}</div>\n")
}

// What follows writes itself into the banner, so that nothing is put together twice.

fn mode_ends_at(data: &BannerData<'_>) -> impl Display {
    fmt::from_fn(|f| match data.mode {
        Mode::Write { until } => write!(f, " data-mode-ends-at=\"{}\"", until.min(data.ends_at)),
        Mode::Read => Ok(()),
    })
}

fn mode(data: &BannerData<'_>) -> impl Display {
    fmt::from_fn(|f| match data.mode {
        Mode::Read => f.write_str("reading only"),
        Mode::Write { until } => write!(f, "write mode until {}", clock(until.min(data.ends_at))),
    })
}

fn offer(data: &BannerData<'_>) -> impl Display {
    fmt::from_fn(|f| {
        let Some(href) = data.continue_href else { return Ok(()) };
        let soon = data.ends_at.duration_since(data.now) <= data.continue_within;
        let (href, hidden) = (escape(href), if soon { "" } else { " hidden" });
        writeln!(f, "<a class=\"vicarious-continue\" data-vicarious=\"continue\" href=\"{href}\"{hidden}>Continue</a>")
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

/// Returns a time of day; the script turns it into the reader's own.
fn clock(at: Timestamp) -> impl Display {
    fmt::from_fn(move |f| {
        write!(f, "<time data-vicarious=\"until\" datetime=\"{at}\">{} UTC</time>", at.strftime("%H:%M"))
    })
}
