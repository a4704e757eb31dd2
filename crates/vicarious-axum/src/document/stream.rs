//! The rewriting body: reads a piece, rewrites it, passes it on, and never holds a whole document.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use axum::body::Body;
use bytes::{Bytes, BytesMut};
use http::HeaderMap;
use http_body::{Body as _, Frame};

use super::Rewrite;
use super::parsing::{Problem, ascii};
use super::place::{Found, Search};
use super::tags::{Tagger, tagger};

/// How much is rewritten at a time, in bytes.
const PIECE: usize = 32 * 1024;

/// How much room the output begins with, in bytes.
const ROOM: usize = 8 * 1024;

const BYTE_ORDER_MARK: [u8; 3] = [0xef, 0xbb, 0xbf];

/// Returns the same document with banner and tags in it.
///
/// Nothing else changes, not a byte, whatever ASCII-compatible encoding it is in. An error of the inner body is passed
/// on; where rewriting itself is impossible (a single tag of many megabytes) the body ends with an error too, because
/// what cannot be marked must not be shown. A frameset gives way to the banner: browsers draw either.
pub(crate) fn rewrite(body: Body, options: Rewrite) -> Body {
    let output = Output::default();
    let mark = Some(BytesMut::new());
    let mut rewriting = Rewriting {
        inner: body,
        output,
        input: Bytes::new(),
        trailers: None,
        mark,
        search: None,
        tagger: None,
        failed: None,
    };
    if let Err(error) = rewriting.prepare(options) {
        rewriting.fail(axum::Error::new(error));
    }
    Body::new(rewriting)
}

/// What is written and nobody has taken yet.
#[derive(Clone, Default)]
pub(super) struct Output(Arc<Mutex<BytesMut>>);

impl lol_html::OutputSink for Output {
    fn handle_chunk(&mut self, chunk: &[u8]) {
        self.write(chunk);
    }
}

impl Output {
    fn write(&self, bytes: &[u8]) {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.is_empty() {
            // One allocation instead of one for each doubling: most pages fit.
            waiting.reserve(bytes.len().max(ROOM));
        }
        waiting.extend_from_slice(bytes);
    }

    fn take(&self) -> Bytes {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).split().freeze()
    }
}

struct Rewriting {
    inner: Body,
    output: Output,
    /// What has arrived and was not looked at.
    input: Bytes,
    trailers: Option<HeaderMap>,
    /// The beginning, while fewer bytes have arrived than tell whether it is a byte order mark.
    mark: Option<BytesMut>,
    /// What looks for the banner's place, and the banner, while it is not in.
    search: Option<(Box<Search>, String)>,
    /// None once the document has ended.
    tagger: Option<Box<Tagger>>,
    failed: Option<axum::Error>,
}

impl Rewriting {
    fn prepare(&mut self, options: Rewrite) -> Result<(), Problem> {
        self.tagger = Some(Box::new(tagger(&options.identity_tag, options.own_origins, self.output.clone())?));
        if let Some(banner) = options.banner {
            self.search = Some((Box::new(Search::new()?), ascii(banner)));
        }
        Ok(())
    }

    /// Takes what has arrived.
    ///
    /// A byte order mark is only one as the very first thing, so it goes out ahead of anything we insert.
    fn accept(&mut self, data: Bytes) {
        let Some(held) = &mut self.mark else {
            self.input = data;
            return;
        };
        held.extend_from_slice(&data);
        if held.len() >= BYTE_ORDER_MARK.len() || !BYTE_ORDER_MARK.starts_with(held) {
            self.leave_mark();
        }
    }

    fn leave_mark(&mut self) {
        self.input = self.mark.take().unwrap_or_default().freeze();
        if self.input.starts_with(&BYTE_ORDER_MARK) {
            self.output.write(&self.input.split_to(BYTE_ORDER_MARK.len()));
        }
    }

    fn advance(&mut self) {
        let piece = self.input.split_to(self.input.len().min(PIECE));
        if let Err(error) = self.read(&piece) {
            self.fail(axum::Error::new(error));
        }
    }

    fn read(&mut self, piece: &[u8]) -> Result<(), Problem> {
        let Some(tagger) = &mut self.tagger else { return Ok(()) };
        let Some((search, banner)) = &mut self.search else { return Ok(tagger.write(piece)?) };
        match search.read(piece)? {
            Found::NotYet(before) => self.output.write(&before),
            Found::Between(before, after) => {
                self.output.write(&before);
                self.output.write(banner.as_bytes());
                self.search = None;
                tagger.write(&after)?;
            }
        }
        Ok(())
    }

    fn finish(&mut self) {
        if let Some((search, banner)) = self.search.take() {
            self.output.write(&search.end());
            self.output.write(banner.as_bytes());
        }
        if let Some(tagger) = self.tagger.take()
            && let Err(error) = tagger.end()
        {
            self.fail(axum::Error::new(error));
        }
    }

    /// Gives up: what is not out yet stays in.
    fn fail(&mut self, error: axum::Error) {
        (self.tagger, self.search, self.trailers) = (None, None, None);
        self.input.clear();
        drop(self.output.take());
        self.failed = Some(error);
    }
}

impl http_body::Body for Rewriting {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let this = self.get_mut();
        loop {
            let written = this.output.take();
            if !written.is_empty() {
                return Poll::Ready(Some(Ok(Frame::data(written))));
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
