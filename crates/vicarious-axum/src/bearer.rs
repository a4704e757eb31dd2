//! A handle in a header, for applications whose sign-in is a bearer token and which keep no cookies.

use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderValue};

use crate::engine::Engine;
use crate::presented::{HandleIn, Presented};
use crate::site;

/// The header of a request that has the handle, where [`Builder::handle_in_header`](crate::Builder::handle_in_header) is set.
pub(crate) const HANDLE: &str = "impersonation-handle";

/// Opens the handle of a request that has it in a header.
pub(crate) fn presented(engine: &Engine, headers: &HeaderMap) -> Presented {
    let mut values = headers.get_all(HANDLE).iter();
    let sealed = match (values.next(), values.next()) {
        (None, _) => return Presented::Nothing,
        (Some(_), Some(_)) => return Presented::Garbage,
        (Some(value), None) => value.to_str().unwrap_or_default(),
    };
    engine.opened(sealed).map_or(Presented::Garbage, Presented::Handle)
}

impl Engine {
    /// Returns whether another site may have caused a request, so that it must not change anything.
    ///
    /// What a browser adds by itself, such as a cookie, proves nothing about who asked. A bearer token and a handle in a
    /// header are added by a script, and only by one that the application's own CORS rules let ask.
    pub(crate) fn is_cross_site(&self, headers: &HeaderMap) -> bool {
        let deliberate =
            self.handle_in == HandleIn::Header && (headers.contains_key(HANDLE) || has_bearer_token(headers));
        !deliberate && site::cross_site(headers, &self.own_origins)
    }
}

/// Returns whether the sign-in is a bearer token; what browsers remember (`Basic`) is none.
fn has_bearer_token(headers: &HeaderMap) -> bool {
    let scheme =
        |value: &HeaderValue| value.as_bytes().get(..7).is_some_and(|scheme| scheme.eq_ignore_ascii_case(b"bearer "));
    let mut values = headers.get_all(AUTHORIZATION).iter();
    matches!((values.next(), values.next()), (Some(value), None) if scheme(value))
}
