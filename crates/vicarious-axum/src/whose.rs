//! Which system a finished router belongs to.

use std::sync::{Arc, OnceLock};

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use tower::ServiceExt;

use crate::Vicarious;
use crate::engine::Engine;
use crate::paths::OWN_PATH;

/// The question, in a request's extensions: it can come from within the process only.
#[derive(Clone, Default)]
struct Whose(Arc<OnceLock<Vicarious>>);

impl Vicarious {
    /// Returns the system whose layer a finished router has, or none if it has none.
    ///
    /// For tests, which get the router that the application builds for `axum::serve`, and nothing else.
    ///
    /// # Examples
    ///
    /// ```
    /// # async fn router_without() {
    /// assert!(vicarious_axum::Vicarious::of(&axum::Router::new()).await.is_none());
    /// # }
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(router_without());
    /// ```
    pub async fn of(router: &Router) -> Option<Self> {
        let whose = Whose::default();
        let mut request = Request::new(Body::empty());
        *request.uri_mut() = http::Uri::from_static(OWN_PATH);
        request.extensions_mut().insert(whose.clone());
        // What it answers does not matter: the layer answers the question on the way.
        let Ok(_) = router.clone().oneshot(request).await;
        whose.0.get().cloned()
    }
}

/// Answers the question, if a request brings it.
pub(crate) fn answer(engine: &Arc<Engine>, request: &Request) {
    if let Some(Whose(answer)) = request.extensions().get() {
        let _ = answer.set(Vicarious { engine: Arc::clone(engine) });
    }
}
