//! Layers in the wrong order.

use axum_login::AuthManagerLayerBuilder;

use crate::support::{Backend, OpenStore, World, browsed, session_layer, vicarious};

#[tokio::test]
async fn an_auth_layer_inside_of_ours_is_explained_to_everybody_with_the_first_request() {
    let (backend, store) = (Backend::default(), OpenStore::default());
    let vicarious = vicarious(&backend, &store);
    let auth_layer = AuthManagerLayerBuilder::new(backend, session_layer(&store)).build();
    let app =
        axum::Router::new().route("/", axum::routing::get(async || "home")).layer(auth_layer).layer(vicarious.layer());
    let answer = browsed(app, &vicarious).nobody().get_json("/").await;
    let detail = answer.assert_status(500).json()["detail"].as_str().unwrap().to_owned();
    assert!(detail.contains("add `.layer(auth_layer)` after `.layer(vicarious.layer())`"), "{detail}");
}

#[tokio::test]
async fn the_right_order_needs_no_explanation() {
    World::new().await.app.nobody().get("/who").await.assert_status(200);
}
