//! Hedgerow, a plant nursery: customers fill a basket and order, support agents look customers up.

mod basket;
mod customers;
pub mod database;
mod error;
mod orders;
mod session;

use axum::Router;
use axum::http::header::CONTENT_TYPE;
use axum::routing::{get, post};

use crate::database::Database;

pub async fn app(file: &str) -> Result<Router, Box<dyn std::error::Error>> {
    let database = Database::open(file)?;

    let app = Router::new()
        .route("/", get(session::home))
        .route("/session", get(session::form).post(session::sign_in))
        .route("/session/end", post(session::sign_out))
        .route("/basket", get(basket::show).post(basket::add))
        .route("/basket/{id}/remove", post(basket::remove))
        .route("/orders", get(orders::list).post(orders::place))
        .route("/orders/{id}/payment", get(orders::payment).post(orders::pay))
        .route("/customers", get(customers::list))
        .route("/assets/style.css", get(|| async { ([(CONTENT_TYPE, "text/css")], include_str!("style.css")) }))
        .route("/assets/htmx.js", get(htmx))
        .with_state(database);
    Ok(app)
}

/// The script as npm delivers it; without it the pages work by their forms.
async fn htmx() -> ([(axum::http::HeaderName, &'static str); 1], String) {
    let file = std::env::var("HTMX").unwrap_or_else(|_| "node_modules/htmx.org/dist/htmx.min.js".to_owned());
    ([(CONTENT_TYPE, "text/javascript")], tokio::fs::read_to_string(file).await.unwrap_or_default())
}
