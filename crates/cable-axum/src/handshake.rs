//! What a request must say to become a WebSocket, and what the answer says.
//!
//! RFC 6455, section 4.2. Who may connect, and from which origin, is decided elsewhere.

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::general_purpose::{GeneralPurpose, PAD};
use http::header::{
    AsHeaderName, CONNECTION, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL, SEC_WEBSOCKET_VERSION, UPGRADE,
};
use http::request::Parts;
use http::{HeaderMap, Method, Version};
use sha1::{Digest, Sha1};
use thiserror::Error;

/// What section 1.3 appends to every key.
const GUID: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// Padding is demanded; bits after the last byte may be set, as in the example of RFC 6455, section 4.1.
const BASE64: GeneralPurpose = GeneralPurpose::new(&STANDARD, PAD.with_decode_allow_trailing_bits(true));

/// The value of `Sec-WebSocket-Key`, 16 bytes in base64.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key(String);

impl Key {
    /// Returns the value of `Sec-WebSocket-Accept` that proves to the client that its key was read.
    #[must_use]
    pub fn accept(&self) -> String {
        accept_key(&self.0)
    }
}

/// Why a request does not ask for a WebSocket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum NotAnUpgrade {
    /// Another method than GET.
    #[error("the method is not GET")]
    Method,
    /// Another protocol than HTTP/1.1, which alone can be upgraded.
    #[error("the protocol is not HTTP/1.1")]
    Protocol,
    /// No `upgrade` in `Connection`.
    #[error("`Connection` does not say `upgrade`")]
    Connection,
    /// No `websocket` in `Upgrade`.
    #[error("`Upgrade` does not say `websocket`")]
    Upgrade,
    /// Another version than 13.
    #[error("`Sec-WebSocket-Version` is not 13")]
    WebSocketVersion,
    /// A missing, doubled or malformed key.
    #[error("`Sec-WebSocket-Key` is not 16 bytes in base64")]
    Key,
}

/// Checks that a request asks for a WebSocket, and returns its key.
///
/// # Errors
///
/// The first of the conditions of RFC 6455, section 4.2.1, that does not hold.
pub fn check(parts: &Parts) -> Result<Key, NotAnUpgrade> {
    let headers = &parts.headers;
    let conditions = [
        (parts.method == Method::GET, NotAnUpgrade::Method),
        (parts.version == Version::HTTP_11, NotAnUpgrade::Protocol),
        (has_token(headers, CONNECTION, "upgrade"), NotAnUpgrade::Connection),
        (has_token(headers, UPGRADE, "websocket"), NotAnUpgrade::Upgrade),
        (only(headers, SEC_WEBSOCKET_VERSION) == Some("13"), NotAnUpgrade::WebSocketVersion),
    ];
    if let Some((_, reason)) = conditions.into_iter().find(|(holds, _)| !holds) {
        return Err(reason);
    }
    let key = only(headers, SEC_WEBSOCKET_KEY).ok_or(NotAnUpgrade::Key)?;
    match BASE64.decode(key) {
        Ok(bytes) if bytes.len() == 16 => Ok(Key(key.to_owned())),
        _ => Err(NotAnUpgrade::Key),
    }
}

/// Returns the value of `Sec-WebSocket-Accept` for a key.
///
/// ```
/// let accept = cable_axum::handshake::accept_key("dGhlIHNhbXBsZSBub25jZQ==");
/// assert_eq!(accept, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
/// ```
#[must_use]
pub fn accept_key(key: &str) -> String {
    BASE64.encode(Sha1::new().chain_update(key).chain_update(GUID).finalize())
}

/// Returns the first subprotocol in the client's order that is `known`.
///
/// `None` if there is none in common: the answer then names none, and the client decides.
#[must_use]
pub fn choose_protocol<'a>(headers: &HeaderMap, known: &[&'a str]) -> Option<&'a str> {
    tokens(headers, SEC_WEBSOCKET_PROTOCOL).find_map(|offered| known.iter().copied().find(|name| *name == offered))
}

/// The elements of a list header, over all its lines.
fn tokens(headers: &HeaderMap, name: impl AsHeaderName) -> impl Iterator<Item = &str> {
    let lines = headers.get_all(name).into_iter().filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.split(',')).map(str::trim)
}

fn has_token(headers: &HeaderMap, name: impl AsHeaderName, token: &str) -> bool {
    tokens(headers, name).any(|element| element.eq_ignore_ascii_case(token))
}

/// Returns the value of a header that must stand there exactly once.
fn only(headers: &HeaderMap, name: impl AsHeaderName) -> Option<&str> {
    let mut lines = headers.get_all(name).into_iter();
    match (lines.next(), lines.next()) {
        (Some(line), None) => line.to_str().ok().map(str::trim),
        _ => None,
    }
}
