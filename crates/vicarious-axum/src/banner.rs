//! The banner: who is acting as whom, how, for how long, and the way out.

#[cfg(test)]
mod tests;

use std::fmt::{self, Display, Write as _};

use jiff::{SignedDuration, Timestamp};
use vicarious_core::{Mode, Person};

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

/// How long a banner is, in bytes, more or less.
const LENGTH: usize = 4 * 1024;

/// Returns the banner's HTML: a style sheet, the banner, and the script that keeps it going.
pub(crate) fn banner_html(data: &BannerData<'_>) -> String {
    let mut html = String::with_capacity(LENGTH);
    // Writing to a string cannot fail.
    let _ = write!(
        html,
        "<link rel=\"stylesheet\" href=\"/impersonation/banner.css\">\n\
         <aside id=\"vicarious-banner\" role=\"region\" aria-label=\"Impersonation\" data-mode=\"{mode}\" {times}>\n\
         <div class=\"vicarious-who\">{who}</div>\n<div class=\"vicarious-controls\">{offer}{switch}{stop}</div>\n\
         {NOTICES}</aside>\n<script src=\"/impersonation/banner.js\" defer></script>\n",
        mode = data.mode.as_str(),
        times = attributes(data),
        who = who(data),
        offer = offer(data),
        switch = switch(data),
        stop = form(data, [("_method", "DELETE")], "<button class=\"vicarious-stop\">Stop</button>"),
    );
    html
}

/// Shown by the script alone.
const NOTICES: &str = "<p class=\"vicarious-notice\" data-vicarious=\"ended\" hidden>This impersonation has ended. \
     <a href=\"\">Reload</a></p>\n\
     <p class=\"vicarious-notice\" data-vicarious=\"idle\" hidden>Nothing was done here for a while, so this \
     impersonation may have ended. Copy what you typed, then <a href=\"\">reload</a></p>\n\
     <p class=\"vicarious-notice\" data-vicarious=\"changed\" hidden>You are now <span data-vicarious=\"now\"></span>, \
     but this tab was opened before. <a href=\"\">Reload</a></p>\n\
     <p class=\"vicarious-heard\" data-vicarious=\"heard\" role=\"status\"></p>\n";

// What follows writes itself into the banner, so that nothing is put together twice.

fn attributes(data: &BannerData<'_>) -> impl Display {
    fmt::from_fn(|f| {
        write!(
            f,
            "data-tag=\"{tag}\" data-identity=\"{agent}, using the application as {customer}\" data-now=\"{now}\" \
             data-ends-at=\"{ends_at}\" data-idle-ends-at=\"{idle}\" data-continue-within=\"{continue_within}\"",
            tag = escape(data.tag),
            agent = escape(&data.agent.name),
            customer = escape(&data.customer.name),
            now = data.now,
            ends_at = data.ends_at,
            idle = data.idle_ends_at,
            continue_within = data.continue_within.as_secs(),
        )?;
        match data.mode {
            Mode::Write { until } => write!(f, " data-mode-ends-at=\"{}\"", until.min(data.ends_at)),
            Mode::Read => Ok(()),
        }
    })
}

fn who(data: &BannerData<'_>) -> impl Display {
    let mode = fmt::from_fn(|f| match data.mode {
        Mode::Read => f.write_str("reading only"),
        Mode::Write { until } => write!(f, "write mode until {}", clock(until.min(data.ends_at))),
    });
    let ticket = fmt::from_fn(|f| match data.ticket {
        Some(ticket) => write!(f, "<span class=\"vicarious-ticket\">{}</span> ", escape(ticket)),
        None => Ok(()),
    });
    fmt::from_fn(move |f| {
        write!(
            f,
            "<p class=\"vicarious-identity\">You are <strong>{agent}</strong>, using the application as \
             <strong>{customer}</strong> <span class=\"vicarious-email\">({email})</span></p>\n\
             <p class=\"vicarious-facts\"><strong class=\"vicarious-mode\">{mode}</strong> \
             <span class=\"vicarious-left\"><span data-vicarious=\"left\" role=\"timer\">{left}</span> left</span> \
             {ticket}<span class=\"vicarious-reason\">{reason}</span></p>\n",
            agent = name(&data.agent.name),
            customer = name(&data.customer.name),
            email = escape(&data.customer.email),
            left = left(data.now, data.ends_at),
            reason = name(data.reason),
        )
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

fn switch(data: &BannerData<'_>) -> impl Display {
    fmt::from_fn(|f| {
        if let Mode::Write { .. } = data.mode {
            let fields = [("_method", "PATCH"), ("mode", "read")];
            return form(data, fields, "<button>Back to reading</button>").fmt(f);
        }
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
        writeln!(f, "<details><summary>Switch to write</summary>\n{form}</details>")
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
