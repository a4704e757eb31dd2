//! `docs/adapters.md`: what a layout tells people, asked for beside the `AuthSession`.

use axum::Router;
use axum::extract::FromRequestParts;
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::get;
use axum_login::{AuthManagerLayerBuilder, AuthSession};
use http::request::Parts;
use vicarious_axum::Notice;
use vicarious_console::{Bar, Console};
use vicarious_testing::TestApp;

use crate::support::{ALICE, BOB, Backend, OpenStore, User, browsed, routes, session_layer, vicarious};

/// Whoever a page is for, and what its layout says above everything else.
struct Member {
    user: User,
    bar: Bar,
    notice: Option<String>,
}

impl<S: Send + Sync> FromRequestParts<S> for Member {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Response> {
        let session = AuthSession::<Backend>::from_request_parts(parts, state).await;
        let Some(user) = session.map_err(IntoResponse::into_response)?.user else {
            return Err(Redirect::to("/login").into_response());
        };
        let Ok(bar) = Bar::from_request_parts(parts, state).await;
        let Ok(Notice(notice)) = Notice::from_request_parts(parts, state).await;
        Ok(Self { user, bar, notice })
    }
}

/// Stands for a template, which escapes what it is given, the bar aside.
async fn orders(Member { user, bar, notice }: Member) -> Html<String> {
    let notice = notice.map(|text| format!("<p role=status>{}</p>", text.replace('<', "&lt;"))).unwrap_or_default();
    Html(format!("<!doctype html><title>Orders</title>{bar}{notice}<h1>{}</h1>", user.name))
}

fn application() -> TestApp {
    let (backend, store) = (Backend::default(), OpenStore::default());
    let vicarious = vicarious(&backend, &store);
    let auth_layer = AuthManagerLayerBuilder::new(backend, session_layer(&store)).build();
    let pages = routes().merge(Router::new().route("/orders", get(orders))).merge(Console::new(&vicarious).routes());
    browsed(pages.layer(vicarious.layer()).layer(auth_layer), &vicarious)
}

#[tokio::test]
async fn a_layout_tells_the_customer_who_is_inside_and_the_agent_that_it_is_over() {
    let app = application();
    let (mut alice, bob) = (app.signed_in(ALICE.to_string()).await, app.signed_in(BOB.to_string()).await);
    let before = alice.get("/orders").await;
    before.assert_status(200).assert_shows("<h1>Alice</h1>");
    assert!(!before.text.contains("Bob"), "{}", before.text);
    let starting = app.as_agent("whose browser it is").impersonating(ALICE.to_string()).ticket("SUP-1").from(&bob);
    let mut inside = starting.await;
    alice
        .get("/orders")
        .await
        .assert_shows("Bob</bdi></strong> from support is viewing your account")
        .assert_shows("End");
    let page = inside.get("/orders").await;
    page.assert_status(200).assert_shows("<h1>Alice</h1>");
    assert!(!page.text.contains("vc-bar"), "{}", page.text);
    let (mut browser, tag) = (inside.stolen(), inside.tag());
    let stop = [("_method", "DELETE"), ("_identity", tag.as_str())];
    browser.post_form("/impersonation", &stop).await.assert_status(303);
    browser.get("/orders").await.assert_shows("<p role=status>You are logged out as").assert_shows("<h1>Bob</h1>");
}

#[tokio::test]
async fn whoever_is_not_signed_in_is_sent_to_the_sign_in() {
    let answer = application().nobody().get("/orders").await;
    assert_eq!((answer.status.as_u16(), answer.header("location")), (303, Some("/login")));
}
