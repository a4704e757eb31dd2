//! What an impersonation may do where: rules as data, in one place.

use std::collections::BTreeMap;

/// What applies at a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rule {
    /// Allowed in both modes.
    Read,
    /// The handler asks the identity itself, for routes that do many things (GraphQL, RPC).
    ByHandler,
    /// Allowed in write mode.
    Write,
    /// Allowed in write mode, after a confirmation that names the customer.
    Confirm,
    /// Never allowed while impersonating.
    Never,
}

impl Rule {
    /// Returns the word for this rule in reports and in the audit log.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::ByHandler => "by handler",
            Self::Write => "write",
            Self::Confirm => "confirm",
            Self::Never => "never",
        }
    }
}

/// One line of the table: where, what, and the phrase for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The method in capitals, for channels [`SUBSCRIBE`] or [`PERFORM`]; none for every method.
    pub method: Option<String>,
    /// The route template, for example `/orders/{id}`, without a trailing `/*`; or a channel, `CommandsChannel`, or one
    /// of its actions, `CommandsChannel#echo`.
    pub route: String,
    /// Whether the line covers everything below its route too.
    pub below: bool,
    /// What applies.
    pub rule: Rule,
    /// Completes "… for Alice's account?" where something is asked, `save this profile`, and "Bob …" where it is read,
    /// `looked at invoices`.
    pub phrase: Option<String>,
}

impl Line {
    fn applies_to(&self, method: &str, route: &str) -> bool {
        match &self.method {
            Some(named) => named == method,
            // "look at invoices" must not open a forgotten POST beside the page.
            None => self.rule != Rule::Read || only_reads(method, route),
        }
    }

    fn covers(&self, route: &str) -> bool {
        let mut below = segments(route);
        // A channel never stands for a path, whatever the two are called.
        let same = is_path(&self.route) == is_path(route)
            && segments(&self.route).all(|own| below.next().is_some_and(|other| alike(own, other)));
        same && (self.below || below.next().is_none())
    }
}

/// What the rules say about one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict<'a> {
    /// What applies.
    pub rule: Rule,
    /// The phrase for people, where one was given.
    pub phrase: Option<&'a str>,
    /// Whether a line says so; otherwise the default applies: safe methods read, all others never.
    pub classified: bool,
}

/// The table of rules.
///
/// A line is written `"PATCH /profile"` or, for every method, `"/payments"`. The route is the template that the
/// router matched, so the order in which routes were added does not matter. A `never` covers its route and everything
/// below it; every other rule covers exactly its route, so that a forgotten route below is not open, unless it ends
/// in `/*`. What a parameter is called makes no difference: `/orders/{id}` covers `/orders/{number}`. The longest
/// route that covers wins, then a line that names the method, then the stricter rule. A `read`
/// that names no method covers safe methods only; what may be sent in reading mode is named: `"POST /search"`.
///
/// Channels stand in the same table: `"SUBSCRIBE PaymentsChannel"` is a subscription, `"PERFORM CommandsChannel#echo"` an
/// action, and `"PaymentsChannel"` or `"CommandsChannel#*"` mean what they would mean for a route. To subscribe is to
/// read, unless a line says otherwise; to perform is never allowed until somebody classifies it.
///
/// # Examples
///
/// ```
/// use vicarious_core::{Rule, Rules};
///
/// let rules = Rules::new().never("/payments").confirm("PATCH /profile", "save this profile");
/// assert_eq!(rules.verdict("POST", Some("/payments/{id}")).rule, Rule::Never);
/// assert_eq!(rules.verdict("PATCH", Some("/profile")).rule, Rule::Confirm);
/// assert_eq!(rules.verdict("GET", Some("/profile")).rule, Rule::Read);
/// assert_eq!(rules.verdict("POST", Some("/payouts")).rule, Rule::Never, "nobody classified it");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rules {
    lines: Vec<Line>,
}

impl Rules {
    /// Returns an empty table: everything safe may be read, everything else is never allowed.
    pub fn new() -> Self {
        Self::default()
    }

    /// Allows a route in both modes; `phrase` says what a visit means: `looked at invoices`.
    #[must_use]
    pub fn read(self, route: &str, phrase: &str) -> Self {
        self.line(route, Rule::Read, Some(phrase))
    }

    /// Allows a route in write mode; `phrase` says what is about to be done: `add this note`.
    #[must_use]
    pub fn write(self, route: &str, phrase: &str) -> Self {
        self.line(route, Rule::Write, Some(phrase))
    }

    /// Allows a route in write mode after a confirmation: "… for Alice's account?".
    #[must_use]
    pub fn confirm(self, route: &str, phrase: &str) -> Self {
        self.line(route, Rule::Confirm, Some(phrase))
    }

    /// Forbids a route while impersonating.
    #[must_use]
    pub fn never(self, route: &str) -> Self {
        self.line(route, Rule::Never, None)
    }

    /// Leaves a route to its handler, which is obliged to ask the identity.
    #[must_use]
    pub fn by_handler(self, route: &str) -> Self {
        self.line(route, Rule::ByHandler, None)
    }

    /// The same, with what it means in the customer's access log: `looked up prices`.
    #[must_use]
    pub fn by_handler_saying(self, route: &str, phrase: &str) -> Self {
        self.line(route, Rule::ByHandler, Some(phrase))
    }

    /// Returns the table, in the order it was written.
    pub fn lines(&self) -> &[Line] {
        &self.lines
    }

    /// Returns what applies to a request; `route` is none when the router matched nothing.
    pub fn verdict(&self, method: &str, route: Option<&str>) -> Verdict<'_> {
        let reads = only_reads(method, route.unwrap_or("/"));
        let default = Verdict { rule: if reads { Rule::Read } else { Rule::Never }, phrase: None, classified: false };
        let Some(route) = route else { return default };
        // HEAD runs the handler of GET, so it is judged as GET.
        let method = if method == "HEAD" { "GET" } else { method };
        self.lines
            .iter()
            .filter(|line| line.applies_to(method, route) && line.covers(route))
            .max_by_key(|line| (segments(&line.route).count(), line.method.is_some(), line.rule))
            .map_or(default, |line| Verdict { rule: line.rule, phrase: line.phrase.as_deref(), classified: true })
    }

    /// Returns the lines that contradict each other: the same method and route with different rules.
    pub fn contradictions(&self) -> Vec<(&Line, &Line)> {
        let mut first: BTreeMap<(Option<&str>, &str), &Line> = BTreeMap::new();
        let mut found = Vec::new();
        for line in &self.lines {
            let known = *first.entry((line.method.as_deref(), &line.route)).or_insert(line);
            if known.rule != line.rule {
                found.push((known, line));
            }
        }
        found
    }

    /// Returns the lines that ask for write mode or a confirmation where a method changes nothing anyway.
    pub fn without_effect(&self) -> Vec<&Line> {
        let asks = |line: &&Line| matches!(line.rule, Rule::Write | Rule::Confirm);
        self.lines.iter().filter(asks).filter(|line| line.method.as_deref().is_some_and(is_safe)).collect()
    }

    /// Returns the lines that can never match: a method of channels with a path, another one with a channel, or
    /// something that is neither a path nor the name of a channel, which begins with a capital letter.
    pub fn misspelled(&self) -> Vec<&Line> {
        let matches = |line: &&Line| {
            let of_channels = line.method.as_deref().map(|method| matches!(method, SUBSCRIBE | PERFORM));
            if is_path(&line.route) {
                of_channels != Some(true)
            } else {
                of_channels != Some(false) && line.route.starts_with(|first: char| first.is_ascii_uppercase())
            }
        };
        self.lines.iter().filter(|line| !matches(line)).collect()
    }

    fn line(mut self, spelled: &str, rule: Rule, phrase: Option<&str>) -> Self {
        let spelled = spelled.trim();
        let (method, route) = match spelled.split_once(char::is_whitespace) {
            Some((method, route)) => (Some(method.to_ascii_uppercase()), route.trim()),
            None => (None, spelled),
        };
        let (route, spelled_below) = match route.strip_suffix("/*").or_else(|| route.strip_suffix("#*")) {
            Some(route) => (route, true),
            None => (route, false),
        };
        let route = match route.trim_end_matches('/') {
            "" => "/".to_owned(),
            trimmed => trimmed.to_owned(),
        };
        let below = spelled_below || (rule == Rule::Never && route != "/");
        self.lines.push(Line { method, route, below, rule, phrase: phrase.map(str::to_owned) });
        self
    }
}

/// The method of a subscription in the table of rules and on record.
pub const SUBSCRIBE: &str = "SUBSCRIBE";

/// The method of a channel's action in the table of rules and on record.
pub const PERFORM: &str = "PERFORM";

fn is_path(route: &str) -> bool {
    route.starts_with('/')
}

/// Returns whether nothing changes: a safe method, or a subscription. HTTP has a `SUBSCRIBE` too, which is not safe.
fn only_reads(method: &str, route: &str) -> bool {
    is_safe(method) || (method == SUBSCRIBE && !is_path(route))
}

fn segments(route: &str) -> impl Iterator<Item = &str> {
    route.split(['/', '#']).filter(|segment| !segment.is_empty())
}

/// Returns whether two segments of templates stand for the same: the same text, or a parameter each.
fn alike(one: &str, other: &str) -> bool {
    one == other || (one.starts_with('{') && other.starts_with('{'))
}

/// Returns whether a method is safe: GET, HEAD, OPTIONS or TRACE (RFC 9110, section 9.2.1).
pub fn is_safe(method: &str) -> bool {
    matches!(method, "GET" | "HEAD" | "OPTIONS" | "TRACE")
}
