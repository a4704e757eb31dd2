//! The page that a request came from, as far as that may be believed.

use http::HeaderMap;
use http::header::{HOST, REFERER};
use vicarious_core::SitePath;

/// Returns the path of the `Referer` when that is a page of this site, otherwise `/`.
pub(crate) fn path(headers: &HeaderMap, own_origins: &[String]) -> SitePath {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let Some((origin, path)) = text(REFERER).and_then(split) else { return SitePath::root() };
    let host = origin.strip_prefix("https://").or_else(|| origin.strip_prefix("http://")).unwrap_or_default();
    let is_own = own_origins.iter().any(|own| own == origin)
        || (own_origins.is_empty() && text(HOST).is_some_and(|own| !own.is_empty() && own == host));
    if is_own { SitePath::new(path) } else { SitePath::root() }
}

/// Splits a URL into its origin and the rest.
fn split(url: &str) -> Option<(&str, &str)> {
    let authority = url.find("://")? + 3;
    let end = url.get(authority..)?.find('/').map_or(url.len(), |slash| authority + slash);
    Some((url.get(..end)?, url.get(end..)?))
}
