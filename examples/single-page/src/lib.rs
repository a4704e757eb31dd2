//! Waymark, walking holidays: customers see their bookings and pay them, support agents look customers up.

mod bookings;
mod customers;
pub mod database;
mod error;
mod me;
mod session;

use axum::Router;
use axum::http::header::CONTENT_TYPE;
use axum::response::Html;
use axum::routing::{get, post};

use crate::database::Database;

pub async fn app(database_url: &str) -> Result<Router, Box<dyn std::error::Error>> {
    let database = Database::open(database_url).await?;

    let app = Router::new()
        .route("/api/session", post(session::sign_in).delete(session::sign_out))
        .route("/api/me", get(me::show).patch(me::save))
        .route("/api/bookings", get(bookings::list))
        .route("/api/bookings/{id}/payment", get(bookings::due).post(bookings::pay))
        .route("/api/customers", get(customers::list))
        .route("/", get(|| async { Html(include_str!("../static/index.html")) }))
        .route("/static/app.js", get(|| asset("text/javascript", include_str!("../static/app.js"))))
        .route("/static/style.css", get(|| asset("text/css", include_str!("../static/style.css"))))
        .with_state(database);
    Ok(app)
}

async fn asset(kind: &'static str, text: &'static str) -> ([(axum::http::HeaderName, &'static str); 1], &'static str) {
    ([(CONTENT_TYPE, kind)], text)
}
