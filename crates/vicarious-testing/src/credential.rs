use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderName, HeaderValue, Method};
use serde_json::Value;

use crate::browser::Browser;

/// What makes a browser's requests somebody's: how the host signs people in.
///
/// # Examples
///
/// ```
/// use serde_json::json;
/// use vicarious_testing::Credential;
///
/// // A form, as people fill it in; the cookies that come back are kept.
/// Credential::form("/sign-in", &[("email", "bob@example.com"), ("password", "correct horse")]);
/// // JSON that is answered with a token, which goes into `Authorization: Bearer …`.
/// Credential::json("/tokens", &json!({ "email": "bob@example.com", "password": "correct horse" })).token_at("/token");
/// // A session that the test has put into the host's store itself.
/// Credential::cookie("session", "0b7c…");
/// Credential::bearer("eyJ…");
/// ```
#[derive(Clone, Debug)]
#[must_use = "a credential is presented by the browser that it is returned for"]
pub struct Credential(Kind);

#[derive(Clone, Debug)]
enum Kind {
    Sent { path: String, content_type: &'static str, body: String, token_at: Option<String> },
    Cookie { name: String, value: String },
    Header { name: HeaderName, value: String },
}

impl Credential {
    /// Posts a form, and keeps the cookies of the answer.
    pub fn form(path: &str, fields: &[(&str, &str)]) -> Self {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        Self(Kind::Sent {
            path: path.to_owned(),
            content_type: "application/x-www-form-urlencoded",
            body,
            token_at: None,
        })
    }

    /// Posts JSON, and keeps the cookies of the answer.
    pub fn json(path: &str, body: &Value) -> Self {
        let body = body.to_string();
        Self(Kind::Sent { path: path.to_owned(), content_type: "application/json", body, token_at: None })
    }

    /// Takes a token out of the JSON that answers, at this JSON pointer, and sends it as `Authorization: Bearer …`.
    pub fn token_at(mut self, pointer: &str) -> Self {
        if let Kind::Sent { token_at, .. } = &mut self.0 {
            *token_at = Some(pointer.to_owned());
        }
        self
    }

    /// Sends a cookie of a session that is there already.
    pub fn cookie(name: &str, value: impl Into<String>) -> Self {
        Self(Kind::Cookie { name: name.to_owned(), value: value.into() })
    }

    /// Sends `Authorization: Bearer …` with a token that is there already.
    pub fn bearer(token: impl std::fmt::Display) -> Self {
        Self(Kind::Header { name: AUTHORIZATION, value: format!("Bearer {token}") })
    }

    /// Returns whether it is there already, so that nobody signs in when it is presented.
    pub(crate) fn is_ready(&self) -> bool {
        !matches!(self.0, Kind::Sent { .. })
    }

    /// Signs in with this, or says in a sentence why that failed.
    pub(crate) async fn present(self, browser: &mut Browser) -> Result<(), String> {
        match self.0 {
            Kind::Cookie { name, value } => browser.keep_cookie(name, value),
            Kind::Header { name, value } => browser.always(name, secret(&value)?),
            Kind::Sent { path, content_type, body, token_at } => {
                let headers = [(CONTENT_TYPE, content_type), (ACCEPT, "application/json, text/html;q=0.9")];
                let answer = browser.send(Method::POST, &path, &headers, body).await;
                if !answer.status.is_success() && !answer.status.is_redirection() {
                    return Err(format!("POST {path} answered\n{answer}"));
                }
                let Some(pointer) = token_at else {
                    return if browser.cookies().next().is_some() {
                        Ok(())
                    } else {
                        Err(format!("POST {path} set no cookie; for a token say `.token_at(…)`\n{answer}"))
                    };
                };
                let json = answer.json();
                let token = json.pointer(&pointer).and_then(Value::as_str);
                let token = token.ok_or_else(|| format!("POST {path} has no token at `{pointer}`\n{answer}"))?;
                browser.always(AUTHORIZATION, secret(&format!("Bearer {token}"))?);
            }
        }
        Ok(())
    }
}

fn secret(value: &str) -> Result<HeaderValue, String> {
    let mut value = HeaderValue::from_str(value).map_err(|_| "the token is no text for a header".to_owned())?;
    value.set_sensitive(true);
    Ok(value)
}
