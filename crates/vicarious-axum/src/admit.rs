//! Putting a request on record, also when nobody waits for that any more.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use vicarious_core::ports::{Admission, Unavailable};
use vicarious_core::{EndCause, Entry};

use crate::engine::Engine;
use crate::record::{self, Outcome};

/// Whether a request may run.
pub(crate) enum Leave {
    /// It may; its outcome is expected.
    Given(Box<Outcome>),
    /// The impersonation is over.
    Over(EndCause),
}

/// Records the intent of a request that runs only once it is durable.
///
/// A client may go away at any moment, and what waits here is dropped with its request. What the ledger has taken by
/// then becomes durable all the same, so this goes on, and such a request ends as aborted.
// INVARIANT: I10.
pub(crate) fn admit(engine: &Arc<Engine>, intent: Entry) -> ToItsEnd<Result<Leave, Unavailable>> {
    let engine = Arc::clone(engine);
    ToItsEnd::new(async move {
        let expected = record::outcome(&intent);
        Ok(match engine.ledger.admit(intent).await? {
            Admission::Admitted => Leave::Given(Box::new(Outcome::of(&engine, expected))),
            Admission::Over(cause) => Leave::Over(cause),
        })
    })
}

/// Work that goes on in a task of its own when whoever waits for it goes away.
pub(crate) struct ToItsEnd<T: Send + 'static>(Option<Pin<Box<dyn Future<Output = T> + Send>>>);

impl<T: Send + 'static> ToItsEnd<T> {
    pub(crate) fn new(work: impl Future<Output = T> + Send + 'static) -> Self {
        Self(Some(Box::pin(work)))
    }
}

impl<T: Send + 'static> Future for ToItsEnd<T> {
    type Output = T;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<T> {
        let this = self.get_mut();
        let Some(work) = &mut this.0 else { return Poll::Pending };
        let done = ready!(work.as_mut().poll(context));
        this.0 = None;
        Poll::Ready(done)
    }
}

impl<T: Send + 'static> Drop for ToItsEnd<T> {
    fn drop(&mut self) {
        // Without a runtime the process is ending, and what it leaves behind is recorded as unknown.
        if let Some(work) = self.0.take()
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            runtime.spawn(work);
        }
    }
}
