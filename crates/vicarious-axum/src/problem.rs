//! Refusals as people and programs read them: a page, or an RFC 9457 problem.

use axum::response::Response;
use http::{HeaderMap, StatusCode};
use serde_json::{Map, Value, json};

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
        Self { status, kind, title: title.into(), detail: None, extra: Map::new(), links: Vec::new() }
    }

    /// Says what happened this time.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
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

    /// Returns the answer in the form that the request asks for.
    pub fn respond(&self, request: &HeaderMap) -> Response {
        if wants_json(request) {
            page::respond(self.status, "application/problem+json", self.to_json().to_string())
        } else {
            page::respond_html(self.status, page::problem_page(self))
        }
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
