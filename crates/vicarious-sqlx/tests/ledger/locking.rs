//! On PostgreSQL, where many write at once: a stop and an intent meet at the row of their impersonation.
//!
//! One node is stopped in its tracks, just before its entries get their numbers, and the other one is watched. On
//! SQLite there is nothing to hold up: one transaction writes at a time.

use sqlx::{AssertSqlSafe, Connection, PgConnection};
use testkit::people::MONDAY;
use testkit::scene::intent;
use tokio::task::JoinHandle;
use vicarious_core::ports::{Admission, Ledger};
use vicarious_core::{EndCause, Kind, decide};
use vicarious_sqlx::{Options, Store};

use crate::support::{Fresh, assert_verifies, bob_as_alice, kinds, tamper};

/// Two nodes of one database, and the means to hold one of them up.
struct Nodes {
    held_up: Store,
    free: Store,
    /// Shared by the connections of the node, and no other's.
    names: [String; 2],
    watcher: PgConnection,
    key: i64,
    _fresh: Fresh,
}

impl Nodes {
    async fn start() -> Self {
        let fresh = Fresh::postgres().await;
        let key = i64::from(uuid::Uuid::new_v4().as_fields().0);
        let names = [format!("held-up-{key}"), format!("free-{key}")];
        let open = async |name: &str, setting: &str| {
            let url = format!("{}{setting}&application_name={name}", fresh.url);
            Options::new().connections(4).journal(fresh.journal()).connect(&url).await.unwrap()
        };
        let (held_up, free) = (open(&names[0], "%20-c%20test.waits%3Dyes").await, open(&names[1], "").await);
        // Before a statement computes its rows, and so before it draws their numbers.
        let hold_up = format!(
            "CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                IF current_setting('test.waits', true) = 'yes' THEN PERFORM pg_advisory_xact_lock({key}); END IF;
                RETURN NULL; END $$;
            CREATE TRIGGER wait BEFORE INSERT ON vicarious_entries FOR EACH STATEMENT EXECUTE FUNCTION wait()"
        );
        tamper(&free, &hold_up).await;
        let watcher = PgConnection::connect(&fresh.url).await.unwrap();
        Self { held_up, free, names, watcher, key, _fresh: fresh }
    }

    async fn hold_up(&mut self) {
        let hold = AssertSqlSafe(format!("SELECT pg_advisory_lock({})", self.key));
        sqlx::query(hold).execute(&mut self.watcher).await.unwrap();
    }

    async fn let_go(&mut self) {
        let let_go = AssertSqlSafe(format!("SELECT pg_advisory_unlock({})", self.key));
        sqlx::query(let_go).execute(&mut self.watcher).await.unwrap();
    }

    /// Returns once a node (the first or the second) waits for somebody else's lock, because of this task.
    async fn waits<T>(&mut self, node: usize, because_of: &JoinHandle<T>) {
        let sql = "SELECT count(*) FROM pg_stat_activity WHERE application_name = $1 AND wait_event_type = 'Lock'";
        loop {
            let waiting: i64 =
                sqlx::query_scalar(sql).bind(&self.names[node]).fetch_one(&mut self.watcher).await.unwrap();
            if waiting > 0 {
                return;
            }
            assert!(!because_of.is_finished(), "it waited for nobody");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stop_waits_for_the_intents_that_have_seen_no_end() {
    let mut nodes = Nodes::start().await;
    let running = bob_as_alice(&nodes.free).await;
    nodes.hold_up().await;
    let (here, asked) = (nodes.held_up.clone(), intent(&running, "r1", "/orders", MONDAY));
    let admitting = tokio::spawn(async move { here.admit(asked).await.unwrap() });
    nodes.waits(0, &admitting).await;
    let (there, stop) = (nodes.free.clone(), decide::end(&running, EndCause::Stopped, None, MONDAY));
    let stopping = tokio::spawn(async move { there.apply(stop.into_iter().collect()).await.unwrap() });
    nodes.waits(1, &stopping).await;
    nodes.let_go().await;
    assert_eq!(admitting.await.unwrap(), Admission::Admitted);
    stopping.await.unwrap();
    assert_eq!(kinds(&nodes.free).await, [Kind::Started, Kind::Intent, Kind::Stopped]);
    assert_verifies(&nodes.free).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_intent_waits_for_a_stop_under_way_and_is_refused() {
    let mut nodes = Nodes::start().await;
    let running = bob_as_alice(&nodes.free).await;
    nodes.hold_up().await;
    let (here, stop) = (nodes.held_up.clone(), decide::end(&running, EndCause::Stopped, None, MONDAY));
    let stopping = tokio::spawn(async move { here.apply(stop.into_iter().collect()).await.unwrap() });
    nodes.waits(0, &stopping).await;
    let (there, asked) = (nodes.free.clone(), intent(&running, "r1", "/orders", MONDAY));
    let admitting = tokio::spawn(async move { there.admit(asked).await.unwrap() });
    nodes.waits(1, &admitting).await;
    nodes.let_go().await;
    stopping.await.unwrap();
    // What it saw when it began to wait was an impersonation without an end; what counts is the row as it is now.
    assert_eq!(admitting.await.unwrap(), Admission::Over(EndCause::Stopped));
    assert_eq!(kinds(&nodes.free).await, [Kind::Started, Kind::Stopped]);
}
