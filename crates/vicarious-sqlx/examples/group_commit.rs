//! Measures the durable record of a request: an intent before it, an outcome after it.
//!
//! ```text
//! cargo run --release -p vicarious-sqlx --example group_commit
//! ```
//!
//! SQLite in a temporary folder; PostgreSQL, too, when `VICARIOUS_BENCH_POSTGRES` names a server. With two numbers, so
//! many clients make so many requests each, which is the same work every time, for a profiler to count:
//!
//! ```text
//! perf stat -e instructions:u,task-clock:u target/release/examples/group_commit 64 1000
//! ```

#![expect(clippy::print_stdout, reason = "printing figures is what this program is for")]

use std::error::Error;
use std::time::{Duration, Instant};

use sqlx::{AssertSqlSafe, Connection, PgConnection};
use testkit::people::{MONDAY, alice, bob};
use testkit::scene::{Start, intent, outcome, started};
use tokio::task::JoinSet;
use vicarious_core::Impersonation;
use vicarious_core::ports::Ledger;
use vicarious_sqlx::{Options, Store};

const LASTS: Duration = Duration::from_secs(3);

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let url = format!("sqlite://{}", folder.path().join("log.db").display());
    measure("SQLite", &Options::new().connect(&url).await?).await?;
    if let Ok(server) = std::env::var("VICARIOUS_BENCH_POSTGRES") {
        let schema = format!("group_commit_{}", std::process::id());
        let mut admin = PgConnection::connect(&server).await?;
        sqlx::raw_sql(AssertSqlSafe(format!("CREATE SCHEMA {schema}"))).execute(&mut admin).await?;
        let question = if server.contains('?') { '&' } else { '?' };
        let url = format!("{server}{question}options=-c%20search_path%3D{schema}");
        let store = Options::new().journal(folder.path().join("stops")).connect(&url).await?;
        let measured = measure("PostgreSQL", &store).await;
        store.close().await;
        sqlx::raw_sql(AssertSqlSafe(format!("DROP SCHEMA {schema} CASCADE"))).execute(&mut admin).await?;
        measured?;
    }
    Ok(())
}

async fn measure(engine: &str, store: &Store) -> Result<(), Box<dyn Error>> {
    println!("{engine}: {:>8}{:>12}{:>10}{:>10}{:>16}", "clients", "requests/s", "p50", "p99", "CPU/request");
    let asked: Vec<usize> = std::env::args().skip(1).filter_map(|number| number.parse().ok()).collect();
    let (rounds, requests) = match asked[..] {
        [clients, requests] => (vec![clients], requests),
        _ => (vec![1, 8, 64], usize::MAX),
    };
    for clients in rounds {
        let mut tasks = JoinSet::new();
        let (began, cpu) = (Instant::now(), cpu_time());
        for client in 0..clients {
            let id = format!("{engine}-{clients}-{client}");
            let decided = Start::of(&id, bob(), alice(), MONDAY).from_sign_in(&id).decide()?;
            let Some(impersonation) = started(&decided) else { continue };
            store.apply(decided).await?;
            let until = (requests == usize::MAX).then(|| began + LASTS);
            tasks.spawn(click(store.clone(), impersonation, id, requests, until));
        }
        let mut times = Vec::new();
        while let Some(done) = tasks.join_next().await {
            times.extend(done??);
        }
        store.flush().await;
        let (lasted, used) = (began.elapsed(), cpu_time().saturating_sub(cpu));
        times.sort_unstable();
        let at = |percent: usize| times.get(times.len() * percent / 100).copied().unwrap_or_default();
        let count = u32::try_from(times.len())?;
        let rate = f64::from(count) / lasted.as_secs_f64();
        println!("{clients:>18}{rate:>12.0}{:>10.2?}{:>10.2?}{:>16.1?}", at(50), at(99), used / count.max(1));
    }
    Ok(())
}

async fn click(
    store: Store,
    impersonation: Impersonation,
    id: String,
    requests: usize,
    until: Option<Instant>,
) -> Result<Vec<Duration>, vicarious_core::ports::Unavailable> {
    let mut times = Vec::new();
    while times.len() < requests && until.is_none_or(|until| Instant::now() < until) {
        let asked = intent(&impersonation, &format!("{id}-{}", times.len()), "/orders/{id}", MONDAY);
        let before = Instant::now();
        store.admit(asked.clone()).await?;
        times.push(before.elapsed());
        store.append_later(outcome(&asked, 200, MONDAY));
    }
    Ok(times)
}

/// Returns the processor time that this process has used, on Linux; zero elsewhere.
fn cpu_time() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // Fields 14 and 15, counted after the name in parentheses: hundredths of a second.
    let after_name = stat.rsplit(") ").next().unwrap_or_default();
    let ticks: u64 = after_name.split(' ').skip(11).take(2).filter_map(|ticks| ticks.parse::<u64>().ok()).sum();
    Duration::from_millis(ticks * 10)
}
