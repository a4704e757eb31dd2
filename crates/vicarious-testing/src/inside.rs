use std::fmt::Display;
use std::future::{Future, IntoFuture};
use std::pin::Pin;

use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderName, Method, StatusCode};
use serde_json::{Value, json};
use vicarious_core::Impersonation;
use vicarious_core::rules::is_safe;

use crate::answer::Answer;
use crate::app::TestApp;
use crate::browser::{Browser, FORM};

/// A browser in which an agent is inside a customer's account.
///
/// Its forms carry the identity tag, and it says yes to what is asked, like the pages would; a request can do without.
#[derive(Debug)]
pub struct Inside {
    app: TestApp,
    browser: Browser,
    row: Impersonation,
}

impl Inside {
    pub(crate) fn new(app: TestApp, browser: Browser, row: Impersonation) -> Self {
        Self { app, browser, row }
    }

    /// Asks for a page, or with [`Asking::as_json`] for JSON.
    pub fn get(&mut self, path: &str) -> Asking<'_> {
        self.ask(Method::GET, path)
    }

    /// Posts; say what with [`Asking::form`] or [`Asking::json`].
    pub fn post(&mut self, path: &str) -> Asking<'_> {
        self.ask(Method::POST, path)
    }

    /// Posts a form.
    pub fn post_form(&mut self, path: &str, fields: &[(&str, &str)]) -> Asking<'_> {
        self.post(path).form(fields)
    }

    /// Posts JSON.
    pub fn post_json(&mut self, path: &str, body: &Value) -> Asking<'_> {
        self.post(path).json(body)
    }

    /// Sends a PATCH.
    pub fn patch(&mut self, path: &str) -> Asking<'_> {
        self.ask(Method::PATCH, path)
    }

    /// Sends a PUT.
    pub fn put(&mut self, path: &str) -> Asking<'_> {
        self.ask(Method::PUT, path)
    }

    /// Sends a DELETE.
    pub fn delete(&mut self, path: &str) -> Asking<'_> {
        self.ask(Method::DELETE, path)
    }

    /// Sends any method.
    pub fn ask(&mut self, method: Method, path: &str) -> Asking<'_> {
        Asking {
            inside: self,
            method,
            path: path.to_owned(),
            body: String::new(),
            headers: Vec::new(),
            accept: "text/html",
            tag: Tag::Own,
            confirms: true,
            is_form: false,
        }
    }

    /// Goes up to write mode.
    ///
    /// # Panics
    ///
    /// When that is refused.
    pub async fn write_mode(&mut self, reason: &str) -> &mut Self {
        self.change_mode(&json!({ "mode": "write", "reason": reason })).await
    }

    /// Goes back to reading.
    ///
    /// # Panics
    ///
    /// When that is refused.
    pub async fn read_mode(&mut self) -> &mut Self {
        self.change_mode(&json!({ "mode": "read" })).await
    }

    /// Stops by `DELETE /impersonation`, and returns the browser: it is the agent's again.
    ///
    /// # Panics
    ///
    /// When that is refused.
    pub async fn stop(mut self) -> Browser {
        let answer = self.browser.send_json(Method::DELETE, "/impersonation", &Value::Null).await;
        answer.assert_status(200);
        // A cookie is taken back by the answer; a header is the client's to drop.
        self.browser.drop_handle_header();
        self.browser
    }

    /// Ends it as an administrator does, behind the agent's back: this browser does not know yet.
    ///
    /// # Panics
    ///
    /// When the ledger cannot answer.
    pub async fn is_revoked(&self) {
        let revoked = self.app.vicarious().revoke_by_operator(&self.row.id).await;
        assert!(revoked.is_ok(), "the impersonation could not be revoked: {revoked:?}");
    }

    /// Returns the impersonation as it was when it started.
    pub fn impersonation(&self) -> &Impersonation {
        &self.row
    }

    /// Returns the identity tag that forms of this impersonation carry.
    pub fn tag(&self) -> String {
        self.row.tag()
    }

    /// Returns the browser, for requests just as they are.
    pub fn browser(&mut self) -> &mut Browser {
        &mut self.browser
    }

    /// Returns what a thief of this browser's cookies would have.
    pub fn stolen(&self) -> Browser {
        self.browser.clone()
    }

    async fn change_mode(&mut self, body: &Value) -> &mut Self {
        let answer = self.browser.send_json(Method::PATCH, "/impersonation", body).await;
        answer.assert_status(200);
        self
    }
}

#[derive(Debug)]
enum Tag {
    Own,
    None,
    Other(String),
}

/// A request on its way: await it for the [`Answer`].
#[derive(Debug)]
#[must_use = "a request is sent when this is awaited"]
pub struct Asking<'a> {
    inside: &'a mut Inside,
    method: Method,
    path: String,
    body: String,
    headers: Vec<(HeaderName, String)>,
    accept: &'static str,
    tag: Tag,
    confirms: bool,
    is_form: bool,
}

impl Asking<'_> {
    /// Sends a form, and asks for a page.
    pub fn form(mut self, fields: &[(&str, &str)]) -> Self {
        self.body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        self.is_form = true;
        self.header(CONTENT_TYPE, FORM)
    }

    /// Sends JSON, and asks for JSON.
    pub fn json(mut self, body: &Value) -> Self {
        self.body = body.to_string();
        self.header(CONTENT_TYPE, "application/json").as_json()
    }

    /// Asks for JSON.
    pub fn as_json(mut self) -> Self {
        self.accept = "application/json";
        self
    }

    /// Adds a header: `.header("HX-Request", "true")`.
    ///
    /// # Panics
    ///
    /// When no header can have that name.
    #[track_caller]
    #[expect(clippy::panic, reason = "a test that cannot ask what it means to ask has failed")]
    pub fn header(mut self, name: impl TryInto<HeaderName, Error: Display>, value: &str) -> Self {
        let name = name.try_into().unwrap_or_else(|error| panic!("no header can have this name: {error}"));
        self.headers.push((name, value.to_owned()));
        self
    }

    /// Withholds the identity tag, as a form does that was not served by this application.
    pub fn without_tag(mut self) -> Self {
        self.tag = Tag::None;
        self
    }

    /// Carries another identity tag, as a page of another impersonation does.
    pub fn tagged(mut self, tag: &str) -> Self {
        self.tag = Tag::Other(tag.to_owned());
        self
    }

    /// Does not confirm what is asked: the answer is the question, with status 428.
    pub fn unconfirmed(mut self) -> Self {
        self.confirms = false;
        self
    }

    async fn sent(mut self) -> Answer {
        let tag = match &self.tag {
            Tag::Own => Some(self.inside.tag()),
            Tag::None => None,
            Tag::Other(tag) => Some(tag.clone()),
        };
        if let Some(tag) = tag {
            if self.is_form {
                let field = form_urlencoded::Serializer::new(String::new()).append_pair("_identity", &tag).finish();
                self.body = if self.body.is_empty() { field } else { format!("{}&{field}", self.body) };
            } else if !is_safe(self.method.as_str()) {
                self.headers.push((HeaderName::from_static("identity"), tag));
            }
        }
        let answer = self.once(None).await;
        if !self.confirms || answer.status != StatusCode::PRECONDITION_REQUIRED {
            return answer;
        }
        let confirmation = answer.json().get("confirmation").and_then(Value::as_str).map(str::to_owned);
        match confirmation.or_else(|| answer.hidden("_confirmation")) {
            Some(confirmation) => self.once(Some(&confirmation)).await,
            None => answer,
        }
    }

    async fn once(&mut self, confirmation: Option<&str>) -> Answer {
        let mut headers = vec![(ACCEPT, self.accept)];
        headers.extend(self.headers.iter().map(|(name, value)| (name.clone(), value.as_str())));
        headers.extend(confirmation.map(|text| (HeaderName::from_static("confirmation"), text)));
        self.inside.browser.send(self.method.clone(), &self.path, &headers, self.body.clone()).await
    }
}

impl<'a> IntoFuture for Asking<'a> {
    type Output = Answer;
    type IntoFuture = Pin<Box<dyn Future<Output = Answer> + Send + 'a>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.sent())
    }
}
