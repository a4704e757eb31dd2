//! What outlives its request is cut off when its impersonation ends: bodies that are still being sent, upgraded
//! connections.

mod upgrade;

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use http_body::{Body as _, Frame, SizeHint};
use vicarious_core::ports::TellsEnd;
use vicarious_core::{EndCause, Impersonation};

use crate::ends::{Ended, Ends};
use crate::engine::Engine;

pub(crate) use upgrade::upgrade;

/// Why something that was being sent broke off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the impersonation has ended: {}", .0.as_str())]
pub(crate) struct CutOff(pub(crate) EndCause);

/// Lets an answer end, with an error that the client sees, when its impersonation does.
pub(crate) fn answer(engine: &Engine, row: &Arc<Impersonation>, response: Response) -> Response {
    if response.body().is_end_stream() {
        return response;
    }
    let ends = Arc::clone(&engine.ends);
    response.map(|body| Body::new(Cut { body, until: Until::NotYet(ends, Arc::clone(row)) }))
}

/// A body that breaks off.
struct Cut {
    body: Body,
    until: Until,
}

/// What is there at once costs nothing more than a look; only what is still to come is watched.
enum Until {
    NotYet(Arc<Ends>, Arc<Impersonation>),
    Ended(Ended),
    Over,
}

impl Until {
    fn watch(&mut self) {
        if let Self::NotYet(ends, row) = self {
            *self = Self::Ended(ends.ended(row));
        }
    }

    /// Returns why nothing may begin to be sent any more.
    fn is_over(&self) -> Option<EndCause> {
        match self {
            Self::NotYet(ends, row) => ends.is_over(row),
            Self::Ended(_) | Self::Over => None,
        }
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Option<EndCause> {
        let Self::Ended(ended) = self else { return None };
        match ended.as_mut().poll(context) {
            Poll::Ready(cause) => Some(cause),
            Poll::Pending => None,
        }
    }
}

impl http_body::Body for Cut {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let this = self.get_mut();
        if let Some(cause) = this.until.poll(context) {
            return Poll::Ready(Some(Err(this.break_off(cause))));
        }
        // What is whole was made, and on record, before the end; what is made only now is not begun after it, however
        // long the client lets it wait.
        if this.body.size_hint().exact().is_none()
            && let Some(cause) = this.until.is_over()
        {
            return Poll::Ready(Some(Err(this.break_off(cause))));
        }
        let first = matches!(this.until, Until::NotYet(..));
        let frame = Pin::new(&mut this.body).poll_frame(context);
        if first && !this.body.is_end_stream() {
            this.until.watch();
            if frame.is_pending()
                && let Some(cause) = this.until.poll(context)
            {
                return Poll::Ready(Some(Err(this.break_off(cause))));
            }
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        matches!(self.until, Until::Over) || self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Cut {
    /// Lets go of what the application was about to send, so that it stops too.
    fn break_off(&mut self, cause: EndCause) -> axum::Error {
        self.body = Body::empty();
        self.until = Until::Over;
        tracing::debug!(cause = cause.as_str(), "an answer is cut off, because its impersonation has ended");
        axum::Error::new(CutOff(cause))
    }
}
