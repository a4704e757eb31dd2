//! Every word of the protocol, and the frames that a server sends.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::value::RawValue;

/// The subprotocol that is spoken here.
pub const SUBPROTOCOL: &str = "actioncable-v1-json";

/// The name that clients offer last, to be told that the server knows none of their protocols.
pub const UNSUPPORTED: &str = "actioncable-unsupported";

/// The commands of a client.
pub mod command {
    /// Asks for a subscription.
    pub const SUBSCRIBE: &str = "subscribe";
    /// Ends a subscription.
    pub const UNSUBSCRIBE: &str = "unsubscribe";
    /// Calls an action of a subscription's channel.
    pub const MESSAGE: &str = "message";
    /// The action that is meant when `data` names none.
    pub const RECEIVE: &str = "receive";
}

/// The subprotocols that are known here: the first of a client's, in its order, is answered.
pub const SUBPROTOCOLS: &[&str] = &[SUBPROTOCOL, UNSUPPORTED];

/// Why a connection ends, as its client is told: clients decide by `reconnect` whether to come back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disconnect {
    /// The reason, a word.
    pub reason: Cow<'static, str>,
    /// Whether the client should come back. Always sent: one client reads its absence as yes, another as no.
    pub reconnect: bool,
}

impl Disconnect {
    /// Nobody is signed in, or not well enough.
    pub const UNAUTHORIZED: Self = Self::of("unauthorized", false);
    /// The server is about to stop, or to be replaced.
    pub const SERVER_RESTART: Self = Self::of("server_restart", true);
    /// The server side asked for it.
    pub const REMOTE: Self = Self::of("remote", true);
    /// The client does not read what it is sent.
    pub const TOO_SLOW: Self = Self::of("too_slow", true);
    /// The client sends more commands than it may.
    pub const RATE_LIMITED: Self = Self::of("rate_limited", true);
    /// The server failed to find out who this is: an outage, not a denial.
    pub const UNAVAILABLE: Self = Self::of("unavailable", true);

    /// Returns a reason of one's own.
    pub const fn of(reason: &'static str, reconnect: bool) -> Self {
        Self { reason: Cow::Borrowed(reason), reconnect }
    }

    /// Returns the frame.
    pub fn frame(&self) -> String {
        to_json(&Typed {
            kind: "disconnect",
            reason: Some(&self.reason),
            reconnect: Some(self.reconnect),
            message: None,
        })
    }
}

#[derive(Serialize)]
struct Typed<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reconnect: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<u64>,
}

#[derive(Serialize)]
struct About<'a> {
    identifier: &'a str,
    #[serde(rename = "type")]
    kind: &'a str,
}

#[derive(Serialize)]
struct Message<'a> {
    identifier: &'a str,
    message: &'a RawValue,
}

/// Returns the first frame of an accepted connection.
pub fn welcome() -> String {
    to_json(&Typed { kind: "welcome", reason: None, reconnect: None, message: None })
}

/// Returns a ping; `at` is the time in whole seconds since 1970, and grows from one ping of a connection to the next.
pub fn ping(at: u64) -> String {
    to_json(&Typed { kind: "ping", reason: None, reconnect: None, message: Some(at) })
}

/// Returns the frame that confirms a subscription: sent once, when its streams are live.
pub fn confirm(identifier: &str) -> String {
    to_json(&About { identifier, kind: "confirm_subscription" })
}

/// Returns the frame that refuses a subscription, or ends one from the server's side.
pub fn reject(identifier: &str) -> String {
    to_json(&About { identifier, kind: "reject_subscription" })
}

/// Returns the frame that carries `message` to a subscription.
pub fn message(identifier: &str, message: &RawValue) -> String {
    to_json(&Message { identifier, message })
}

/// These types have string keys and no maps of their own, so that they always have a JSON form.
fn to_json(frame: &impl Serialize) -> String {
    serde_json::to_string(frame).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_have_the_shape_that_clients_expect() {
        assert_eq!(welcome(), r#"{"type":"welcome"}"#);
        assert_eq!(ping(1_700_000_000), r#"{"type":"ping","message":1700000000}"#);
        assert_eq!(
            confirm(r#"{"channel":"A"}"#),
            r#"{"identifier":"{\"channel\":\"A\"}","type":"confirm_subscription"}"#
        );
        assert_eq!(reject("x"), r#"{"identifier":"x","type":"reject_subscription"}"#);
        let payload = RawValue::from_string(r#""[1]""#.to_owned()).unwrap();
        assert_eq!(message("x", &payload), r#"{"identifier":"x","message":"[1]"}"#);
    }

    #[test]
    fn a_disconnect_always_says_whether_to_come_back() {
        assert_eq!(
            Disconnect::UNAUTHORIZED.frame(),
            r#"{"type":"disconnect","reason":"unauthorized","reconnect":false}"#
        );
        assert_eq!(Disconnect::TOO_SLOW.frame(), r#"{"type":"disconnect","reason":"too_slow","reconnect":true}"#);
    }
}
