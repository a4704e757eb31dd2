//! Signing in and out.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use askama::Template;
use axum::Json;
use axum::extract::{ConnectInfo, FromRequestParts, Query, Request, State};
use axum::http::header::{RETRY_AFTER, SET_COOKIE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::json;
use vicarious::{Problem, RequestIdentity, SitePath, wants_json};

use crate::app::{App, Shared};
use crate::host::sign_in_key;
use crate::shop::sessions::{self, Secret};
use crate::shop::{At, accounts};
use crate::sign_in::Attempt;
use crate::web::answer::{html, see};
use crate::web::failure::Failure;
use crate::web::input::Input;
use crate::web::visitor::{Frame, Seen};

/// The page with the sign-in form.
#[derive(Template)]
#[template(path = "sign_in.html")]
pub(crate) struct SignInPage {
    frame: Frame,
    email: String,
    then: String,
    problem: Option<String>,
}

impl SignInPage {
    /// Returns the page with nothing typed yet.
    pub(crate) fn empty(frame: Frame) -> Self {
        Self { frame, email: String::new(), then: String::new(), problem: None }
    }

    /// Renders the page.
    pub(crate) fn respond(&self, status: StatusCode) -> Response {
        let mut response = html(self);
        if response.status() == StatusCode::OK {
            *response.status_mut() = status;
        }
        response
    }
}

/// Where to go after signing in.
#[derive(Deserialize)]
pub(crate) struct Then {
    #[serde(default)]
    then: String,
}

/// What is typed to sign in.
#[derive(Deserialize)]
pub(crate) struct Credentials {
    #[serde(default)]
    email: String,
    #[serde(default)]
    password: String,
    #[serde(default)]
    then: String,
}

/// Shows the form; who is signed in already goes on.
pub(crate) async fn form(
    State(app): State<Shared>,
    RequestIdentity(identity): RequestIdentity,
    Query(Then { then }): Query<Then>,
    request: Request,
) -> Response {
    if !identity.is_anonymous() {
        return see(landing(&then).as_str());
    }
    let frame = Frame::without_news(&app, &Seen::of(&request)).await;
    SignInPage { then, ..SignInPage::empty(frame) }.respond(StatusCode::OK)
}

/// What signing in needs to know of the request.
pub(crate) struct Caller {
    headers: HeaderMap,
    seen: Seen,
    address: IpAddr,
}

impl<S: Sync> FromRequestParts<S> for Caller {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>();
        let address = peer.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |ConnectInfo(peer)| peer.ip());
        Ok(Self { headers: parts.headers.clone(), seen: Seen::of_parts(parts), address })
    }
}

/// Checks e-mail and password, and begins a sign-in with a secret of its own.
pub(crate) async fn sign_in(
    State(app): State<Shared>,
    caller: Caller,
    Input(typed): Input<Credentials>,
) -> Result<Response, Failure> {
    let attempt = app.door.knock(&app.database, caller.address, &typed.email, typed.password.clone()).await?;
    metrics::counter!("helpdesk_sign_ins_total", "outcome" => outcome(&attempt)).increment(1);
    match attempt {
        Attempt::Welcome { account_id } => begin(&app, &caller, &account_id, &typed.then).await,
        Attempt::Wrong => {
            let sentence = "That e-mail and password do not belong together.";
            Ok(turned_away(&app, &caller, typed, StatusCode::UNAUTHORIZED, "wrong-credentials", sentence).await)
        }
        Attempt::Later(wait) => {
            let sentence = "Too many wrong attempts. Please wait a little, then try again.";
            let status = StatusCode::TOO_MANY_REQUESTS;
            let mut response = turned_away(&app, &caller, typed, status, "too-many-attempts", sentence).await;
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(whole_seconds(wait)));
            Ok(response)
        }
    }
}

async fn begin(app: &App, caller: &Caller, account_id: &str, then: &str) -> Result<Response, Failure> {
    let secret = Secret::draw()?;
    let now = At::now();
    let before = app.cookie.read(&caller.headers);
    let mut tx = app.database.begin().await?;
    // INVARIANT: a sign-in never takes over the secret of the one before it.
    if let Some(before) = &before {
        sessions::delete(&mut tx, &before.digest()).await?;
    }
    sessions::sweep(&mut tx, now).await?;
    sessions::create(&mut tx, &secret.digest(), account_id, now).await?;
    tx.commit().await?;
    if let Some(before) = &before {
        app.vicarious.forget_sign_in(&sign_in_key(before));
    }
    let mut response = match wants_json(&caller.headers) {
        true => {
            let user = accounts::find(&app.database, account_id).await?.ok_or(Failure::NotFound)?;
            let person = json!({"id": user.id, "name": user.name, "email": user.email});
            Json(json!({"current_user": person, "true_user": person, "impersonation": null})).into_response()
        }
        false => see(landing(then).as_str()),
    };
    response.headers_mut().extend(app.cookie.set(&secret).map(|cookie| (SET_COOKIE, cookie)));
    Ok(response)
}

/// Answers somebody who may not come in, with the e-mail they typed kept.
async fn turned_away(
    app: &App,
    caller: &Caller,
    typed: Credentials,
    status: StatusCode,
    kind: &'static str,
    sentence: &'static str,
) -> Response {
    if wants_json(&caller.headers) {
        return Problem::new(status, kind, "You are not signed in").detail(sentence).respond(&caller.headers);
    }
    let frame = Frame::without_news(app, &caller.seen).await;
    let page = SignInPage { frame, email: typed.email, then: typed.then, problem: Some(sentence.to_owned()) };
    page.respond(status)
}

/// Ends the sign-in. While impersonating, Vicarious stops the impersonation instead and this never runs.
pub(crate) async fn sign_out(State(app): State<Shared>, headers: HeaderMap) -> Result<Response, Failure> {
    if let Some(secret) = app.cookie.read(&headers) {
        let mut tx = app.database.begin().await?;
        sessions::delete(&mut tx, &secret.digest()).await?;
        tx.commit().await?;
        app.vicarious.forget_sign_in(&sign_in_key(&secret));
    }
    let mut response = match wants_json(&headers) {
        true => StatusCode::NO_CONTENT.into_response(),
        false => see("/"),
    };
    response.headers_mut().extend(app.cookie.clear().map(|cookie| (SET_COOKIE, cookie)));
    Ok(response)
}

fn landing(then: &str) -> SitePath {
    SitePath::new(then)
}

fn whole_seconds(wait: Duration) -> u64 {
    wait.as_secs() + u64::from(wait.subsec_nanos() > 0)
}

fn outcome(attempt: &Attempt) -> &'static str {
    match attempt {
        Attempt::Welcome { .. } => "welcome",
        Attempt::Wrong => "wrong",
        Attempt::Later(_) => "later",
    }
}
