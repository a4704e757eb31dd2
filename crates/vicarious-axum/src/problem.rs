//! Refusals as people and programs read them: a page, or an RFC 9457 problem.

use std::borrow::Cow;
use std::sync::Arc;

use axum::response::Response;
use http::header::ACCEPT_LANGUAGE;
use http::{HeaderMap, HeaderValue, StatusCode};
use serde_json::{Map, Value, json};
use vicarious_core::Words;

use crate::page;
use crate::site::wants_json;

/// What went wrong, and what can be done about it.
#[derive(Clone, Debug, PartialEq)]
pub struct Problem {
    /// The status of the answer.
    pub status: StatusCode,
    /// The slug that ends the problem's `type`.
    pub kind: &'static str,
    /// What this kind of problem is, in a line.
    pub title: String,
    /// What happened this time.
    pub detail: Option<String>,
    /// Further members of the JSON form.
    pub extra: Map<String, Value>,
    /// The next steps, the best one first.
    pub links: Vec<Next>,
    /// The detail as a sentence of ours that can be said in other languages.
    says: Option<Says>,
    /// Somebody else's text, which the page quotes.
    quoted: Option<String>,
}

/// A sentence of ours with what stands for its names.
#[derive(Clone, Debug, PartialEq)]
struct Says {
    english: &'static str,
    values: Vec<(&'static str, Filled)>,
}

/// What stands for a name in a sentence.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Filled {
    /// Words of ours, which are translated too.
    Ours(String),
    /// Somebody else's, said as they are.
    Theirs(String),
}

/// A step that helps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// A page to go to.
    Link {
        /// A path on this site.
        href: String,
        /// What the link says.
        label: String,
    },
    /// Something to send.
    Post {
        /// A path on this site.
        action: String,
        /// What the button says.
        label: String,
        /// The form's hidden fields.
        fields: Vec<(String, String)>,
    },
}

impl Problem {
    /// Returns a problem; its `type` is `urn:vicarious:problem:` and the slug.
    pub fn new(status: StatusCode, kind: &'static str, title: impl Into<String>) -> Self {
        let (title, extra, links) = (title.into(), Map::new(), Vec::new());
        Self { status, kind, title, detail: None, extra, links, says: None, quoted: None }
    }

    /// Says what happened this time.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        (self.detail, self.says) = (Some(detail.into()), None);
        self
    }

    /// Says what happened this time with a sentence of ours, which pages say in their own language.
    #[must_use]
    pub(crate) fn says(mut self, english: &'static str, values: Vec<(&'static str, Filled)>) -> Self {
        let says = Says { english, values };
        (self.detail, self.says) = (Some(says.in_words(&Words::english())), Some(says));
        self
    }

    /// Quotes a text on the page, below what happened.
    #[must_use]
    pub(crate) fn quotes(mut self, text: impl Into<String>) -> Self {
        self.quoted = Some(text.into());
        self
    }

    pub(crate) fn quoted(&self) -> Option<&str> {
        self.quoted.as_deref()
    }

    /// Returns what happened this time, in this language as far as it is a sentence of ours.
    pub(crate) fn detail_in<'a>(&'a self, words: &'a Words) -> Option<Cow<'a, str>> {
        match &self.says {
            Some(says) => Some(says.in_words(words).into()),
            None => self.detail.as_deref().map(|detail| words.of(detail).into()),
        }
    }

    /// Adds a member to the JSON form.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.extra.insert(name.into(), value.into());
        self
    }

    /// Offers a next step.
    #[must_use]
    pub fn offer(mut self, next: Next) -> Self {
        self.links.push(next);
        self
    }

    /// Returns the JSON form. The members of RFC 9457 cannot be overwritten by further ones.
    pub fn to_json(&self) -> Value {
        let mut members = self.extra.clone();
        members.insert("type".to_owned(), format!("urn:vicarious:problem:{}", self.kind).into());
        members.insert("title".to_owned(), self.title.clone().into());
        members.insert("status".to_owned(), self.status.as_u16().into());
        if let Some(detail) = &self.detail {
            members.insert("detail".to_owned(), detail.clone().into());
        }
        if !self.links.is_empty() {
            members.insert("offers".to_owned(), self.links.iter().map(Next::to_json).collect());
        }
        Value::Object(members)
    }

    /// Returns the answer in the form that the request asks for. A page is said in the language that suits the request as
    /// it leaves through the layer.
    pub fn respond(&self, request: &HeaderMap) -> Response {
        if wants_json(request) {
            page::respond(self.status, "application/problem+json", self.to_json().to_string())
        } else {
            let mut response = page::respond_html(self.status, page::problem_page(&Words::english(), self));
            response.extensions_mut().insert(Unsaid::of(self, request));
            response
        }
    }
}

/// A problem whose page is in English so far, left with its answer for whoever knows the languages.
#[derive(Clone)]
pub(crate) struct Unsaid(Arc<(Problem, Option<HeaderValue>)>);

impl Unsaid {
    fn of(problem: &Problem, request: &HeaderMap) -> Self {
        Self(Arc::new((problem.clone(), request.get(ACCEPT_LANGUAGE).cloned())))
    }

    pub(crate) fn problem(&self) -> &Problem {
        &self.0.0
    }

    /// Returns what the request says about languages.
    pub(crate) fn accepted(&self) -> Option<&HeaderValue> {
        self.0.1.as_ref()
    }
}

impl Says {
    fn in_words(&self, words: &Words) -> String {
        let say = |filled: &Filled| match filled {
            Filled::Ours(text) => words.of(text).to_owned(),
            Filled::Theirs(text) => text.clone(),
        };
        let values: Vec<(&str, String)> = self.values.iter().map(|(name, filled)| (*name, say(filled))).collect();
        let values: Vec<_> = values.iter().map(|(name, text)| (*name, text as &dyn std::fmt::Display)).collect();
        words.fill(self.english, &values)
    }
}

impl Next {
    fn to_json(&self) -> Value {
        match self {
            Self::Link { href, label } => json!({ "method": "GET", "href": href, "label": label }),
            Self::Post { action, label, fields } => {
                let fields: Map<String, Value> =
                    fields.iter().map(|(name, value)| (name.clone(), value.clone().into())).collect();
                json!({ "method": "POST", "href": action, "label": label, "fields": fields })
            }
        }
    }
}
