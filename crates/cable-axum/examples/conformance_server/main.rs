//! The server that the conformance scenarios drive; `conformance/SERVER.md` says what each name here does.
//!
//! `cargo run -p cable-axum --example conformance_server -- --listen 127.0.0.1:0`; the port 0 picks a free one.

#![expect(clippy::print_stdout, reason = "a program that says where it listens")]

mod access;
mod accounts;
mod echo;
mod hooks;
mod streams;
mod timer;

use std::env;

use access::{ByQuery, Pair};
use anyhow::{Context as _, bail};
use axum::Router;
use cable_axum::{Cable, Origins};
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let listener = TcpListener::bind(address()?).await?;
    let cable = Cable::builder(ByQuery)
        .origins(Origins::same().and("http://allowed.example"))
        .channel::<echo::Echo>()
        .channel::<streams::Streams>()
        .channel::<accounts::Account>()
        .channel::<timer::Timer>()
        .build();
    let app = Router::new().route("/cable", cable.route()).merge(hooks::routes(cable));
    println!("listening on http://{}", listener.local_addr()?);
    axum::serve(listener, app).await?;
    Ok(())
}

fn address() -> anyhow::Result<String> {
    let mut arguments = env::args().skip(1);
    match (arguments.next().as_deref(), arguments.next(), arguments.next()) {
        (Some("--listen"), address, None) => address.context("no address behind --listen"),
        _ => bail!("usage: conformance_server --listen ADDRESS"),
    }
}
