//! When the ledger cannot write, nothing runs unrecorded and nothing accepted is lost.

use std::sync::Arc;

use testkit::people::{MONDAY, alice, bob};
use testkit::scene::{Start, intent, outcome};
use tokio::task::JoinSet;
use vicarious_core::ports::{Admission, ApplyError, Ledger, Running};
use vicarious_core::{EndCause, Kind, decide};
use vicarious_sqlx::Store;

use crate::support::{Fresh, assert_verifies, bob_as_alice, closings, everything, kinds, on_both, tamper};

on_both! {
    nothing_is_admitted_while_the_ledger_cannot_write_and_outcomes_wait_for_it
    a_commit_that_fails_at_the_last_moment_leaves_a_whole_chain
    a_request_given_up_while_it_waits_has_an_outcome
    a_change_given_up_at_any_moment_leaves_a_whole_chain
    a_flush_waits_for_a_database_that_comes_back
    text_that_a_database_cannot_store_holds_nobody_up
    a_stop_on_one_node_ends_the_requests_of_another
    outcomes_that_nobody_waits_for_are_written_before_closing
}

async fn nothing_is_admitted_while_the_ledger_cannot_write_and_outcomes_wait_for_it(fresh: Fresh) {
    let store = fresh.open().await;
    let running = bob_as_alice(&store).await;
    let asked = intent(&running, "r1", "/orders", MONDAY);
    assert_eq!(store.admit(asked.clone()).await.unwrap(), Admission::Admitted);

    tamper(&store, "ALTER TABLE vicarious_entries RENAME TO hidden").await;
    store.append_later(outcome(&asked, 200, MONDAY));
    assert!(store.admit(intent(&running, "r2", "/orders", MONDAY)).await.is_err());
    assert!(store.append(intent(&running, "r3", "/orders", MONDAY)).await.is_err());
    let stop = decide::end(&running, EndCause::Stopped, None, MONDAY);
    assert!(matches!(store.apply(stop.into_iter().collect()).await, Err(ApplyError::Unavailable(_))));

    tamper(&store, "ALTER TABLE hidden RENAME TO vicarious_entries").await;
    store.flush().await;
    assert_eq!(kinds(&store).await, [Kind::Started, Kind::Intent, Kind::Outcome]);
    assert_verifies(&store).await;
}

const BREAK_COMMITS_OF_SQLITE: &str = "
    CREATE TABLE nowhere (id INTEGER PRIMARY KEY);
    CREATE TABLE dangling (id INTEGER REFERENCES nowhere (id) DEFERRABLE INITIALLY DEFERRED);
    CREATE TRIGGER break_commits AFTER INSERT ON vicarious_entries BEGIN INSERT INTO dangling VALUES (1); END";
const BREAK_COMMITS_OF_POSTGRES: &str = "
    CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no'; END $$;
    CREATE CONSTRAINT TRIGGER break_commits AFTER INSERT ON vicarious_entries
        DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION refuse()";

async fn break_commits(store: &Store) {
    let sql = if store.sqlite().is_some() { BREAK_COMMITS_OF_SQLITE } else { BREAK_COMMITS_OF_POSTGRES };
    tamper(store, sql).await;
}

async fn mend_commits(store: &Store) {
    let on = if store.sqlite().is_some() { "" } else { " ON vicarious_entries" };
    tamper(store, &format!("DROP TRIGGER break_commits{on}")).await;
}

async fn a_commit_that_fails_at_the_last_moment_leaves_a_whole_chain(fresh: Fresh) {
    let store = fresh.open().await;
    let running = bob_as_alice(&store).await;
    let asked = intent(&running, "r1", "/orders", MONDAY);
    assert_eq!(store.admit(asked.clone()).await.unwrap(), Admission::Admitted);
    break_commits(&store).await;
    store.append_later(outcome(&asked, 200, MONDAY));
    assert!(store.admit(intent(&running, "r2", "/orders", MONDAY)).await.is_err());
    mend_commits(&store).await;
    let again = store.admit(intent(&running, "r3", "/orders", MONDAY)).await.unwrap();
    assert_eq!(again, Admission::Admitted);
    store.flush().await;
    let recorded: Vec<_> = everything(&store).await.into_iter().filter_map(|entry| entry.request).collect();
    let mut requests: Vec<_> = recorded.iter().map(|request| request.id.as_str()).collect();
    requests.sort_unstable();
    assert_eq!(requests, ["r1", "r1", "r3"], "r2 was never admitted");
    assert_verifies(&store).await;
}

async fn a_request_given_up_while_it_waits_has_an_outcome(fresh: Fresh) {
    let store = fresh.open().await;
    let running = bob_as_alice(&store).await;
    // INVARIANT: I10: the client hangs up at any point of the admission.
    for number in 0..20 {
        let mut admission = Box::pin(store.admit(intent(&running, &format!("r{number}"), "/orders", MONDAY)));
        std::future::poll_fn(|context| {
            drop(admission.as_mut().poll(context));
            std::task::Poll::Ready(())
        })
        .await;
        drop(admission);
    }
    store.flush().await;
    // The outcomes were queued while the intents were written.
    store.flush().await;
    let kinds = kinds(&store).await;
    let count = |wanted| kinds.iter().filter(|kind| **kind == wanted).count();
    assert_eq!((count(Kind::Intent), count(Kind::Outcome)), (20, 20));
    assert_eq!(closings(&store).await, vec!["not run"; 20]);
}

async fn a_change_given_up_at_any_moment_leaves_a_whole_chain(fresh: Fresh) {
    let store = fresh.open().await;
    for number in 0..60 {
        let id = format!("given-up-{number}");
        let decided = Start::of(&id, bob(), alice(), MONDAY).from_sign_in(&id).decide().unwrap();
        let clock = async {
            // Other answers of the same database tell the time: a little later in every round.
            for _ in 0..number / 4 {
                store.paused().await.unwrap();
            }
        };
        tokio::select! { biased; applied = store.apply(decided) => applied.unwrap(), () = clock => {} }
    }
    // Giving up is not taking back: each of them happens in the end, perhaps a little after this line is reached.
    while store.running(Running::All).await.unwrap().len() < 60 {}
    assert_eq!(kinds(&store).await, vec![Kind::Started; 60]);
    assert_verifies(&store).await;
}

async fn a_flush_waits_for_a_database_that_comes_back(fresh: Fresh) {
    let store = fresh.open().await;
    let running = bob_as_alice(&store).await;
    tamper(&store, "ALTER TABLE vicarious_entries RENAME TO hidden").await;
    store.append_later(outcome(&intent(&running, "r1", "/orders", MONDAY), 200, MONDAY));
    // A request that fails shows that the writer has tried, and could not.
    assert!(store.admit(intent(&running, "r2", "/orders", MONDAY)).await.is_err());
    let (flushing, ()) = tokio::join!(store.flush(), async {
        assert!(store.admit(intent(&running, "r3", "/orders", MONDAY)).await.is_err());
        tamper(&store, "ALTER TABLE hidden RENAME TO vicarious_entries").await;
    });
    let () = flushing;
    assert_eq!(kinds(&store).await, [Kind::Started, Kind::Outcome]);
}

async fn text_that_a_database_cannot_store_holds_nobody_up(fresh: Fresh) {
    let store = fresh.open().await;
    let running = bob_as_alice(&store).await;
    let mut odd = intent(&running, "r\0", "/orders/\0", MONDAY).with("parameter", "\0");
    odd.reason = Some("\0".to_owned());
    assert_eq!(store.admit(odd).await.unwrap(), Admission::Admitted);
    let recorded = everything(&store).await.pop().unwrap();
    assert_eq!(recorded.request.unwrap().path, "/orders/\u{fffd}");
    assert_eq!(recorded.detail.get("parameter").and_then(|value| value.as_str()), Some("\0"));
    assert_verifies(&store).await;
}

async fn a_stop_on_one_node_ends_the_requests_of_another(fresh: Fresh) {
    // T28: two nodes, one database.
    let (here, there) = (Arc::new(fresh.open().await), Arc::new(fresh.open().await));
    let running = bob_as_alice(&here).await;
    let mut clicks = JoinSet::new();
    for number in 0..64 {
        let node = if number % 2 == 0 { here.clone() } else { there.clone() };
        let asked = intent(&running, &format!("r{number}"), "/orders", MONDAY);
        clicks.spawn(async move { node.admit(asked).await.unwrap() });
    }
    let stop = decide::end(&running, EndCause::Stopped, None, MONDAY);
    here.apply(stop.into_iter().collect()).await.unwrap();
    let late = there.admit(intent(&running, "late", "/orders", MONDAY)).await.unwrap();
    assert_eq!(late, Admission::Over(EndCause::Stopped));
    let admitted = clicks.join_all().await.into_iter().filter(|answer| *answer == Admission::Admitted).count();
    let kinds = kinds(&here).await;
    assert_eq!(kinds.iter().filter(|kind| **kind == Kind::Intent).count(), admitted);
    // INVARIANT: I5: nothing that the stop overtook is in the log behind it.
    assert_eq!(kinds.last(), Some(&Kind::Stopped));
    assert_verifies(&there).await;
}

async fn outcomes_that_nobody_waits_for_are_written_before_closing(fresh: Fresh) {
    let store = fresh.open().await;
    let running = bob_as_alice(&store).await;
    let asked = intent(&running, "r1", "/orders", MONDAY);
    store.admit(asked.clone()).await.unwrap();
    store.append_later(outcome(&asked, 200, MONDAY));
    store.close().await;
    assert_eq!(kinds(&fresh.open().await).await, [Kind::Started, Kind::Intent, Kind::Outcome]);
}

#[cfg(feature = "postgres")]
#[tokio::test]
async fn a_server_that_refuses_connections_is_named_as_such() {
    let port = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
    let options = format!("postgres://nobody@127.0.0.1:{port}/nothing").parse().unwrap();
    let pool = sqlx::postgres::PgPoolOptions::new().acquire_timeout(std::time::Duration::from_millis(50));
    let opened = vicarious_sqlx::Options::new().on_postgres(pool.connect_lazy_with(options)).await;
    let error = opened.expect_err("nobody listens there");
    assert!(format!("{error:?}").contains("Connection refused"), "{error:?}");
}
