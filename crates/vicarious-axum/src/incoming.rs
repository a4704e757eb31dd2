//! A request, with as much of its body read as is needed to judge it.

use axum::body::Body;
use axum::extract::Request;
use bytes::Bytes;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use http::request::Parts;
use http::{HeaderMap, HeaderValue};
use sync_wrapper::SyncWrapper;
use vicarious_core::rules::is_safe;

use crate::input::{self, Form, Kind, Read};
use crate::paths::OWN_PATH;

pub(crate) struct Incoming {
    pub(crate) parts: Parts,
    pub(crate) kind: Kind,
    body: Incomplete,
    pub(crate) form: Option<Form>,
    /// Whether a page of ours held this body, sealed for its impersonation.
    pub(crate) was_held: bool,
}

enum Incomplete {
    /// Wrapped, so that a request may be borrowed across an await although a body is not `Sync`.
    Untouched(SyncWrapper<Body>),
    Read(Read),
}

impl Incoming {
    /// Reads what is needed of a request: a form whole, the beginning of a multipart body, of others nothing yet.
    ///
    /// On our own path a `_method` field overrides the method; for the host's routes see
    /// [`method_override`](crate::method_override()).
    ///
    /// # Errors
    ///
    /// The body could not be read; the headers say how to answer that.
    pub(crate) async fn read(request: Request) -> Result<Self, (HeaderMap, axum::Error)> {
        let (mut parts, body) = request.into_parts();
        let kind = Kind::of(&parts.headers);
        if is_safe(parts.method.as_str()) || !kind.is_form() {
            return Ok(Self {
                parts,
                kind,
                body: Incomplete::Untouched(SyncWrapper::new(body)),
                form: None,
                was_held: false,
            });
        }
        let read = match input::read(body, input::tag_within(kind)).await {
            Ok(read) => read,
            Err(error) => return Err((parts.headers, error)),
        };
        let form = (kind == Kind::Form).then(|| Form::parse(read.beginning()));
        let is_ours = parts.uri.path() == OWN_PATH;
        if let Some(form) = &form
            && is_ours
            && let Some(method) = input::overridden(&parts.method, form)
        {
            parts.method = method;
        }
        Ok(Self { parts, kind, body: Incomplete::Read(read), form, was_held: false })
    }

    /// Returns a field of the form, where the request is one.
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        self.form.as_ref().and_then(|form| form.get(name))
    }

    /// Returns the form, where the request is one of at most `limit` bytes.
    pub(crate) fn whole_form(&self, limit: usize) -> Option<&Form> {
        let is_whole = matches!(&self.body, Incomplete::Read(Read::Whole(bytes)) if bytes.len() <= limit);
        self.form.as_ref().filter(|_| is_whole)
    }

    /// Returns the identity tags that the request carries, from its header and from its form.
    pub(crate) fn tags(&self) -> Vec<String> {
        let header = self.parts.headers.get_all("identity").iter();
        let mut tags: Vec<String> = header.map(|tag| String::from_utf8_lossy(tag.as_bytes()).into_owned()).collect();
        match (&self.form, &self.body) {
            (Some(form), _) => {
                tags.extend(form.fields().filter(|(name, _)| *name == "_identity").map(|(_, tag)| tag.to_owned()));
            }
            (None, Incomplete::Read(read)) => tags.extend(input::multipart_tag(read.beginning())),
            (None, Incomplete::Untouched(_)) => {}
        }
        tags
    }

    pub(crate) fn is_safe(&self) -> bool {
        is_safe(self.parts.method.as_str())
    }

    pub(crate) fn path_and_query(&self) -> String {
        self.parts.uri.path_and_query().map_or_else(|| "/".to_owned(), ToString::to_string)
    }

    /// Reads the body up to `limit`; returns it whole and without our own fields, or none when it is longer.
    pub(crate) async fn whole(&mut self, limit: usize) -> Result<Option<Bytes>, axum::Error> {
        let body = std::mem::replace(&mut self.body, Incomplete::Untouched(SyncWrapper::new(Body::empty())));
        let read = match body {
            Incomplete::Untouched(body) => input::read(body.into_inner(), limit).await?,
            Incomplete::Read(Read::Longer(_, body)) => input::read(body.into_inner(), limit).await?,
            Incomplete::Read(read) => read,
        };
        let whole = match &read {
            Read::Whole(bytes) if bytes.len() <= limit => Some(self.cleaned(bytes)),
            _ => None,
        };
        self.body = Incomplete::Read(read);
        Ok(whole)
    }

    /// Puts a body in the place of the one that only brought it along.
    pub(crate) fn replace(&mut self, content_type: Option<&str>, body: Vec<u8>) {
        self.parts.headers.remove(CONTENT_TYPE);
        if let Some(value) = content_type.and_then(|text| HeaderValue::from_str(text).ok()) {
            self.parts.headers.insert(CONTENT_TYPE, value);
        }
        self.kind = Kind::of(&self.parts.headers);
        self.form = (self.kind == Kind::Form).then(|| Form::parse(&body));
        self.body = Incomplete::Read(Read::Whole(body.into()));
        self.was_held = true;
    }

    /// Returns the request exactly as it came.
    pub(crate) fn into_untouched_request(self) -> Request {
        let body = match self.body {
            Incomplete::Untouched(body) => body.into_inner(),
            Incomplete::Read(read) => read.into_body(),
        };
        Request::from_parts(self.parts, body)
    }

    /// Returns the request for the handler: the body as it was sent, less our own fields.
    pub(crate) fn into_request(self) -> Request {
        let (body, length) = match self.body {
            Incomplete::Untouched(body) => (body.into_inner(), None),
            Incomplete::Read(Read::Whole(bytes)) => {
                let bytes = if self.kind == Kind::Form { input::without_our_fields(&bytes) } else { bytes };
                let length = bytes.len();
                (Body::from(bytes), Some(length))
            }
            Incomplete::Read(read) => (read.into_body(), None),
        };
        let mut parts = self.parts;
        if let Some(length) = length {
            parts.headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
        }
        Request::from_parts(parts, body)
    }

    fn cleaned(&self, bytes: &Bytes) -> Bytes {
        if self.kind == Kind::Form { input::without_our_fields(bytes) } else { bytes.clone() }
    }
}
