/// Which pages may open a connection, by the `Origin` that their browser sends.
///
/// # Examples
///
/// ```
/// use cable_core::Origins;
///
/// let origins = Origins::same().and("https://app.example.com");
/// assert!(origins.allow(Some("https://shop.example"), "https", "shop.example"));
/// assert!(origins.allow(Some("https://app.example.com"), "https", "shop.example"));
/// assert!(!origins.allow(Some("https://evil.example"), "https", "shop.example"));
/// assert!(!origins.allow(None, "https", "shop.example"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origins {
    same: bool,
    missing: bool,
    listed: Vec<String>,
    any: bool,
}

impl Origins {
    /// Only pages of the same origin: scheme, host and port.
    pub fn same() -> Self {
        Self { same: true, missing: false, listed: Vec::new(), any: false }
    }

    /// Only the origins that [`Self::and`] names, such as where a proxy changes the `Host`.
    pub fn listed() -> Self {
        Self { same: false, ..Self::same() }
    }

    /// Every origin. Only for a server that nobody's cookies reach.
    pub fn any() -> Self {
        Self { any: true, ..Self::same() }
    }

    /// Allows an origin too, such as `https://app.example.com`; compared exactly.
    #[must_use]
    pub fn and(mut self, origin: &str) -> Self {
        self.listed.push(origin.trim_end_matches('/').to_owned());
        self
    }

    /// Allows requests without an `Origin`: programs, which are no browsers.
    #[must_use]
    pub fn or_missing(mut self) -> Self {
        self.missing = true;
        self
    }

    /// Returns whether a page of `origin` may connect to a server that was reached at `scheme` and `host`, port included.
    pub fn allow(&self, origin: Option<&str>, scheme: &str, host: &str) -> bool {
        if self.any {
            return true;
        }
        let Some(origin) = origin else { return self.missing };
        let is_same = || origin.strip_prefix(scheme).and_then(|rest| rest.strip_prefix("://")) == Some(host);
        (self.same && is_same()) || self.listed.iter().any(|listed| listed == origin)
    }
}
