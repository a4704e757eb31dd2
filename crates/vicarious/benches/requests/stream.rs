//! What it costs that a streamed answer breaks off with its impersonation: 1 MiB in pieces of 16 KiB, read to its end in
//! one process, without a network. The request is not counted, so that only what lies around the body is.

use std::convert::Infallible;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::header::COOKIE;
use axum::routing::get;
use futures_util::stream;
use http_body_util::BodyExt;
use tower::ServiceExt;
use vicarious::VicariousLayer;

const PIECE: &[u8] = &[b'.'; 16 * 1024];
const PIECES: usize = 64;
const TIMES: u32 = 200;
const ROUNDS: usize = 7;

/// Prints how long an answer takes to be read as oneself and while impersonating, in turns.
pub(crate) async fn measure(layer: VicariousLayer, pair: &str) {
    let piece = |_| Ok::<_, Infallible>(Bytes::from_static(PIECE));
    let pieces = async move || Body::from_stream(stream::iter((0..PIECES).map(piece)));
    let app = Router::new().route("/stream", get(pieces)).layer(layer);
    let mut found = [("session=alice", Vec::new()), (pair, Vec::new())];
    for _ in 0..ROUNDS {
        for (cookie, times) in &mut found {
            let mut took = Duration::ZERO;
            for _ in 0..TIMES {
                took += read(&app, cookie).await;
            }
            times.push(took / TIMES);
        }
    }
    let [own, pair] = found.map(|(_, mut times)| {
        times.sort_unstable();
        times[ROUNDS / 2].as_secs_f64() * 1e6
    });
    println!("\nReading 1 MiB that is streamed, in one process, without the request");
    println!("  {:<28} {own:>8.1} µs", "oneself");
    println!("  {:<28} {pair:>8.1} µs, {:.2} times as long", "a pair", pair / own);
}

/// Returns how long the body of an answer took.
async fn read(app: &Router, cookie: &str) -> Duration {
    let request = Request::get("/stream").header(COOKIE, cookie).body(Body::empty()).expect("a request");
    let mut body = app.clone().oneshot(request).await.expect("an answer").into_body();
    let (began, mut length) = (Instant::now(), 0);
    while let Some(frame) = body.frame().await {
        length += frame.expect("a piece").data_ref().map_or(0, Bytes::len);
    }
    assert_eq!(length, PIECE.len() * PIECES, "the whole");
    began.elapsed()
}
