//! The rewriting body: reads a piece, rewrites it, passes it on, and never holds a whole document.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use axum::body::Body;
use bytes::{Bytes, BytesMut};
use http::HeaderMap;
use http_body::Frame;

use super::Rewrite;
use super::markup::{self, Rewriter};

/// How much is rewritten at a time, in bytes.
const PIECE: usize = 32 * 1024;

const BYTE_ORDER_MARK: [u8; 3] = [0xef, 0xbb, 0xbf];

/// Returns the same document with banner and tags in it.
///
/// Nothing else changes, not a byte, whatever ASCII-compatible encoding it is in. An error of the inner body is passed
/// on; where rewriting itself is impossible (a single tag of many megabytes) the body ends with an error too, because
/// what cannot be marked must not be shown.
pub(crate) fn rewrite(body: Body, options: Rewrite) -> Body {
    let output = Output::default();
    let rewriter = markup::rewriter(options, output.clone()).map(Box::new);
    let (rewriter, step) = match rewriter {
        Ok(rewriter) => (Some(rewriter), Step::Start(BytesMut::new())),
        Err(error) => (None, Step::Failed(axum::Error::new(error))),
    };
    Body::new(Rewriting { inner: body, rewriter, output, input: Bytes::new(), trailers: None, step })
}

/// What the rewriter has written and nobody has taken yet.
#[derive(Clone, Default)]
pub(super) struct Output(Arc<Mutex<BytesMut>>);

impl lol_html::OutputSink for Output {
    fn handle_chunk(&mut self, chunk: &[u8]) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(chunk);
    }
}

impl Output {
    fn take(&self) -> Bytes {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).split().freeze()
    }
}

struct Rewriting {
    inner: Body,
    /// None once the document has ended.
    rewriter: Option<Box<Rewriter>>,
    output: Output,
    input: Bytes,
    trailers: Option<HeaderMap>,
    step: Step,
}

enum Step {
    /// Fewer bytes have arrived than tell whether there is a byte order mark.
    Start(BytesMut),
    Middle,
    End,
    Failed(axum::Error),
}

impl Rewriting {
    /// Takes a piece of the document.
    ///
    /// A byte order mark is only one as the very first thing, so it goes out ahead of anything we insert.
    fn accept(&mut self, data: Bytes) {
        let Step::Start(held) = &mut self.step else {
            self.input = data;
            return;
        };
        held.extend_from_slice(&data);
        if held.len() < BYTE_ORDER_MARK.len() && BYTE_ORDER_MARK.starts_with(held) {
            return;
        }
        self.leave_start();
    }

    fn leave_start(&mut self) {
        if let Step::Start(held) = std::mem::replace(&mut self.step, Step::Middle) {
            self.input = held.freeze();
            if self.input.starts_with(&BYTE_ORDER_MARK) {
                let mark = self.input.split_to(BYTE_ORDER_MARK.len());
                lol_html::OutputSink::handle_chunk(&mut self.output, &mark);
            }
        }
    }

    /// Rewrites a piece of what has arrived.
    fn advance(&mut self) {
        let piece = self.input.split_to(self.input.len().min(PIECE));
        if let Some(rewriter) = &mut self.rewriter
            && let Err(error) = rewriter.write(&piece)
        {
            self.fail(axum::Error::new(error));
        }
    }

    fn finish(&mut self) {
        self.step = Step::End;
        if let Some(rewriter) = self.rewriter.take()
            && let Err(error) = rewriter.end()
        {
            self.fail(axum::Error::new(error));
        }
    }

    /// Gives up: what is not out yet stays in.
    fn fail(&mut self, error: axum::Error) {
        self.rewriter = None;
        self.input.clear();
        self.trailers = None;
        drop(self.output.take());
        self.step = Step::Failed(error);
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
                continue;
            }
            match std::mem::replace(&mut this.step, Step::End) {
                Step::Failed(error) => return Poll::Ready(Some(Err(error))),
                Step::End => {
                    return Poll::Ready(this.trailers.take().map(|trailers| Ok(Frame::trailers(trailers))));
                }
                step @ (Step::Start(_) | Step::Middle) => this.step = step,
            }
            match ready!(Pin::new(&mut this.inner).poll_frame(cx)) {
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) => this.accept(data),
                    Err(frame) => this.trailers = frame.into_trailers().ok(),
                },
                Some(Err(error)) => this.fail(error),
                None if matches!(this.step, Step::Start(ref held) if !held.is_empty()) => this.leave_start(),
                None => this.finish(),
            }
        }
    }
}
