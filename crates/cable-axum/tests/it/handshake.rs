//! Which requests ask for a WebSocket, and for which subprotocol.

use cable_axum::handshake::{NotAnUpgrade, accept_key, check, choose_protocol};
use http::header::{CONNECTION, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL, SEC_WEBSOCKET_VERSION, UPGRADE};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Version};

const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";

fn upgrade() -> Parts {
    let request = http::Request::get("/cable")
        .header(CONNECTION, "Upgrade")
        .header(UPGRADE, "websocket")
        .header(SEC_WEBSOCKET_VERSION, "13")
        .header(SEC_WEBSOCKET_KEY, KEY);
    request.body(()).unwrap().into_parts().0
}

fn with(name: &HeaderName, values: &[&str]) -> Parts {
    let mut parts = upgrade();
    parts.headers.remove(name);
    for value in values {
        parts.headers.append(name, HeaderValue::from_str(value).unwrap());
    }
    parts
}

#[track_caller]
fn refuses(name: &HeaderName, lines: &[&[&str]], reason: NotAnUpgrade) {
    for values in lines {
        assert_eq!(check(&with(name, values)), Err(reason), "{values:?}");
    }
}

#[track_caller]
fn accepts(name: &HeaderName, lines: &[&[&str]]) {
    for values in lines {
        assert!(check(&with(name, values)).is_ok(), "{values:?}");
    }
}

#[test]
fn the_answer_proves_that_the_key_was_read() {
    assert_eq!(check(&upgrade()).unwrap().accept(), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    assert_eq!(accept_key("x3JJHMbDL1EzLkh9GBhXDw=="), "HSmrc0sMlYUkAGmm5OPpG2HaGWk=");
}

#[test]
fn only_get_over_http_1_1_can_be_upgraded() {
    let mut post = upgrade();
    post.method = Method::POST;
    assert_eq!(check(&post), Err(NotAnUpgrade::Method));
    for version in [Version::HTTP_10, Version::HTTP_2] {
        let mut other = upgrade();
        other.version = version;
        assert_eq!(check(&other), Err(NotAnUpgrade::Protocol));
    }
}

#[test]
fn connection_is_a_list_that_holds_upgrade() {
    accepts(&CONNECTION, &[&["upgrade"], &["keep-alive, Upgrade"], &["keep-alive ,\tUPGRADE "], &["close", "upgrade"]]);
    refuses(&CONNECTION, &[&[], &["keep-alive"], &["upgraded"], &["up grade"], &[""]], NotAnUpgrade::Connection);
}

#[test]
fn upgrade_says_websocket_in_any_case() {
    accepts(&UPGRADE, &[&["WebSocket"], &["WEBSOCKET"], &["h2c, websocket"]]);
    refuses(&UPGRADE, &[&[], &["h2c"], &["websockets"]], NotAnUpgrade::Upgrade);
}

#[test]
fn the_version_is_13() {
    let wrong: &[&[&str]] = &[&[], &["8"], &["013"], &["13, 8"], &["13", "13"]];
    refuses(&SEC_WEBSOCKET_VERSION, wrong, NotAnUpgrade::WebSocketVersion);
}

#[test]
fn a_key_is_16_bytes_in_base64() {
    // The second is an example of RFC 6455, in which bits after the last byte are set.
    accepts(&SEC_WEBSOCKET_KEY, &[&["AAAAAAAAAAAAAAAAAAAAAA=="], &["AQIDBAUGBwgJCgsMDQ4PEC=="]]);
    let wrong: &[&[&str]] = &[&[], &[""], &["c2hvcnQ="], &["dGhlIHNhbXBsZSBub25jZQ"], &["not base64!"], &[KEY, KEY]];
    refuses(&SEC_WEBSOCKET_KEY, wrong, NotAnUpgrade::Key);
    refuses(&SEC_WEBSOCKET_KEY, &[&["AAAAAAAAAAAAAAAAAAAAAAA="]], NotAnUpgrade::Key);
}

#[test]
fn the_first_reason_is_given() {
    let nothing = http::Request::post("/cable").body(()).unwrap().into_parts().0;
    assert_eq!(check(&nothing), Err(NotAnUpgrade::Method));
}

const KNOWN: &[&str] = &["actioncable-v1-json", "actioncable-unsupported"];

fn chosen(lines: &[&str]) -> Option<&'static str> {
    let lines = lines.iter().map(|line| (SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_str(line).unwrap()));
    choose_protocol(&lines.fold(HeaderMap::new(), appended), KNOWN)
}

fn appended(mut headers: HeaderMap, (name, value): (HeaderName, HeaderValue)) -> HeaderMap {
    headers.append(name, value);
    headers
}

#[test]
fn the_first_known_subprotocol_of_the_client_is_chosen() {
    assert_eq!(chosen(&["actioncable-v1-json, actioncable-unsupported"]), Some("actioncable-v1-json"));
    assert_eq!(chosen(&["actioncable-unsupported, actioncable-v1-json"]), Some("actioncable-unsupported"));
    assert_eq!(chosen(&["actioncable-v1-ext-json,actioncable-v1-json"]), Some("actioncable-v1-json"));
    assert_eq!(chosen(&["other", " actioncable-unsupported "]), Some("actioncable-unsupported"));
}

#[test]
fn no_subprotocol_is_chosen_if_none_is_known() {
    for lines in [&[][..], &[""], &["other"], &["ActionCable-v1-json"]] {
        assert_eq!(chosen(lines), None, "{lines:?}");
    }
}
