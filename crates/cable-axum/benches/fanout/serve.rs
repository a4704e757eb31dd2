//! The server's side: a cable in front of clients that only listen, told what to do by lines on its input.

use std::io::{BufRead as _, Write as _};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use anyhow::{Context as _, bail};
use axum::Router;
use axum::body::Body;
use cable_axum::{Access, Bare, Cable, Channel, Disconnect, NoAction, Origins, Reject, Stream, Subscription, frame};
use cable_core::wire;
use http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use metrics_exporter_prometheus::PrometheusBuilder;
use serde::Deserialize;
use serde_json::value::RawValue;
use tokio::net::{TcpListener, TcpStream};
use tower::ServiceExt as _;

use crate::agreed::{identifier, now};
use crate::options::Options;

/// Clients say who they are.
struct ByQuery;

impl Access for ByQuery {
    type Identity = u64;

    async fn identify(&self, request: &mut http::request::Parts) -> Result<u64, Disconnect> {
        let user = request.uri.query().and_then(|query| query.strip_prefix("user="));
        user.and_then(|user| user.parse().ok()).ok_or(Disconnect::UNAUTHORIZED)
    }
}

struct News;

#[derive(Deserialize)]
struct Params {
    topic: Option<u64>,
}

impl Channel<u64> for News {
    const NAME: &'static str = "NewsChannel";
    type Params = Params;
    type Action = NoAction;

    async fn subscribed(params: Params, subscription: &mut Subscription<u64>) -> Result<Self, Reject> {
        subscription.stream(stream(params.topic));
        Ok(Self)
    }
}

fn stream(topic: Option<u64>) -> Stream {
    match topic {
        Some(topic) => Stream::of(News::NAME, [topic.to_string()]),
        None => Stream::of(News::NAME, ["all"]),
    }
}

pub(crate) fn main(options: &Options) -> anyhow::Result<()> {
    let metrics = PrometheusBuilder::new().install_recorder()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0"))?;
    let address = listener.local_addr()?;
    let _within = runtime.enter();
    let ping_every = Duration::from_secs(options.ping);
    let cable = Cable::builder(ByQuery).channel::<News>().origins(Origins::same()).ping_every(ping_every).build();
    let app = Router::new().route("/cable", cable.route());
    if options.axum_serve {
        runtime.spawn(axum::serve(listener, app).into_future());
    } else {
        runtime.spawn(accept(listener, app));
    }
    let bare = Arc::new(OnceLock::new());
    let mut output = std::io::stdout();
    writeln!(output, "{address}")?;
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        let words: Vec<_> = line.split(' ').collect();
        let answer = match words[..] {
            ["too-slow"] => too_slow(&metrics.render()),
            ["connections"] => cable.connections().to_string(),
            _ => {
                let (cable, bare) = (cable.clone(), Arc::clone(&bare));
                let words: Vec<_> = words.into_iter().map(str::to_owned).collect();
                // On a worker, as in an application.
                runtime.block_on(runtime.spawn(async move { obey(&cable, &bare, &words).await }))??
            }
        };
        writeln!(output, "{answer}")?;
    }
    Ok(())
}

async fn accept(listener: TcpListener, app: Router) -> std::io::Result<()> {
    loop {
        let (stream, _) = listener.accept().await?;
        tokio::spawn(serve(stream, app.clone()));
    }
}

async fn serve(stream: TcpStream, app: Router) {
    let service = service_fn(move |request: Request<Incoming>| app.clone().oneshot(request.map(Body::new)));
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(Duration::from_secs(10));
    // A client that goes away is nothing to a benchmark's server.
    let _ = http.serve_connection(TokioIo::new(stream), service).with_upgrades().await;
}

async fn obey(cable: &Cable<u64>, bare: &OnceLock<Bare<u64>>, words: &[String]) -> anyhow::Result<String> {
    let (word, numbers) = words.split_first().context("an empty line")?;
    let numbers = numbers.iter().map(|number| number.parse()).collect::<Result<Vec<u64>, _>>()?;
    let answer = match (word.as_str(), &numbers[..]) {
        ("broadcast", &[number, size]) => cable.broadcast(&stream(None), &message(number, size)?).await? as u64,
        ("bare", &[number, size]) => {
            let text = wire::message(&identifier(None), &message(number, size)?);
            bare.get_or_init(|| cable.bare()).write(&frame::text(&text)) as u64
        }
        ("each", &[number, size, topics]) => {
            let mut sent = 0;
            for topic in 0..topics {
                sent += cable.broadcast(&stream(Some(topic)), &message(number, size)?).await? as u64;
            }
            sent
        }
        ("disconnect", &[user]) => {
            let at = now();
            cable.disconnect(&Disconnect::UNAUTHORIZED, |identity| *identity == user);
            at
        }
        _ => bail!("not a command: {words:?}"),
    };
    Ok(answer.to_string())
}

/// Returns a message of `size` bytes that says its number and when it was made.
fn message(number: u64, size: u64) -> anyhow::Result<Box<RawValue>> {
    let mut text = format!(r#"{{"n":{number},"at":{},"pad":""#, now());
    let size = usize::try_from(size)?;
    text.extend(std::iter::repeat_n('x', size.saturating_sub(text.len() + 2)));
    text.push_str("\"}");
    Ok(RawValue::from_string(text)?)
}

fn too_slow(metrics: &str) -> String {
    let counter = r#"cable_disconnects_total{reason="too_slow"} "#;
    metrics.lines().find_map(|line| line.strip_prefix(counter)).unwrap_or("0").to_owned()
}
