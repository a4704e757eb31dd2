//! The application behind the layer, and who it is run for.

use std::convert::Infallible;
use std::sync::Arc;

use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use tower::{Service, ServiceExt};
use vicarious_core::Identity;
use vicarious_core::rules::is_safe;

use crate::cookies;
use crate::engine::Engine;
use crate::extract::{self, Acting};
use crate::refusals;
use crate::resolve::{Resolution, Standing};

/// The application behind the layer.
pub(crate) struct Inner<S>(S);

impl<S> Inner<S>
where
    S: Service<Request, Error = Infallible> + Send,
    S::Response: IntoResponse,
    S::Future: Send,
{
    pub(crate) fn new(service: S) -> Self {
        Self(service)
    }

    /// Runs the application with an identity in the request's extensions and in the task-local.
    pub(crate) async fn run(self, engine: &Arc<Engine>, mut request: Request, acting: Acting) -> Response {
        let identity = acting.identity.clone();
        let may_change =
            identity.current_user().filter(|_| !is_safe(request.method().as_str())).map(|user| user.id.clone());
        cookies::hide(engine, request.headers_mut());
        request.extensions_mut().insert(Acting { engine: Some(Arc::clone(engine)), ..acting });
        let Ok(response) = extract::with_identity(identity, self.0.oneshot(request)).await;
        if let Some(account) = may_change {
            // Whoever saves their profile sees it on the next page, and not what was remembered of it before.
            engine.forget_account(&account);
        }
        response.into_response()
    }

    /// Runs the application for somebody else than who is signed in, with what the host puts on for that.
    pub(crate) async fn run_dressed(self, engine: &Arc<Engine>, request: Request, acting: Acting) -> Response {
        let (mut parts, body) = request.into_parts();
        let dressed = match engine.host.dress(&mut parts, &acting.identity, acting.current.as_ref()).await {
            Ok(None) => return self.run(engine, Request::from_parts(parts, body), acting).await,
            Ok(Some(dressed)) => dressed,
            Err(error) => return refusals::unresolved(&parts.headers, &error.into()),
        };
        let headers = parts.headers.clone();
        let response = self.run(engine, Request::from_parts(parts, body), acting).await;
        match dressed.answered(response.status()).await {
            Ok(()) => response,
            Err(error) => refusals::not_kept(&headers, &error),
        }
    }
}

impl Acting {
    pub(crate) fn nobody() -> Self {
        Self {
            identity: Identity::anonymous(),
            current: None,
            true_user: None,
            sign_in: None,
            dead: None,
            engine: None,
        }
    }

    pub(crate) fn of(resolution: &Resolution) -> Self {
        let dead = matches!(resolution.standing, Standing::Dead(_));
        Self {
            identity: resolution.identity(),
            current: resolution.current().cloned(),
            true_user: resolution.true_user().filter(|_| !dead).cloned(),
            sign_in: resolution.signed_in.as_ref().filter(|_| !dead).map(|signed_in| signed_in.key.clone()),
            dead: None,
            engine: None,
        }
    }
}
