//! The application's code, which may panic.

use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::Poll;

use crate::measure;

/// Runs the application's code; none when it panicked.
pub(super) async fn caught<T>(whose: &'static str, running: impl Future<Output = T>) -> Option<T> {
    let mut running = pin!(running);
    poll_fn(|context| {
        // What panicked is not used again, so that nobody sees what it left half done.
        match catch_unwind(AssertUnwindSafe(|| running.as_mut().poll(context))) {
            Ok(polled) => polled.map(Some),
            Err(_) => {
                measure::panicked();
                tracing::error!(whose, "the application panicked while it served a connection");
                Poll::Ready(None)
            }
        }
    })
    .await
}
