//! The marks of an impersonation on every answer: header, no-store, banner, identity tags.

use std::sync::{Arc, OnceLock};

use axum::response::{IntoResponse, Response};
use http::header::{
    CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, ETAG, EXPIRES, LAST_MODIFIED,
    X_CONTENT_TYPE_OPTIONS,
};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use jiff::Timestamp;
use vicarious_core::rules::is_safe;
use vicarious_core::{Impersonation, Mode, Words};

use crate::banner::{Banner, BannerData};
use crate::document::{self, Rewrite, Tagging, is_html};
use crate::engine::Engine;
use crate::lasting::Lasting;
use crate::paths::START_PAGE;
use crate::problem::Problem;
use crate::site;

impl Lasting {
    pub(crate) fn of(engine: &Engine, row: Arc<Impersonation>) -> Self {
        let tag = row.tag();
        let header = |mode| HeaderValue::try_from(format!("id={}, mode={mode}, ends={}", row.id, row.ends_at)).ok();
        let banners = (0..engine.languages.count()).map(|_| OnceLock::new()).collect();
        let headers = ["read", "write"].map(header);
        let tagging = Arc::new(Tagging::new(&tag, &engine.own_origins));
        Self { headers, tagging, banners, continues: continues(&row), tag, row }
    }

    /// Marks an answer: a document gets the banner, every HTML its identity tags, everything the headers.
    ///
    /// `asked` are the request's head as it came in.
    pub(crate) fn mark(&self, engine: &Engine, asked: &Asked, response: Response) -> Response {
        let mut response = self.rewritten(engine, asked, engine.languages.say(response)).unwrap_or_else(|why| {
            // The page that says so is one of ours, which can be marked.
            let instead = engine.languages.say(unmarkable(&asked.headers, &why));
            self.rewritten(engine, asked, instead).unwrap_or_else(|_| StatusCode::BAD_GATEWAY.into_response())
        });
        self.add_headers(engine, response.headers_mut());
        response
    }

    /// Adds the headers that every answer of an impersonation has, and removes those by which it could be kept.
    fn add_headers(&self, engine: &Engine, headers: &mut HeaderMap) {
        let [read, write] = &self.headers;
        let value = if self.row.mode_at(engine.now()) == Mode::Read { read } else { write };
        if let Some(value) = value {
            headers.insert(MARK, value.clone());
        }
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        // What is not called HTML must not be shown as HTML, because it has no banner.
        headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        for name in [ETAG, LAST_MODIFIED, EXPIRES].into_iter().chain(OF_PROXIES) {
            headers.remove(name);
        }
    }

    /// Returns the answer with its banner if it is to have one, or why it cannot have it.
    fn rewritten(&self, engine: &Engine, asked: &Asked, response: Response) -> Result<Response, String> {
        if !has_document(asked, &response) {
            return Ok(response);
        }
        if !can_be_marked(response.headers()) {
            return Err("its character set".to_owned());
        }
        let (mut parts, mut body) = response.into_parts();
        for encoding in encodings(&parts.headers).into_iter().rev() {
            body = document::decode(body, &encoding).ok_or(encoding)?;
        }
        parts.headers.remove(CONTENT_ENCODING);
        parts.headers.remove(CONTENT_LENGTH);
        let banner = site::is_document(&asked.headers).then(|| self.banner(engine, asked));
        let body = document::rewrite(body, Rewrite { banner, tagging: Arc::clone(&self.tagging) });
        Ok((parts, body).into_response())
    }

    fn banner(&self, engine: &Engine, asked: &Asked) -> String {
        let (before, after) = &self.continues;
        let page = form_urlencoded::byte_serialize(asked.page().as_bytes());
        let href: String = [before.as_str()].into_iter().chain(page).chain([after.as_str()]).collect();
        let (place, words) = engine.languages.placed(&asked.headers);
        let data = data(engine, words, &self.row, &self.tag, engine.now());
        let idle_ends_at = asked.idle_ends_at(&self.row);
        let data = BannerData { idle_ends_at, continue_href: Some(&href), ..data };
        match self.banners.get(place) {
            Some(banner) => banner.get_or_init(|| Banner::of(&data)).html(&data),
            None => Banner::of(&data).html(&data),
        }
    }
}

impl Engine {
    /// Returns what the marks of all answers of a row have in common; another reading of the row has its own.
    pub(crate) fn lasting(&self, row: &Arc<Impersonation>) -> Arc<Lasting> {
        let now = self.now();
        if let Some(known) = self.cached.lasting.get(&row.handle, now).filter(|known| known.is_of(row)) {
            return known;
        }
        let lasting = Arc::new(Lasting::of(self, Arc::clone(row)));
        self.cached.lasting.put(row.handle, Arc::clone(&lasting), now);
        lasting
    }
}

/// Marks an answer, as [`Lasting::mark`] does.
pub(crate) fn answer(engine: &Engine, row: &Impersonation, asked: &Asked, response: Response) -> Response {
    Lasting::of(engine, Arc::new(row.clone())).mark(engine, asked, response)
}

/// Marks an answer of our own routes, unless it was marked where more was known.
pub(crate) fn unless_marked(engine: &Engine, row: &Impersonation, asked: &Asked, response: Response) -> Response {
    if response.headers().contains_key(MARK) { response } else { answer(engine, row, asked, response) }
}

/// Adds the headers that every answer of an impersonation has, and removes those by which it could be kept.
pub(crate) fn headers(engine: &Engine, row: &Impersonation, headers: &mut HeaderMap) {
    Lasting::of(engine, Arc::new(row.clone())).add_headers(engine, headers);
}

/// Returns whether an answer is HTML that a browser shows: it has a body, and is not for saving.
fn has_document(asked: &Asked, response: &Response) -> bool {
    let has_body = !matches!(response.status(), StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
    let disposition = response.headers().get(CONTENT_DISPOSITION).map(|value| value.as_bytes().trim_ascii());
    let is_saved = disposition
        .and_then(|value| value.get(..b"attachment".len()))
        .is_some_and(|kind| kind.eq_ignore_ascii_case(b"attachment"));
    is_html(response.headers()) && has_body && !is_saved && asked.method != Method::HEAD
}

/// What of a request its answer depends on.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) method: Method,
    path: String,
    pub(crate) headers: HeaderMap,
    /// When it was admitted; from then on the impersonation is in use again.
    admitted_at: Option<Timestamp>,
}

impl Asked {
    pub(crate) fn of(parts: &Parts) -> Self {
        let path = parts.uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
        Self { method: parts.method.clone(), path, headers: parts.headers.clone(), admitted_at: None }
    }

    pub(crate) fn admitted_at(self, at: Timestamp) -> Self {
        Self { admitted_at: Some(at), ..self }
    }

    pub(crate) fn refused(self) -> Self {
        Self { admitted_at: None, ..self }
    }

    /// Returns when the impersonation idles out, this request counted.
    fn idle_ends_at(&self, row: &Impersonation) -> Timestamp {
        let of_this = |at: Timestamp| at.saturating_add(row.idle_limit).unwrap_or(row.ends_at).min(row.ends_at);
        self.admitted_at.map_or_else(|| row.idle_ends_at(), of_this)
    }

    /// Returns the page to come back to: the one asked for, if asking again changes nothing.
    fn page(&self) -> &str {
        if is_safe(self.method.as_str()) && self.path != START_PAGE { &self.path } else { "/" }
    }
}

/// The header that every answer of an impersonation has.
pub(crate) const MARK: HeaderName = HeaderName::from_static("impersonation");

/// Proxies that have a header of their own believe it before `Cache-Control`.
const OF_PROXIES: [HeaderName; 2] =
    [HeaderName::from_static("surrogate-control"), HeaderName::from_static("cdn-cache-control")];

fn encodings(headers: &HeaderMap) -> Vec<String> {
    headers
        .get_all(CONTENT_ENCODING)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(|encoding| encoding.trim().to_ascii_lowercase())
        .collect()
}

/// Returns whether the character set lets ASCII stand for itself, so that markup can be put into the text.
fn can_be_marked(headers: &HeaderMap) -> bool {
    let is_odd = |charset: &str| {
        ["utf-16", "utf16", "utf-32", "unicode", "ucs-2", "iso-10646-ucs-2", "iso-2022"]
            .iter()
            .any(|odd| charset.trim_start_matches('"').starts_with(odd))
    };
    headers.get_all(CONTENT_TYPE).iter().all(|kind| {
        let kind = String::from_utf8_lossy(kind.as_bytes()).to_ascii_lowercase();
        !kind.split("charset=").skip(1).any(is_odd)
    })
}

fn unmarkable(asked: &HeaderMap, why: &str) -> Response {
    tracing::error!(why, "a document that cannot carry the banner is not shown");
    Problem::new(StatusCode::BAD_GATEWAY, "unmarkable", "This page cannot be shown while impersonating")
        .detail("The application encodes it in a way that the banner cannot be put into.")
        .respond(asked)
}

fn data<'a>(engine: &Engine, words: &'a Words, row: &'a Impersonation, tag: &'a str, now: Timestamp) -> BannerData<'a> {
    BannerData {
        words,
        agent: &row.true_user,
        customer: &row.current_user,
        now,
        mode: row.mode_at(now),
        ends_at: row.ends_at,
        idle_ends_at: row.idle_ends_at(),
        reason: &row.reason,
        ticket: row.ticket.as_deref(),
        tag,
        continue_href: None,
        continue_within: engine.terms.continue_within,
        write_minutes: engine.terms.write.as_mins(),
    }
}

/// Returns the start page that continues this impersonation, up to the page where it was left, and the rest.
fn continues(row: &Impersonation) -> (String, String) {
    let mut query = form_urlencoded::Serializer::for_suffix(format!("{START_PAGE}?"), START_PAGE.len() + 1);
    query.append_pair("account", row.current_user.id.as_str()).append_pair("reason", &row.reason);
    if let Some(ticket) = &row.ticket {
        query.append_pair("ticket", ticket);
    }
    query.append_pair("go_to", "");
    let return_to = form_urlencoded::byte_serialize(row.return_to.as_str().as_bytes());
    (query.finish(), ["&return_to="].into_iter().chain(return_to).collect())
}
