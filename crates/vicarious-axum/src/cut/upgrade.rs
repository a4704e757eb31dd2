//! Upgraded connections that close with their impersonation.
//!
//! Only hyper makes an [`OnUpgrade`]. So that a handler gets one of a connection which can be closed under it, a server of
//! hyper's is led through an upgrade in memory, over the [`Guarded`] that the handler will read and write. No byte is
//! copied on the way: once the real connection is upgraded, `Guarded` passes everything on to it.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use axum::body::Body;
use http::header::{CONNECTION, UPGRADE};
use http::request::Parts;
use http::{HeaderValue, Request, Response, StatusCode};
use hyper::body::Incoming;
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::upgrade::{OnUpgrade, Upgraded};
use tokio::sync::oneshot;
use vicarious_core::ports::TellsEnd;
use vicarious_core::{EndCause, Impersonation};

use super::CutOff;
use crate::ends::Ended;
use crate::engine::Engine;

/// What the server in memory is asked.
const ASKED: &[u8] = b"GET / HTTP/1.1\r\nHost: memory\r\nConnection: upgrade\r\nUpgrade: guarded\r\n\r\n";

/// Puts into a request that asks for an upgrade a connection that is closed when its impersonation ends.
pub(crate) fn upgrade(engine: &Engine, row: &Impersonation, parts: &mut Parts) {
    let Some(real) = parts.extensions.remove::<OnUpgrade>() else { return };
    if let Some(guarded) = guard(real, engine.ends.ended(row)) {
        parts.extensions.insert(guarded);
    }
}

/// Returns what yields the connection of `real`, until `ended`.
fn guard(real: OnUpgrade, ended: Ended) -> Option<OnUpgrade> {
    let shared = Arc::new(Shared::default());
    let (dropped, is_dropped) = oneshot::channel();
    let (asked, is_asked) = oneshot::channel();
    let (opened, is_open) = oneshot::channel();
    let once = Mutex::new(Some((real, asked, opened)));
    let service = service_fn(move |mut request: Request<Incoming>| {
        let once = lock(&once).take();
        async move {
            let (real, asked, opened) = once.ok_or_else(|| io::Error::other("asked twice"))?;
            // Whoever asked may have gone away by the time that there is something to give.
            let _ = asked.send(hyper::upgrade::on(&mut request));
            let _ = opened.send(real.await.map_err(io::Error::other)?);
            let mut agreed = Response::new(Body::empty());
            *agreed.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
            agreed.headers_mut().insert(CONNECTION, HeaderValue::from_static("upgrade"));
            agreed.headers_mut().insert(UPGRADE, HeaderValue::from_static("guarded"));
            Ok::<_, io::Error>(agreed)
        }
    });
    let guarded = Guarded { shared: Arc::clone(&shared), unread: ASKED, is_agreed: false, _dropped: dropped };
    let mut serving = Box::pin(http1::Builder::new().serve_connection(guarded, service).with_upgrades());
    // What is asked is there at once, so the first poll hands out what yields the upgrade; the task goes on from there.
    let begun = serving.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    let (mut is_asked, true) = (is_asked, begun.is_pending()) else { return None };
    let guarded = is_asked.try_recv().ok()?;
    tokio::spawn(async move {
        if serving.await.is_err() {
            return; // the handler did not upgrade
        }
        let Ok(real) = is_open.await else { return };
        shared.open(real);
        tokio::select! {
            cause = ended => shared.close(cause),
            // Nothing is ever sent: the handler has let go of the connection.
            _ = is_dropped => {}
        }
    });
    Some(guarded)
}

/// A connection that can be closed while somebody else reads and writes it.
struct Guarded {
    shared: Arc<Shared>,
    /// What is left to be read of the upgrade in memory.
    unread: &'static [u8],
    /// Whether the answer in memory was written; what comes after it is the handler's.
    is_agreed: bool,
    _dropped: oneshot::Sender<()>,
}

impl Read for Guarded {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        mut buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        if self.unread.is_empty() {
            return lock(&self.shared.0).read(context, buffer);
        }
        let (now, later) = self.unread.split_at(self.unread.len().min(buffer.remaining()));
        buffer.put_slice(now);
        self.unread = later;
        Poll::Ready(Ok(()))
    }
}

impl Write for Guarded {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if !self.is_agreed {
            self.is_agreed = bytes.ends_with(b"\r\n\r\n");
            return Poll::Ready(Ok(bytes.len()));
        }
        lock(&self.shared.0).write(context, |connection, context| connection.poll_write(context, bytes))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        lock(&self.shared.0).write(context, |connection, context| connection.poll_write_vectored(context, slices))
    }

    fn is_write_vectored(&self) -> bool {
        lock(&self.shared.0).connection.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut state = lock(&self.shared.0);
        // Nothing was taken yet that could be flushed.
        if let Connection::Pending = state.connection {
            return Poll::Ready(Ok(()));
        }
        state.write(context, |connection, context| connection.poll_flush(context))
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        lock(&self.shared.0).write(context, |connection, context| connection.poll_shutdown(context))
    }
}

impl Drop for Guarded {
    /// Closes the socket when the handler lets go of it.
    fn drop(&mut self) {
        let connection = std::mem::replace(&mut lock(&self.shared.0).connection, Connection::Dropped);
        drop(connection);
    }
}

#[derive(Default)]
struct Shared(Mutex<State>);

#[derive(Default)]
struct State {
    connection: Connection,
    /// Closing the connection does not wake those who wait for it; so it is known who they are.
    reader: Option<Waker>,
    writer: Option<Waker>,
}

#[derive(Default)]
enum Connection {
    /// Still being upgraded in memory: what is written goes nowhere.
    #[default]
    Pending,
    Open(Upgraded),
    Closed(EndCause),
    /// The handler has let go of it.
    Dropped,
}

impl Shared {
    fn open(&self, real: Upgraded) {
        let mut state = lock(&self.0);
        if let Connection::Pending = state.connection {
            state.connection = Connection::Open(real);
        }
        let waiting = state.take_waiting();
        drop(state);
        waiting.into_iter().flatten().for_each(Waker::wake);
    }

    fn close(&self, cause: EndCause) {
        let mut state = lock(&self.0);
        let closed = std::mem::replace(&mut state.connection, Connection::Closed(cause));
        let waiting = state.take_waiting();
        drop(state);
        // Closes the socket: the client sees that it is cut off.
        drop(closed);
        tracing::debug!(cause = cause.as_str(), "a connection is closed, because its impersonation has ended");
        waiting.into_iter().flatten().for_each(Waker::wake);
    }
}

impl State {
    fn take_waiting(&mut self) -> [Option<Waker>; 2] {
        [self.reader.take(), self.writer.take()]
    }

    fn read(&mut self, context: &mut Context<'_>, buffer: ReadBufCursor<'_>) -> Poll<io::Result<()>> {
        let read = match &mut self.connection {
            Connection::Open(connection) => Pin::new(connection).poll_read(context, buffer),
            other => other.unusable(),
        };
        wait(&mut self.reader, read, context)
    }

    fn write<T>(
        &mut self,
        context: &mut Context<'_>,
        write: impl FnOnce(Pin<&mut Upgraded>, &mut Context<'_>) -> Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        let written = match &mut self.connection {
            Connection::Open(connection) => write(Pin::new(connection), context),
            other => other.unusable(),
        };
        wait(&mut self.writer, written, context)
    }
}

impl Connection {
    fn is_write_vectored(&self) -> bool {
        matches!(self, Self::Open(connection) if connection.is_write_vectored())
    }

    /// Returns what reading or writing gets when this is not open.
    fn unusable<T>(&self) -> Poll<io::Result<T>> {
        match self {
            Self::Pending | Self::Open(_) => Poll::Pending,
            Self::Closed(cause) => Poll::Ready(Err(io::Error::new(io::ErrorKind::ConnectionAborted, CutOff(*cause)))),
            Self::Dropped => Poll::Ready(Err(io::ErrorKind::NotConnected.into())),
        }
    }
}

/// Remembers who is to be woken by a close.
fn wait<T>(waiting: &mut Option<Waker>, polled: Poll<T>, context: &Context<'_>) -> Poll<T> {
    if polled.is_pending() && !waiting.as_ref().is_some_and(|known| known.will_wake(context.waker())) {
        *waiting = Some(context.waker().clone());
    }
    polled
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
