//! What outlives its request ends with its impersonation: event streams, exports, downloads, upgraded connections.
//!
//! These tests wait for the end itself, and only tell it from the look at everything that comes each five seconds, because a
//! busy machine wakes late. That it comes within 250 ms is shown where there is a database, in `ends_in_time` of `vicarious`.

use std::convert::Infallible;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use bytes::Bytes;
use futures_util::stream::{self, StreamExt};
use http::header::{CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, UPGRADE};
use http::{Method, StatusCode};
use hyper_util::rt::TokioIo;
use jiff::SignedDuration;
use serde_json::Value;
use testkit::people::{alice, bob, carol, dana};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{broadcast, mpsc};
use tokio::task::JoinHandle;
use vicarious_axum::RequestIdentity;
use vicarious_core::decide::Decision;
use vicarious_core::ports::Ledger;
use vicarious_core::{EndCause, Identity};

use crate::support::{Browser, World};

/// Long before the next look at everything.
const LATE: Duration = Duration::from_secs(2);
const PATIENCE: Duration = Duration::from_secs(30);
/// How much a download says that it has.
const PROMISED: usize = 1 << 30;

/// An application whose answers take long, and what it says about them.
struct Service {
    world: World,
    address: std::net::SocketAddr,
    /// What every event stream sends.
    news: broadcast::Sender<&'static str>,
    /// What the handlers have noticed.
    noticed: mpsc::UnboundedReceiver<String>,
    serving: JoinHandle<()>,
}

#[derive(Clone)]
struct Shop {
    news: broadcast::Sender<&'static str>,
    notice: mpsc::UnboundedSender<String>,
}

/// Says that it is dropped.
struct Held(mpsc::UnboundedSender<String>, &'static str);

impl Drop for Held {
    fn drop(&mut self) {
        let _ = self.0.send(self.1.to_owned());
    }
}

impl Service {
    async fn new() -> Self {
        let (news, _) = broadcast::channel(8);
        let (notice, noticed) = mpsc::unbounded_channel();
        let shop = Shop { news: news.clone(), notice };
        let world = World::with_routes(routes(shop)).await;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let app = Router::new().fallback_service(world.app.clone());
        let serving = tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self { world, address, news, noticed, serving }
    }

    /// Asks over a socket of its own; returns it with everything up to `until` read.
    async fn ask(&self, browser: &Browser, path: &str, until: &str) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        let cookies: Vec<String> = browser.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let upgrade = if path.contains("socket") { "Connection: Upgrade\r\nUpgrade: lines\r\n" } else { "" };
        let head = format!("GET {path} HTTP/1.1\r\nHost: shop\r\n{upgrade}Cookie: {}\r\n\r\n", cookies.join("; "));
        stream.write_all(head.as_bytes()).await.unwrap();
        let read = read_until(&mut stream, until).await;
        assert!(read.contains("HTTP/1.1 200 ") || read.contains("HTTP/1.1 101 "), "{read}");
        stream
    }

    async fn notice(&mut self) -> String {
        tokio::time::timeout(PATIENCE, self.noticed.recv()).await.expect("the handler notices").unwrap()
    }

    /// Ends what runs, in one of the ways in which it can end, and returns what was told as its cause.
    async fn end(&self, how: EndCause, browser: &mut Browser) {
        let (vicarious, row) = (&self.world.vicarious, self.world.running().await.remove(0));
        match how {
            EndCause::Stopped => assert_eq!(browser.stop().await.status, StatusCode::OK),
            EndCause::Revoked => vicarious.revoke(&Identity::own(dana()), &row.id).await.unwrap(),
            EndCause::Paused => vicarious.pause(None, "an incident").await.unwrap(),
            EndCause::ConsentWithdrawn => {
                let consent = row.consent.unwrap();
                vicarious.decide_consent(&Identity::own(alice()), &consent, Decision::Withdraw).await.unwrap();
            }
            EndCause::Expired => {
                self.world.clock.advance(SignedDuration::from_mins(30));
                vicarious.sweep().await.unwrap();
            }
            EndCause::SignedOut => {
                self.world.accounts.sessions.lock().unwrap().clear();
                vicarious.forget_sign_in(&row.sign_in);
            }
            other => panic!("not here: {other:?}"),
        }
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

fn routes(shop: Shop) -> Router {
    Router::new()
        .route("/events", get(events))
        .route("/export", get(export))
        .route("/download", get(download))
        .route("/socket", get(echo))
        .route("/socket/silent", get(silent))
        .route("/socket/refused", get(|| async { "not today" }))
        .route("/job", get(job))
        .with_state(shop)
}

/// An event stream: one line at once, and then whatever is news.
async fn events(State(shop): State<Shop>) -> Response {
    let (news, held) = (shop.news.subscribe(), Held(shop.notice, "let go"));
    let later = stream::unfold((news, held), |(mut news, held)| async move {
        let line = news.recv().await.ok()?;
        Some((Ok::<_, Infallible>(Bytes::from_static(line.as_bytes())), (news, held)))
    });
    let first = stream::once(async { Ok(Bytes::from_static(b"data: hello\n\n")) });
    ([(CONTENT_TYPE, "text/event-stream")], Body::from_stream(first.chain(later))).into_response()
}

/// An export that never waits for anything but the client.
async fn export(State(shop): State<Shop>) -> Body {
    let held = Held(shop.notice, "let go");
    Body::from_stream(stream::repeat_with(move || {
        let _ = &held;
        Ok::<_, Infallible>(Bytes::from_static(b"a line of the export\n"))
    }))
}

/// A download that says how long it is, and is slow.
async fn download() -> Response {
    let first = stream::once(async { Ok::<_, Infallible>(Bytes::from_static(b"the beginning")) });
    ([(CONTENT_LENGTH, PROMISED)], Body::from_stream(first.chain(stream::pending()))).into_response()
}

/// A socket that says everything back, as it was written by hand.
async fn echo(State(shop): State<Shop>, request: Request) -> Response {
    upgraded(request, async move |mut socket| {
        let mut buffer = [0; 64];
        loop {
            match socket.read(&mut buffer).await {
                Ok(0) => break shop.notice.send("the client left".to_owned()).unwrap(),
                Ok(read) => socket.write_all(&buffer[..read]).await.unwrap(),
                Err(error) => break shop.notice.send(format!("{:?}: {error}", error.kind())).unwrap(),
            }
        }
    })
}

/// A socket on which the application neither reads nor writes.
async fn silent(request: Request) -> Response {
    upgraded(request, async |socket| {
        std::future::pending::<()>().await;
        drop(socket);
    })
}

fn upgraded<F: Future<Output = ()> + Send + 'static>(
    request: Request,
    talk: impl FnOnce(TokioIo<hyper::upgrade::Upgraded>) -> F + Send + 'static,
) -> Response {
    tokio::spawn(async move { talk(TokioIo::new(hyper::upgrade::on(request).await.unwrap())).await });
    (StatusCode::SWITCHING_PROTOCOLS, [(CONNECTION, "upgrade"), (UPGRADE, "lines")]).into_response()
}

/// Starts something that goes on when the request is answered.
async fn job(State(shop): State<Shop>, RequestIdentity(identity): RequestIdentity) -> &'static str {
    let notice = shop.notice;
    tokio::spawn(async move {
        let cause = identity.ended().await;
        notice.send(format!("ended: {}", cause.as_str())).unwrap();
    });
    "begun"
}

async fn read_until(stream: &mut TcpStream, until: &str) -> String {
    let mut read = Vec::new();
    while !read.ends_with(until.as_bytes()) {
        let byte = tokio::time::timeout(PATIENCE, stream.read_u8()).await.expect("the server says something");
        read.push(byte.unwrap_or_else(|error| panic!("{error} after {}", String::from_utf8_lossy(&read))));
    }
    String::from_utf8_lossy(&read).into_owned()
}

/// Waits until the server has cut a connection off; returns what still came.
async fn rest(stream: &mut TcpStream) -> Vec<u8> {
    let began = Instant::now();
    let mut rest = Vec::new();
    // How a connection breaks off is up to the system: what matters is that it does.
    let _ = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut rest)).await.expect("it is cut off");
    assert!(began.elapsed() < LATE, "after {:?}", began.elapsed());
    rest
}

const WAYS: [EndCause; 6] = [
    EndCause::Stopped,
    EndCause::Expired,
    EndCause::Revoked,
    EndCause::Paused,
    EndCause::ConsentWithdrawn,
    EndCause::SignedOut,
];

#[tokio::test]
async fn an_event_stream_is_cut_off_however_its_impersonation_ends() {
    for how in WAYS {
        let mut service = Service::new().await;
        let mut browser = service.world.inside(&bob(), &alice()).await;
        let mut stream = service.ask(&browser, "/events", "data: hello\n\n\r\n").await;
        service.news.send("data: more\n\n").unwrap();
        read_until(&mut stream, "data: more\n\n\r\n").await;
        service.end(how, &mut browser).await;
        let rest = rest(&mut stream).await;
        assert!(rest.is_empty(), "{how:?}: a chunk of length zero would be a clean end: {rest:?}");
        assert_eq!(service.notice().await, "let go", "the application stops as well");
    }
}

#[tokio::test]
async fn an_export_that_never_pauses_is_cut_off() {
    let mut service = Service::new().await;
    let mut browser = service.world.inside(&bob(), &alice()).await;
    let mut stream = service.ask(&browser, "/export", "a line of the export\n\r\n").await;
    service.end(EndCause::Stopped, &mut browser).await;
    let rest = rest(&mut stream).await;
    assert!(!rest.ends_with(b"0\r\n\r\n"), "a clean end would look like the whole of it");
    assert_eq!(service.notice().await, "let go");
}

#[tokio::test]
async fn a_download_that_says_how_long_it_is_ends_short() {
    let service = Service::new().await;
    let mut browser = service.world.inside(&bob(), &alice()).await;
    let mut stream = service.ask(&browser, "/download", "the beginning").await;
    service.end(EndCause::Stopped, &mut browser).await;
    assert!(rest(&mut stream).await.is_empty());
}

#[tokio::test]
async fn an_upgraded_connection_is_cut_off_however_its_impersonation_ends() {
    for how in WAYS {
        let mut service = Service::new().await;
        let mut browser = service.world.inside(&bob(), &alice()).await;
        let mut stream = service.ask(&browser, "/socket", "\r\n\r\n").await;
        stream.write_all(b"anybody there?").await.unwrap();
        read_until(&mut stream, "anybody there?").await;
        service.end(how, &mut browser).await;
        assert!(rest(&mut stream).await.is_empty());
        let noticed = service.notice().await;
        assert_eq!(noticed, format!("ConnectionAborted: the impersonation has ended: {}", how.as_str()));
    }
}

#[tokio::test]
async fn a_connection_on_which_the_application_does_nothing_is_cut_off_too() {
    let service = Service::new().await;
    let mut browser = service.world.inside(&bob(), &alice()).await;
    let mut stream = service.ask(&browser, "/socket/silent", "\r\n\r\n").await;
    service.end(EndCause::Stopped, &mut browser).await;
    assert!(rest(&mut stream).await.is_empty());
}

#[tokio::test]
async fn what_is_said_before_the_upgrade_is_answered_is_not_lost() {
    let service = Service::new().await;
    let browser = service.world.inside(&bob(), &alice()).await;
    let mut stream = TcpStream::connect(service.address).await.unwrap();
    let cookies: Vec<String> = browser.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let head = "GET /socket HTTP/1.1\r\nHost: shop\r\nConnection: Upgrade\r\nUpgrade: lines\r\nCookie: ";
    let eager = format!("{head}{}\r\n\r\nin a hurry", cookies.join("; "));
    stream.write_all(eager.as_bytes()).await.unwrap();
    read_until(&mut stream, "in a hurry").await;
    let long: String = (0..20_000).map(|number| format!("line {number}\n")).collect();
    let (mut reading, mut writing) = stream.split();
    let mut heard = vec![0; long.len()];
    let both = tokio::join!(writing.write_all(long.as_bytes()), reading.read_exact(&mut heard));
    both.0.unwrap();
    both.1.unwrap();
    assert_eq!(heard, long.as_bytes());
}

#[tokio::test]
async fn an_application_that_closes_its_connection_closes_it_for_the_client_as_well() {
    let mut service = Service::new().await;
    let browser = service.world.inside(&bob(), &alice()).await;
    let mut stream = service.ask(&browser, "/socket", "\r\n\r\n").await;
    stream.shutdown().await.unwrap();
    assert_eq!(service.notice().await, "the client left");
    assert!(rest(&mut stream).await.is_empty());
}

#[tokio::test]
async fn an_upgrade_that_the_application_does_not_take_is_an_ordinary_answer() {
    let service = Service::new().await;
    let browser = service.world.inside(&bob(), &alice()).await;
    service.ask(&browser, "/socket/refused", "not today").await;
}

#[tokio::test]
async fn what_the_customer_and_other_agents_have_open_goes_on() {
    let service = Service::new().await;
    let mut browser = service.world.inside(&bob(), &alice()).await;
    let mut other = service.world.inside(&dana(), &carol()).await;
    let mut stream = service.ask(&browser, "/events", "data: hello\n\n\r\n").await;
    let mut others = Vec::new();
    for browser in [&service.world.browser(&alice()), &other] {
        others.push(service.ask(browser, "/events", "data: hello\n\n\r\n").await);
        others.push(service.ask(browser, "/socket", "\r\n\r\n").await);
    }
    service.end(EndCause::Stopped, &mut browser).await;
    rest(&mut stream).await;
    service.news.send("data: still here\n\n").unwrap();
    for (index, stream) in others.iter_mut().enumerate() {
        if index % 2 == 0 {
            read_until(stream, "data: still here\n\n\r\n").await;
        } else {
            stream.write_all(b"me too").await.unwrap();
            read_until(stream, "me too").await;
        }
    }
    other.stop().await;
}

#[tokio::test]
async fn the_end_that_another_process_recorded_cuts_off_as_soon_as_it_is_found_out() {
    let service = Service::new().await;
    let browser = service.world.inside(&bob(), &alice()).await;
    let mut events = service.ask(&browser, "/events", "data: hello\n\n\r\n").await;
    let mut socket = service.ask(&browser, "/socket", "\r\n\r\n").await;
    let row = service.world.running().await.remove(0);
    let over = vicarious_core::decide::end(&row, EndCause::Revoked, None, service.world.clock.now()).unwrap();
    service.world.ledger.apply(vec![over]).await.unwrap();
    service.world.vicarious.sweep().await.unwrap();
    assert!(rest(&mut events).await.is_empty());
    assert!(rest(&mut socket).await.is_empty());
}

#[tokio::test]
async fn the_hard_end_cuts_off_while_the_ledger_is_away() {
    let began = Instant::now();
    let noon: jiff::Timestamp = "2026-11-22T09:00:00Z".parse().unwrap();
    let now = move || noon + SignedDuration::try_from(began.elapsed()).unwrap();
    let terms = vicarious_core::decide::Terms { length: SignedDuration::from_millis(900), ..Default::default() };
    let (notice, mut noticed) = mpsc::unbounded_channel();
    let shop = Shop { news: broadcast::channel(1).0, notice };
    let world = World::of(|builder, _| builder.terms(terms).clock(now), routes(shop)).await;
    let mut browser = world.inside(&bob(), &alice()).await;
    assert_eq!(browser.get("/job").await.text, "begun");
    world.ledger.fail(true);
    let told = tokio::time::timeout(PATIENCE, noticed.recv()).await.expect("the job is told");
    assert_eq!(told.as_deref(), Some("ended: expired"));
    world.ledger.fail(false);
    world.vicarious.shutdown().await;
}

#[tokio::test]
async fn a_job_that_selects_on_its_identity_is_told_the_cause() {
    for how in WAYS {
        let mut service = Service::new().await;
        let mut browser = service.world.inside(&bob(), &alice()).await;
        browser.get("/job").await;
        service.end(how, &mut browser).await;
        assert_eq!(service.notice().await, format!("ended: {}", how.as_str()));
    }
}

#[tokio::test]
async fn whoever_asks_after_the_end_is_told_at_once_and_people_as_themselves_never() {
    let service = Service::new().await;
    let mut browser = service.world.inside(&bob(), &alice()).await;
    let row = service.world.running().await.remove(0);
    let identity = Identity::impersonating(bob(), alice(), row);
    service.end(EndCause::Stopped, &mut browser).await;
    assert_eq!(service.world.vicarious.ended(&identity).await, EndCause::Stopped);
    let own = service.world.vicarious.ended(&Identity::own(alice()));
    let nobody = Identity::anonymous().ended();
    tokio::select! {
        biased;
        cause = own => panic!("{cause:?}"),
        cause = nobody => panic!("{cause:?}"),
        () = std::future::ready(()) => {}
    }
}

#[tokio::test]
async fn an_answer_that_is_there_at_once_stays_whole_after_the_end() {
    let service = Service::new().await;
    let mut browser = service.world.inside(&bob(), &alice()).await;
    let request = Request::get("/whoami").header("accept", "application/json");
    let cookies: Vec<String> = browser.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let request = request.header("cookie", cookies.join("; ")).body(Body::empty()).unwrap();
    let answer = tower::ServiceExt::oneshot(service.world.app.clone(), request).await.unwrap();
    let length = answer.headers()[CONTENT_LENGTH].to_str().unwrap().parse::<usize>().unwrap();
    assert_eq!(http_body::Body::size_hint(answer.body()).exact(), Some(length as u64), "its length stays known");
    let stopped = browser.json(Method::DELETE, "/impersonation", Value::Null).await;
    assert_eq!(stopped.status, StatusCode::OK);
    assert_eq!(axum::body::to_bytes(answer.into_body(), PROMISED).await.unwrap().len(), length);
}
