use clap::Parser as _;
use serde_json::json;
use vicarious::testing::{Credential, TestApp};

use super::{application, demo};
use crate::cli::{Cli, Command, Serve};
use crate::database::Database;
use crate::keys;

fn options(folder: &std::path::Path) -> Serve {
    let database = format!("sqlite://{}", folder.join("shop.db").display());
    let line = ["helpdesk", "serve", "--demo", "--database", &database];
    match Cli::try_parse_from(line).unwrap().command {
        Command::Serve(options) => *options,
        other => unreachable!("{other:?}"),
    }
}

/// Returns the first path below `prefix` that a page links to.
fn first(page: &str, prefix: &str) -> String {
    let (_, rest) = page.split_once(&format!("href=\"{prefix}")).unwrap();
    format!("{prefix}{}", rest.split('"').next().unwrap())
}

/// What a host's engineer would run against the shop, in one test because it is one process: is it put together as it must
/// be, does any page name the agent, do the twelve abuses come to nothing?
#[tokio::test]
async fn the_shop_is_checked_probed_and_attacked_like_anybodys() {
    let folder = tempfile::tempdir().unwrap();
    let options = options(folder.path());
    let keys = keys::load(None, &options.database.url).unwrap();
    let database = Database::open(&options.database.url).await.unwrap();
    let (shop, router) = application(&options, database, keys).await.unwrap();
    let found: Vec<String> = shop.vicarious.check(&router).await.iter().map(ToString::to_string).collect();
    assert_eq!(found, Vec::<String>::new(), "whoever starts the shop reads a warning");
    let app = TestApp::new(router, &shop.vicarious, async |who: vicarious::AccountId| {
        Credential::json("/session", &json!({ "email": format!("{who}@example.com"), "password": demo::PASSWORD }))
    });
    assert_eq!(app.check("bob").await, Vec::<String>::new());

    let mut alice = app.signed_in("alice").await;
    let (order, invoice) =
        (first(&alice.get("/orders").await.text, "/orders/"), first(&alice.get("/invoices").await.text, "/invoices/"));
    let probe =
        app.probe().agent("bob").customer("alice").example("/orders/{id}", &order).example("/invoices/{id}", &invoice);
    let probe = probe.allow("seen by Bob Marsh").allow("data-shadower=\"Bob Marsh\"").example("id", "alice");
    let probe = probe.allow(r#""true_user":{"email":"bob@example.com","id":"bob","name":"Bob Marsh"}"#);
    let report = probe.without("/access-log", "it tells the customer who was here").run().await;
    println!("{report}");
    report.assert_clean();

    let attack = app.attack().agent("bob").customer("alice").colleague("eve").administrator("dana");
    let report = attack.another_customer("carol").page("/profile").example("id", "1").run().await;
    println!("{report}");
    report.assert_held();
    shop.vicarious.shutdown().await;
}
