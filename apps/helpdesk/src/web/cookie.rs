//! The session cookie.

use axum::http::header::COOKIE;
use axum::http::{HeaderMap, HeaderValue};

use crate::shop::sessions::{LASTS_SECONDS, Secret};

/// How the session cookie is named and marked.
#[derive(Clone, Copy, Debug)]
pub(crate) enum SessionCookie {
    /// For plain HTTP on loopback.
    Plain,
    /// `Secure`, and bound to this host by its name.
    Secure,
}

impl SessionCookie {
    /// Returns the secret that a request presents; two cookies of this name are as good as none, because which one
    /// is ours cannot be told.
    pub(crate) fn read(self, headers: &HeaderMap) -> Option<Secret> {
        let pairs = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok()).flat_map(|it| it.split(';'));
        let mut values = pairs.filter_map(|pair| pair.trim().split_once('=')).filter(|(name, _)| *name == self.name());
        match (values.next(), values.next()) {
            (Some((_, value)), None) => Secret::parse(value),
            _ => None,
        }
    }

    /// Returns the `Set-Cookie` that signs a browser in.
    pub(crate) fn set(self, secret: &Secret) -> Option<HeaderValue> {
        self.header(secret.reveal(), LASTS_SECONDS)
    }

    /// Returns the `Set-Cookie` that signs a browser out.
    pub(crate) fn clear(self) -> Option<HeaderValue> {
        self.header("", 0)
    }

    fn header(self, value: &str, max_age: i64) -> Option<HeaderValue> {
        let name = self.name();
        let secure = match self {
            Self::Plain => "",
            Self::Secure => "; Secure",
        };
        let text = format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax{secure}; Max-Age={max_age}");
        let mut header = HeaderValue::try_from(text).ok()?;
        header.set_sensitive(true);
        Some(header)
    }

    fn name(self) -> &'static str {
        match self {
            Self::Plain => "helpdesk-session",
            Self::Secure => "__Host-helpdesk-session",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_comes_back_as_it_was_set_unless_there_are_two() -> Result<(), Box<dyn std::error::Error>> {
        for cookie in [SessionCookie::Plain, SessionCookie::Secure] {
            let secret = Secret::draw()?;
            let set = cookie.set(&secret).ok_or("no header")?;
            let pair = set.to_str()?.split(';').next().unwrap_or_default().to_owned();
            let mut headers = HeaderMap::new();
            headers.append(COOKIE, HeaderValue::try_from(format!("other=1; {pair}"))?);
            assert_eq!(cookie.read(&headers).map(|read| read.digest()), Some(secret.digest()));
            headers.append(COOKIE, HeaderValue::try_from(pair)?);
            assert!(cookie.read(&headers).is_none());
        }
        Ok(())
    }
}
