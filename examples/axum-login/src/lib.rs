//! Quire, a stationer's shop: customers see their orders and pay them, support agents look customers up.

mod customers;
mod database;
mod error;
mod orders;
mod profile;
mod session;
mod users;

use axum::Router;
use axum::http::header::CONTENT_TYPE;
use axum::routing::{get, post};
use axum_login::tower_sessions::SessionManagerLayer;
use axum_login::tower_sessions::cookie::SameSite;
use axum_login::{AuthManagerLayerBuilder, login_required};
use tower_sessions_sqlx_store::PostgresStore;

use crate::users::Backend;

pub async fn app(database_url: &str) -> Result<Router, Box<dyn std::error::Error>> {
    let database = database::open(database_url).await?;
    let session_store = PostgresStore::new(database.clone());
    session_store.migrate().await?;
    let backend = Backend::new(database.clone());

    let session_layer = SessionManagerLayer::new(session_store).with_same_site(SameSite::Lax);
    let auth_layer = AuthManagerLayerBuilder::new(backend, session_layer).build();

    let app = Router::new()
        .route("/profile", get(profile::show).post(profile::save))
        .route("/orders", get(orders::list))
        .route("/orders/{id}", get(orders::show))
        .route("/orders/{id}/payment", get(orders::payment).post(orders::pay))
        .route("/customers", get(customers::list))
        .route_layer(login_required!(Backend, login_url = "/login"))
        .route("/", get(session::home))
        .route("/login", get(session::form).post(session::login))
        .route("/logout", post(session::logout))
        .route("/assets/style.css", get(style))
        .with_state(database)
        .layer(auth_layer);
    Ok(app)
}

async fn style() -> ([(axum::http::HeaderName, &'static str); 1], &'static str) {
    ([(CONTENT_TYPE, "text/css")], include_str!("style.css"))
}
