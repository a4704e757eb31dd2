//! `helpdesk serve`: puts the pieces together and runs until it is told to stop.

use std::io::Write;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context, bail};
use axum::Router;
use jiff::SignedDuration;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use vicarious::consent::{Consent, ConsentId, ConsentKind, ConsentState};
use vicarious::console::Console;
use vicarious::ports::{ApplyError, Consents, Ledger};
use vicarious::{AccountId, KeyRing, Vicarious, decide};

use crate::app::{App, Shared};
use crate::cli::Serve;
use crate::database::Database;
use crate::host::{self, Shop};
use crate::live::channels::Desk;
use crate::rights::may_enter;
use crate::shop::At;
use crate::shop::accounts::User;
use crate::sign_in::Door;
use crate::web::cookie::SessionCookie;
use crate::web::{self, nav};
use crate::words::words;
use crate::{demo, keys, live, rules, server};

/// How long Alice's and Carol's consent lasts.
const DEMO_CONSENT: SignedDuration = SignedDuration::from_hours(60 * 24);
/// It is renewed at a start of the demo when it would last no longer than this.
const RENEWED_BELOW: SignedDuration = SignedDuration::from_hours(30 * 24);
/// How often metrics tidy up after themselves.
const UPKEEP: Duration = Duration::from_secs(10);

/// Serves until SIGTERM or Ctrl-C.
pub(crate) async fn serve(options: Serve) -> anyhow::Result<()> {
    check(&options)?;
    let stop = stop_signal()?;
    let keys = keys::load(options.keys.file.as_deref(), &options.database.url)?;
    let database = Database::open(&options.database.url).await?;
    let (app, router) = application(&options, database, keys).await?;
    // Around the router, because it decides which route matches.
    let router = vicarious::method_override(router);
    let listener = TcpListener::bind(options.listen).await.with_context(|| {
        format!("cannot listen on {}: is something else there? --listen says where", options.listen)
    })?;
    announce(listener.local_addr()?, options.demo)?;

    let drained = Arc::clone(&app);
    let told = stop.clone();
    let sockets = tokio::spawn(async move {
        told.cancelled().await;
        drained.draining.store(true, Ordering::Relaxed);
        live::drain(&drained.cable).await;
    });
    server::run(listener, router, stop).await;
    sockets.await?;
    app.vicarious.shutdown().await;
    app.database.close().await;
    tracing::info!("stopped");
    Ok(())
}

/// Puts the shop together, and refuses to if that went wrong.
async fn application(options: &Serve, database: Database, keys: KeyRing) -> anyhow::Result<(Shared, Router)> {
    if options.demo {
        demo::fill(&database, At::now()).await.context("cannot fill the database with demo data")?;
        renew_consents(database.ledger(), &database).await.context("cannot renew the demo’s consents")?;
    }
    let vicarious = vicarious(options, &database, keys)?;
    let console = console(&vicarious);
    let desk = Desk { vicarious: vicarious.clone(), console: console.clone(), database: database.clone() };
    let app = Arc::new(App {
        cable: live::cable(desk, options.public_url.as_deref()),
        console: console.clone(),
        vicarious,
        cookie: cookie(options),
        door: Door::new()?,
        metrics: metrics()?,
        public_url: options.public_url.clone(),
        demo: options.demo,
        draining: AtomicBool::new(false),
        database,
    });
    let router = web::router(&app, console.staff().merge(console.customer()));
    for finding in app.vicarious.check(&router).await {
        if finding.is_wrong() {
            bail!("the shop is put together wrongly: {finding}");
        }
        tracing::warn!("{finding}");
    }
    Ok((app, router))
}

/// Refuses what would be dangerous or cannot work, with what to do about it.
fn check(options: &Serve) -> anyhow::Result<()> {
    if options.demo && options.public_url.is_some() {
        bail!(
            "--demo and --public-url exclude each other: everybody knows the demo’s password. \
             Leave out --demo (HELPDESK_DEMO) to serve the public"
        );
    }
    if options.public_url.is_none() && !options.listen.ip().is_loopback() {
        bail!(
            "without --public-url the shop is for this machine only, and {} is not loopback: \
             set --public-url https://… (HELPDESK_PUBLIC_URL) to what browsers use, or listen on 127.0.0.1",
            options.listen.ip()
        );
    }
    Ok(())
}

fn vicarious(options: &Serve, database: &Database, keys: KeyRing) -> anyhow::Result<Vicarious> {
    let shop = Shop { database: database.clone(), cookie: cookie(options) };
    let mut builder = Vicarious::builder(shop)
        .shared_ledger(Arc::clone(database.ledger()))
        .keys(keys)
        .who_may_whom(|agent, customer| may_enter(agent.rights(), customer.rights()))
        .staff(host::staff)
        .who_grants_for(User::speaks_for)
        .terms(decide::Terms { length: options.times.length, idle: options.times.idle, ..decide::Terms::default() })
        .rules(rules::rules())
        .words_by_language(words(options.language))
        .sign_in("POST /session")
        .sign_in_page("/session/new?then=")
        .script("/assets/helpdesk.js")
        .sign_out("DELETE /session")
        .channels(live::PATH)
        .open("/healthz")
        .open("/readyz")
        .open("/metrics")
        .assets("/assets")
        .assets("/favicon.ico")
        .private_field("number")
        .secure_cookies(options.public_url.is_some());
    for reason in
        ["Question about an order", "Question about an invoice", "Something looks wrong", "Help with the profile"]
    {
        builder = builder.reason(reason);
    }
    if let Some(public_url) = &options.public_url {
        builder = builder.origin(public_url);
    }
    Ok(builder.build()?)
}

fn console(vicarious: &Vicarious) -> Console {
    Console::new(vicarious)
        .brand("Kettle & Crane")
        .stylesheet("/assets/helpdesk.css")
        .script("/assets/helpdesk.js")
        .sign_in("/session/new")
        .sign_out("/session")
        .rooms(nav::rooms)
}

fn cookie(options: &Serve) -> SessionCookie {
    if options.public_url.is_some() { SessionCookie::Secure } else { SessionCookie::Plain }
}

/// Installs the recorder that `GET /metrics` reads.
fn metrics() -> anyhow::Result<PrometheusHandle> {
    let handle = PrometheusBuilder::new()
        .set_buckets(&[0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5])?
        .install_recorder()?;
    let upkeep = handle.clone();
    tokio::spawn(async move {
        let mut tick = tokio::time::interval(UPKEEP);
        loop {
            tick.tick().await;
            upkeep.run_upkeep();
        }
    });
    Ok(handle)
}

/// Returns what is cancelled by SIGTERM or Ctrl-C.
fn stop_signal() -> anyhow::Result<CancellationToken> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let stop = CancellationToken::new();
    let told = stop.clone();
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        tracing::info!("finishing what is running; nothing new is accepted");
        told.cancel();
    });
    Ok(stop)
}

/// Sees to it that Alice's and Carol's consent is given, whatever became of it. One that lasts is left alone, because
/// withdrawing it would end what runs on it.
async fn renew_consents(ledger: &Arc<dyn Ledger>, database: &Database) -> anyhow::Result<()> {
    let now = jiff::Timestamp::now();
    let lasts = now.saturating_add(RENEWED_BELOW)?;
    for id in demo::AGREED {
        let Some(user) = crate::shop::accounts::find(database, id).await? else { continue };
        let account = AccountId::from(id);
        let person = vicarious::Person { id: account.clone(), name: user.name, email: user.email };
        let mut transitions = Vec::new();
        if ledger.opted_out(&account).await?.is_some() {
            transitions.push(decide::opt_in(&person, now));
        }
        let is_standing =
            |consent: &Consent| consent.kind == ConsentKind::Standing && consent.state_at(lasts) == ConsentState::Given;
        if !ledger.consents(Consents::Of(&account)).await?.iter().any(is_standing) {
            let fresh = ConsentId::new(uuid::Uuid::now_v7().to_string());
            transitions.push(decide::give_ahead(fresh, &person, now.saturating_add(DEMO_CONSENT)?, now)?);
        }
        if transitions.is_empty() {
            continue;
        }
        match ledger.apply(transitions).await {
            // Another process that starts right now does the same.
            Ok(()) | Err(ApplyError::Conflict) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// Says where the shop is: one line for programs on stdout, the rest for people on stderr.
fn announce(address: SocketAddr, demo: bool) -> anyhow::Result<()> {
    let mut out = std::io::stdout();
    writeln!(out, "listening on http://{address}")?;
    out.flush()?;
    if demo {
        let start = "impersonation/new?account=alice&ticket=SUP-4711&reason=Question+about+an+invoice&go_to=/invoices";
        eprintln!(
            "
  Kettle & Crane is open at http://{address}

  Sign in as                          to be
    bob@example.com                   Bob, a support agent
    alice@example.com                 Alice, a customer who has agreed to support access
    dana@example.com                  Dana, the administrator
    yara.dubois@example.com           Yara, who may agree for everybody in Alice’s organisation
  Everybody’s password is             {password}

  As Bob, see what Alice sees:        http://{address}/{start}
  As Alice, see who looked:           http://{address}/access-log
  As Dana, read the record:           http://{address}/audit

  Ctrl-C stops; what happened stays in the database.
",
            password = demo::PASSWORD
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests;
