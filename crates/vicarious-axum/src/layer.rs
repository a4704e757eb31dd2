//! The layer: resolves who is asking, and lets through what may pass.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use http::Method;
use http::header::SET_COOKIE;
use http::request::Parts;
use tower::{Layer, Service};
use vicarious_core::ports::Running;

use crate::document::is_html;
use crate::engine::Engine;
use crate::extract::{Acting, Notice};
use crate::incoming::Incoming;
use crate::inner::Inner;
use crate::paths::{OWN_PATH, START_PAGE};
use crate::resolve::{Resolution, Standing};
use crate::{assets, check, connect, cookies, impersonated, record, refusals, routes, whose};

/// Adds identity to an application; made by [`Vicarious::layer`](crate::Vicarious::layer).
///
/// Add it with [`axum::Router::layer`] after the last route, so that it knows which route matched.
#[derive(Clone)]
pub struct VicariousLayer {
    pub(crate) engine: Arc<Engine>,
}

impl VicariousLayer {
    /// Returns whether a request is somebody acting as somebody else, as the layer finds out; for the benchmark.
    #[doc(hidden)]
    pub async fn is_pair(&self, request: &Parts) -> bool {
        let resolution = self.engine.resolve(request).await;
        resolution.is_ok_and(|resolution| matches!(resolution.standing, Standing::Pair { .. }))
    }
}

/// The service that [`VicariousLayer`] wraps around an application.
#[derive(Clone)]
pub struct VicariousService<S> {
    inner: S,
    engine: Arc<Engine>,
}

impl<S> Layer<S> for VicariousLayer {
    type Service = VicariousService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        VicariousService { inner, engine: Arc::clone(&self.engine) }
    }
}

impl<S> Service<Request> for VicariousService<S>
where
    S: Service<Request, Error = Infallible> + Clone + Send + 'static,
    S::Response: IntoResponse,
    S::Future: Send,
{
    type Response = Response;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        // The clone may not be ready; the one that was polled is.
        let next = self.inner.clone();
        let inner = Inner::new(std::mem::replace(&mut self.inner, next));
        let engine = Arc::clone(&self.engine);
        Box::pin(async move {
            let response = serve(Arc::clone(&engine), inner, request).await;
            Ok(engine.languages.say(response))
        })
    }
}

/// Serves a request. What a customer's request does not need is boxed where it is needed: the future of every request
/// is as large as the largest of what it may await, and is copied.
async fn serve<S>(engine: Arc<Engine>, inner: Inner<S>, mut request: Request) -> Response
where
    S: Service<Request, Error = Infallible> + Send,
    S::Response: IntoResponse,
    S::Future: Send,
{
    whose::answer(&engine, &request);
    if check::is_one(&request) {
        return Box::pin(check::answer(&engine, request)).await;
    }
    if let Some(asset) = assets::serve(&engine, &request) {
        return asset;
    }
    if engine.is_open(request.method().as_str(), request.uri().path()) {
        return inner.run(&engine, request, Acting::nobody()).await;
    }
    request.extensions_mut().insert(record::new_request_id());
    let incoming = match Incoming::read(request).await {
        Ok(incoming) => incoming,
        Err((headers, error)) => return refusals::unreadable(&headers, &error),
    };
    let is_own_path = incoming.parts.uri.path() == OWN_PATH;
    let resolution = match engine.resolve(&incoming.parts).await {
        Ok(resolution) => resolution,
        Err(_) if is_own_path && incoming.parts.method == Method::DELETE => {
            return Box::pin(routes::stop::during_an_outage(&engine, &incoming)).await;
        }
        // Signing out while impersonating is a stop, and a handle says that somebody is.
        Err(_) if is_sign_out(&engine, &incoming) && has_handle(&engine, &incoming) => {
            return Box::pin(routes::stop::sign_out_during_an_outage(&engine, &incoming)).await;
        }
        Err(outage) => return refusals::unresolved(&incoming.parts.headers, &outage),
    };
    if is_own_path || incoming.parts.uri.path() == START_PAGE {
        return Box::pin(routes::serve(&engine, incoming, resolution)).await;
    }
    let (method, path) = (incoming.parts.method.as_str(), incoming.parts.uri.path());
    if engine.paths.is_sign_in(method, path) {
        return Box::pin(sign_in(&engine, inner, incoming, resolution)).await;
    }
    if is_sign_out(&engine, &incoming) {
        return Box::pin(routes::stop::sign_out(&engine, inner, incoming, resolution)).await;
    }
    match &resolution.standing {
        Standing::Own => as_themselves(&engine, inner, incoming, &resolution).await,
        Standing::Pair { .. } => {
            connect::follow(&engine, &resolution, &incoming.parts);
            Box::pin(impersonated::serve(&engine, inner, incoming, resolution)).await
        }
        Standing::Dead(dead) if engine.paths.is_channels(&incoming.parts) => {
            Box::pin(connect::as_nobody(&engine, inner, incoming, dead)).await
        }
        Standing::Dead(dead) => refusals::dead(&engine, &incoming, &resolution, dead),
    }
}

fn is_sign_out(engine: &Engine, incoming: &Incoming) -> bool {
    engine.paths.is_sign_out(incoming.parts.method.as_str(), incoming.parts.uri.path())
}

fn has_handle(engine: &Engine, incoming: &Incoming) -> bool {
    cookies::presented(engine, &incoming.parts.headers).handle().is_some()
}

/// Serves a request whose identity is its own: nothing of it or of its answer is altered, except that a notice that
/// waits is taken away by the page that shows it.
async fn as_themselves<S>(
    engine: &Arc<Engine>,
    inner: Inner<S>,
    incoming: Incoming,
    resolution: &Resolution,
) -> Response
where
    S: Service<Request, Error = Infallible> + Send,
    S::Response: IntoResponse,
    S::Future: Send,
{
    // A tag was put into forms of an impersonation; whoever sends one now would act under another name.
    if !incoming.is_safe() && !incoming.tags().is_empty() {
        return Box::pin(refusals::mismatch(engine, &incoming, resolution)).await;
    }
    let notice = cookies::notice(engine, &incoming.parts.headers);
    let mut request = incoming.into_untouched_request();
    request.extensions_mut().insert(Notice(notice.as_ref().map(|(text, _)| text.clone())));
    let mut response = inner.run(engine, request, Acting::of(resolution)).await;
    if let Some((_, removal)) = notice
        && response.status().is_success()
        && is_html(response.headers())
    {
        response.headers_mut().append(SET_COOKIE, removal);
    }
    response
}

/// Lets a sign-in through, whatever the handle is worth: as themselves or as nobody, never as the customer.
async fn sign_in<S>(engine: &Arc<Engine>, inner: Inner<S>, incoming: Incoming, resolution: Resolution) -> Response
where
    S: Service<Request, Error = Infallible> + Send,
    S::Response: IntoResponse,
    S::Future: Send,
{
    let response = match &resolution.standing {
        Standing::Own => inner.run(engine, incoming.into_untouched_request(), Acting::of(&resolution)).await,
        Standing::Pair { .. } | Standing::Dead(_) => inner.run(engine, incoming.into_request(), Acting::nobody()).await,
    };
    if let Some(before) = &resolution.signed_in {
        // A host that signs in anew ends the sign-in before, and what was started from it ends now, not some time.
        engine.forget_sign_in(&before.key);
        if let Err(outage) = engine.check_on(Running::SignIn(&before.key)).await {
            tracing::warn!(error = ?outage, "cannot tell what the sign-in before has left running");
        }
        engine.tell_sign_out(&before.key).await;
    }
    response
}
