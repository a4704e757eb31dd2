//! What a request's headers say about where it came from and what it wants back.

use http::HeaderMap;
use http::header::{ACCEPT, HOST, ORIGIN};

/// Returns whether a request comes from another site, and so must not change anything.
///
/// The browser's own word, `Sec-Fetch-Site`, decides; where it is absent, `Origin` must name this very origin: one of
/// `own_origins`, or, when there are none, `http` or `https` and the `Host` header. A request with neither is no
/// browser and passes. A header that is there twice, or that cannot be read, counts against the request.
pub(crate) fn cross_site(headers: &HeaderMap, own_origins: &[String]) -> bool {
    let verdict = || -> Result<bool, Ambiguous> {
        if is_speculative(headers)? || !fits_an_unsafe_request(single(headers, "sec-fetch-dest")?) {
            return Ok(true);
        }
        match (single(headers, "sec-fetch-site")?, single(headers, ORIGIN.as_str())?) {
            (Some("same-origin" | "none"), _) => Ok(false),
            (Some(_), _) => Ok(true),
            (None, Some(origin)) => Ok(!is_own(origin, own_origins, single(headers, HOST.as_str())?)),
            (None, None) => Ok(false),
        }
    };
    verdict().unwrap_or(true)
}

/// Returns whether the answer to this request becomes a page of its own, and not a part of one.
pub(crate) fn is_document(headers: &HeaderMap) -> bool {
    match single(headers, "sec-fetch-dest") {
        Ok(Some(dest)) => matches!(dest, "document" | "iframe" | "frame" | "embed" | "object"),
        Ok(None) => {
            let is = |name, value| matches!(single(headers, name), Ok(Some(found)) if found == value);
            !is("hx-request", "true") && !is("x-requested-with", "XMLHttpRequest")
        }
        // A page too many with a banner is better than one without.
        Err(Ambiguous) => true,
    }
}

/// Returns whether a browser says that it opens a page in a window, and takes HTML for it. Who does not say so may be a
/// program.
pub(crate) fn opens_page(headers: &HeaderMap) -> bool {
    let is_html = |range| matches!(media_range(range), (kind, 1..) if kind.eq_ignore_ascii_case("text/html"));
    let accepted = || headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
    matches!(single(headers, "sec-fetch-dest"), Ok(Some("document")))
        && accepted().flat_map(|value| value.split(',')).any(is_html)
        && !wants_json(headers)
}

/// Returns whether JSON is preferred to HTML. A bare `*/*`, or nothing at all, means HTML.
pub fn wants_json(headers: &HeaderMap) -> bool {
    let (mut json, mut html) = (0, 0);
    for value in headers.get_all(ACCEPT) {
        for range in value.to_str().unwrap_or_default().split(',') {
            let (kind, quality) = media_range(range);
            match kind.to_ascii_lowercase().as_str() {
                "application/json" | "application/problem+json" => json = json.max(quality),
                "text/html" | "application/xhtml+xml" => html = html.max(quality),
                _ => {}
            }
        }
    }
    json > html
}

/// A header that names one thing is there more than once, or is not text.
#[derive(Debug, PartialEq, Eq)]
struct Ambiguous;

fn single<'headers>(headers: &'headers HeaderMap, name: &str) -> Result<Option<&'headers str>, Ambiguous> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => value.to_str().map(|value| Some(value.trim())).map_err(|_| Ambiguous),
        (Some(_), Some(_)) => Err(Ambiguous),
    }
}

/// A browser that fetches or renders ahead has no person behind it.
fn is_speculative(headers: &HeaderMap) -> Result<bool, Ambiguous> {
    for name in ["sec-purpose", "purpose", "x-purpose", "x-moz"] {
        let said = single(headers, name)?.unwrap_or_default().to_ascii_lowercase();
        if said.contains("prefetch") || said.contains("prerender") || said.contains("preview") {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Forms navigate and scripts fetch (`empty`); an image or a style sheet never posts.
fn fits_an_unsafe_request(dest: Option<&str>) -> bool {
    matches!(dest, None | Some("document" | "iframe" | "frame" | "empty"))
}

fn is_own(origin: &str, own_origins: &[String], host: Option<&str>) -> bool {
    if !own_origins.is_empty() {
        return own_origins.iter().any(|own| own.eq_ignore_ascii_case(origin));
    }
    let authority = origin.strip_prefix("https://").or_else(|| origin.strip_prefix("http://"));
    match (authority, host) {
        (Some(authority), Some(host)) => !host.is_empty() && authority.eq_ignore_ascii_case(host),
        _ => false,
    }
}

/// Returns a media range's type and its quality in thousandths; one that cannot be read counts for nothing.
fn media_range(text: &str) -> (&str, u32) {
    let mut parts = text.split(';').map(str::trim);
    let kind = parts.next().unwrap_or_default();
    let quality = parts
        .filter_map(|part| part.split_once('='))
        .find(|(name, _)| name.trim().eq_ignore_ascii_case("q"))
        .map_or(Some(1000), |(_, value)| thousandths(value.trim()));
    (kind, quality.unwrap_or(0))
}

/// RFC 9110, 12.4.2: at most three digits after the point, and never more than 1.
fn thousandths(text: &str) -> Option<u32> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if fraction.len() > 3 || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let fraction: u32 = format!("{fraction:0<3}").parse().ok()?;
    match whole {
        "0" => Some(fraction),
        "1" if fraction == 0 => Some(1000),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
