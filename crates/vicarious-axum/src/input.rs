//! What a request brings along: its form, its JSON, and how much of it was read.

use axum::body::Body;
use bytes::{Bytes, BytesMut};
use futures_util::{StreamExt, stream};
use http::header::CONTENT_TYPE;
use http::{HeaderMap, Method};
use http_body_util::BodyExt;
use sync_wrapper::SyncWrapper;

/// The largest form that is read, in bytes.
pub(crate) const FORM_AT_MOST: usize = 2 * 1024 * 1024;
/// The largest body that can be held while a confirmation is asked, in bytes.
pub(crate) const HELD_AT_MOST: usize = 512 * 1024;
/// The largest JSON body of which parameters are recorded, in bytes.
pub(crate) const JSON_AT_MOST: usize = 64 * 1024;
/// How much of a multipart body is looked at for the identity tag, which stands in its first part.
const MULTIPART_HEAD: usize = 4 * 1024;

/// The fields that belong to Vicarious and are hidden from handlers.
pub(crate) const OUR_FIELDS: [&str; 4] = ["_identity", "_held", "_confirmation", "_method"];

/// How a body is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Form,
    Multipart,
    Json,
    Other,
}

impl Kind {
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        Self::named(headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()))
    }

    pub(crate) fn named(content_type: Option<&str>) -> Self {
        let essence =
            content_type.and_then(|value| value.split(';').next()).map(|essence| essence.trim().to_ascii_lowercase());
        match essence.as_deref() {
            Some("application/x-www-form-urlencoded") => Self::Form,
            Some("multipart/form-data") => Self::Multipart,
            Some(json) if json == "application/json" || json.ends_with("+json") => Self::Json,
            _ => Self::Other,
        }
    }

    /// Returns whether a browser's form sends this.
    pub(crate) fn is_form(self) -> bool {
        matches!(self, Self::Form | Self::Multipart)
    }
}

/// A body after as much of it was read as the limit allows.
pub(crate) enum Read {
    Whole(Bytes),
    /// Longer than the limit: the beginning, and the whole body to be passed on.
    Longer(Bytes, SyncWrapper<Body>),
}

impl Read {
    pub(crate) fn beginning(&self) -> &Bytes {
        match self {
            Self::Whole(bytes) | Self::Longer(bytes, _) => bytes,
        }
    }

    pub(crate) fn into_body(self) -> Body {
        match self {
            Self::Whole(bytes) => Body::from(bytes),
            Self::Longer(_, body) => body.into_inner(),
        }
    }
}

/// Reads up to `limit` bytes of a body.
pub(crate) async fn read(body: Body, limit: usize) -> Result<Read, axum::Error> {
    let mut body = body;
    let mut read = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame?.into_data() else { continue };
        read.extend_from_slice(&data);
        if read.len() > limit {
            let read = read.freeze();
            let rest = stream::iter([Ok(read.clone())]).chain(body.into_data_stream());
            return Ok(Read::Longer(read, SyncWrapper::new(Body::from_stream(rest))));
        }
    }
    Ok(Read::Whole(read.freeze()))
}

/// The fields of a form, in order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Form(Vec<(String, String)>);

impl Form {
    pub(crate) fn parse(body: &[u8]) -> Self {
        Self(form_urlencoded::parse(body).into_owned().collect())
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn fields(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(key, value)| (key.as_str(), value.as_str()))
    }
}

/// Returns a form's bytes without the fields that are ours; everything else stays byte for byte.
pub(crate) fn without_our_fields(body: &Bytes) -> Bytes {
    let is_ours = |pair: &[u8]| {
        let name = pair.split(|byte| *byte == b'=').next().unwrap_or_default();
        OUR_FIELDS.iter().any(|ours| ours.as_bytes() == name)
    };
    if !body.split(|byte| *byte == b'&').any(is_ours) {
        return body.clone();
    }
    body.split(|byte| *byte == b'&').filter(|pair| !is_ours(pair)).collect::<Vec<_>>().join(&b'&').into()
}

/// Returns the method that a form's `_method` field asks for; only POST can be overridden.
pub(crate) fn overridden(method: &Method, form: &Form) -> Option<Method> {
    if method != Method::POST {
        return None;
    }
    match form.get("_method")?.to_ascii_uppercase().as_str() {
        "PUT" => Some(Method::PUT),
        "PATCH" => Some(Method::PATCH),
        "DELETE" => Some(Method::DELETE),
        _ => None,
    }
}

/// How much of a body has to be read to find the identity tag in it.
pub(crate) fn tag_within(kind: Kind) -> usize {
    match kind {
        Kind::Form => FORM_AT_MOST,
        Kind::Multipart => MULTIPART_HEAD,
        Kind::Json | Kind::Other => 0,
    }
}

/// Finds the identity tag in the beginning of a multipart body: it is the first part of every form we served.
pub(crate) fn multipart_tag(beginning: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(beginning);
    let (_, after) = text.split_once("name=\"_identity\"")?;
    let (_, value) = after.split_once("\r\n\r\n")?;
    let (value, _) = value.split_once("\r\n")?;
    Some(value.to_owned())
}
