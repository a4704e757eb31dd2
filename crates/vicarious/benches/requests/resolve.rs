//! What the layer itself adds to a request, in one process and without a network: resolving on a warm cache.

use std::time::Instant;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::routing::get;
use tower::ServiceExt;
use vicarious::VicariousLayer;
use vicarious::sqlx::Store;

use crate::{server, stream};

const TIMES: u32 = 20_000;
const ROUNDS: usize = 7;

/// Prints how much longer a request takes behind the layer than without it.
pub(crate) fn measure() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let url = format!("sqlite://{}/resolve.db", folder.path().display());
        let store = Store::connect(&url).await.expect("a database");
        server::tables(&store).await;
        let (app, vicarious) = server::application(&store);
        let handle = server::handle(&app).await;
        let without = Router::new().route("/nothing", get(async || ""));
        let with = without.clone().layer(vicarious.layer());
        // The status route resolves a pair and answers by itself: nothing is recorded.
        let pair = format!("session=bob; {handle}");
        let cases = [
            ("without the layer", &without, "/nothing", "session=alice"),
            ("oneself", &with, "/nothing", "session=alice"),
            ("a pair (GET /impersonation)", &with, "/impersonation", pair.as_str()),
        ];
        let mut found = vec![Vec::new(); cases.len()];
        let (layer, mut alone) = (vicarious.layer(), Vec::new());
        for _ in 0..ROUNDS {
            for (number, (_, app, path, cookie)) in cases.iter().enumerate() {
                found[number].push(time(app, path, cookie).await);
            }
            alone.push(time_alone(&layer, &pair).await);
        }
        println!("resolving on a warm cache, {ROUNDS} rounds of {TIMES} requests in one thread, medians");
        let names = cases.iter().map(|(name, ..)| *name).chain(["a pair, nothing but resolving"]);
        for (name, times) in names.zip(found.iter_mut().chain([&mut alone])) {
            times.sort_by(f64::total_cmp);
            println!("  {name:<28} {:>6.2} µs a request", times[times.len() / 2]);
        }
        stream::measure(vicarious.layer(), &pair).await;
    });
}

/// Returns the microseconds that it takes to find out that a request is of a pair.
async fn time_alone(layer: &VicariousLayer, cookie: &str) -> f64 {
    let request = Request::get("/nothing").header("cookie", cookie).body(()).expect("a request");
    let (parts, ()) = request.into_parts();
    let began = Instant::now();
    for _ in 0..TIMES {
        assert!(layer.is_pair(&parts).await);
    }
    began.elapsed().as_secs_f64() * 1e6 / f64::from(TIMES)
}

/// Returns the microseconds that one request takes.
async fn time(app: &Router, path: &str, cookie: &str) -> f64 {
    let began = Instant::now();
    for _ in 0..TIMES {
        let request = Request::get(path).header("cookie", cookie).body(Body::empty()).expect("a request");
        let answer = app.clone().oneshot(request).await.expect("an answer");
        assert!(answer.status().is_success(), "{answer:?}");
    }
    began.elapsed().as_secs_f64() * 1e6 / f64::from(TIMES)
}
