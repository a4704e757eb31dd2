//! A shop whose answers take long, on a port, with a database; and clients that see how its answers end.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::header::{CONNECTION, CONTENT_TYPE, COOKIE, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, UPGRADE};
use axum::http::{Response as HttpResponse, StatusCode};
use axum::middleware::map_response;
use axum::response::sse::{Event, Sse};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get, post};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures_util::stream::{self, Stream, StreamExt as _};
use hyper::body::Incoming;
use hyper::client::conn::http2::{SendRequest, handshake};
use hyper::ext::Protocol;
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::{TokioExecutor, TokioIo};
use sha1::{Digest, Sha1};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinHandle;
use tokio::time::{interval, interval_at};
use tower_http::compression::CompressionLayer;
use vicarious::decide::{Decision, Terms};
use vicarious::ports::Running;
use vicarious::sqlx::Store;
use vicarious::{
    Account, EndCause, Identity, Impersonation, KeyRing, RequestIdentity, Rules, SignedDuration, Staff, Timestamp,
    Vicarious,
};

use crate::shop::{Shop, orders, sign_in, sign_out};

pub(crate) const PATIENCE: Duration = Duration::from_secs(30);
/// Far beyond the limit, also on a busy machine.
const LATE: Duration = Duration::from_secs(3);

/// Puts the layer, and what else there may be, around the routes.
pub(crate) type Layers = fn(Router, &Vicarious) -> Router;

pub(crate) fn plain(routes: Router, vicarious: &Vicarious) -> Router {
    routes.layer(vicarious.layer())
}

pub(crate) fn compressed_inside(routes: Router, vicarious: &Vicarious) -> Router {
    routes.layer(CompressionLayer::new()).layer(vicarious.layer())
}

pub(crate) fn compressed_outside(routes: Router, vicarious: &Vicarious) -> Router {
    routes.layer(vicarious.layer()).layer(CompressionLayer::new())
}

/// Tells the client that a body has broken off only when it is too late.
pub(crate) fn late(routes: Router, vicarious: &Vicarious) -> Router {
    routes.layer(vicarious.layer()).layer(map_response(async |response: Response| {
        response.map(|body| Body::from_stream(body.into_data_stream().then(slowly_if_broken)))
    }))
}

async fn slowly_if_broken(piece: Result<Bytes, axum::Error>) -> Result<Bytes, axum::Error> {
    if piece.is_err() {
        // As if somebody looked now and then.
        interval_at(tokio::time::Instant::now() + LATE, LATE).tick().await;
    }
    piece
}

/// A way in which an impersonation ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum How {
    /// The agent presses Stop.
    Stop,
    /// An administrator revokes it.
    Revoke,
    /// The customer withdraws the consent.
    Withdraw,
    /// The time is up.
    Expire,
    /// The agent signs out where the handle is not, as on the main origin of isolated mode.
    SignOut,
    /// The application ends the sign-in otherwise, and says so.
    SignInGone,
}

impl How {
    /// Returns what a handler is told.
    pub(crate) fn cause(self) -> EndCause {
        match self {
            Self::Stop | Self::SignOut => EndCause::Stopped,
            Self::Revoke => EndCause::Revoked,
            Self::Withdraw => EndCause::ConsentWithdrawn,
            Self::Expire => EndCause::Expired,
            Self::SignInGone => EndCause::SignedOut,
        }
    }
}

type Told = UnboundedSender<(EndCause, Instant)>;

/// The shop, being served.
pub(crate) struct Service {
    _folder: TempDir,
    shop: Shop,
    vicarious: Vicarious,
    address: SocketAddr,
    /// What the handler of the socket was told, and when.
    pub(crate) told: UnboundedReceiver<(EndCause, Instant)>,
    serving: JoinHandle<()>,
}

impl Service {
    pub(crate) async fn new(terms: Terms, layers: Layers) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", folder.path().join("shop.db").display());
        let shop = Shop::default();
        let vicarious = Vicarious::builder(shop.clone())
            .ledger(Store::connect(&url).await.unwrap())
            .keys(KeyRing::generate())
            .who_may_whom(|agent, customer| agent.is_support && !customer.is_support)
            .staff(|user| if user.id == "eve" { Staff::Administrator } else { Staff::No })
            .rules(Rules::new().read("CONNECT /lines", "looked at lines"))
            .terms(terms)
            .sign_in("POST /sign-in")
            .sign_out("POST /sign-out")
            .secure_cookies(false)
            .build()
            .unwrap();
        let (sender, told) = unbounded_channel();
        let app = layers(routes(shop.clone(), sender), &vicarious);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let serving = tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self { _folder: folder, shop, vicarious, address, told, serving }
    }

    /// Asks on a connection of its own; returns it with the head of the answer read.
    async fn ask(&self, method: &str, path: &str, cookies: &str, further: &str, body: &str) -> (String, TcpStream) {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        let length = body.len();
        let head =
            format!("{method} {path} HTTP/1.1\r\nHost: shop\r\nAccept: application/json\r\nCookie: {cookies}\r\n");
        let request = format!("{head}Content-Length: {length}\r\n{further}\r\n{body}");
        stream.write_all(request.as_bytes()).await.unwrap();
        (read_until(&mut stream, "\r\n\r\n").await, stream)
    }

    /// Signs somebody in, and returns their cookie.
    pub(crate) async fn sign_in(&self, who: &str) -> String {
        let form = "Content-Type: application/x-www-form-urlencoded\r\n";
        let (answer, _) = self.ask("POST", "/sign-in", "", form, &format!("who={who}")).await;
        cookie(&answer, "session")
    }

    /// Enters Alice's account as Bob, by a consent of hers; returns his cookies, that of his sign-in first.
    pub(crate) async fn enter(&self) -> String {
        let tomorrow = Timestamp::now() + SignedDuration::from_hours(24);
        self.vicarious.give_consent(&person("alice"), tomorrow).await.unwrap();
        let session = self.sign_in("bob").await;
        let body = r#"{"account_id": "alice", "reason": "SUP-1"}"#;
        let (answer, _) =
            self.ask("POST", "/impersonation", &session, "Content-Type: application/json\r\n", body).await;
        assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
        format!("{session}; {}", cookie(&answer, "vicarious-handle"))
    }

    /// Returns the impersonation that runs.
    pub(crate) async fn running(&self) -> Impersonation {
        self.vicarious.ledger().running(Running::All).await.unwrap().remove(0)
    }

    /// Asks for something that takes long, and reads it up to `first`.
    pub(crate) async fn open(&self, path: &str, cookies: &str, further: &str, first: &str) -> Opened {
        let (head, mut stream) = self.ask("GET", path, cookies, further, "").await;
        assert!(head.starts_with("HTTP/1.1 200") || head.starts_with("HTTP/1.1 101"), "{head}");
        if !head.contains(first) {
            read_until(&mut stream, first).await;
        }
        Opened(stream)
    }

    /// Opens a WebSocket, and waits until it has said something back.
    pub(crate) async fn open_socket(&self, cookies: &str) -> Opened {
        let further = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
                       Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
        let accepted = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";
        let mut opened = self.open("/socket", cookies, further, accepted).await;
        // A text of two letters, masked with noughts.
        opened.0.write_all(&[0x81, 0x82, 0, 0, 0, 0, b'h', b'i']).await.unwrap();
        read_until(&mut opened.0, "\u{2}hi").await;
        opened
    }

    /// Connects by HTTP/2 with prior knowledge.
    pub(crate) async fn http_2(&self) -> Http2 {
        let stream = TcpStream::connect(self.address).await.unwrap();
        let (sender, connection) = handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        Http2(sender)
    }

    /// Ends an impersonation, and returns when that was answered; when its time was up, where nobody is answered.
    pub(crate) async fn end(&self, how: How, cookies: &str, row: &Impersonation) -> Instant {
        match how {
            How::Stop => {
                let (answer, _) = self.ask("DELETE", "/impersonation", cookies, "", "").await;
                assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
            }
            How::Revoke => self.vicarious.revoke(&person("eve"), &row.id).await.unwrap(),
            How::Withdraw => {
                let consent = row.consent.as_ref().unwrap();
                self.vicarious.decide_consent(&person("alice"), consent, Decision::Withdraw).await.unwrap();
            }
            How::Expire => {
                let left = Duration::try_from(row.ends_at.duration_since(Timestamp::now())).unwrap_or_default();
                return Instant::now() + left;
            }
            How::SignOut => {
                let session = cookies.split("; ").next().unwrap();
                let (answer, _) = self.ask("POST", "/sign-out", session, "", "").await;
                assert!(answer.starts_with("HTTP/1.1 303"), "{answer}");
            }
            How::SignInGone => {
                self.shop.forget(&row.sign_in);
                self.vicarious.forget_sign_in(&row.sign_in);
            }
        }
        Instant::now()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// An answer that goes on.
pub(crate) struct Opened(TcpStream);

/// How an answer ended.
pub(crate) struct Cut {
    pub(crate) at: Instant,
    /// What still came.
    pub(crate) rest: Vec<u8>,
}

impl Opened {
    /// Begins to wait for its end.
    pub(crate) fn cut(mut self) -> JoinHandle<Cut> {
        tokio::spawn(async move {
            let mut rest = Vec::new();
            // How a connection breaks off is up to the system: what matters is that it does.
            let _ = tokio::time::timeout(PATIENCE, self.0.read_to_end(&mut rest)).await.unwrap();
            Cut { at: Instant::now(), rest }
        })
    }
}

impl Cut {
    /// Returns whether the client was told that this was all, by a last chunk.
    pub(crate) fn is_whole(&self) -> bool {
        self.rest.ends_with(b"0\r\n\r\n")
    }
}

/// Many requests on one connection.
pub(crate) struct Http2(SendRequest<Body>);

impl Http2 {
    pub(crate) async fn get(&mut self, path: &str, cookies: &str) -> HttpResponse<Incoming> {
        let request = Request::get(format!("http://shop{path}")).header(COOKIE, cookies).body(Body::empty()).unwrap();
        self.0.send_request(request).await.unwrap()
    }

    /// Opens a connection within the connection, as a browser does for a WebSocket (RFC 8441).
    pub(crate) async fn connect(&mut self, path: &str, cookies: &str) -> (StatusCode, OnUpgrade) {
        let request = Request::connect(format!("http://shop{path}")).header(COOKIE, cookies);
        let request = request.extension(Protocol::from_static("websocket")).body(Body::empty()).unwrap();
        let answer = self.0.send_request(request).await.unwrap();
        (answer.status(), hyper::upgrade::on(answer))
    }
}

fn person(id: &str) -> Identity {
    Identity::own(Account::new(id, id, format!("{id}@example.com")))
}

/// Returns a cookie that an answer sets.
fn cookie(answer: &str, name: &str) -> String {
    let mut set = answer.lines().filter_map(|line| line.strip_prefix("set-cookie: "));
    set.find(|cookie| cookie.starts_with(name)).and_then(|cookie| cookie.split(';').next()).unwrap().to_owned()
}

async fn read_until(stream: &mut TcpStream, until: &str) -> String {
    let mut read = Vec::new();
    while !read.ends_with(until.as_bytes()) {
        let byte = tokio::time::timeout(PATIENCE, stream.read_u8()).await.unwrap();
        assert!(byte.is_ok(), "{byte:?} after {}", String::from_utf8_lossy(&read));
        read.extend(byte);
    }
    String::from_utf8_lossy(&read).into_owned()
}

fn routes(shop: Shop, told: Told) -> Router {
    let people = Router::new()
        .route("/orders", get(orders))
        .route("/sign-in", post(sign_in))
        .route("/sign-out", post(sign_out))
        .with_state(shop);
    let long = Router::new()
        .route("/events", get(events))
        .route("/export", get(export))
        .route("/socket", get(socket))
        .route("/lines", any(lines))
        .with_state(told);
    people.merge(long)
}

/// One event at once, and then nothing for a long time.
async fn events() -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    Sse::new(stream::once(async { Ok(Event::default().data("hello")) }).chain(stream::pending()))
}

/// A minute of lines.
async fn export() -> Response {
    let pace = interval(Duration::from_millis(100));
    let lines = stream::unfold((0, pace), |(line, mut pace)| async move {
        pace.tick().await;
        (line < 600).then_some((Ok::<_, Infallible>("a line of the export\n"), (line + 1, pace)))
    });
    ([(CONTENT_TYPE, "text/csv")], Body::from_stream(lines)).into_response()
}

/// A WebSocket written by hand, which asks for the end of its identity too.
async fn socket(
    State(told): State<Told>,
    RequestIdentity(identity): RequestIdentity,
    mut request: Request,
) -> Response {
    let key = request.headers().get(SEC_WEBSOCKET_KEY).cloned();
    let (Some(key), Some(upgrade)) = (key, request.extensions_mut().remove::<OnUpgrade>()) else {
        return StatusCode::UPGRADE_REQUIRED.into_response();
    };
    tokio::spawn(async move {
        let talk = async { say_back(TokioIo::new(upgrade.await.unwrap())).await };
        let tell = async { told.send((identity.ended().await, Instant::now())).unwrap() };
        // Both: being told does not depend on what happens to the connection.
        tokio::join!(talk, tell).0
    });
    let accept = STANDARD.encode(Sha1::digest([key.as_bytes(), b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"].concat()));
    let headers = [(CONNECTION, "upgrade"), (UPGRADE, "websocket"), (SEC_WEBSOCKET_ACCEPT, accept.as_str())];
    (StatusCode::SWITCHING_PROTOCOLS, headers).into_response()
}

/// A connection of any kind, on which everything is said back.
async fn lines(mut request: Request) -> StatusCode {
    let Some(upgrade) = request.extensions_mut().remove::<OnUpgrade>() else { return StatusCode::UPGRADE_REQUIRED };
    tokio::spawn(async move {
        let (mut reading, mut writing) = tokio::io::split(TokioIo::new(upgrade.await.unwrap()));
        tokio::io::copy(&mut reading, &mut writing).await
    });
    StatusCode::OK
}

/// Says back each short text, until the connection breaks.
async fn say_back(mut connection: impl AsyncReadExt + AsyncWriteExt + Unpin) -> std::io::Result<()> {
    loop {
        let [kind, length] = [connection.read_u8().await?, connection.read_u8().await? & 0x7f];
        let (mut mask, mut text) = ([0; 4], vec![0; usize::from(length)]);
        connection.read_exact(&mut mask).await?;
        connection.read_exact(&mut text).await?;
        text.iter_mut().zip(mask.iter().cycle()).for_each(|(byte, mask)| *byte ^= mask);
        connection.write_all(&[kind, length]).await?;
        connection.write_all(&text).await?;
    }
}
