use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use http::StatusCode;

use crate::table::Table;

/// How many pieces are told that are missing from the same pages.
const MISSING_AT_MOST: usize = 3;

/// What a [`Probe`](crate::Probe) found, page by page; `Display` shows it as a table.
#[derive(Clone, Debug, Default)]
#[must_use = "a report that nobody looks at proves nothing: say `.assert_clean()`"]
pub struct ProbeReport {
    /// Every page that is known.
    pub pages: Vec<Page>,
    /// Whether the agent's id was searched for: a short number is not, because it stands everywhere by chance.
    pub searched_for_id: bool,
    /// The texts that pages may hold although the agent's name is in them.
    pub allowed: Vec<String>,
    /// What the customer's own pages show and do not show while impersonating, and on which routes: rules may hide controls, so
    /// that is no failure.
    pub missing: BTreeMap<String, BTreeSet<String>>,
}

/// A page, and what was found on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// Its route's template.
    pub route: String,
    /// The path that was asked for.
    pub path: Option<String>,
    /// What was found.
    pub verdict: Verdict,
}

/// What was found on a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It answers, says plainly that it is impersonated, and does not name the agent.
    Clean(StatusCode),
    /// It is not shown to this pair, and does not name the agent.
    Refused(StatusCode),
    /// It needs no identity: health, or an asset.
    Open,
    /// The host left it out, and said why.
    LeftOut(String),
    /// It names the agent.
    Leaks {
        /// What of the agent: `name`, `email` or `id`.
        what: &'static str,
        /// Where: the page, a header, a cookie.
        place: String,
        /// What stands there, in lower case.
        around: String,
    },
    /// It is what the agent sees as themselves, and not what the customer sees.
    AgentsOwn,
    /// It shows something that is on the agent's own page and not on the customer's.
    ShowsAgents {
        /// What: a text, `href=…`, `value=…`, or a value of JSON with the keys that lead to it.
        piece: String,
        /// How many such pieces there are beside it.
        more: usize,
    },
    /// It does not say that it is impersonated: what was expected.
    Unmarked(&'static str),
    /// It breaks while impersonating.
    Breaks(StatusCode),
    /// It ended the impersonation, or looking at it found it ended.
    Ended,
    /// The parameter with this name has no example, so it was not looked at.
    NoExample(String),
}

impl Verdict {
    /// Returns whether nothing speaks against the page.
    pub fn is_fine(&self) -> bool {
        matches!(self, Self::Clean(_) | Self::Refused(_) | Self::Open | Self::LeftOut(_))
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Clean(status) => write!(f, "clean ({})", status.as_u16()),
            Self::Refused(status) => write!(f, "not shown ({})", status.as_u16()),
            Self::Open => f.write_str("needs no identity"),
            Self::LeftOut(why) => write!(f, "left out: {why}"),
            Self::Leaks { what, place, around } => write!(f, "LEAKS the agent's {what} in {place}: {around}"),
            Self::AgentsOwn => f.write_str(
                "SHOWS THE AGENT'S OWN PAGE: a handler or an extractor asks the session and not `CurrentUser`",
            ),
            Self::ShowsAgents { piece, more } => {
                write!(f, "SHOWS SOMETHING OF THE AGENT'S OWN PAGE: «{piece}»")?;
                if *more > 0 { write!(f, " and {more} more") } else { Ok(()) }
            }
            Self::Unmarked(missing) => write!(f, "NOT MARKED: {missing}"),
            Self::Breaks(status) => write!(f, "BREAKS ({})", status.as_u16()),
            Self::Ended => f.write_str("ENDED the impersonation"),
            Self::NoExample(parameter) => write!(f, "NOT SEEN: say `.example(\"{parameter}\", …)`"),
        }
    }
}

impl ProbeReport {
    /// Returns the pages that something speaks against.
    pub fn failures(&self) -> Vec<&Page> {
        self.pages.iter().filter(|page| !page.verdict.is_fine()).collect()
    }

    /// Asserts that at least one page was seen, and that nothing speaks against any.
    ///
    /// # Panics
    ///
    /// Otherwise, with the table.
    #[track_caller]
    pub fn assert_clean(&self) {
        let is_seen = self.pages.iter().any(|page| matches!(page.verdict, Verdict::Clean(_)));
        assert!(self.failures().is_empty() && is_seen, "\n{self}");
    }
}

impl ProbeReport {
    /// Tells what is missing from the same pages in one line.
    fn tell_missing(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut by_pages: BTreeMap<&BTreeSet<String>, Vec<&str>> = BTreeMap::new();
        for (piece, pages) in &self.missing {
            by_pages.entry(pages).or_default().push(piece);
        }
        for (pages, pieces) in by_pages {
            let pages: Vec<&str> = pages.iter().map(String::as_str).collect();
            let told: Vec<String> = pieces.iter().take(MISSING_AT_MOST).map(|piece| format!("«{piece}»")).collect();
            let more = pieces.len() - told.len();
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            writeln!(f, "Only when the customer looks at {}: {}{more}", pages.join(", "), told.join(", "))?;
        }
        Ok(())
    }
}

impl fmt::Display for ProbeReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut table = Table::new(["page", "asked for", "while impersonating"]);
        for page in &self.pages {
            let is_example = page.verdict == Verdict::Refused(StatusCode::NOT_FOUND) && page.route.contains('{');
            let hint = if is_example { ": is the example one of the customer's?" } else { "" };
            let verdict = format!("{}{hint}", page.verdict);
            table.row([&page.route, page.path.as_deref().unwrap_or("-"), &verdict]);
        }
        write!(f, "{table}")?;
        writeln!(f, "{} of {} pages have something against them.", self.failures().len(), self.pages.len())?;
        // The table cuts what is long; what was found is told in full.
        for page in self.failures() {
            writeln!(f, "{}: {}", page.route, page.verdict)?;
        }
        for text in &self.allowed {
            writeln!(f, "Allowed on pages: {text}")?;
        }
        self.tell_missing(f)?;
        if !self.searched_for_id {
            writeln!(
                f,
                "The agent's id is too short a number to be told from others; only name and email were searched for."
            )?;
        }
        Ok(())
    }
}
