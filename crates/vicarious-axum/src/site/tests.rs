use http::{HeaderName, HeaderValue};

use super::*;

fn headers(lines: &[(&'static str, &str)]) -> HeaderMap {
    lines
        .iter()
        .map(|(name, value)| {
            (HeaderName::from_static(name), HeaderValue::from_bytes(value.as_bytes()).expect("a header value"))
        })
        .collect()
}

const HOST_LINE: (&str, &str) = ("host", "app.example:3000");

// T15
#[test]
fn only_requests_of_this_very_origin_may_change_anything() {
    let check = |lines: &[(&'static str, &str)], cross: bool| {
        let mut all = vec![HOST_LINE];
        all.extend_from_slice(lines);
        assert_eq!(cross_site(&headers(&all), &[]), cross, "{lines:?}");
    };
    check(&[], false);
    check(&[("sec-fetch-site", "same-origin")], false);
    check(&[("sec-fetch-site", "none")], false);
    check(&[("sec-fetch-site", "same-origin"), ("origin", "http://app.example:3000")], false);
    for site in ["same-site", "cross-site", "", "SAME-ORIGIN", "same-origin, none", "nonsense"] {
        check(&[("sec-fetch-site", site)], true);
        check(&[("sec-fetch-site", site), ("origin", "http://app.example:3000")], true);
    }
    for own in ["http://app.example:3000", "https://app.example:3000", "http://APP.example:3000"] {
        check(&[("origin", own)], false);
    }
    for foreign in [
        "null",
        "",
        "app.example:3000",
        "http://app.example",
        "http://app.example:30000",
        "http://app.example:3000/",
        "http://app.example:3000.evil.example",
        "http://evil.app.example:3000",
        "http://evilapp.example:3000",
        "http://user@app.example:3000",
        "ftp://app.example:3000",
        "https://https://app.example:3000",
        "http://app.example:3000 http://evil.example",
    ] {
        check(&[("origin", foreign)], true);
    }
}

#[test]
fn own_origins_replace_the_host_header() {
    let own = ["https://app.example".to_owned()];
    for (origin, cross) in [
        ("https://app.example", false),
        ("http://app.example", true),
        ("https://app.example:443", true),
        ("http://app.example:3000", true),
    ] {
        assert_eq!(cross_site(&headers(&[HOST_LINE, ("origin", origin)]), &own), cross, "{origin}");
    }
}

#[test]
fn an_origin_without_a_host_is_foreign() {
    assert!(cross_site(&headers(&[("origin", "http://app.example")]), &[]));
    assert!(cross_site(&headers(&[("origin", "http://"), ("host", "")]), &[]));
}

#[test]
fn a_header_that_is_there_twice_counts_against_the_request() {
    for name in ["sec-fetch-site", "sec-fetch-dest", "sec-purpose", "purpose", "origin"] {
        let value = match name {
            "sec-fetch-site" => "same-origin",
            "sec-fetch-dest" => "document",
            "origin" => "http://app.example:3000",
            _ => "",
        };
        assert!(!cross_site(&headers(&[HOST_LINE, (name, value)]), &[]), "{name} once");
        assert!(cross_site(&headers(&[HOST_LINE, (name, value), (name, value)]), &[]), "{name} twice");
    }
    let hosts = [HOST_LINE, HOST_LINE, ("origin", "http://app.example:3000")];
    assert!(cross_site(&headers(&hosts), &[]));
}

#[test]
fn text_that_is_not_text_counts_against_the_request() {
    assert!(cross_site(&headers(&[HOST_LINE, ("sec-fetch-site", "same-origin\u{e9}")]), &[]));
    assert!(cross_site(&headers(&[HOST_LINE, ("origin", "http://app.example:3000\u{e9}")]), &[]));
}

// T15
#[test]
fn fetching_ahead_changes_nothing() {
    for (name, value) in [
        ("sec-purpose", "prefetch"),
        ("sec-purpose", "prefetch;prerender"),
        ("sec-purpose", "Prefetch;anonymous-client-ip"),
        ("purpose", "prefetch"),
        ("x-moz", "prefetch"),
        ("x-purpose", "preview"),
    ] {
        assert!(cross_site(&headers(&[("sec-fetch-site", "same-origin"), (name, value)]), &[]), "{name}: {value}");
    }
}

#[test]
fn an_image_never_posts() {
    for (dest, cross) in [
        ("document", false),
        ("iframe", false),
        ("empty", false),
        ("image", true),
        ("script", true),
        ("style", true),
        ("worker", true),
        ("", true),
    ] {
        let lines = [("sec-fetch-site", "same-origin"), ("sec-fetch-dest", dest)];
        assert_eq!(cross_site(&headers(&lines), &[]), cross, "{dest}");
    }
}

#[test]
fn a_part_of_a_page_is_no_document() {
    let check = |lines: &[(&'static str, &str)], document: bool| {
        assert_eq!(is_document(&headers(lines)), document, "{lines:?}");
    };
    check(&[], true);
    for dest in ["document", "iframe", "frame", "embed", "object"] {
        check(&[("sec-fetch-dest", dest)], true);
        check(&[("sec-fetch-dest", dest), ("hx-request", "true")], true);
    }
    for dest in ["empty", "image", "script", ""] {
        check(&[("sec-fetch-dest", dest)], false);
    }
    check(&[("hx-request", "true")], false);
    check(&[("hx-request", "false")], true);
    check(&[("x-requested-with", "XMLHttpRequest")], false);
    check(&[("x-requested-with", "com.example.browser")], true);
    check(&[("sec-fetch-dest", "empty"), ("sec-fetch-dest", "empty")], true);
}

#[test]
fn only_a_browser_that_says_so_opens_a_page() {
    let check = |dest: &[&str], accept: &str, page: bool| {
        let dest = dest.iter().map(|dest| ("sec-fetch-dest", *dest));
        let lines: Vec<_> = dest.chain([("accept", accept)]).collect();
        assert_eq!(opens_page(&headers(&lines)), page, "{lines:?}");
    };
    let browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
    check(&["document"], browser, true);
    check(&["document"], "*/*", false);
    check(&["document"], "text/html;q=0", false);
    check(&["document"], "text/html;q=0.5, application/json", false);
    for dest in ["iframe", "frame", "empty", "object", "embed", "image", "script", "websocket", ""] {
        check(&[dest], browser, false);
    }
    check(&[], browser, false);
    check(&["document", "document"], browser, false);
}

#[test]
fn json_is_answered_to_those_who_prefer_it() {
    let check = |accept: &[&str], json: bool| {
        let lines: Vec<_> = accept.iter().map(|value| ("accept", *value)).collect();
        assert_eq!(wants_json(&headers(&lines)), json, "{accept:?}");
    };
    check(&[], false);
    check(&["*/*"], false);
    check(&["application/*"], false);
    check(&["text/html"], false);
    check(&["text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"], false);
    check(&["application/json"], true);
    check(&["APPLICATION/JSON; charset=utf-8"], true);
    check(&["application/problem+json"], true);
    check(&["application/json, text/plain, */*"], true);
    check(&["text/html, application/json"], false);
    check(&["text/html;q=0.9, application/json"], true);
    check(&["text/html;q=0.5, application/json;q=0.501"], true);
    check(&["text/html;q=0.5", "application/json;q=0.6"], true);
    check(&["application/json;q=0"], false);
    check(&["application/json;q=nonsense"], false);
    check(&["application/json;q=1.1"], false);
    check(&["application/json;q=0.0001"], false);
    check(&["application/json;q=+1"], false);
    check(&["\u{e9}", "application/json"], true);
}
