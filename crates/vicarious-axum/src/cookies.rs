//! The cookies: the handle, and the notice after a stop.

use http::header::{COOKIE, SET_COOKIE};
use http::{HeaderMap, HeaderValue};
use jiff::Timestamp;

use crate::bearer;
use crate::engine::Engine;
use crate::keys::{Handle, Purpose, seal_handle};
use crate::presented::{HandleIn, Presented};

const HANDLE: &str = "vicarious-handle";
const NOTICE: &str = "vicarious-notice";
/// What the names of cookies begin with where they are for one host and for https alone.
const SECURE: &str = "__Host-";
/// How long a notice waits to be shown, in seconds.
const NOTICE_LASTS: u32 = 60;

/// Opens the handle of a request.
pub(crate) fn presented(engine: &Engine, headers: &HeaderMap) -> Presented {
    if engine.handle_in == HandleIn::Header {
        return bearer::presented(engine, headers);
    }
    let name = name(engine, HANDLE);
    let mut values = values(headers, &name);
    match (values.next(), values.next()) {
        (None, _) => Presented::Nothing,
        // A sibling host can plant a second cookie of the same name; which one is ours cannot be told.
        (Some(_), Some(_)) => Presented::Garbage,
        (Some(sealed), None) => engine.opened(sealed).map_or(Presented::Garbage, Presented::Handle),
    }
}

/// Returns the handle as a browser keeps it.
pub(crate) fn sealed(engine: &Engine, handle: &Handle, ends_at: Timestamp) -> String {
    seal_handle(&engine.keys, handle, ends_at)
}

/// Returns the `Set-Cookie` that hands out a handle. It lives as long as the browser's session: a handle that
/// lapsed by itself would let the page's forms run as the true user.
pub(crate) fn hand_out(engine: &Engine, sealed: &str) -> Option<HeaderValue> {
    set(engine, HANDLE, sealed, None)
}

/// Returns the `Set-Cookie` that takes the handle back; none where it is in a header, which the client drops.
pub(crate) fn take_back(engine: &Engine) -> Option<HeaderValue> {
    if engine.handle_in == HandleIn::Header { None } else { set(engine, HANDLE, "", Some(0)) }
}

/// Returns the `Set-Cookie` that shows `text` on the next page.
pub(crate) fn leave_notice(engine: &Engine, text: &str) -> Option<HeaderValue> {
    set(engine, NOTICE, &engine.keys.seal(Purpose::Notice, text.as_bytes()), Some(NOTICE_LASTS))
}

/// Returns the notice that waits, and the `Set-Cookie` that removes it.
pub(crate) fn notice(engine: &Engine, headers: &HeaderMap) -> Option<(String, HeaderValue)> {
    let name = name(engine, NOTICE);
    let sealed = values(headers, &name).next()?;
    let text = String::from_utf8(engine.keys.open(Purpose::Notice, sealed)?).ok()?;
    Some((text, set(engine, NOTICE, "", Some(0))?))
}

/// Adds a cookie to a response's headers.
pub(crate) fn add(headers: &mut HeaderMap, cookie: Option<HeaderValue>) {
    if let Some(cookie) = cookie {
        headers.append(SET_COOKIE, cookie);
    }
}

/// Removes our own cookies, and the handle in its header, so that no handler ever sees them.
pub(crate) fn hide(engine: &Engine, headers: &mut HeaderMap) {
    if engine.handle_in == HandleIn::Header {
        headers.remove(bearer::HANDLE);
    }
    let prefix = if engine.secure_cookies { SECURE } else { "" };
    let is_ours = |pair: &[u8]| {
        let name = split(pair).and_then(|(name, _)| name.strip_prefix(prefix.as_bytes()));
        name.is_some_and(|name| name == HANDLE.as_bytes() || name == NOTICE.as_bytes())
    };
    if !headers.get_all(COOKIE).iter().flat_map(pairs).any(is_ours) {
        return;
    }
    let all: Vec<HeaderValue> = headers.get_all(COOKIE).iter().cloned().collect();
    headers.remove(COOKIE);
    for value in all {
        let kept: Vec<&[u8]> = pairs(&value).filter(|pair| !is_ours(pair)).collect();
        if !kept.is_empty()
            && let Ok(value) = HeaderValue::from_bytes(&kept.join(b"; ".as_slice()))
        {
            headers.append(COOKIE, value);
        }
    }
}

/// Returns the values of a cookie. Cookies of others beside it may hold any bytes; what is no text is none of ours.
fn values<'a>(headers: &'a HeaderMap, name: &'a str) -> impl Iterator<Item = &'a str> {
    let all = headers.get_all(COOKIE).iter().flat_map(pairs).filter_map(split);
    all.filter(move |(key, _)| *key == name.as_bytes()).map(|(_, value)| std::str::from_utf8(value).unwrap_or_default())
}

fn pairs(header: &HeaderValue) -> impl Iterator<Item = &[u8]> {
    header.as_bytes().split(|byte| *byte == b';').map(<[u8]>::trim_ascii)
}

fn split(pair: &[u8]) -> Option<(&[u8], &[u8])> {
    let equals = pair.iter().position(|byte| *byte == b'=')?;
    Some((pair.get(..equals)?, pair.get(equals + 1..)?))
}

fn name(engine: &Engine, plain: &str) -> String {
    if engine.secure_cookies { format!("{SECURE}{plain}") } else { plain.to_owned() }
}

fn set(engine: &Engine, plain: &str, value: &str, max_age: Option<u32>) -> Option<HeaderValue> {
    let name = name(engine, plain);
    let secure = if engine.secure_cookies { "; Secure" } else { "" };
    let max_age = max_age.map(|seconds| format!("; Max-Age={seconds}")).unwrap_or_default();
    HeaderValue::try_from(format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax{secure}{max_age}")).ok()
}
