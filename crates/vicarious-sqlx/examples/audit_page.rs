//! Measures a page of the audit log, with every kind of filter, among five million entries.
//!
//! ```text
//! cargo run --release -p vicarious-sqlx --example audit_page [-- ENTRIES]
//! ```
//!
//! SQLite in a temporary folder; PostgreSQL, too, when `VICARIOUS_BENCH_POSTGRES` names a server: a schema of its own
//! is made there, and dropped.

#![expect(clippy::print_stdout, reason = "printing figures is what this program is for")]

use std::error::Error;
use std::time::{Duration, Instant};

use sqlx::{AssertSqlSafe, Connection, PgConnection};
use vicarious_core::ports::{EntryFilter, Ledger};
use vicarious_core::{AccountId, Kind, Timestamp};
use vicarious_sqlx::{Options, Store};

/// 1 January 2026.
const BEGINNING: i64 = 1_767_225_600;
/// Seconds from one entry to the next.
const PACE: i64 = 2;
const ROUNDS: usize = 100;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let entries = std::env::args().nth(1).map_or(Ok(5_000_000), |count| count.parse())?;
    let folder = tempfile::tempdir()?;
    let url = format!("sqlite://{}", folder.path().join("audit.db").display());
    let store = Options::new().connect(&url).await?;
    println!("SQLite, {entries} entries, pages of 50, {ROUNDS} rounds");
    measure(&store, entries, "x''").await?;
    store.close().await;

    if let Ok(server) = std::env::var("VICARIOUS_BENCH_POSTGRES") {
        let schema = format!("audit_page_{}", std::process::id());
        let mut admin = PgConnection::connect(&server).await?;
        sqlx::raw_sql(AssertSqlSafe(format!("CREATE SCHEMA {schema}"))).execute(&mut admin).await?;
        let question = if server.contains('?') { '&' } else { '?' };
        let url = format!("{server}{question}options=-c%20search_path%3D{schema}");
        let store = Options::new().journal(folder.path().join("stops")).connect(&url).await?;
        println!("PostgreSQL, {entries} entries, pages of 50, {ROUNDS} rounds");
        let measured = measure(&store, entries, "''::bytea").await;
        store.close().await;
        sqlx::raw_sql(AssertSqlSafe(format!("DROP SCHEMA {schema} CASCADE"))).execute(&mut admin).await?;
        measured?;
    }
    Ok(())
}

async fn measure(store: &Store, entries: i64, no_bytes: &str) -> Result<(), Box<dyn Error>> {
    let began = Instant::now();
    fill(store, entries, no_bytes).await?;
    println!("  filled in {:.0?}", began.elapsed());
    println!("  {:<58}{:>9}{:>9}{:>7}", "filter", "p50", "p99", "found");
    for (name, filter) in filters(entries) {
        let mut times = Vec::with_capacity(ROUNDS);
        let mut found = 0;
        for _ in 0..ROUNDS {
            let began = Instant::now();
            found = store.entries(&filter).await?.len();
            times.push(began.elapsed());
        }
        times.sort_unstable();
        let at = |percent: usize| times.get(times.len() * percent / 100).copied().unwrap_or(Duration::ZERO);
        let milliseconds = |time: Duration| format!("{:.1} ms", time.as_secs_f64() * 1e3);
        println!("  {name:<58}{:>9}{:>9}{found:>7}", milliseconds(at(50)), milliseconds(at(99)));
    }
    Ok(())
}

/// Sixteen impersonations at a time, of a hundred entries each. One agent in four is `agent-0`, one customer in ten
/// `customer-0`; the others are 200 and 20,000 people. Three entries in a hundred are not intents or outcomes.
async fn fill(store: &Store, entries: i64, no_bytes: &str) -> Result<(), Box<dyn Error>> {
    let agent = "CASE WHEN n % 4 = 0 THEN 0 ELSE (n * 7919) % 200 END";
    let customer = "CASE WHEN n % 10 = 3 THEN 0 ELSE (n * 104729) % 20000 END";
    run(
        store,
        format!(
            r#"INSERT INTO vicarious_impersonations (n, id, handle, sign_in, true_user, true_user_name,
                true_user_email, "current_user", current_user_name, current_user_email, reason, started_at,
                last_seen_at, idle_limit, ends_at, return_to, end_cause, ended_at)
            WITH RECURSIVE numbers (n) AS (SELECT CAST(1 AS BIGINT) UNION ALL SELECT n + 1 FROM numbers WHERE n < {entries} / 100 + 16)
            SELECT n, 'impersonation-' || n, {handle}, 'key-' || n, 'agent-' || ({agent}), 'Agent', 'agent@example.com',
                'customer-' || ({customer}), 'Customer', 'customer@example.com', 'a page looks wrong', 0, 0, 0, 0, '/',
                'stopped', 0 FROM numbers"#,
            handle = if no_bytes.starts_with('x') { "CAST('h' || n AS BLOB)" } else { "('h' || n)::bytea" },
        ),
    )
    .await?;
    run(
        store,
        format!(
            r#"INSERT INTO vicarious_entries (seq, at, kind, true_user, "current_user", impersonation, request, method,
                route, path, status, reason, ticket, body, chain, chain_seq, prev_hash, hash)
            WITH RECURSIVE
                numbers (i) AS (SELECT CAST(1 AS BIGINT) UNION ALL SELECT i + 1 FROM numbers WHERE i < {entries}),
                within (i, n) AS (SELECT i, (i / 1600) * 16 + i % 16 + 1 FROM numbers)
            SELECT i, ({BEGINNING} + i * {PACE}) * 1000000,
                CASE WHEN i % 100 = 7 THEN 'request.refused' WHEN i % 100 IN (17, 18) THEN 'data.changed'
                     WHEN i / 16 % 2 = 0 THEN 'request.intent' ELSE 'request.outcome' END,
                'agent-' || ({agent}), 'customer-' || ({customer}), 'impersonation-' || n, 'request-' || (i / 2), 'GET',
                '/orders/{{id}}', '/orders/4711?page=2', 200, 'a page looks wrong', 'SUP-4711',
                '{{"true_user":{{"name":"Bob Baker","email":"bob@example.com"}},"current_user":{{"name":"Alice Ames","email":"alice@example.com"}},"detail":{{"address":"192.0.2.7","agent":"Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"}}}}',
                'filled', i, {no_bytes}, {no_bytes} FROM within"#
        ),
    )
    .await?;
    run(
        store,
        r#"INSERT INTO vicarious_blocks (true_user, "current_user", block)
            SELECT DISTINCT true_user, "current_user", seq / 256 FROM vicarious_entries"#
            .to_owned(),
    )
    .await?;
    if let Some(postgres) = store.postgres() {
        sqlx::raw_sql("VACUUM ANALYZE vicarious_entries").execute(postgres).await?;
        sqlx::raw_sql("VACUUM ANALYZE vicarious_blocks").execute(postgres).await?;
    }
    Ok(())
}

async fn run(store: &Store, sql: String) -> Result<(), Box<dyn Error>> {
    let mut tx = store.begin().await?;
    if let Some(sqlite) = tx.sqlite() {
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(sqlite).await?;
    } else if let Some(postgres) = tx.postgres() {
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(postgres).await?;
    }
    Ok(tx.commit().await?)
}

fn filters(entries: i64) -> Vec<(&'static str, EntryFilter)> {
    let page = EntryFilter { limit: 50, ..EntryFilter::default() };
    let person = |id: &str| Some(AccountId::new(id));
    let (busy, quiet, nobody) = (person("agent-0"), person("agent-7"), person("agent-999"));
    let (known, rare) = (person("customer-0"), person("customer-4711"));
    let third = Timestamp::from_second(BEGINNING + entries * PACE / 3).ok();
    let half = Timestamp::from_second(BEGINNING + entries * PACE / 2).ok();
    let impersonation = Some(format!("impersonation-{}", entries / 200).into());
    vec![
        ("none", page.clone()),
        ("deep page", EntryFilter { before: Some(entries / 7), ..page.clone() }),
        ("busy agent", EntryFilter { true_user: busy.clone(), ..page.clone() }),
        ("quiet agent", EntryFilter { true_user: quiet.clone(), ..page.clone() }),
        ("unknown agent", EntryFilter { true_user: nobody, ..page.clone() }),
        ("busy customer", EntryFilter { current_user: known.clone(), ..page.clone() }),
        ("rare customer", EntryFilter { current_user: rare.clone(), ..page.clone() }),
        ("busy agent, busy customer", pair(&page, &busy, &known)),
        ("quiet agent, busy customer", pair(&page, &quiet, &known)),
        ("busy agent, rare customer", pair(&page, &busy, &rare)),
        ("kind intent", EntryFilter { kind: Some(Kind::Intent), ..page.clone() }),
        ("kind changed", EntryFilter { kind: Some(Kind::Changed), ..page.clone() }),
        ("kind never met", EntryFilter { kind: Some(Kind::PauseBegan), ..page.clone() }),
        (
            "busy agent, kind outcome",
            EntryFilter { true_user: busy.clone(), kind: Some(Kind::Outcome), ..page.clone() },
        ),
        (
            "rare customer, kind intent",
            EntryFilter { current_user: rare.clone(), kind: Some(Kind::Intent), ..page.clone() },
        ),
        (
            "quiet agent, kind changed",
            EntryFilter { true_user: quiet.clone(), kind: Some(Kind::Changed), ..page.clone() },
        ),
        (
            "rare customer, kind changed",
            EntryFilter { current_user: rare.clone(), kind: Some(Kind::Changed), ..page.clone() },
        ),
        (
            "busy agent, busy customer, kind changed",
            EntryFilter { kind: Some(Kind::Changed), ..pair(&page, &busy, &known) },
        ),
        (
            "quiet agent, busy customer, kind refused",
            EntryFilter { kind: Some(Kind::RequestRefused), ..pair(&page, &quiet, &known) },
        ),
        ("one impersonation", EntryFilter { impersonation: impersonation.clone(), ..page.clone() }),
        (
            "one impersonation, everything of it",
            EntryFilter { impersonation: impersonation.clone(), limit: 1_000, ..page.clone() },
        ),
        ("one impersonation, kind changed", EntryFilter { impersonation, kind: Some(Kind::Changed), ..page.clone() }),
        ("from half", EntryFilter { from: half, ..page.clone() }),
        ("to half", EntryFilter { to: half, ..page.clone() }),
        ("a sixth of the time", EntryFilter { from: third, to: half, ..page.clone() }),
        (
            "a sixth of the time, kind changed",
            EntryFilter { from: third, to: half, kind: Some(Kind::Changed), ..page.clone() },
        ),
        ("a sixth of the time, quiet agent", EntryFilter { from: third, to: half, true_user: quiet, ..page.clone() }),
        (
            "a sixth of the time, rare customer, kind outcome",
            EntryFilter { from: third, to: half, current_user: rare, kind: Some(Kind::Outcome), ..page.clone() },
        ),
        (
            "a sixth of the time, busy agent, busy customer, changed",
            EntryFilter { from: third, to: half, kind: Some(Kind::Changed), ..pair(&page, &busy, &known) },
        ),
    ]
}

fn pair(page: &EntryFilter, true_user: &Option<AccountId>, current_user: &Option<AccountId>) -> EntryFilter {
    EntryFilter { true_user: true_user.clone(), current_user: current_user.clone(), ..page.clone() }
}
