//! Sends back every message that it receives, through the sockets that serve channels, for conformance tests.
//!
//! `cargo run -p cable-axum --example echo -- 127.0.0.1:9001`; the port 0 picks a free one.

#![expect(clippy::print_stdout, reason = "a program that says where it listens")]

use std::env;

use anyhow::Context as _;
use axum::Router;
use tokio::net::TcpListener;

/// The largest message of the suite has 16 MiB.
const LIMIT: usize = 16 << 20;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let address = env::args().nth(1).context("usage: echo ADDRESS")?;
    let listener = TcpListener::bind(address).await?;
    println!("listening on ws://{}", listener.local_addr()?);
    axum::serve(listener, Router::new().route("/", cable_axum::echo(LIMIT))).await?;
    Ok(())
}
