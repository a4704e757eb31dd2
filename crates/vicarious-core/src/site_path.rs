//! Paths that cannot lead off the site.

use std::fmt;

/// A path with an optional query on the host's own origin; anything else counts as `/`.
///
/// # Examples
///
/// ```
/// use vicarious_core::SitePath;
///
/// assert_eq!(SitePath::new("/orders?page=2").as_str(), "/orders?page=2");
/// for elsewhere in ["https://evil.example/", "//evil.example", "/\\evil.example", "/\t/evil.example", "orders"] {
///     assert_eq!(SitePath::new(elsewhere).as_str(), "/");
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SitePath(String);

/// The longest path accepted, in bytes; a longer one counts as `/`.
pub const MAX_LENGTH: usize = 2048;

impl SitePath {
    /// Returns `text` if it is a path on this site, otherwise `/`.
    pub fn new(text: &str) -> Self {
        if Self::stays_on_site(text) { Self(text.to_owned()) } else { Self::root() }
    }

    /// Returns `/`.
    pub fn root() -> Self {
        Self("/".to_owned())
    }

    /// Returns the path and query.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn stays_on_site(text: &str) -> bool {
        // Browsers strip tabs and newlines and read `\` as `/`, so none of them may appear. Only visible ASCII
        // may: everything else a browser writes percent-encoded.
        text.len() <= MAX_LENGTH
            && text.starts_with('/')
            && !text.starts_with("//")
            && text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\')
    }
}

impl Default for SitePath {
    fn default() -> Self {
        Self::root()
    }
}

impl fmt::Display for SitePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
