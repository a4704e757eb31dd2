//! With Vicarious: no answer tells who the agent is, and the gravest abuses come to nothing.

use serde_json::json;
use vicarious::Vicarious;
use vicarious::testing::{Credential, TestApp};

const ALICE: &str = "1";
const CAROL: &str = "2";
const BOB: &str = "3";
const EVE: &str = "4";

/// Opens an office with a database of its own.
async fn office(name: &str) -> TestApp {
    let server = std::env::var("DATABASE_URL").unwrap();
    let (server, _) = server.rsplit_once('/').unwrap();
    let router = waymark::app(&format!("{server}/waymark_{name}_{}", std::process::id())).await.unwrap();
    let vicarious = Vicarious::of(&router).await.expect("the layer goes around the routes");
    TestApp::new(router, &vicarious, |who| async move {
        let name = ["alice", "carol", "bob", "eve"][who.as_str().parse::<usize>().unwrap() - 1];
        let given = json!({ "email": format!("{name}@example.com"), "password": "correct horse battery staple" });
        Credential::json("/api/session", &given).token_at("/token")
    })
}

#[tokio::test]
async fn no_answer_tells_who_the_agent_is() {
    let probe = office("probe").await.probe().agent(BOB).customer(ALICE);
    let report = probe.example("id", "1").without("/access-log", "it tells the customer who was here").run().await;
    report.assert_clean();
}

#[tokio::test]
async fn the_gravest_abuses_come_to_nothing() {
    let attack = office("attack").await.attack().agent(BOB).customer(ALICE).another_customer(CAROL);
    let report = attack.colleague(EVE).administrator(EVE).page("/api/me").example("id", "1").run().await;
    report.assert_held();
}
