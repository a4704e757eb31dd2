//! `docs/stuck-pages.md`: pages that a customer must pass first.

use axum::Router;
use axum::extract::Request;
use axum::http::HeaderMap;
use axum::http::header::{COOKIE, SET_COOKIE};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use vicarious::testing::TestApp;
use vicarious::{CurrentUser, ExtractRefused, RequestIdentity, Rules, Vicarious};

use crate::shop::{Shop, User, added_to, browsed, orders, save, sign_in, sign_out};

async fn terms_first(
    RequestIdentity(who): RequestIdentity,
    user: Result<CurrentUser<User>, ExtractRefused>,
    request: Request,
    next: Next,
) -> Response {
    let must_accept = user.is_ok_and(|CurrentUser(user)| !user.has_accepted_terms);
    let may_pass = who.is_impersonating() || request.uri().path() == "/terms";
    if must_accept && !may_pass {
        return Redirect::to("/terms").into_response();
    }
    next.run(request).await
}

/// A mark in the session, which the agent as the customer does not have.
fn has_shown_second_factor(headers: &HeaderMap) -> bool {
    let cookies = headers.get(COOKIE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    cookies.split("; ").any(|pair| pair == "second_factor=shown")
}

async fn second_factor_first(RequestIdentity(who): RequestIdentity, request: Request, next: Next) -> Response {
    // The agent has shown theirs at their own sign-in; the customer's is nothing that they may know.
    let may_pass = who.is_impersonating() || who.is_anonymous() || request.uri().path() == "/second-factor";
    if !may_pass && !has_shown_second_factor(request.headers()) {
        return Redirect::to("/second-factor").into_response();
    }
    next.run(request).await
}

fn with_a_second_factor(shop: Shop, vicarious: &Vicarious) -> Router {
    let routes = Router::new()
        .route("/orders", get(orders))
        .route("/second-factor", get(async || "Your code?").post(show_second_factor))
        .route("/sign-in", post(sign_in))
        .route("/sign-out", post(sign_out))
        .with_state(shop);
    routes.layer(from_fn(second_factor_first)).layer(vicarious.layer())
}

async fn show_second_factor() -> Response {
    ([(SET_COOKIE, "second_factor=shown; Path=/; HttpOnly; SameSite=Lax")], "Welcome").into_response()
}

fn application(shop: Shop, vicarious: &Vicarious) -> Router {
    let routes = Router::new()
        .route("/orders", get(orders))
        .route("/terms", get(async || "Do you agree?").post(save))
        .route("/sign-in", post(sign_in))
        .route("/sign-out", post(sign_out))
        .with_state(shop);
    routes
        .layer(from_fn(terms_first)) // inside: it asks who is acting
        .layer(vicarious.layer())
}

fn tried(application: fn(Shop, &Vicarious) -> Router, rules: Rules) -> TestApp {
    let shop = Shop::default();
    let vicarious = added_to(&shop).rules(rules).build().unwrap();
    browsed(application(shop, &vicarious), &vicarious)
}

#[tokio::test]
async fn an_agent_gets_past_the_terms_and_accepts_none() {
    let rules = Rules::new().never("POST /terms");
    let app = tried(application, rules);
    app.signed_in("alice").await.get("/orders").await.assert_status(303);

    let mut bob = app.as_agent("bob").impersonating("alice").with_consent().await;
    bob.get("/orders").await.assert_status(200).assert_shows("Orders of Alice");
    let refused = bob.post_form("/terms", &[("accepted", "yes")]).await;
    refused.assert_status(403).assert_shows("Nobody can do this while acting as Alice Ames");

    let mut bob = bob.stop().await;
    bob.get("/orders").await.assert_status(200).assert_shows("Orders of Bob");
}

#[tokio::test]
async fn an_agent_gets_past_the_second_factor_and_shows_none_for_the_customer() {
    let app = tried(with_a_second_factor, Rules::new().never("/second-factor"));
    let mut alice = app.signed_in("alice").await;
    alice.get("/orders").await.assert_status(303);
    alice.post_form("/second-factor", &[("code", "123456")]).await.assert_status(200);
    alice.get("/orders").await.assert_status(200).assert_shows("Orders of Alice");

    let mut bob = app.as_agent("bob").impersonating("alice").with_consent().await;
    bob.get("/orders").await.assert_status(200).assert_shows("Orders of Alice");
    bob.get("/second-factor").await.assert_status(403);
    bob.post_form("/second-factor", &[("code", "123456")]).await.assert_status(403);

    // What an agent has not shown for themselves is asked of them again, as themselves.
    let mut bob = bob.stop().await;
    bob.get("/orders").await.assert_status(303);
}
