//! Paths that cannot lead off the site (T19).

use proptest::prelude::*;
use vicarious_core::SitePath;
use vicarious_core::site_path::MAX_LENGTH;

#[test]
fn what_leads_elsewhere_counts_as_the_root() {
    let elsewhere = [
        "https://evil.example/",
        "HTTPS:/evil.example",
        "https:evil.example",
        "//evil.example",
        "///evil.example",
        "////evil.example/..",
        "/\\evil.example",
        "\\/evil.example",
        "\\\\evil.example",
        "/a\\b",
        "/\t/evil.example",
        "\t//evil.example",
        "/\n/evil.example",
        "/\r\nLocation: https://evil.example",
        "/\0",
        " /orders",
        "/orders ",
        "/or ders",
        "/\u{7f}",
        "/\u{85}",
        "/\u{2028}",
        "/\u{200b}/evil.example",
        "/\u{ff0f}evil.example",
        "/caf\u{e9}",
        "javascript:alert(1)",
        "data:text/html,x",
        "orders",
        "?page=2",
        "#top",
        "@evil.example",
        "alice@evil.example/",
        ".evil.example",
        "",
    ];
    for path in elsewhere {
        assert_eq!(SitePath::new(path).as_str(), "/", "{path:?}");
    }
    assert_eq!(SitePath::new(&format!("/{}", "a".repeat(MAX_LENGTH))).as_str(), "/");
}

#[test]
fn what_stays_is_kept_as_it_is() {
    let stays = [
        "/",
        "/orders",
        "/orders/17?page=2&sort=-date#lines",
        "/@evil.example",
        "/a//b",
        "/a?next=https://evil.example",
        "/a?next=//evil.example",
        "/%2f%2fevil.example",
        "/%5cevil.example",
        "/%0d%0aLocation:%20x",
        "/caf%C3%A9",
        "/a:b",
        "/..",
    ];
    for path in stays {
        assert_eq!(SitePath::new(path).as_str(), path);
    }
    let longest = format!("/{}", "a".repeat(MAX_LENGTH - 1));
    assert_eq!(SitePath::new(&longest).as_str(), longest);
    assert_eq!(SitePath::default().to_string(), "/");
}

/// Reads a reference as a browser would (WHATWG URL, section 4.4): drops tabs and newlines, trims, takes `\` for `/`.
fn leads_elsewhere(reference: &str) -> bool {
    let kept: String = reference.chars().filter(|c| !matches!(c, '\t' | '\n' | '\r')).collect();
    let kept = kept.trim_matches(|c: char| c <= ' ').replace('\\', "/");
    !kept.starts_with('/') || kept.starts_with("//")
}

proptest! {
    #[test]
    fn no_text_leads_off_the_site(text in any::<String>()) {
        prop_assert!(!leads_elsewhere(SitePath::new(&text).as_str()));
    }

    #[test]
    fn no_tricky_text_leads_off_the_site(text in "[/\\\\\t\n\r a:@.%]{0,8}[a-z./]{0,6}") {
        let path = SitePath::new(&text);
        prop_assert!(!leads_elsewhere(path.as_str()));
        prop_assert!(path.as_str() == "/" || path.as_str() == text);
    }
}
