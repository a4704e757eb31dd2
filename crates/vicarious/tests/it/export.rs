//! `docs/long-lived.md`: work that goes on when its request is answered, and has to ask for itself.

use std::time::Duration;

use axum::Router;
use axum::routing::{get, post};
use tokio::sync::Semaphore;
use vicarious::RequestIdentity;

use crate::shop::{Shop, added_to, browsed, sign_in};

/// How many exports have been given up.
static GIVEN_UP: Semaphore = Semaphore::const_new(0);

async fn export(RequestIdentity(identity): RequestIdentity) -> &'static str {
    tokio::spawn(async move {
        tokio::select! {
            () = build_the_archive() => {}
            cause = identity.ended() => tracing::info!(cause = cause.as_str(), "the export stops"),
        }
    });
    "It will be in your mail."
}

async fn build_the_archive() {
    struct Archive;

    impl Drop for Archive {
        fn drop(&mut self) {
            GIVEN_UP.add_permits(1);
        }
    }

    let _archive = Archive;
    std::future::pending::<()>().await;
}

#[tokio::test]
async fn an_export_is_given_up_when_its_impersonation_ends() {
    let shop = Shop::default();
    let vicarious = added_to(&shop).build().unwrap();
    let routes = Router::new().route("/export", get(export)).route("/sign-in", post(sign_in)).with_state(shop);
    let app = browsed(routes.layer(vicarious.layer()), &vicarious);
    let mut bob = app.as_agent("bob").impersonating("alice").with_consent().await;
    bob.get("/export").await.assert_status(200).assert_shows("It will be in your mail.");
    assert_eq!(GIVEN_UP.available_permits(), 0);
    bob.stop().await;
    tokio::time::timeout(Duration::from_secs(20), GIVEN_UP.acquire()).await.unwrap().unwrap().forget();
}
