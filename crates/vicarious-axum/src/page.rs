//! The layer's own pages: complete documents that need neither a script nor a template engine.

mod notices;
mod put_out;
mod questions;
mod start;
#[cfg(test)]
mod tests;
mod top;
mod typed;

use std::fmt::{self, Display};

use axum::body::Body;
use axum::response::Response;
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderName, HeaderValue, StatusCode};
use vicarious_core::words::{Piece, pieces};
use vicarious_core::{SitePath, Timestamp, Words};

pub(crate) use notices::{DeadPage, MismatchPage, cross_site_page, dead_page, mismatch_page, problem_page};
pub(crate) use put_out::{PutOut, PutOutBy};
pub(crate) use questions::{ConfirmPage, ResumePage, SwitchPage, confirm_page, resume_page, switch_page};
pub(crate) use start::{ConsentShown, StartPage, start_page};
pub(crate) use top::Top;
use typed::typed;

/// The style sheet of these pages; the banner brings its own.
pub(crate) const PAGES_CSS: &str = include_str!("assets/pages.css");

/// What our pages may load and send: nothing of another origin.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; \
                      form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

/// Returns a response of ours: kept nowhere, framed nowhere, and shut off from other windows.
pub(crate) fn respond(status: StatusCode, content_type: &'static str, body: String) -> Response {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    for (name, value) in [
        (CONTENT_TYPE, content_type),
        (CACHE_CONTROL, "no-store"),
        (CONTENT_SECURITY_POLICY, POLICY),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (REFERRER_POLICY, "same-origin"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

/// Returns a page of ours as a response.
pub(crate) fn respond_html(status: StatusCode, page: String) -> Response {
    respond(status, "text/html; charset=utf-8", page)
}

/// The frame of a page.
pub(crate) struct Page<'a> {
    /// What the window and the main heading say.
    pub(crate) title: &'a str,
    /// What it is said in.
    pub(crate) words: &'a Words,
    /// `calm`, `warning` or `danger`: the colour of the edge.
    pub(crate) body_class: &'a str,
}

impl Page<'_> {
    /// Returns the complete document around what stands below the heading, which must be HTML already.
    pub(crate) fn render(&self, main: impl Display) -> String {
        self.below("", main)
    }

    /// Returns it with something above all of that, which must be HTML already.
    pub(crate) fn below(&self, top: impl Display, main: impl Display) -> String {
        format!(
            "<!doctype html>\n<html lang=\"{lang}\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta name=\"color-scheme\" content=\"light dark\">\n<meta name=\"robots\" content=\"noindex\">\n\
             <title>{title}</title>\n<link rel=\"stylesheet\" href=\"/impersonation/pages.css\">\n</head>\n\
             <body class=\"vicarious-page {class}\">\n{top}<main>\n<h1>{title}</h1>\n{main}</main>\n</body>\n</html>\n",
            lang = escape(self.words.tag()),
            class = escape(self.body_class),
            title = escape(self.title),
        )
    }
}

/// Returns text as it may stand in an element or a quoted attribute.
pub(crate) fn escape(text: &str) -> Escaped<'_> {
    Escaped(text)
}

/// Text that writes itself escaped.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Escaped<'a>(&'a str);

impl Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let special = |byte: u8| matches!(byte, b'&' | b'<' | b'>' | b'"' | b'\'' | 0);
        let mut rest = self.0;
        while let Some(at) = rest.bytes().position(special) {
            // All of them are ASCII, so both cuts fall between characters.
            let (plain, from) = rest.split_at(at);
            let (found, after) = from.split_at(1);
            f.write_str(plain)?;
            f.write_str(match found {
                "&" => "&amp;",
                "<" => "&lt;",
                ">" => "&gt;",
                "\"" => "&quot;",
                "'" => "&#39;",
                _ => "\u{fffd}",
            })?;
            rest = after;
        }
        f.write_str(rest)
    }
}

/// Returns a sentence as HTML. What stands for its names has to be HTML already.
pub(crate) fn said(words: &Words, english: &str, values: &[(&str, &dyn Display)]) -> String {
    let value = |slot| values.iter().find(|(name, _)| *name == slot).map(|(_, value)| value.to_string());
    let piece = |piece| match piece {
        Piece::Text(text) => escape(text).to_string(),
        Piece::Slot(slot) => value(slot).unwrap_or_default(),
    };
    pieces(words.text(english)).map(piece).collect()
}

/// Returns somebody's name, kept from turning the text around it: names are written by those they name.
pub(crate) fn name(text: &str) -> impl Display {
    fmt::from_fn(move |f| write!(f, "<bdi>{}</bdi>", escape(text)))
}

/// Returns a hidden field.
pub(crate) fn hidden(name: &str, value: &str) -> impl Display {
    fmt::from_fn(move |f| write!(f, "<input type=\"hidden\" name=\"{}\" value=\"{}\">", escape(name), escape(value)))
}

/// Returns a path as an attribute's value; whatever could lead off the site becomes `/`.
fn path(text: &str) -> String {
    escape(SitePath::new(text).as_str()).to_string()
}

/// Returns a link that looks like a button of the second rank.
fn way_out(href: &str, label: &str) -> String {
    format!("<a class=\"button\" href=\"{}\">{}</a>", path(href), escape(label))
}

/// Returns the link to the application's first page.
fn home(words: &Words) -> String {
    way_out("/", words.text("Home"))
}

/// Returns a time as people read it: `Friday 27 November, 14:02 UTC`.
pub(crate) fn day_and_time(words: &Words, at: Timestamp) -> String {
    let (day, time) = (at.strftime("%-d"), at.strftime("%H:%M UTC"));
    let (weekday, month) = (words.weekday(at), words.month(at));
    words.fill(
        "{weekday} {day} {month}, {time}",
        &[("weekday", &weekday), ("day", &day), ("month", &month), ("time", &time)],
    )
}

fn minutes(words: &Words, number: i64) -> String {
    words.count(number, "{count} minute", "{count} minutes")
}

/// Returns a phrase as the beginning of a sentence.
fn capitalised(phrase: &str) -> String {
    let mut letters = phrase.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
