//! Tables are brought up to date by themselves.

use std::sync::Arc;

use tokio::task::JoinSet;
use vicarious_sqlx::{Migration, migrate};

use crate::support::{Fresh, bob_as_alice, on_both};

on_both! {
    many_that_start_at_once_on_an_empty_database_all_succeed
    a_step_of_the_host_runs_once
    a_step_that_fails_undoes_those_before_it
}

const CREATE: &str = "CREATE TABLE visits (id BIGINT PRIMARY KEY); INSERT INTO visits (id) VALUES (1)";
const CREATE_STEP: Migration = Migration { name: "0001_visits", sqlite: CREATE, postgres: CREATE };
const BROKEN_STEP: Migration = Migration { name: "0002_broken", sqlite: "NONSENSE", postgres: "NONSENSE" };

async fn many_that_start_at_once_on_an_empty_database_all_succeed(fresh: Fresh) {
    let fresh = Arc::new(fresh);
    let mut starts = JoinSet::new();
    for _ in 0..8 {
        let fresh = fresh.clone();
        starts.spawn(async move { fresh.open().await });
    }
    let stores = starts.join_all().await;
    bob_as_alice(&stores[0]).await;
}

async fn a_step_of_the_host_runs_once(fresh: Fresh) {
    let store = fresh.open().await;
    for _ in 0..2 {
        // A second run would find the table there, and fail.
        migrate(&store, "helpdesk", &[CREATE_STEP]).await.unwrap();
    }
    let (one, other) = (fresh.open().await, fresh.open().await);
    let steps = [Migration { name: "0003_late", ..CREATE_STEP }];
    let rename = "DROP TABLE visits";
    crate::support::tamper(&store, rename).await;
    let (first, second) = tokio::join!(migrate(&one, "helpdesk", &steps), migrate(&other, "helpdesk", &steps));
    first.and(second).unwrap();
}

async fn a_step_that_fails_undoes_those_before_it(fresh: Fresh) {
    let store = fresh.open().await;
    assert!(migrate(&store, "helpdesk", &[CREATE_STEP, BROKEN_STEP]).await.is_err());
    migrate(&store, "helpdesk", &[CREATE_STEP]).await.unwrap();
}
