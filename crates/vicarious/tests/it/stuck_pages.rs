//! `docs/stuck-pages.md`: pages that a customer must pass first.

use axum::Router;
use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use vicarious::testing::{Credential, MemoryLedger, TestApp};
use vicarious::{CurrentUser, ExtractRefused, KeyRing, RequestIdentity, Rules, Vicarious};

use crate::shop::{Shop, User, orders, save, sign_in, sign_out};

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

fn tried() -> TestApp {
    let shop = Shop::default();
    let vicarious = Vicarious::builder(shop.clone())
        .ledger(MemoryLedger::new())
        .keys(KeyRing::generate())
        .who_may_whom(|agent, customer| agent.is_support && !customer.is_support)
        .rules(Rules::new().never("POST /terms"))
        .sign_in("POST /sign-in")
        .sign_out("POST /sign-out")
        .build()
        .unwrap();
    TestApp::new(application(shop, &vicarious), &vicarious, |who| async move {
        Credential::form("/sign-in", &[("who", who.as_str())])
    })
}

#[tokio::test]
async fn an_agent_gets_past_the_terms_and_accepts_none() {
    let app = tried();
    app.signed_in("alice").await.get("/orders").await.assert_status(303);

    let mut bob = app.as_agent("bob").impersonating("alice").with_consent().await;
    bob.get("/orders").await.assert_status(200).assert_shows("Orders of Alice");
    let refused = bob.post_form("/terms", &[("accepted", "yes")]).await;
    refused.assert_status(403).assert_shows("Only Alice Ames can do this");

    let mut bob = bob.stop().await;
    bob.get("/orders").await.assert_status(200).assert_shows("Orders of Bob");
}
