//! Sends back every message that it receives, for conformance tests of the framing.
//!
//! `cargo run -p cable-axum --example echo -- 127.0.0.1:9001`; the port 0 picks a free one.

#![expect(clippy::print_stdout, reason = "a program that says where it listens")]

use std::env;

use anyhow::Context as _;
use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use bytes::Bytes;
use cable_axum::frame::{self, Decoder, Message};
use cable_axum::handshake;
use http::header::{CONNECTION, SEC_WEBSOCKET_ACCEPT, UPGRADE};
use http::{Response, StatusCode};
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// The largest message of the suite has 16 MiB.
const LIMIT: usize = 16 << 20;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let address = env::args().nth(1).context("usage: echo ADDRESS")?;
    let listener = TcpListener::bind(address).await?;
    println!("listening on ws://{}", listener.local_addr()?);
    axum::serve(listener, Router::new().fallback(upgrade)).await?;
    Ok(())
}

async fn upgrade(request: Request) -> Result<Response<Body>, StatusCode> {
    let (mut parts, _) = request.into_parts();
    let key = handshake::check(&parts).map_err(|_| StatusCode::NOT_FOUND)?;
    let upgrade = parts.extensions.remove::<OnUpgrade>().ok_or(StatusCode::NOT_FOUND)?;
    tokio::spawn(async move {
        // A client may be gone at any time, and then there is nobody to tell.
        let _ = echo(upgrade).await;
    });
    Response::builder()
        .status(StatusCode::SWITCHING_PROTOCOLS)
        .header(CONNECTION, "upgrade")
        .header(UPGRADE, "websocket")
        .header(SEC_WEBSOCKET_ACCEPT, key.accept())
        .body(Body::empty())
        .map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)
}

async fn echo(upgrade: OnUpgrade) -> anyhow::Result<()> {
    let mut socket = TokioIo::new(upgrade.await?);
    let mut decoder = Decoder::new(LIMIT);
    let mut buffer = vec![0; 16 * 1024];
    loop {
        let length = socket.read(&mut buffer).await?;
        if length == 0 {
            return Ok(());
        }
        let mut input = buffer.get(..length).unwrap_or_default();
        loop {
            let (answer, last) = match decoder.next(&mut input) {
                Ok(Some(message)) => answer(message),
                Ok(None) => break,
                Err(violation) => (Some(frame::close(violation.close_code(), &violation.to_string())), true),
            };
            if let Some(answer) = answer {
                socket.write_all(&answer).await?;
            }
            if last {
                return Ok(socket.shutdown().await?);
            }
        }
    }
}

/// What a message is answered with, and whether that is the end.
fn answer(message: Message) -> (Option<Bytes>, bool) {
    match message {
        Message::Text(text) => (Some(frame::text(&text)), false),
        Message::Binary(bytes) => (Some(frame::binary(&bytes)), false),
        Message::Ping(payload) => (Some(frame::pong(&payload)), false),
        Message::Pong(_) => (None, false),
        Message::Close(Some(close)) => (Some(frame::close(close.code, &close.reason)), true),
        Message::Close(None) => (Some(frame::close_empty()), true),
    }
}
