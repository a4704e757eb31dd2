//! Extractors: the two questions that every handler may ask.

use std::convert::Infallible;
use std::fmt;
use std::sync::Arc;

use axum::extract::{FromRequestParts, OptionalFromRequestParts};
use axum::response::{IntoResponse, Response};
use http::request::Parts;
use http::{HeaderMap, StatusCode};
use vicarious_core::{Identity, SignInKey};

use crate::Vicarious;
use crate::engine::Engine;
use crate::host::Known;
use crate::problem::Problem;
use crate::refusals;
use crate::resolve::DeadCause;

tokio::task_local! {
    static ACTING: Identity;
}

/// Returns the identity of the request that this code runs for, for code far from the request.
///
/// Anonymous outside a request. Tasks that a handler spawns do not inherit it; give them the identity as an argument.
pub fn identity() -> Identity {
    ACTING.try_with(Clone::clone).unwrap_or_default()
}

/// Runs `future` with `identity` as the answer of [`identity()`].
pub async fn with_identity<F: Future>(identity: Identity, future: F) -> F::Output {
    ACTING.scope(identity, future).await
}

/// What the layer leaves in a request's extensions.
#[derive(Clone)]
pub(crate) struct Acting {
    pub(crate) identity: Identity,
    pub(crate) current: Option<Known>,
    pub(crate) true_user: Option<Known>,
    /// What the true user's identity rests on.
    pub(crate) sign_in: Option<SignInKey>,
    /// Why this is nobody, where it would be a refusal but for a socket that can say so itself.
    pub(crate) dead: Option<DeadCause>,
    /// Whose layer it is; none until the request goes on from there.
    pub(crate) engine: Option<Arc<Engine>>,
}

/// The sentence that a stop has left for the agent's next page, such as "You are logged out as alice@example.com".
///
/// Pages of the application show it themselves. It is text that holds a name or an e-mail address: escape it. None for
/// everybody else, while impersonating, and outside the layer.
///
/// The first HTML page that succeeds for the agent uses it up, whether it has asked for it or not, so whatever renders the
/// layout should ask. It waits for a minute. A client that stops with JSON reads it in the answer, as `notice`.
///
/// # Examples
///
/// ```
/// use axum::response::Html;
/// use vicarious_axum::Notice; // or from `vicarious`
///
/// async fn home(Notice(notice): Notice) -> Html<String> {
///     let notice = notice.unwrap_or_default().replace('&', "&amp;").replace('<', "&lt;");
///     Html(format!("<!doctype html><title>Orders</title><p role=status>{notice}</p>"))
/// }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Notice(pub Option<String>);

impl<S: Sync> FromRequestParts<S> for Notice {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(parts.extensions.get::<Self>().cloned().unwrap_or_default())
    }
}

/// The user whose data and permissions apply, as the host's own type.
///
/// It may be two seconds old, or as old as [`Builder::cache_for`](crate::Builder::cache_for) says: what must be new, such as a
/// balance, is looked up by its id. After an unsafe request its current user is found afresh on this process.
///
/// `Option<CurrentUser<User>>` is none when nobody is signed in, and still refuses where nobody can tell.
#[derive(Clone, Debug)]
pub struct CurrentUser<User>(pub User);

/// The user at the keyboard, as the host's own type.
#[derive(Clone, Debug)]
pub struct TrueUser<User>(pub User);

/// The current user, acting as themselves: refuses while impersonating.
#[derive(Clone, Debug)]
pub struct AsThemselves<User>(pub User);

/// Who is acting, and as whom; anonymous when nobody is signed in.
#[derive(Clone, Debug)]
pub struct RequestIdentity(pub Identity);

/// The slug of the problem that nobody is signed in.
const SIGNED_OUT: &str = "not-signed-in";

/// Why an extractor found nobody.
pub struct ExtractRefused {
    problem: Box<Problem>,
    headers: HeaderMap,
}

impl ExtractRefused {
    /// Returns whether nobody is signed in, so that the application can show its own way to sign in.
    ///
    /// Everything else, such as a layer that is missing, is no question of signing in: answer with this error itself.
    pub fn is_signed_out(&self) -> bool {
        self.problem.kind == SIGNED_OUT
    }
}

/// Shows which problem it is, and nothing of the request: its headers hold secrets.
impl fmt::Debug for ExtractRefused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ExtractRefused").field(&self.problem.kind).finish()
    }
}

impl fmt::Display for ExtractRefused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no answer to who is asking: {}", self.problem.kind)
    }
}

impl std::error::Error for ExtractRefused {}

impl IntoResponse for ExtractRefused {
    fn into_response(self) -> Response {
        self.problem.respond(&self.headers)
    }
}

/// The system whose layer the request has passed.
impl<S: Sync> FromRequestParts<S> for Vicarious {
    type Rejection = ExtractRefused;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        let engine = acting(parts)?.engine.clone();
        engine.map(|engine| Self { engine }).ok_or_else(|| no_layer(parts))
    }
}

impl<S: Sync> FromRequestParts<S> for RequestIdentity {
    type Rejection = ExtractRefused;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Ok(Self(acting(parts)?.identity.clone()))
    }
}

impl<S: Sync, User: Clone + Send + Sync + 'static> FromRequestParts<S> for CurrentUser<User> {
    type Rejection = ExtractRefused;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        user(parts, acting(parts)?.current.as_ref()).map(Self)
    }
}

impl<S: Sync, User: Clone + Send + Sync + 'static> OptionalFromRequestParts<S> for CurrentUser<User> {
    type Rejection = ExtractRefused;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Self::Rejection> {
        let current = acting(parts)?.current.as_ref();
        current.map(|known| user(parts, Some(known)).map(Self)).transpose()
    }
}

impl<S: Sync, User: Clone + Send + Sync + 'static> FromRequestParts<S> for TrueUser<User> {
    type Rejection = ExtractRefused;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        user(parts, acting(parts)?.true_user.as_ref()).map(Self)
    }
}

impl<S: Sync, User: Clone + Send + Sync + 'static> FromRequestParts<S> for AsThemselves<User> {
    type Rejection = ExtractRefused;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        let acting = acting(parts)?;
        if let Some(row) = acting.identity.impersonation() {
            return Err(refused(parts, refusals::never(&row.current_user.name, None, true)));
        }
        user(parts, acting.current.as_ref()).map(Self)
    }
}

pub(crate) fn acting(parts: &Parts) -> Result<&Acting, ExtractRefused> {
    parts.extensions.get::<Acting>().ok_or_else(|| no_layer(parts))
}

fn no_layer(parts: &Parts) -> ExtractRefused {
    tracing::error!(path = parts.uri.path(), "no identity: add `.layer(vicarious.layer())` after the last route");
    let problem = Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "no-layer", "The identity layer is missing")
        .detail("This route was added after the layer, so nobody can tell who is asking.");
    refused(parts, problem)
}

fn user<User: Clone + Send + Sync + 'static>(parts: &Parts, known: Option<&Known>) -> Result<User, ExtractRefused> {
    let Some(known) = known else {
        let problem = Problem::new(StatusCode::UNAUTHORIZED, SIGNED_OUT, "Please sign in")
            .detail("Nobody is signed in in this browser.");
        return Err(refused(parts, problem));
    };
    known.user.downcast_ref::<User>().cloned().ok_or_else(|| {
        tracing::error!(
            wanted = std::any::type_name::<User>(),
            "an extractor asks for a type that is not the host's user"
        );
        let problem = Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "wrong-user-type", "The user has another type");
        refused(parts, problem)
    })
}

pub(crate) fn refused(parts: &Parts, problem: Problem) -> ExtractRefused {
    ExtractRefused { problem: Box::new(problem), headers: parts.headers.clone() }
}

#[cfg(test)]
mod tests {
    use axum::extract::{FromRequestParts, Request};

    use super::{Acting, CurrentUser, ExtractRefused};

    async fn extracted<T: FromRequestParts<()>>(acting: Option<Acting>) -> Result<T, T::Rejection> {
        let mut request = Request::new(());
        request.headers_mut().insert("cookie", http::HeaderValue::from_static("session=a-secret"));
        acting.into_iter().for_each(|acting| drop(request.extensions_mut().insert(acting)));
        let (mut parts, ()) = request.into_parts();
        T::from_request_parts(&mut parts, &()).await
    }

    async fn refused(acting: Option<Acting>) -> Option<ExtractRefused> {
        extracted::<CurrentUser<()>>(acting).await.err()
    }

    #[tokio::test]
    async fn whoever_takes_nobody_for_an_answer_still_learns_of_a_missing_layer() {
        assert!(extracted::<Option<CurrentUser<()>>>(Some(Acting::nobody())).await.unwrap().is_none());
        let refused = extracted::<Option<CurrentUser<()>>>(None).await.err().unwrap();
        assert_eq!(refused.to_string(), "no answer to who is asking: no-layer");
    }

    #[tokio::test]
    async fn nobody_signed_in_is_told_from_a_missing_layer_and_no_cookie_is_shown() {
        for (acting, is_signed_out, shown) in [
            (Some(Acting::nobody()), true, "ExtractRefused(\"not-signed-in\")"),
            (None, false, "ExtractRefused(\"no-layer\")"),
        ] {
            let refused = refused(acting).await.unwrap();
            assert_eq!((refused.is_signed_out(), format!("{refused:?}").as_str()), (is_signed_out, shown));
        }
    }
}
