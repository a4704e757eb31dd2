//! No page tells who the accountant is, and the gravest abuses come to nothing.

use vicarious::testing::{Credential, TestApp};
use vicarious::{KeyRing, Vicarious};

async fn tallybook(name: &str) -> TestApp {
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let database = format!("sqlite://{}/tallybook.db", folder.display());
    let router = tallybook::app(&database, KeyRing::generate()).await.unwrap();
    let vicarious = Vicarious::of(&router).await.expect("the layer goes around the routes");
    TestApp::new(router, &vicarious, |who| async move { Credential::form("/session", &[("who", who.as_str())]) })
}

#[tokio::test]
async fn no_page_tells_who_the_accountant_is() {
    let probe = tallybook("probe").await.probe().agent("ada").customer("alice").example("id", "0");
    let report = probe.without("/access-log", "it tells the client who was here").run().await;
    report.assert_clean();
}

#[tokio::test]
async fn the_gravest_abuses_come_to_nothing() {
    let attack = tallybook("attack").await.attack().agent("ada").customer("alice").another_customer("ivo");
    // Nobody is staff here: these are firms that did not engage Ada.
    let report = attack.colleague("carol").administrator("carol").page("/").example("id", "0").run().await;
    report.assert_held();
}

#[tokio::test]
async fn nothing_is_put_together_wrongly() {
    assert_eq!(tallybook("check").await.check("ada").await, Vec::<String>::new());
}
