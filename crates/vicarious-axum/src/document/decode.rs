//! Undoes content encodings piece by piece, so that a compressed page can be rewritten.

use std::io::{self, Read};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

use axum::body::Body;
use bytes::{Buf as _, Bytes};
use flate2::read::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};
use http::HeaderMap;
use http_body::{Body as _, Frame};

/// How much is decoded at a time, in bytes: a small body that unfolds to a huge one does so in small pieces.
const PIECE: usize = 32 * 1024;

/// Returns the body without its content encoding, or none when the encoding is unknown.
///
/// `encoding` is the value of `Content-Encoding`: `gzip`, `deflate`, `br`, `identity`, or a list of them.
pub(crate) fn decode(body: Body, encoding: &str) -> Option<Body> {
    let mut body = body;
    // The list is in the order in which the encodings were applied.
    for encoding in encoding.rsplit(',') {
        let feed = Feed::default();
        let input = feed.clone();
        let reader: Box<dyn Read + Send> = match encoding.trim().to_ascii_lowercase().as_str() {
            "" | "identity" => continue,
            "gzip" | "x-gzip" => Box::new(MultiGzDecoder::new(input)),
            "deflate" => Box::new(Deflate::Unknown(Some(input))),
            "br" => Box::new(brotli::Decompressor::new(input, PIECE)),
            _ => return None,
        };
        body = Body::new(Decoding { inner: body, feed, reader: Some(reader), trailers: None });
    }
    Some(body)
}

/// What has arrived and has not been decoded.
#[derive(Clone, Default)]
struct Feed(Arc<Mutex<Arrived>>);

#[derive(Default)]
struct Arrived {
    data: Bytes,
    any: bool,
    ended: bool,
}

impl Feed {
    fn arrived(&self) -> MutexGuard<'_, Arrived> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Read for Feed {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut arrived = self.arrived();
        if arrived.data.is_empty() && !arrived.ended {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let length = arrived.data.len().min(buffer.len());
        let (to, _) = buffer.split_at_mut(length);
        arrived.data.copy_to_slice(to);
        Ok(length)
    }
}

/// `deflate` means zlib (RFC 9110, 8.4.1.2), but some send it bare.
enum Deflate {
    Unknown(Option<Feed>),
    Zlib(ZlibDecoder<Feed>),
    Bare(DeflateDecoder<Feed>),
}

impl Read for Deflate {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if let Self::Unknown(feed) = self {
            let first = match &feed {
                Some(feed) => {
                    let arrived = feed.arrived();
                    match arrived.data.first() {
                        Some(first) => *first,
                        None if arrived.ended => return Ok(0),
                        None => return Err(io::ErrorKind::WouldBlock.into()),
                    }
                }
                None => return Ok(0),
            };
            let Some(feed) = feed.take() else {
                return Ok(0);
            };
            // Zlib's first byte names method 8 in its lower half; in a bare stream that would be a stored block with
            // padding that no encoder writes.
            *self = if first & 0x0f == 8 {
                Self::Zlib(ZlibDecoder::new(feed))
            } else {
                Self::Bare(DeflateDecoder::new(feed))
            };
        }
        match self {
            Self::Unknown(_) => Ok(0),
            Self::Zlib(decoder) => decoder.read(buffer),
            Self::Bare(decoder) => decoder.read(buffer),
        }
    }
}

struct Decoding {
    inner: Body,
    feed: Feed,
    /// None once the body has ended.
    reader: Option<Box<dyn Read + Send>>,
    trailers: Option<HeaderMap>,
}

impl http_body::Body for Decoding {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let this = self.get_mut();
        while let Some(reader) = &mut this.reader {
            let mut piece = vec![0; PIECE];
            match reader.read(&mut piece) {
                Ok(0) => this.reader = None,
                Ok(length) => {
                    piece.truncate(length);
                    return Poll::Ready(Some(Ok(Frame::data(piece.into()))));
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => match ready!(this.poll_more(cx)) {
                    Ok(()) => {}
                    Err(error) => {
                        this.reader = None;
                        return Poll::Ready(Some(Err(error)));
                    }
                },
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                // An answer without a body keeps the headers of the one it would have had.
                Err(_) if !this.feed.arrived().any => this.reader = None,
                Err(error) => {
                    this.reader = None;
                    return Poll::Ready(Some(Err(axum::Error::new(error))));
                }
            }
        }
        Poll::Ready(this.trailers.take().map(|trailers| Ok(Frame::trailers(trailers))))
    }
}

impl Decoding {
    fn poll_more(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), axum::Error>> {
        let frame = ready!(Pin::new(&mut self.inner).poll_frame(cx));
        let mut arrived = self.feed.arrived();
        match frame {
            Some(Ok(frame)) => match frame.into_data() {
                Ok(data) => {
                    arrived.any |= !data.is_empty();
                    arrived.data = data;
                }
                Err(frame) => {
                    drop(arrived);
                    self.trailers = frame.into_trailers().ok();
                }
            },
            Some(Err(error)) => return Poll::Ready(Err(error)),
            None => arrived.ended = true,
        }
        Poll::Ready(Ok(()))
    }
}
