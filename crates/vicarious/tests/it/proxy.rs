//! `docs/proxy.md`: the address behind a proxy.

use std::net::{IpAddr, SocketAddr};

use axum::Router;
use axum::extract::{ConnectInfo, Request};
use axum::http::HeaderName;
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use axum::routing::{get, post};
use vicarious::ports::EntryFilter;
use vicarious::{Kind, Vicarious};

use crate::shop::{Shop, added_to, browsed, orders, sign_in};

/// Takes the address that our own proxy has added: the last one, and no other.
async fn real_address(mut request: Request, next: Next) -> Response {
    let last = request.headers().get_all("x-forwarded-for").iter().next_back();
    let last = last.and_then(|value| value.to_str().ok()?.rsplit(',').next()?.trim().parse::<IpAddr>().ok());
    if let Some(address) = last {
        request.extensions_mut().insert(ConnectInfo(SocketAddr::new(address, 0)));
    }
    next.run(request).await
}

fn application(shop: Shop, vicarious: &Vicarious) -> Router {
    let routes = Router::new().route("/orders", get(orders)).route("/sign-in", post(sign_in)).with_state(shop);
    routes.layer(vicarious.layer()).layer(from_fn(real_address)) // outside: the record asks for it
}

#[tokio::test]
async fn the_record_has_the_address_that_the_proxy_saw() {
    let shop = Shop::default();
    let vicarious = added_to(&shop).build().unwrap();
    let app = browsed(application(shop, &vicarious), &vicarious);
    let mut bob = app.as_agent("bob").impersonating("alice").with_consent().await;
    let forwarded = HeaderName::from_static("x-forwarded-for");
    bob.get("/orders").header(forwarded, "10.1.2.3, 203.0.113.7").await.assert_status(200);

    let filter = EntryFilter { kind: Some(Kind::Intent), limit: 10, ..EntryFilter::default() };
    let entries = vicarious.ledger().entries(&filter).await.unwrap();
    let addresses: Vec<_> = entries.iter().filter_map(|recorded| recorded.entry.detail.get("address")).collect();
    assert_eq!(addresses, ["203.0.113.7"]);
}
