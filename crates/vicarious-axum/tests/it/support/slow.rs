//! Handlers that are still running when something happens, and one that panics.

use std::sync::Arc;

use axum::Router;
use axum::routing::{MethodFilter, on};
use tokio::sync::{Notify, Semaphore};
use tokio::task::JoinHandle;

/// A handler that says when it begins, and waits to be let go.
#[derive(Clone)]
pub(crate) struct Slow {
    began: Arc<Notify>,
    gate: Arc<Semaphore>,
}

impl Slow {
    pub(crate) fn new() -> Self {
        Self { began: Arc::new(Notify::new()), gate: Arc::new(Semaphore::new(0)) }
    }

    /// Returns a route to the handler, which answers `text`.
    pub(crate) fn route(&self, method: MethodFilter, path: &str, text: &'static str) -> Router {
        let slow = self.clone();
        let handler = async move || {
            slow.began.notify_one();
            slow.gate.acquire().await.unwrap().forget();
            text
        };
        Router::new().route(path, on(method, handler))
    }

    /// Asks in the background, and returns once the handler runs.
    pub(crate) async fn begin<T: Send + 'static>(
        &self,
        asking: impl Future<Output = T> + Send + 'static,
    ) -> JoinHandle<T> {
        let asking = tokio::spawn(asking);
        self.began.notified().await;
        asking
    }

    pub(crate) fn let_go(&self) {
        self.gate.add_permits(1);
    }
}

/// A handler that panics.
pub(crate) async fn broken() -> &'static str {
    panic!("a bug of the host")
}

/// Gives other tasks their turn until `done` holds; no time passes.
pub(crate) async fn until(done: impl Fn() -> bool) {
    for _ in 0..10_000 {
        if done() {
            return;
        }
        tokio::task::yield_now().await;
    }
    panic!("it did not come about");
}
