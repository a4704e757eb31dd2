//! The rewriting body: reads a piece, rewrites it, passes it on, and never holds a whole document.

use std::pin::Pin;
use std::task::{Context, Poll, Waker, ready};

use axum::body::Body;
use bytes::{Bytes, BytesMut};
use http::HeaderMap;
use http_body::{Body as _, Frame};

use super::held::Unbounded;
use super::place::Search;
use super::tags::Tagger;
use super::{Rewrite, ascii};

/// How much is rewritten at a time, in bytes.
const PIECE: usize = 32 * 1024;

/// How much longer a document gets than its banner, in bytes, as a rule.
const ROOM: usize = 512;

const BYTE_ORDER_MARK: [u8; 3] = [0xef, 0xbb, 0xbf];

/// Returns the same document with banner and tags in it.
///
/// Nothing else changes, not a byte, whatever ASCII-compatible encoding it is in. An error of the inner body is passed
/// on; where rewriting itself is impossible (a single tag of many megabytes) the body ends with an error too, because
/// what cannot be marked must not be shown. A frameset gives way to the banner: browsers draw either.
pub(crate) fn rewrite(body: Body, options: Rewrite) -> Body {
    let is_short = body.size_hint().exact().is_some_and(|length| length <= PIECE as u64);
    let mut rewriting = Rewriting {
        inner: body,
        output: BytesMut::new(),
        input: Bytes::new(),
        trailers: None,
        mark: Some(BytesMut::new()),
        search: options.banner.map(|banner| (Search::new(), ascii(banner))),
        tagger: Some(Tagger::new(options.tagging)),
        failed: None,
    };
    // A document that is there already needs no stream, and its length is known.
    if is_short && rewriting.is_whole() {
        return Body::from(rewriting.output.freeze());
    }
    Body::new(rewriting)
}

struct Rewriting {
    inner: Body,
    /// What is written and nobody has taken yet.
    output: BytesMut,
    /// What has arrived and was not looked at.
    input: Bytes,
    trailers: Option<HeaderMap>,
    /// The beginning, while fewer bytes have arrived than tell whether it is a byte order mark.
    mark: Option<BytesMut>,
    /// What looks for the banner's place, and the banner, while it is not in.
    search: Option<(Search, String)>,
    /// None once the document has ended.
    tagger: Option<Tagger>,
    failed: Option<axum::Error>,
}

impl Rewriting {
    /// Rewrites all that is there without waiting, and returns whether that was the whole document.
    fn is_whole(&mut self) -> bool {
        let mut nobody = Context::from_waker(Waker::noop());
        while self.tagger.is_some() {
            if !self.input.is_empty() {
                self.advance();
            } else if self.poll_more(&mut nobody).is_pending() {
                return false;
            }
        }
        self.failed.is_none() && self.trailers.is_none()
    }

    /// Takes what has arrived.
    ///
    /// A byte order mark is only one as the very first thing, so it goes out ahead of anything we insert.
    fn accept(&mut self, data: Bytes) {
        let Some(held) = &mut self.mark else {
            self.input = data;
            return;
        };
        let is_told = |text: &[u8]| text.len() >= BYTE_ORDER_MARK.len() || !BYTE_ORDER_MARK.starts_with(text);
        if held.is_empty() && is_told(&data) {
            return self.begin(data);
        }
        held.extend_from_slice(&data);
        if is_told(held) {
            self.leave_mark();
        }
    }

    fn leave_mark(&mut self) {
        let beginning = self.mark.take().unwrap_or_default().freeze();
        self.begin(beginning);
    }

    fn begin(&mut self, beginning: Bytes) {
        (self.mark, self.input) = (None, beginning);
        if self.input.starts_with(&BYTE_ORDER_MARK) {
            self.output.extend_from_slice(&self.input.split_to(BYTE_ORDER_MARK.len()));
        }
    }

    fn advance(&mut self) {
        let piece = self.input.split_to(self.input.len().min(PIECE));
        // One allocation instead of one for each doubling.
        let banner = self.search.as_ref().map_or(0, |(_, banner)| banner.len());
        self.output.reserve(piece.len() + banner + ROOM);
        if let Err(error) = self.read(&piece) {
            self.fail(axum::Error::new(error));
        }
    }

    fn read(&mut self, piece: &[u8]) -> Result<(), Unbounded> {
        let Some(tagger) = &mut self.tagger else { return Ok(()) };
        let Some((search, banner)) = &mut self.search else { return tagger.read(piece, &mut self.output) };
        if let Some(after) = search.read(piece, &mut self.output)? {
            self.output.extend_from_slice(banner.as_bytes());
            self.search = None;
            tagger.read(&after, &mut self.output)?;
        }
        Ok(())
    }

    fn finish(&mut self) {
        if let Some((search, banner)) = self.search.take() {
            search.end(&mut self.output);
            self.output.extend_from_slice(banner.as_bytes());
        }
        if let Some(tagger) = self.tagger.take() {
            tagger.end(&mut self.output);
        }
    }

    /// Gives up: what is not out yet stays in.
    fn fail(&mut self, error: axum::Error) {
        (self.tagger, self.search, self.trailers) = (None, None, None);
        self.input.clear();
        self.output.clear();
        self.failed = Some(error);
    }
}

impl http_body::Body for Rewriting {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let this = self.get_mut();
        loop {
            if !this.output.is_empty() {
                return Poll::Ready(Some(Ok(Frame::data(this.output.split().freeze()))));
            }
            if !this.input.is_empty() {
                this.advance();
            } else if let Some(error) = this.failed.take() {
                return Poll::Ready(Some(Err(error)));
            } else if this.tagger.is_none() {
                return Poll::Ready(this.trailers.take().map(|trailers| Ok(Frame::trailers(trailers))));
            } else {
                ready!(this.poll_more(cx));
            }
        }
    }
}

impl Rewriting {
    fn poll_more(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        match ready!(Pin::new(&mut self.inner).poll_frame(cx)) {
            Some(Ok(frame)) => match frame.into_data() {
                Ok(data) => self.accept(data),
                Err(frame) => self.trailers = frame.into_trailers().ok(),
            },
            Some(Err(error)) => self.fail(error),
            None if self.mark.as_ref().is_some_and(|held| !held.is_empty()) => self.leave_mark(),
            None => self.finish(),
        }
        Poll::Ready(())
    }
}
