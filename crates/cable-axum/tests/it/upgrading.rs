//! From a request to a connection: who is let in, and what the others are answered.

use std::io::Read as _;

use axum::body::{Body, to_bytes};
use cable_axum::testing::{ConnectError, TestSocket};
use cable_axum::{Disconnect, Origins};
use http::{Request, StatusCode};
use serde_json::json;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, DuplexStream};
use tokio::net::TcpStream;
use tower::ServiceExt as _;

use crate::support::{Client, Server, Transport, confirmed, disconnected, identifier, on_each};

fn status(answer: Result<TestSocket, ConnectError>) -> u16 {
    match answer {
        Ok(_) => 101,
        Err(ConnectError::Answered { status }) => status,
        Err(ConnectError::Io(error)) => panic!("{error}"),
    }
}

#[tokio::test]
async fn what_is_no_upgrade_is_not_found() {
    on_each(async |server| {
        for headers in [
            [("upgrade", ""), ("connection", "")],
            [("upgrade", "h2c"), ("connection", "upgrade")],
            [("sec-websocket-version", "12"), ("connection", "upgrade")],
            [("sec-websocket-key", "c2hvcnQ="), ("connection", "upgrade")],
        ] {
            assert_eq!(status(server.upgrade("alice", &headers).await), 404, "{headers:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn what_is_not_found_is_so_in_plain_words() {
    let server = Server::start(Transport::Pipe).await;
    let router = axum::Router::new().route("/cable", server.cable.route());
    for request in [Request::get("/cable"), Request::post("/cable")] {
        let answer = router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        assert_eq!(answer.status(), StatusCode::NOT_FOUND);
        assert_eq!(answer.headers()["content-type"], "text/plain; charset=utf-8");
        assert_eq!(to_bytes(answer.into_body(), 100).await.unwrap(), "Page not found");
    }
}

#[tokio::test]
async fn only_pages_of_the_same_origin_may_connect() {
    on_each(async |server| {
        for (origin, expected) in [
            ("http://app.example", 101),
            ("https://app.example", 404),
            ("http://app.example:8080", 404),
            ("http://app.example.evil.example", 404),
            ("null", 404),
            ("", 404),
        ] {
            let headers = [("host", "app.example"), ("origin", origin)];
            assert_eq!(status(server.upgrade("alice", &headers).await), expected, "{origin}");
        }
        let behind_tls = [("host", "app.example"), ("origin", "https://app.example"), ("x-forwarded-proto", "https")];
        assert_eq!(status(server.upgrade("alice", &behind_tls).await), 101);
    })
    .await;
}

#[tokio::test]
async fn origins_may_be_listed_left_out_or_ignored() {
    for (origins, listed, missing, other) in [
        (Origins::same().and("https://listed.example"), 101, 404, 404),
        (Origins::listed().or_missing(), 404, 101, 404),
        (Origins::any(), 101, 101, 101),
    ] {
        let server = Server::with(Transport::Pipe, |builder| builder.origins(origins)).await;
        for (origin, expected) in [("https://listed.example", listed), ("", missing), ("https://evil.example", other)] {
            assert_eq!(status(server.upgrade("alice", &[("origin", origin)]).await), expected, "{origin}");
        }
    }
}

#[tokio::test]
async fn the_first_known_subprotocol_of_the_client_is_answered() {
    on_each(async |server| {
        for (offered, chosen) in [
            ("actioncable-v1-json, actioncable-unsupported", Some("actioncable-v1-json")),
            ("actioncable-v1-ext-json, actioncable-v1-json", Some("actioncable-v1-json")),
            ("actioncable-unsupported", Some("actioncable-unsupported")),
            ("graphql-ws", None),
            ("", None),
        ] {
            let mut socket = server.upgrade("alice", &[("sec-websocket-protocol", offered)]).await.unwrap();
            assert_eq!(socket.header("sec-websocket-protocol"), chosen, "{offered}");
            assert_eq!(socket.header("sec-websocket-accept"), Some("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));
            assert_eq!(socket.header("sec-websocket-extensions"), None);
            assert_eq!(socket.next().await, Some(json!({ "type": "welcome" })));
        }
    })
    .await;
}

#[tokio::test]
async fn who_is_not_let_in_is_upgraded_told_so_and_closed() {
    on_each(async |server| {
        for (user, why) in [("", Disconnect::UNAUTHORIZED), ("ended", Disconnect::of("impersonation_ended", false))] {
            let mut nobody = Client(server.upgrade(user, &[]).await.unwrap());
            assert_eq!(nobody.rest().await, (vec![disconnected(&why)], Some(1000)), "{user}");
        }
    })
    .await;
}

/// A socket that was taken out of the HTTP server is written to by whoever has something to say, at once. This test holds
/// the only thread of the runtime, so that the connection's own task cannot write.
#[tokio::test]
async fn a_plain_socket_is_written_to_without_its_task() {
    for transport in [Transport::Axum, Transport::Hyper] {
        let server = Server::start(transport).await;
        let mut beside = std::net::TcpStream::connect(server.address()).unwrap();
        beside.set_nonblocking(true).unwrap();
        let stream = TcpStream::from_std(beside.try_clone().unwrap()).unwrap();
        let mut socket = TestSocket::upgrade(stream, "/cable?user=alice", &[]).await.unwrap();
        assert_eq!(socket.next().await, Some(json!({ "type": "welcome" })));

        server.cable.disconnect(&Disconnect::REMOTE, |_| true);

        let mut bytes = [0; 200];
        let read = beside.read(&mut bytes).unwrap_or_default();
        let words = String::from_utf8_lossy(&bytes[..read]);
        assert!(words.contains(r#""reason":"remote""#), "{transport:?}: {words:?}");
    }
}

#[tokio::test]
async fn what_comes_in_one_piece_with_the_request_is_not_lost() {
    on_each(async |server| {
        let identifier = identifier(&json!({}));
        let command = json!({ "command": "subscribe", "identifier": identifier }).to_string();
        let length = u8::try_from(command.len()).unwrap();
        let frame = [&[0x81, 0x80 | length, 0, 0, 0, 0][..], command.as_bytes()].concat();
        let stream = match server.transport {
            Transport::Pipe => with_the_request(server.pipe(), frame),
            _ => with_the_request(TcpStream::connect(server.address()).await.unwrap(), frame),
        };
        let mut socket = TestSocket::upgrade(stream, "/cable?user=alice", &[]).await.unwrap();
        assert_eq!(socket.settle().await, [json!({ "type": "welcome" }), confirmed(&identifier)]);
    })
    .await;
}

/// Returns a stream that writes `more` together with the request.
fn with_the_request(stream: impl AsyncRead + AsyncWrite + Send + 'static, more: Vec<u8>) -> DuplexStream {
    let (client, between) = tokio::io::duplex(4096);
    let (mut from_server, mut to_server) = tokio::io::split(stream);
    let (mut from_client, mut to_client) = tokio::io::split(between);
    tokio::spawn(async move {
        let mut request = Vec::new();
        while !request.ends_with(b"\r\n\r\n") {
            request.push(from_client.read_u8().await.unwrap());
        }
        to_server.write_all(&[request, more].concat()).await.unwrap();
        let sending = tokio::io::copy(&mut from_client, &mut to_server);
        let _ = tokio::join!(sending, tokio::io::copy(&mut from_server, &mut to_client));
    });
    client
}
