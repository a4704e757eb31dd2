//! The shop over HTTP, a file for each page.

mod answer;
mod assets;
mod broadcasts;
pub(crate) mod cookie;
mod failure;
mod headers;
mod home;
mod input;
mod invoices;
mod linked_accounts;
mod metrics;
pub(crate) mod nav;
mod notifications;
mod operations;
mod orders;
mod parcels;
mod payment_methods;
mod payments;
mod presence;
mod profile;
mod search;
mod session;
mod visitor;
mod whoami;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{delete, get, patch, post};

use crate::app::Shared;
use crate::live;

/// The largest body that a form or JSON may have, in bytes.
const BODY_AT_MOST: usize = 64 * 1024;

/// Returns the whole application: the shop's pages, the console's, and the layers around them; forms reach PATCH and DELETE
/// once [`vicarious::method_override`] goes around that.
pub(crate) fn router(app: &Shared, console: Router) -> Router {
    let pages = Router::new()
        .route("/", get(home::show))
        .route("/session/new", get(session::form))
        .route("/session", post(session::sign_in).delete(session::sign_out))
        .route("/profile", get(profile::show).patch(profile::save))
        .route("/orders", get(orders::list))
        .route("/orders/{id}", get(orders::show))
        .route("/invoices", get(invoices::list))
        .route("/invoices/{id}", get(invoices::show))
        .route("/payments", post(payments::pay))
        .route("/payment-methods", get(payment_methods::list).post(payment_methods::add))
        .route("/payment-methods/{id}", delete(payment_methods::remove))
        .route("/linked-accounts", get(linked_accounts::list).post(linked_accounts::add))
        .route("/linked-accounts/{id}", delete(linked_accounts::remove))
        .route("/notifications", get(notifications::list).post(notifications::mark_read))
        .route("/parcels", get(parcels::list))
        .route("/parcels/{id}", patch(parcels::advance))
        .route("/search", get(search::show))
        .route("/broadcasts", post(broadcasts::send))
        .route(live::PATH, app.cable.route())
        .route("/whoami", get(whoami::show))
        .route("/healthz", get(operations::healthz))
        .route("/readyz", get(operations::readyz))
        .route("/metrics", get(operations::metrics))
        .route("/assets/{file}", get(assets::serve))
        .route("/favicon.ico", get(assets::icon))
        .fallback(failure::not_found)
        .method_not_allowed_fallback(failure::method_not_allowed)
        .with_state(Arc::clone(app));
    pages
        .merge(console)
        .layer(DefaultBodyLimit::max(BODY_AT_MOST))
        .layer(from_fn_with_state(Arc::clone(app), answer::negotiate))
        .layer(app.vicarious.layer())
        .layer(from_fn_with_state(Arc::clone(app), headers::refuse_cross_site))
        .layer(from_fn_with_state(Arc::clone(app), headers::believe_the_proxy))
        .layer(from_fn(headers::protect))
        .layer(from_fn(metrics::count))
}
