//! A request that only reads: it runs at once, and is on record, with the status of its answer, before that leaves.

use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::response::Response;
use http::StatusCode;
use jiff::Timestamp;
use vicarious_core::ports::{Admission, TellsEnd, Unavailable};
use vicarious_core::{EndCause, Entry, Impersonation, Kind};

use crate::admit::ToItsEnd;
use crate::engine::Engine;
use crate::record::{About, Outcome};

/// How long a handler may run before that is on record: most pages are done long before, and cost one entry instead of
/// two; who takes longer is seen while it runs, and stopped if the impersonation is over.
const SOON: Duration = Duration::from_millis(50);

/// How a request that only reads has ended.
pub(crate) enum Read {
    /// It is on record, and the answer may leave.
    Recorded(Response),
    /// The impersonation is over, and nothing leaves. That the handler ran is on record.
    Over(EndCause),
}

/// Runs a handler, and returns its answer once it is on record.
///
/// # Errors
///
/// When it cannot be recorded: nothing may leave. That the handler ran is recorded as soon as that is possible.
// INVARIANT: I3: no byte of an answer leaves before its intent is durable; the ledger refuses it when the
// impersonation is over.
pub(crate) async fn run(
    engine: &Arc<Engine>,
    row: &Impersonation,
    about: About,
    intent: Entry,
    handler: impl Future<Output = Response>,
) -> Result<Read, Unavailable> {
    let begun = Begun { engine: Arc::clone(engine), about, intent, began: Instant::now() };
    let mut unrecorded = Unrecorded(Some(begun));
    let mut handler = pin!(handler);
    let soon = tokio::time::timeout(SOON, handler.as_mut()).await;
    let Some(begun) = unrecorded.0.take() else { return Err(Unavailable::new("a request is recorded once")) };
    let at = engine.now();
    if let Ok(response) = soon {
        return Ok(match begun.answered(response.status(), at).await? {
            Admission::Admitted => Read::Recorded(response),
            Admission::Over(cause) => Read::Over(cause),
        });
    }
    let mut admitting = begun.goes_on(at);
    let mut answer = None;
    // Both go on at once: the ledger may wait for something that the handler holds.
    let admitted = loop {
        tokio::select! {
            admitted = &mut admitting => break admitted?,
            response = handler.as_mut(), if answer.is_none() => answer = Some(response),
        }
    };
    let outcome = match admitted {
        Ok(outcome) => outcome,
        Err(cause) => return Ok(Read::Over(cause)),
    };
    let response = match answer {
        Some(response) => response,
        // Whoever waits for news, with nothing sent yet, is not sent any after the end; the outcome is `aborted`.
        None => tokio::select! {
            biased;
            cause = engine.ends.ended(row) => return Ok(Read::Over(cause)),
            response = handler => response,
        },
    };
    outcome.is(response.status());
    Ok(Read::Recorded(response))
}

/// Sees to it that a handler that is dropped, or panics, before anything of it is on record, gets there.
struct Unrecorded(Option<Begun>);

impl Drop for Unrecorded {
    fn drop(&mut self) {
        if let Some(begun) = self.0.take() {
            let at = begun.engine.now();
            // Nobody waits for it, so it is aborted as soon as it is admitted.
            drop(begun.goes_on(at));
        }
    }
}

/// A handler that runs, or has run, and is not on record.
struct Begun {
    engine: Arc<Engine>,
    about: About,
    intent: Entry,
    began: Instant,
}

impl Begun {
    /// Records the request and its answer in one entry.
    fn answered(self, status: StatusCode, at: Timestamp) -> ToItsEnd<Result<Admission, Unavailable>> {
        let Self { engine, about, mut intent, began } = self;
        intent.at = at;
        ToItsEnd::new(async move {
            let admission = engine.ledger.admit(intent.answered(status.as_u16(), began.elapsed())).await;
            about.note_if_withheld(&engine, &admission);
            admission
        })
    }

    /// Records the request while its handler runs; the outcome follows.
    fn goes_on(self, at: Timestamp) -> ToItsEnd<Result<Result<Outcome, EndCause>, Unavailable>> {
        let Self { engine, about, mut intent, began } = self;
        intent.at = at;
        ToItsEnd::new(async move {
            let admission = engine.ledger.admit(intent).await;
            about.note_if_withheld(&engine, &admission);
            Ok(match admission? {
                Admission::Admitted => Ok(Outcome::since(began, &engine, about.entry(Kind::Outcome, at))),
                Admission::Over(cause) => Err(cause),
            })
        })
    }
}
