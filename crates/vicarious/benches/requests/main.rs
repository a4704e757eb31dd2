//! What impersonation costs: requests per second, latency, and the server's CPU time per request.
//!
//! `cargo bench -p vicarious --features sqlite,postgres --bench requests` measures on SQLite, and on PostgreSQL too when
//! `VICARIOUS_BENCH_POSTGRES` names a database. The server is a process of its own, and the variants take turns in many
//! short rounds, so that a noisy machine is noisy for all of them. Figures are medians over the rounds, ratios too: each
//! is of two neighbours in the same round.
//!
//! - `bare`: a handler that looks up the session and the account itself;
//! - `own`: the same handler behind the layer, signed in as oneself;
//! - `pair`: the same handler behind the layer, impersonating, every request on durable record;
//! - `pair, no look-up`: the handler takes the account from the layer instead of looking it up again.
//!
//! What is added to resolving a request, and to a streamed body, is measured in one process, without a network.

#![expect(clippy::expect_used, clippy::print_stdout, reason = "a program to be run by hand")]

mod client;
mod resolve;
mod server;
mod stream;

use std::collections::BTreeMap;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use client::Sample;

const ROUNDS: usize = 24;
const EACH: Duration = Duration::from_millis(350);
const CLIENTS: [usize; 3] = [1, 8, 64];
const VARIANTS: [&str; 4] = ["bare", "own", "pair", "pair, no look-up"];

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if let Some(at) = arguments.iter().position(|argument| argument == "--serve") {
        let url = arguments.get(at + 1).expect("a database URL");
        return server::run(url);
    }
    resolve::measure();
    let folder = tempfile::tempdir().expect("a temporary folder");
    measure("SQLite", &format!("sqlite://{}/bench.db", folder.path().display()));
    match std::env::var("VICARIOUS_BENCH_POSTGRES") {
        Ok(url) => measure("PostgreSQL", &url),
        Err(_) => println!("\nPostgreSQL: not measured, VICARIOUS_BENCH_POSTGRES is not set"),
    }
}

/// Measures all variants on one database, in turns.
fn measure(engine: &str, url: &str) {
    let server = Server::start(url);
    let mut found: BTreeMap<(usize, usize), Vec<Sample>> = BTreeMap::new();
    for round in 0..=ROUNDS {
        for clients in CLIENTS {
            for (number, variant) in VARIANTS.iter().enumerate() {
                let request = server.request(variant);
                let before = server.cpu();
                let mut sample = client::load(&server.address, &request, clients, EACH);
                sample.cpu = (server.cpu() - before) / u32::try_from(sample.requests.max(1)).unwrap_or(u32::MAX);
                if round > 0 {
                    found.entry((clients, number)).or_default().push(sample);
                }
            }
        }
    }
    println!("\n{engine}, {ROUNDS} rounds of {EACH:?} each, medians");
    println!(
        "{:>8}  {:<18} {:>10} {:>8} {:>10} {:>10} {:>12}",
        "clients", "variant", "req/s", "ratio", "p50", "p99", "server CPU"
    );
    for clients in CLIENTS {
        for (number, variant) in VARIANTS.iter().enumerate() {
            let samples = &found[&(clients, number)];
            // `own` against `bare`, `pair` against `own`.
            let base = &found[&(clients, number.min(2).saturating_sub(1))];
            let ratios = samples.iter().zip(base).map(|(sample, base)| sample.rate() / base.rate());
            println!(
                "{clients:>8}  {variant:<18} {:>10.0} {:>8.2} {:>7.0} µs {:>7.0} µs {:>9.1} µs",
                median(samples.iter().map(Sample::rate)),
                median(ratios),
                median(samples.iter().map(|sample| sample.p50.as_secs_f64() * 1e6)),
                median(samples.iter().map(|sample| sample.p99.as_secs_f64() * 1e6)),
                median(samples.iter().map(|sample| sample.cpu.as_secs_f64() * 1e6)),
            );
        }
    }
    println!("(ratio: `own` to `bare`, both kinds of `pair` to `own`)");
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// A server in a process of its own.
struct Server {
    child: Child,
    address: String,
    /// What an impersonating browser sends along.
    handle: String,
}

impl Server {
    fn start(url: &str) -> Self {
        let this = std::env::current_exe().expect("the path of this program");
        let child = Command::new(this).args(["--serve", url]).stdout(Stdio::piped()).spawn();
        let mut child = child.expect("a server");
        let mut lines = std::io::BufRead::lines(std::io::BufReader::new(child.stdout.take().expect("its output")));
        let mut line = || lines.next().expect("a line").expect("a readable line");
        Self { address: line(), handle: line(), child }
    }

    fn request(&self, variant: &str) -> Vec<u8> {
        let (path, cookie) = match variant {
            "bare" => ("/bare", "session=bob".to_owned()),
            "own" => ("/page", "session=alice".to_owned()),
            "pair" => ("/page", format!("session=bob; {}", self.handle)),
            _ => ("/taken", format!("session=bob; {}", self.handle)),
        };
        format!("GET {path} HTTP/1.1\r\nHost: {}\r\nAccept: text/html\r\nCookie: {cookie}\r\n\r\n", self.address)
            .into_bytes()
    }

    /// Returns the CPU time that the server has used, kernel included.
    fn cpu(&self) -> Duration {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).expect("a running server");
        let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
        let ticks = |at: usize| fields[at].parse::<u64>().expect("a number of ticks");
        // Fields 14 and 15 of proc(5), counted from the third; a tick is 10 ms on Linux.
        Duration::from_millis((ticks(11) + ticks(12)) * 10)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
