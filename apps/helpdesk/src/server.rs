//! The accept loop: a time limit on headers, and a way to stop that finishes what is running.

use std::net::SocketAddr;
use std::pin::pin;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt;

/// How long a client may take to send the head of a request.
const HEADERS_WITHIN: Duration = Duration::from_secs(10);
/// How long requests that are running at shutdown may take.
const DRAIN_WITHIN: Duration = Duration::from_secs(20);
/// How long to wait before accepting again when the system is out of file descriptors.
const BREATHE: Duration = Duration::from_millis(100);

/// Serves until `stop`, then finishes what is running, but not for ever.
pub(crate) async fn run(listener: TcpListener, app: Router, stop: CancellationToken) {
    let connections = TaskTracker::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stop.cancelled() => break,
        };
        match accepted {
            Ok((stream, peer)) => {
                connections.spawn(serve(stream, peer, app.clone(), stop.clone()));
            }
            Err(error) => {
                tracing::warn!(%error, "cannot accept a connection");
                tokio::time::sleep(BREATHE).await;
            }
        }
    }
    // New connections are refused from here on, while the ones that are open get their answers.
    drop(listener);
    connections.close();
    if tokio::time::timeout(DRAIN_WITHIN, connections.wait()).await.is_err() {
        tracing::warn!(open = connections.len(), "some requests did not finish in time");
    }
}

async fn serve(stream: TcpStream, peer: SocketAddr, app: Router, stop: CancellationToken) {
    // Answers are small and written whole; waiting for more to send would only delay them.
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(ConnectInfo(peer));
        app.clone().oneshot(request.map(Body::new))
    });
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(HEADERS_WITHIN);
    let mut connection = pin!(http.serve_connection(TokioIo::new(stream), service).with_upgrades());
    let served = tokio::select! {
        served = connection.as_mut() => served,
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = served {
        tracing::debug!(%peer, %error, "a connection ended badly");
    }
}
