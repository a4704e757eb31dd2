//! Ended means ended, in 250 ms: on a real server, with a database, over sockets.
//!
//! A round enters Alice's account, opens an event stream, an export of a minute and a WebSocket written by hand, ends the
//! impersonation in one of the ways in which it can end, and takes the time from the moment at which whoever ended it has
//! the answer until each of them is cut off, and until the handler that asks is told.
//!
//! What waits for events takes a millisecond or two, but a busy machine wakes late: three rounds of at most five have to
//! hold the limit, all four in each. A look that came each second instead would hold it in one round of four, so pass one
//! of these tests in ten runs and all six once in a million; that which comes each five seconds, one of them in 860 runs.

use std::time::{Duration, Instant};

use http_body_util::BodyExt as _;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use vicarious::SignedDuration;
use vicarious::decide::Terms;

use crate::long_lived::{Cut, How, Layers, PATIENCE, Service, compressed_inside, compressed_outside, late, plain};

const LIMIT: Duration = Duration::from_millis(250);
const ROUNDS_IN_TIME: usize = 3;
const ROUNDS_TOO_LATE: usize = 3;

/// How long after the end each of them was over.
#[derive(Debug)]
struct Round {
    events: Duration,
    export: Duration,
    socket: Duration,
    handler: Duration,
}

impl Round {
    fn is_in_time(&self) -> bool {
        [self.events, self.export, self.socket, self.handler].iter().all(|late| *late <= LIMIT)
    }
}

async fn round(service: &mut Service, how: How) -> Round {
    let bob = service.enter().await;
    let events = service.open("/events", &bob, "", "data: hello\n\n\r\n").await.cut();
    let export = service.open("/export", &bob, "", "a line of the export\n\r\n").await.cut();
    let socket = service.open_socket(&bob).await.cut();
    let row = service.running().await;
    let ended = service.end(how, &bob, &row).await;
    let late = |cut: &Cut| cut.at.saturating_duration_since(ended);
    let (events, export, socket) = (events.await.unwrap(), export.await.unwrap(), socket.await.unwrap());
    assert!(!events.is_whole() && !export.is_whole(), "{how:?}: nobody may take a part for the whole");
    assert!(socket.rest.is_empty(), "{how:?}: {:?}", socket.rest);
    let (cause, told) = tokio::time::timeout(PATIENCE, service.told.recv()).await.unwrap().unwrap();
    assert_eq!(cause, how.cause());
    let handler = told.saturating_duration_since(ended);
    Round { events: late(&events), export: late(&export), socket: late(&socket), handler }
}

async fn ends_in_time(how: How, terms: Terms) {
    let mut service = Service::new(terms, plain).await;
    let mut rounds: Vec<Round> = Vec::new();
    loop {
        let in_time = rounds.iter().filter(|round| round.is_in_time()).count();
        if in_time == ROUNDS_IN_TIME {
            break;
        }
        assert!(rounds.len() - in_time < ROUNDS_TOO_LATE, "{how:?}: {rounds:#?}");
        rounds.push(round(&mut service, how).await);
    }
    eprintln!("{how:?}: {rounds:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_is_over_250_ms_after_a_stop() {
    ends_in_time(How::Stop, Terms::default()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_is_over_250_ms_after_a_revocation() {
    ends_in_time(How::Revoke, Terms::default()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_is_over_250_ms_after_the_consent_is_withdrawn() {
    ends_in_time(How::Withdraw, Terms::default()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_is_over_250_ms_after_the_time_is_up() {
    let terms = Terms { length: SignedDuration::from_secs(2), ..Terms::default() };
    ends_in_time(How::Expire, terms).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_is_over_250_ms_after_the_agent_signs_out_in_another_window() {
    ends_in_time(How::SignOut, Terms::default()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_is_over_250_ms_after_the_application_says_that_a_sign_in_is_gone() {
    ends_in_time(How::SignInGone, Terms::default()).await;
}

/// Waits until a stream is cut off after a stop, and holds it to the limit like the others: in one round of three.
async fn cut_after_a_stop(layers: Layers, further: &str, first: &str) -> Cut {
    let mut late = Vec::new();
    loop {
        let service = Service::new(Terms::default(), layers).await;
        let bob = service.enter().await;
        let export = service.open("/export", &bob, further, first).await.cut();
        let row = service.running().await;
        let ended = service.end(How::Stop, &bob, &row).await;
        let cut = export.await.unwrap();
        late.push(cut.at.saturating_duration_since(ended));
        if late.last().is_some_and(|late| *late <= LIMIT) {
            return cut;
        }
        assert!(late.len() < ROUNDS_TOO_LATE, "{late:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_cut_off_too_late_is_seen_to_be() {
    let service = Service::new(Terms::default(), late).await;
    let bob = service.enter().await;
    let export = service.open("/export", &bob, "", "a line of the export\n\r\n").await.cut();
    let row = service.running().await;
    let ended = service.end(How::Stop, &bob, &row).await;
    let late = export.await.unwrap().at.saturating_duration_since(ended);
    assert!(late > LIMIT, "{late:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_is_compressed_outside_of_the_layer_breaks_off_before_its_end() {
    let cut = cut_after_a_stop(compressed_outside, "Accept-Encoding: gzip\r\n", "content-encoding: gzip\r\n").await;
    assert!(!cut.is_whole());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_would_be_compressed_inside_of_the_layer_is_not_while_impersonating_and_breaks_off() {
    let cut = cut_after_a_stop(compressed_inside, "Accept-Encoding: gzip\r\n", "a line of the export\n\r\n").await;
    assert!(!cut.is_whole());
}

#[tokio::test(flavor = "multi_thread")]
async fn over_http_2_a_stream_is_reset_and_the_connection_goes_on() {
    let mut rounds = Vec::new();
    while rounds.iter().all(|late| *late > LIMIT) {
        assert!(rounds.len() < ROUNDS_TOO_LATE, "{rounds:?}");
        let service = Service::new(Terms::default(), plain).await;
        let bob = service.enter().await;
        let mut connection = service.http_2().await;
        let mut export = connection.get("/export", &bob).await;
        assert_eq!(export.status(), 200);
        assert!(export.body_mut().frame().await.unwrap().unwrap().is_data());
        let watched = tokio::spawn(async move {
            let body = export.into_body().collect();
            let end = tokio::time::timeout(PATIENCE, body).await.unwrap();
            (Instant::now(), end.map(|body| body.to_bytes()))
        });
        let row = service.running().await;
        let ended = service.end(How::Stop, &bob, &row).await;
        let (at, end) = watched.await.unwrap();
        let error = end.unwrap_err();
        let reset = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
        assert!(reset.contains("stream") && reset.contains("error"), "no clean end, but a reset: {error:?}");
        rounds.push(at.saturating_duration_since(ended));
        let session = bob.split("; ").next().unwrap();
        assert_eq!(connection.get("/orders", session).await.status(), 200, "as himself, on the same connection");
    }
    eprintln!("HTTP/2: {rounds:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn over_http_2_a_connection_within_the_connection_is_cut_off() {
    let mut rounds = Vec::new();
    while rounds.iter().all(|late| *late > LIMIT) {
        assert!(rounds.len() < ROUNDS_TOO_LATE, "{rounds:?}");
        let service = Service::new(Terms::default(), plain).await;
        let bob = service.enter().await;
        let mut connection = service.http_2().await;
        assert_eq!(connection.get("/orders", &bob).await.status(), 200);
        let (status, upgrade) = connection.connect("/lines", &bob).await;
        assert_eq!(status, 200);
        let mut lines = TokioIo::new(upgrade.await.unwrap());
        lines.write_all(b"anybody there?").await.unwrap();
        lines.read_exact(&mut [0; 14]).await.unwrap();
        let watched = tokio::spawn(async move {
            let mut rest = Vec::new();
            let _ = tokio::time::timeout(PATIENCE, lines.read_to_end(&mut rest)).await.unwrap();
            (Instant::now(), rest)
        });
        let row = service.running().await;
        let ended = service.end(How::Stop, &bob, &row).await;
        let (at, rest) = watched.await.unwrap();
        assert!(rest.is_empty(), "{rest:?}");
        rounds.push(at.saturating_duration_since(ended));
    }
    eprintln!("HTTP/2 CONNECT: {rounds:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_customer_has_open_over_http_2_goes_on() {
    let service = Service::new(Terms::default(), plain).await;
    let alice = service.sign_in("alice").await;
    let mut connection = service.http_2().await;
    let mut hers = connection.get("/export", &alice).await;
    let bob = service.enter().await;
    let mut his = connection.get("/export", &bob).await;
    assert!(hers.body_mut().frame().await.unwrap().is_ok());
    let row = service.running().await;
    service.end(How::Stop, &bob, &row).await;
    while his.body_mut().frame().await.unwrap().is_ok() {}
    for _ in 0..3 {
        assert!(hers.body_mut().frame().await.unwrap().is_ok());
    }
}
