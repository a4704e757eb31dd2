//! With Vicarious: no page tells who the agent is, and the gravest abuses come to nothing.

use vicarious::Vicarious;
use vicarious::testing::{Credential, TestApp};

const ALICE: &str = "1";
const CAROL: &str = "2";
const BOB: &str = "3";
const EVE: &str = "4";

/// Opens a nursery with a file of its own.
async fn nursery(name: &str) -> TestApp {
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let router = hedgerow::app(folder.join("hedgerow.db").to_str().unwrap()).await.unwrap();
    let vicarious = Vicarious::of(&router).await.expect("the layer goes around the routes");
    TestApp::new(router, &vicarious, |who| async move {
        let name = ["alice", "carol", "bob", "eve"][who.as_str().parse::<usize>().unwrap() - 1];
        let email = format!("{name}@example.com");
        Credential::form("/session", &[("email", &email), ("password", "correct horse battery staple")])
    })
}

#[tokio::test]
async fn no_page_tells_who_the_agent_is() {
    let probe = nursery("probe").await.probe().agent(BOB).customer(ALICE);
    let report = probe.example("id", "1").without("/access-log", "it tells the customer who was here").run().await;
    report.assert_clean();
}

#[tokio::test]
async fn the_gravest_abuses_come_to_nothing() {
    let attack = nursery("attack").await.attack().agent(BOB).customer(ALICE).another_customer(CAROL);
    let report = attack.colleague(EVE).administrator(EVE).page("/").example("id", "1").run().await;
    report.assert_held();
}

#[tokio::test]
async fn the_nursery_keeps_its_file_and_support_has_one_beside_it() {
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("files-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let file = folder.join("hedgerow.db");
    hedgerow::app(file.to_str().unwrap()).await.unwrap();
    let tables = |file: &std::path::Path| -> Vec<String> {
        let connection = rusqlite::Connection::open(file).unwrap();
        let mut statement = connection.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").unwrap();
        statement.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
    };
    assert!(tables(&file).iter().all(|name| !name.starts_with("vicarious_")));
    assert!(
        tables(&folder.join("hedgerow.db-support"))
            .iter()
            .all(|name| name.starts_with("vicarious_") || name.starts_with("sqlite_"))
    );
}
