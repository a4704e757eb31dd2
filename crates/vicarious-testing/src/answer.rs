use std::fmt;
use std::time::Duration;

use axum::response::Response;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderMap, StatusCode};
use serde_json::Value;

/// How the banner's element begins, once in each document.
const BANNER: &str = "id=\"vicarious-banner\"";
/// What of an answer is shown when a claim about it does not hold, in characters.
const SHOWN: usize = 600;
/// How long a body may take: event streams do not end by themselves.
const PATIENCE: Duration = Duration::from_secs(2);

/// What came back. `Display` shows it as a failing test should.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The method and path that were asked for.
    pub asked: String,
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body; what is no text in it is replaced.
    pub text: String,
}

impl Answer {
    pub(crate) async fn of(asked: String, response: Response) -> Self {
        let (parts, body) = response.into_parts();
        let text = match tokio::time::timeout(PATIENCE, axum::body::to_bytes(body, usize::MAX)).await {
            Ok(Ok(bytes)) => String::from_utf8_lossy(&bytes).into_owned(),
            Ok(Err(error)) => format!("(the body broke off: {error})"),
            Err(_) => "(the body did not end)".to_owned(),
        };
        Self { asked, status: parts.status, headers: parts.headers, text }
    }

    /// Returns the answer to a request that cannot even be written down.
    pub(crate) fn unsent(asked: String, why: &str) -> Self {
        let text = format!("(not sent: {why})");
        Self { asked, status: StatusCode::BAD_REQUEST, headers: HeaderMap::new(), text }
    }

    /// Returns the body as JSON, or null when it is none.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_default()
    }

    /// Returns a header's text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// Returns the last word of a problem's `type`, such as `never` or `read-only`, where the answer is a problem.
    pub fn problem(&self) -> Option<String> {
        self.json().get("type")?.as_str()?.rsplit(':').next().map(str::to_owned)
    }

    /// Returns the impersonation that the answer says it belongs to: its id.
    pub fn impersonation(&self) -> Option<&str> {
        self.header("impersonation")?.split(", ").find_map(|part| part.strip_prefix("id="))
    }

    /// Returns whether this is an HTML answer.
    pub fn is_html(&self) -> bool {
        let kind = self.headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        kind.starts_with("text/html") || kind.starts_with("application/xhtml")
    }

    /// Returns whether it may be kept nowhere.
    pub fn is_no_store(&self) -> bool {
        let mut all = self.headers.get_all(CACHE_CONTROL).iter().filter_map(|value| value.to_str().ok());
        all.any(|value| value.to_ascii_lowercase().contains("no-store"))
    }

    /// Returns how many banners the page has.
    pub fn banners(&self) -> usize {
        self.text.matches(BANNER).count()
    }

    /// Returns the body without our banner, which is the only place where a page may name the agent.
    pub fn outside_banner(&self) -> String {
        // The first is ours, because it stands ahead of everything that a customer may have written.
        let Some(at) = self.text.find(BANNER) else { return self.text.clone() };
        let start = self.text.get(..at).and_then(|before| before.rfind('<')).unwrap_or(at);
        let end = self.text.get(at..).and_then(|rest| rest.find("</aside>")).map_or(self.text.len(), |end| at + end);
        [self.text.get(..start), self.text.get(end..)].into_iter().flatten().collect()
    }

    /// Returns the value of a hidden field with this name.
    pub fn hidden(&self, name: &str) -> Option<String> {
        let marker = format!("name=\"{name}\" value=\"");
        let (_, rest) = self.text.split_once(&marker)?;
        rest.split_once('"').map(|(value, _)| value.to_owned())
    }

    /// Asserts that the status is this one, and returns the answer for further claims.
    ///
    /// # Panics
    ///
    /// When it is not, with the answer.
    #[track_caller]
    pub fn assert_status(&self, status: u16) -> &Self {
        assert!(self.status.as_u16() == status, "expected {status}, but {self}");
        self
    }

    /// Asserts that the page shows `text` outside the banner.
    ///
    /// # Panics
    ///
    /// When it does not, with the answer.
    #[track_caller]
    pub fn assert_shows(&self, text: &str) -> &Self {
        assert!(self.outside_banner().contains(text), "expected `{text}`, but {self}");
        self
    }

    /// Asserts that the answer says plainly that it belongs to an impersonation: the `Impersonation` header, `no-store`,
    /// and, in a document, exactly one banner.
    ///
    /// # Panics
    ///
    /// When it does not, with the answer.
    #[track_caller]
    pub fn assert_in_plain_sight(&self) -> &Self {
        let missing = self.unmarked();
        assert!(missing.is_none(), "{}, but {self}", missing.unwrap_or_default());
        self
    }

    /// Says what an impersonated answer lacks, if it lacks something.
    pub(crate) fn unmarked(&self) -> Option<&'static str> {
        let is_saved =
            self.header("content-disposition").is_some_and(|value| value.trim_start().starts_with("attachment"));
        let has_document = self.is_html() && !self.text.is_empty() && !is_saved;
        if self.impersonation().is_none() {
            Some("expected an `Impersonation` header")
        } else if !self.is_no_store() {
            Some("expected `Cache-Control: no-store`")
        } else if has_document && self.banners() == 0 {
            Some("expected a banner")
        } else if has_document && self.banners() > 1 {
            Some("expected one banner and no more")
        } else {
            None
        }
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} answered {}", self.asked, self.status)?;
        for (name, value) in &self.headers {
            // Cookies are secrets, and logs of tests are read by many.
            let value = if name == "set-cookie" { "…" } else { value.to_str().unwrap_or("…") };
            writeln!(f, "  {name}: {value}")?;
        }
        let shown: String = self.outside_banner().chars().take(SHOWN).collect();
        let more = if self.text.len() > shown.len() { " …" } else { "" };
        write!(f, "  {}{more}", shown.trim().replace('\n', "\n  "))
    }
}
