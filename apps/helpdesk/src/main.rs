//! Kettle & Crane: a tea shop by post, and the reference application of Vicarious.
//!
//! Read in this order: [`cli`], [`serve`], [`app`], [`web`] (one file for each page), [`shop`] (what the shop knows), [`host`]
//! and [`rules`] (what Vicarious is told about it), [`sign_in`],
//! [`live`] (channels), [`demo`].

mod app;
mod cli;
mod commands;
mod database;
mod demo;
mod host;
mod keys;
mod live;
mod rights;
mod rules;
mod serve;
mod server;
mod shop;
mod sign_in;
mod web;
mod words;

use std::io::IsTerminal;
use std::process::ExitCode;

use crate::cli::{Cli, Command};

#[tokio::main]
async fn main() -> ExitCode {
    let cli = Cli::read();
    log_to_stderr();
    let done = match cli.command {
        Command::Serve(options) => serve::serve(*options).await.map(|()| ExitCode::SUCCESS),
        Command::Rules => commands::rules::print(),
        Command::Audit(audit) => commands::audit::run(audit).await,
        Command::Impersonations(impersonations) => commands::impersonations::run(impersonations).await,
        Command::Keys(keys) => commands::keys::run(keys),
    };
    done.unwrap_or_else(|error| {
        eprintln!("helpdesk: {error:#}");
        ExitCode::from(2)
    })
}

fn log_to_stderr() {
    let filter = tracing_subscriber::EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("info,sqlx=warn"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .compact()
        .init();
}
