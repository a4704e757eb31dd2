//! Headers that protect a page, and requests that come from elsewhere.

use std::fmt::Write;
use std::net::{IpAddr, SocketAddr};

use axum::extract::{ConnectInfo, Request, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, HOST, HeaderName, HeaderValue, ORIGIN, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::Next;
use axum::response::Response;
use vicarious::Problem;

use crate::app::Shared;

/// Lets one script run, named by a number that is used once.
#[derive(Clone, Debug)]
pub(crate) struct Nonce(pub(crate) String);

/// Gives every request a nonce, and every answer the headers that it does not have already.
pub(crate) async fn protect(mut request: Request, next: Next) -> Response {
    let nonce = draw();
    request.extensions_mut().insert(Nonce(nonce.clone()));
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    let policy = format!(
        "default-src 'none'; style-src 'self'; script-src 'self' 'nonce-{nonce}'; img-src 'self' data:; \
         connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    );
    if let Ok(policy) = HeaderValue::try_from(policy) {
        headers.entry(CONTENT_SECURITY_POLICY).or_insert(policy);
    }
    for (name, value) in [
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (REFERRER_POLICY, "same-origin"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (CACHE_CONTROL, "no-store"),
    ] {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    response
}

/// Takes the client's address from the proxy in front, which `--public-url` implies: the last that it forwarded for.
///
/// Whoever reaches the shop past the proxy can claim an address, and gains only a fresh allowance of wrong passwords.
pub(crate) async fn believe_the_proxy(State(app): State<Shared>, mut request: Request, next: Next) -> Response {
    if app.public_url.is_some()
        && let Some(client) = forwarded_for(request.headers())
    {
        request.extensions_mut().insert(ConnectInfo(SocketAddr::new(client, 0)));
    }
    next.run(request).await
}

fn forwarded_for(headers: &HeaderMap) -> Option<IpAddr> {
    let last = headers.get_all("x-forwarded-for").iter().next_back()?.to_str().ok()?;
    last.rsplit(',').next()?.trim().parse().ok()
}

/// Refuses what would change something and was sent by another site's page.
///
/// A request with neither header is no browser, and has no cookies that somebody else's page could make it send.
pub(crate) async fn refuse_cross_site(State(app): State<Shared>, request: Request, next: Next) -> Response {
    if request.method().is_safe() || is_own(request.headers(), app.public_url.as_deref()) {
        return next.run(request).await;
    }
    Problem::new(StatusCode::FORBIDDEN, "cross-site", "This request came from another site")
        .detail("Nothing was changed. Open the page here and try again.")
        .respond(request.headers())
}

fn is_own(headers: &HeaderMap, public_url: Option<&str>) -> bool {
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    match (text("sec-fetch-site"), text(ORIGIN.as_str())) {
        (Some(site), _) => matches!(site, "same-origin" | "none"),
        (None, Some(origin)) => match public_url {
            Some(public_url) => origin.eq_ignore_ascii_case(public_url),
            None => {
                let host = origin.strip_prefix("http://").unwrap_or_default();
                !host.is_empty() && text(HOST.as_str()).is_some_and(|own| own.eq_ignore_ascii_case(host))
            }
        },
        (None, None) => true,
    }
}

/// Draws 128 random bits; without randomness there is a nonce that nobody is told, so no script runs.
fn draw() -> String {
    let mut bytes = [0_u8; 16];
    if getrandom::fill(&mut bytes).is_err() {
        return "none".to_owned();
    }
    bytes.iter().fold(String::with_capacity(32), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn own(pairs: &[(&'static str, &'static str)], public_url: Option<&str>) -> bool {
        let headers =
            pairs.iter().map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
        is_own(&headers.collect(), public_url)
    }

    #[test]
    fn the_browsers_word_decides_and_the_origin_where_it_says_nothing() {
        let host = ("host", "127.0.0.1:3000");
        assert!(own(&[host], None));
        assert!(own(&[host, ("sec-fetch-site", "same-origin")], None));
        assert!(!own(&[host, ("sec-fetch-site", "cross-site")], None));
        assert!(!own(&[host, ("sec-fetch-site", "same-site"), ("origin", "http://127.0.0.1:3000")], None));
        assert!(own(&[host, ("origin", "http://127.0.0.1:3000")], None));
        for origin in ["http://localhost:3000", "null", "https://evil.example", "http://"] {
            assert!(!own(&[host, ("origin", origin)], None), "{origin}");
        }
    }

    #[test]
    fn of_a_chain_of_proxies_only_the_nearest_is_believed() {
        let headers = |value| HeaderMap::from_iter([(HeaderName::from_static("x-forwarded-for"), value)]);
        let chain = headers(HeaderValue::from_static("6.6.6.6, 203.0.113.7"));
        assert_eq!(forwarded_for(&chain), Some(IpAddr::from([203, 0, 113, 7])));
        assert_eq!(forwarded_for(&headers(HeaderValue::from_static("unknown"))), None);
        assert_eq!(forwarded_for(&HeaderMap::new()), None);
    }

    #[test]
    fn behind_a_proxy_the_public_url_is_the_origin() {
        let public = Some("https://tea.example.com");
        assert!(own(&[("host", "10.0.0.7"), ("origin", "https://tea.example.com")], public));
        assert!(!own(&[("host", "10.0.0.7"), ("origin", "http://10.0.0.7")], public));
    }
}
