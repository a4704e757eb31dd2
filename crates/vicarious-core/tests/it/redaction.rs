//! What the redactor lets through, and what never (T49, T50).

use std::fmt::Write as _;

use proptest::prelude::*;
use serde_json::{Value, json};
use vicarious_core::redact::Redactor;

fn redactor() -> Redactor {
    Redactor::new([9; 32])
}

/// A secret, and the part of it that must never be seen.
const CANARIES: &[(&str, &str)] = &[
    ("cAnary7Horse9Battery2Staple", "Horse9Battery"),
    ("password=hunter2canary", "hunter2canary"),
    ("4111 1111 1111 1111", "4111 1111"),
    ("4111-1111-1111-1111", "1111-1111"),
    ("5500005555555559", "55555555"),
    ("378282246310005", "8282246"),
    ("Cookie: sid=canary9f8a7b; theme=canarydark", "canary"),
    ("session=9f8a7b6c5d4e3f2a1b0c9d8e7f6a5b4c", "9f8a7b6c"),
    ("Bearer mF_9.B5f-4.1JqM", "B5f-4"),
    ("Basic YWxpY2U6aHVudGVyMg==", "YWxpY2U6"),
    ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhbGljZSJ9.c2lnbmF0dXJlY2FuYXJ5", "eyJzdWIiOiJhbGljZSJ9"),
    ("alice.canary+tag@mail.example.com", "alice.canary"),
    ("123-45-6789", "45-6789"),
    ("AB123456C", "123456"),
    ("AB 12 34 56 C", "12 34 56"),
    ("GB82 WEST 1234 5698 7654 32", "WEST"),
    ("-----BEGIN PRIVATE KEY-----\nMIIcanary\n-----END PRIVATE KEY-----", "MIIcanary"),
    ("https://alice:hunter2canary@db.example/x", "hunter2canary"),
];

fn percent(text: &str, every: bool) -> String {
    text.bytes().fold(String::new(), |mut encoded, byte| {
        if byte.is_ascii_alphanumeric() && !every {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
        encoded
    })
}

fn hex(text: &str) -> String {
    text.bytes().map(|byte| format!("{byte:02x}")).collect()
}

fn base64(text: &str, alphabet: &[u8; 64], padded: bool) -> String {
    let mut encoded = String::new();
    for group in text.as_bytes().chunks(3) {
        let bits = group.iter().fold(0_u32, |bits, &byte| bits << 8 | u32::from(byte)) << (8 * (3 - group.len()));
        for index in 0..=group.len() {
            encoded.push(char::from(alphabet[(bits >> (18 - 6 * index) & 63) as usize]));
        }
        if padded {
            encoded.push_str(&"=".repeat(3 - group.len()));
        }
    }
    encoded
}

const STANDARD: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const URL_SAFE: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

fn encodings(text: &str) -> Vec<(&'static str, String)> {
    vec![
        ("raw", text.to_owned()),
        ("url", percent(text, false)),
        ("url, every byte", percent(text, true)),
        ("url, twice", percent(&percent(text, false), false)),
        ("form", percent(text, false).replace("%20", "+")),
        ("base64", base64(text, STANDARD, true)),
        ("base64, url-safe", base64(text, URL_SAFE, false)),
        ("base64, in a url", percent(&base64(text, STANDARD, true), false)),
        ("base64, twice", base64(&base64(text, STANDARD, true), STANDARD, true)),
        ("hex", hex(text)),
        ("HEX", hex(text).to_uppercase()),
    ]
}

/// Returns what is recorded of a secret in every place that input can take.
fn placements(secret: &str) -> Vec<(&'static str, String)> {
    let redactor = redactor();
    let deep = json!({"a": [{"b": {"c": [secret]}}]});
    let mut key = json!({});
    key[secret] = json!(1);
    let mut hidden = secret.to_owned();
    hidden.insert(secret.len() / 2, '\u{200b}');
    let mut places = vec![
        ("path segment", redactor.path(&format!("/files/{secret}"))),
        ("middle of a path", redactor.path(&format!("/files/{secret}/edit"))),
        ("file in a path", redactor.path(&format!("/files/scan-{secret}.pdf"))),
        ("query value", redactor.path(&format!("/search?page=2&q={secret}&sort=name"))),
        ("query name", redactor.path(&format!("/search?{secret}"))),
        ("form field", redactor.parameter("note", secret).to_string()),
        ("secret form field", redactor.parameter("password", secret).to_string()),
        ("private form field", redactor.clone().private("note").parameter("note", secret).to_string()),
        ("file name", redactor.text(&format!("scan of {secret}.pdf"))),
        ("JSON, five deep", redactor.json(&deep).to_string()),
        ("JSON name", redactor.json(&key).to_string()),
        ("free text", redactor.text(&format!("she wrote ({secret}), and then \"{secret}\" again"))),
        ("error text", redactor.text(&format!("invalid value `{secret}`: expected a name"))),
        ("JSON in text", redactor.text(&json!({"note": {"text": secret}}).to_string())),
    ];
    if secret.is_char_boundary(secret.len() / 2) && !secret.contains('%') {
        places.push(("text with an unseen character inside", redactor.text(&hidden)));
    }
    places
}

#[test]
fn no_canary_passes_in_any_position_and_encoding() {
    let mut hits = Vec::new();
    let mut tried = 0;
    for (canary, core) in CANARIES {
        let mut needles: Vec<String> = encodings(canary).into_iter().map(|(_, form)| form).collect();
        needles.extend([(*core).to_owned(), percent(core, false), percent(core, true), hex(core)]);
        for (encoding, form) in encodings(canary) {
            for (place, recorded) in placements(&form) {
                tried += 1;
                if needles.iter().any(|needle| recorded.contains(needle.as_str())) {
                    hits.push(format!("{canary:?}, {encoding}, {place}: {recorded}"));
                }
            }
        }
    }
    assert!(tried > 2_000, "only {tried} placements were tried");
    assert!(hits.is_empty(), "{} of {tried} leaked:\n{}", hits.len(), hits.join("\n"));
}

#[test]
fn what_tells_the_story_survives() {
    let kept = [
        "Save this profile",
        "Rechnung für Jürgen Müller, 3. Mahnung",
        "2024-11-22",
        "22.11.2024",
        "2024-11-22 14:02",
        "2024-11-22T14:02:33.123456Z to 2024-11-23T08:00:00+01:00",
        "SUP-4711",
        "order 12345678",
        "42",
        "3.50 EUR",
        "018f2b6e-7c1a-7d3e-9b2a-123456789012",
        "invoice-for-march-2024-final",
        "getElementsByTagName",
        "Donaudampfschifffahrtsgesellschaft",
        "the bearer of bad news, a basic problem, basic authentication",
        "100%25 sure",
        "@alice",
        "https://example.com/orders/17?page=2",
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36",
        "shipping: express",
        "",
    ];
    for text in kept {
        assert_eq!(redactor().text(text), text);
        assert_eq!(redactor().parameter("note", text), text);
    }
}

#[test]
fn a_path_stays_readable() {
    let kept = [
        "/",
        "",
        "/orders/17",
        "/orders/12345678",
        "/orders/018f2b6e-7c1a-7d3e-9b2a-123456789012/lines/3",
        "/reports/2024-11-22?from=2024-11-01&to=2024-11-30&sort=-date",
        "/search?q=blue+shoes",
        "/search?q=blue%20shoes&page=2",
        "/caf%C3%A9/men%C3%BC",
        "/a//b/?",
    ];
    for path in kept {
        assert_eq!(redactor().path(path), path);
    }
}

#[test]
fn a_query_is_judged_by_name_and_by_shape() {
    let table = [
        ("/x?token=abc&page=2", "/x?token=[redacted]&page=2"),
        ("/x?user%5Bpassword%5D=abc", "/x?user%5Bpassword%5D=[redacted]"),
        ("/x?pass%77ord=abc", "/x?pass%77ord=[redacted]"),
        ("/x?mail=alice%40example.com", "/x?mail=[redacted:email]"),
        ("/x/4111%201111%201111%201111?y", "/x/[redacted:card]?y"),
        ("/x?q=4111+1111+1111+1111", "/x?q=[redacted:card]"),
        ("/x/for%20alice%40example.com/", "/x/for%20[redacted:email]/"),
        ("/x/%2525252525252541", "/x/[redacted:encoded]"),
    ];
    for (given, recorded) in table {
        assert_eq!(redactor().path(given), recorded);
    }
}

#[test]
fn below_a_secret_name_nothing_is_recorded() {
    let given = json!({"card": {"holder": "Alice", "number": [4, 2]}, "pin": 1234, "otp": null, "name": "Alice", "n": 4111111111111111_u64});
    let recorded = redactor().json(&given);
    let expected = json!({"card": "[redacted]", "pin": "[redacted]", "otp": "[redacted]", "name": "Alice", "n": "[redacted:card]"});
    assert_eq!(recorded, expected);
}

#[test]
fn a_private_field_shows_only_whether_it_is_equal() {
    let one = redactor().private("Nick_Name");
    let digest = one.parameter("nickName", "Al");
    let text = digest.as_str().unwrap();
    assert!(
        text.strip_prefix("digest:").is_some_and(|hex| hex.len() == 16 && hex.bytes().all(|b| b.is_ascii_hexdigit()))
    );
    assert_eq!(digest, one.parameter("NICK-NAME", "Al"), "the spelling of the name does not matter");
    assert_eq!(one.json(&json!({"nick_name": "Al"})), json!({"nick_name": digest}));
    assert_eq!(one.path("/x?nick_name=Al"), format!("/x?nick_name={text}"));
    assert_ne!(digest, one.parameter("nickname", "Bo"));
    assert_ne!(digest, Redactor::new([1; 32]).private("nickname").parameter("nickname", "Al"), "the key matters");
    let both = redactor().private("a").private("ab");
    assert_ne!(both.parameter("a", "bc"), both.parameter("ab", "c"), "neighbours are kept apart");
}

#[test]
fn a_redactor_does_not_print_its_key() {
    assert!(!format!("{:?}", Redactor::new([201; 32])).contains("201"));
}

#[test]
fn nothing_forges_or_disguises_a_line() {
    let forging =
        "ok\n2024-11-22 INFO stopped\r\0\x1b[31m\u{202e}txt\u{2066}\u{200b}\u{200f}\u{2028}\u{feff}\u{85}\u{e0041}";
    let shown = redactor().text(forging);
    assert!(shown.starts_with("ok\\u{a}2024-11-22 INFO stopped\\u{d}\\u{0}\\u{1b}[31m\\u{202e}txt"), "{shown}");
    assert_clean(&shown);
    assert_clean(&redactor().path(&format!("/{forging}?{forging}={forging}")));
    let mut named = json!({});
    named[forging] = json!([forging]);
    let recorded = redactor().json(&named);
    let (name, values) = recorded.as_object().unwrap().iter().next().unwrap();
    assert_clean(name);
    assert_clean(values[0].as_str().unwrap());
}

#[test]
fn names_that_look_alike_once_redacted_do_not_replace_each_other() {
    let recorded = redactor().json(&json!({"a@example.com": 1, "b@example.com": 2}));
    assert_eq!(recorded.as_object().unwrap().len(), 2);
}

#[test]
fn half_a_secret_does_not_pass_at_the_cut() {
    for before in 8_100..8_220 {
        // Secrets shrink, so what stands far back comes within the cap.
        let text = format!("{} card 4111 1111 1111 1111", "x1".repeat(before / 2));
        let shown = redactor().text(&text);
        assert!(!shown.contains("4111"), "{before}: {shown}");
    }
    for before in 150..220 {
        let text = format!("{} 4111111111111111", "word ".repeat(before / 5));
        assert!(!redactor().text(&text).contains("41"), "{before}");
    }
}

fn assert_clean(text: &str) {
    let bad = |c: char| {
        c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
    };
    assert!(!text.chars().any(bad), "{text:?}");
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(12, 400, 40, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..40).prop_map(Value::from),
            proptest::collection::btree_map(any::<String>(), inner, 0..40)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// Text that is rich in what the finders look for.
fn tricky() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        any::<String>(),
        proptest::sample::select(vec![
            "%",
            "%41",
            "%25",
            "4111 1111",
            "@",
            "eyJ",
            "Bearer ",
            "=",
            ":",
            "\"",
            "\\",
            "-----BEGIN",
            "-----END",
            "password",
            "GB82",
            "://",
            "2024-11-22",
            "\u{202e}",
            "\u{200b}",
            "AB12",
            "?",
            "&",
            "/",
            "ＡＢ１２",
            "%E2%80",
        ])
        .prop_map(str::to_owned),
    ];
    proptest::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn text_is_always_short_and_clean(text in tricky()) {
        let shown = redactor().text(&text);
        prop_assert!(shown.chars().count() <= 201);
        assert_clean(&shown);
        let path = redactor().path(&text);
        prop_assert!(path.chars().count() <= 601);
        assert_clean(&path);
    }

    #[test]
    fn json_is_always_bounded(value in any_json()) {
        let recorded = redactor().json(&value).to_string();
        prop_assert!(recorded.len() < 400_000, "{}", recorded.len());
    }

    #[test]
    fn a_card_is_found_in_any_company(before in "[a-zA-Z ]{0,40}", digits in "[0-9]{13,19}", after in "[a-zA-Z ]{0,40}") {
        let shown = redactor().text(&format!("{before} {digits} {after}"));
        prop_assert!(!shown.contains(&digits));
    }

    #[test]
    fn a_random_token_is_found(bytes in any::<[u8; 24]>()) {
        let token = base64(&bytes.iter().map(|byte| char::from(byte % 128)).collect::<String>(), URL_SAFE, false);
        // A separator may cut a token into parts that are words by chance; see the test below.
        let token = token.replace(['-', '_'], "x");
        prop_assume!(token.bytes().any(|byte| byte.is_ascii_digit()));
        let shown = redactor().text(&format!("here: {token} ok"));
        prop_assert!(!shown.contains(&token), "{shown}");
    }
}

#[test]
fn a_token_with_a_separator_in_it_is_found() {
    for token in
        ["AE00AA0AAAAAAAA-AQAABQAAAABAAAAA", "kJ8x_2LmQ9vRtY4wZbN7-cVfGhJkPqRsTuVw", "sess-9f86d081884c7d659a2f"]
    {
        let shown = redactor().text(&format!("here: {token} ok"));
        assert!(!shown.contains(token), "{shown}");
    }
}

#[test]
fn large_input_is_cut_short() {
    let members: serde_json::Map<String, Value> =
        (0..5_000).map(|n| (format!("field{n}"), json!("x".repeat(500)))).collect();
    let recorded = redactor().json(&Value::Object(members));
    assert!(recorded.as_object().unwrap().len() <= 201);
    assert!(redactor().text(&"ab cd ".repeat(1_000_000)).chars().count() <= 201);
    assert!(redactor().path(&"/a".repeat(1_000_000)).chars().count() <= 601);
    let deep = (0..100).fold(json!("canary"), |inner, _| json!({"in": inner}));
    assert!(!redactor().json(&deep).to_string().contains("canary"));
}
