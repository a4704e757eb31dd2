//! With Vicarious: no page tells who the agent is, and the gravest abuses come to nothing.

use vicarious::Vicarious;
use vicarious::testing::{Credential, TestApp};

const ALICE: &str = "1";
const CAROL: &str = "2";
const BOB: &str = "3";
const EVE: &str = "4";

fn url(name: &str) -> String {
    let server = std::env::var("DATABASE_URL").unwrap();
    let (server, _) = server.rsplit_once('/').unwrap();
    format!("{server}/quire_{name}_{}", std::process::id())
}

/// Opens a shop with a database of its own.
async fn shop(name: &str) -> TestApp {
    let router = quire::app(&url(name)).await.unwrap();
    let vicarious = Vicarious::of(&router).await.expect("the layer goes around the routes");
    TestApp::new(router, &vicarious, |who| async move {
        let name = ["alice", "carol", "bob", "eve"][who.as_str().parse::<usize>().unwrap() - 1];
        let email = format!("{name}@example.com");
        Credential::form("/login", &[("email", &email), ("password", "correct horse battery staple")])
    })
}

#[tokio::test]
async fn no_page_tells_who_the_agent_is() {
    let probe = shop("probe").await.probe().agent(BOB).customer(ALICE);
    let report = probe.example("id", "1").without("/access-log", "it tells the customer who was here").run().await;
    report.assert_clean();
}

#[tokio::test]
async fn the_gravest_abuses_come_to_nothing() {
    let attack = shop("attack").await.attack().agent(BOB).customer(ALICE).another_customer(CAROL);
    let report = attack.colleague(EVE).administrator(EVE).page("/").example("id", "1").run().await;
    report.assert_held();
}

#[tokio::test]
async fn nobody_goes_into_an_account_that_is_disabled() {
    let shop = shop("disabled").await;
    let database = sqlx::PgPool::connect(&url("disabled")).await.unwrap();
    sqlx::query("UPDATE users SET is_disabled = TRUE WHERE id = 2").execute(&database).await.unwrap();
    shop.as_agent(BOB).impersonating(CAROL).refused().await.assert_status(404);
    shop.as_agent(BOB).impersonating(ALICE).refused().await.assert_status(403);
}
