//! Recording an intent, also when the client does not wait for it.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use vicarious_core::Entry;
use vicarious_core::ports::{Admission, Unavailable};

use crate::engine::Engine;
use crate::record::Outcome;

type Pending = Pin<Box<dyn Future<Output = Result<Admission, Unavailable>> + Send>>;

/// An intent on its way into the ledger.
///
/// A client may go away at any moment, and this future is dropped with its request. What the ledger has taken by then
/// becomes durable all the same, so somebody must wait for it and record how it ended.
// INVARIANT: I10.
pub(crate) struct Admitting<'a> {
    engine: &'a Arc<Engine>,
    intent: &'a Entry,
    pending: Option<Pending>,
    begun: bool,
}

impl<'a> Admitting<'a> {
    pub(crate) fn new(engine: &'a Arc<Engine>, intent: &'a Entry) -> Self {
        let (ledger, recorded) = (Arc::clone(&engine.ledger), intent.clone());
        let pending: Pending = Box::pin(async move { ledger.admit(recorded).await });
        Self { engine, intent, pending: Some(pending), begun: false }
    }
}

impl Future for Admitting<'_> {
    type Output = Result<Admission, Unavailable>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        this.begun = true;
        let Some(pending) = &mut this.pending else { return Poll::Pending };
        let admission = ready!(pending.as_mut().poll(context));
        this.pending = None;
        Poll::Ready(admission)
    }
}

impl Drop for Admitting<'_> {
    fn drop(&mut self) {
        let Some(pending) = self.pending.take().filter(|_| self.begun) else { return };
        // Without a runtime the process is ending, and what it leaves behind is recorded as unknown.
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        let outcome = Outcome::of(self.engine, self.intent);
        runtime.spawn(async move {
            match pending.await {
                Ok(Admission::Admitted) => drop(outcome),
                Ok(Admission::Over(_)) | Err(_) => outcome.never(),
            }
        });
    }
}
