//! Paths that need special care: our own, and the host's.

use http::Method;
use http::header::UPGRADE;
use http::request::Parts;

/// Where the layer's own routes are.
pub(crate) const OWN_PATH: &str = "/impersonation";

/// The page where an agent confirms whom to impersonate and why.
pub(crate) const START_PAGE: &str = "/impersonation/new";

/// A method and a path that the host serves itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct HostRoute {
    method: String,
    path: String,
}

impl HostRoute {
    /// Parses `"DELETE /session"`.
    pub(crate) fn parse(spelled: &str) -> Option<Self> {
        let (method, path) = spelled.trim().split_once(' ')?;
        let path = path.trim();
        path.starts_with('/').then(|| Self { method: method.to_ascii_uppercase(), path: path.to_owned() })
    }

    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    /// Returns whether a request is for this route; `{…}` in its path stands for one segment.
    pub(crate) fn is(&self, method: &str, path: &str) -> bool {
        let is_any = |own: &str| own.starts_with('{') && own.ends_with('}');
        let (own, asked) = (self.path.split('/'), path.split('/'));
        self.method == method
            && own.clone().count() == asked.clone().count()
            && own.zip(asked).all(|(own, asked)| own == asked || (is_any(own) && !asked.is_empty()))
    }
}

/// Where sign-in, sign-out, health, assets and channels are.
#[derive(Clone, Debug, Default)]
pub(crate) struct Paths {
    pub(crate) sign_in: Vec<HostRoute>,
    pub(crate) sign_out: Vec<HostRoute>,
    pub(crate) open: Vec<String>,
    pub(crate) assets: Vec<String>,
    pub(crate) channels: Vec<String>,
}

impl Paths {
    pub(crate) fn is_sign_in(&self, method: &str, path: &str) -> bool {
        self.sign_in.iter().any(|route| route.is(method, path))
    }

    pub(crate) fn is_sign_out(&self, method: &str, path: &str) -> bool {
        self.sign_out.iter().any(|route| route.is(method, path))
    }

    /// Returns whether a request is to become a connection, which can say for itself what has ended.
    pub(crate) fn is_channels(&self, parts: &Parts) -> bool {
        let path = parts.uri.path();
        parts.method == Method::GET
            && parts.headers.contains_key(UPGRADE)
            && self.channels.iter().any(|own| own == path)
    }

    /// Returns whether the path needs no identity at all: health and declared assets, read only.
    pub(crate) fn is_open(&self, method: &str, path: &str) -> bool {
        matches!(method, "GET" | "HEAD") && self.open.iter().chain(&self.assets).any(|prefix| is_below(prefix, path))
    }
}

fn is_below(prefix: &str, path: &str) -> bool {
    path.strip_prefix(prefix.trim_end_matches('/')).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn braces_stand_for_one_segment() {
        let route = HostRoute::parse("GET /auth/{provider}/callback").unwrap();
        assert!(route.is("GET", "/auth/github/callback"));
        for other in
            ["/auth/callback", "/auth//callback", "/auth/a/b/callback", "/auth/github/callback/", "/x/github/callback"]
        {
            assert!(!route.is("GET", other), "{other}");
        }
        assert!(!route.is("POST", "/auth/github/callback"));
    }
}
