//! `docs/testing.md`: a host's own tests, against an application that has what they ask for.

use std::collections::HashMap;
use std::error::Error;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::extract::{Form, Path};
use axum::response::Html;
use axum::routing::{get, post};
use axum::{Extension, Router};
use vicarious::console::Console;
use vicarious::testing::{Credential, MemoryLedger, TestApp};
use vicarious::{
    BuildError, Builder, CurrentUser, Finding, Ledger, RequestIdentity, Rules, SignedDuration, Staff, Vicarious,
};

use crate::shop::{Shop, User, added_to, browsed, home, orders, save, sign_in, sign_out};

#[tokio::test]
async fn bob_sees_alices_invoices_and_pays_none() {
    let (router, vicarious) = my_application().await;
    let app = TestApp::new(router, &vicarious, |who| async move {
        Credential::form("/sign-in", &[("who", who.as_str()), ("password", "a test")])
    });

    let mut bob = app.as_agent("bob").impersonating("alice").reason("SUP-1").with_consent().await;
    bob.get("/invoices").await.assert_status(200).assert_shows("Alice").assert_in_plain_sight();
    bob.post_form("/payments", &[("amount", "10")]).await.assert_status(403);

    bob.write_mode("she asked me to").await;
    bob.post_form("/address", &[("city", "Bristol")]).await.assert_status(200);
    bob.get("/address").await.assert_status(200).assert_shows("Bristol");

    let mut bob = bob.stop().await;
    bob.get("/invoices").await.assert_shows("Bob");
    app.as_agent("bob").impersonating("eve").refused().await.assert_status(404);
}

fn build_app(shop: Shop, ledger: impl Ledger) -> Result<(Router, Vicarious), BuildError> {
    let vicarious = builder(&shop).ledger(ledger).build()?;
    Ok((everything_that_was_there(shop).layer(vicarious.layer()), vicarious))
}

async fn my_application() -> (Router, Vicarious) {
    build_app(Shop::default(), MemoryLedger::new()).unwrap()
}

fn builder(shop: &Shop) -> Builder<Shop> {
    added_to(shop).rules(Rules::new().write("POST /address", "change the address").never("/payments"))
}

fn everything_that_was_there(shop: Shop) -> Router {
    let cities = Arc::new(Mutex::new(HashMap::<String, String>::new()));
    let told = Arc::clone(&cities);
    let move_there = async move |CurrentUser(user): CurrentUser<User>, Form(typed): Form<HashMap<String, String>>| {
        let city = typed.get("city").cloned().unwrap_or_default();
        told.lock().unwrap().insert(user.id.to_string(), city);
    };
    let city = async move |CurrentUser(user): CurrentUser<User>| {
        Html(cities.lock().unwrap().get(&user.id.to_string()).cloned().unwrap_or_default())
    };
    let invoice = async |Path(_): Path<u32>, CurrentUser(user): CurrentUser<User>| Html(format!("for {}", user.id));
    Router::new()
        .route("/account", get(home))
        .route("/invoices", get(orders))
        .route("/invoices/{id}", get(invoice))
        .route("/payments", post(save))
        .route("/address", get(city).post(move_there))
        .route("/sign-in", post(sign_in))
        .route("/sign-out", post(sign_out))
        .with_state(shop)
}

async fn tried() -> TestApp {
    let (router, vicarious) = my_application().await;
    browsed(router, &vicarious)
}

#[tokio::test]
async fn a_part_of_a_page_is_asked_for_as_htmx_asks() {
    let app = tried().await;
    let mut bob = app.as_agent("bob").impersonating("alice").with_consent().await;
    bob.get("/invoices").await.assert_in_plain_sight();
    let part = bob.get("/invoices").header("HX-Request", "true").await;
    part.assert_status(200).assert_shows("Alice");
    assert_eq!(part.banners(), 0, "it is on the page already: {part}");
}

#[tokio::test]
async fn a_clock_that_the_test_moves_shows_what_time_does() -> Result<(), Box<dyn Error>> {
    use vicarious::testing::ManualClock;

    let shop = Shop::default();
    let builder = builder(&shop);
    let clock = ManualClock::default();
    let now = clock.clone();
    let vicarious = builder.clock(move || now.now()).cache_for(Duration::ZERO).build()?;
    let router = everything_that_was_there(shop).layer(vicarious.layer());
    let app = browsed(router, &vicarious);
    let mut bob = app.as_agent("bob").impersonating("alice").with_consent().await;
    bob.get("/invoices").await.assert_status(200);
    clock.advance(SignedDuration::from_mins(30));
    bob.get("/invoices").await.assert_status(410);
    Ok(())
}

async fn put_together(vicarious: &Vicarious) -> Result<(), Box<dyn Error>> {
    let everything_that_was_there = || everything_that_was_there(Shop::default());
    let auth_layer = Extension("who is signed in");
    let router = Router::new().merge(everything_that_was_there()).layer(vicarious.layer()).layer(auth_layer);
    let found = vicarious.check(&router).await;
    for finding in &found {
        tracing::warn!("{finding}");
    }
    if found.iter().any(Finding::is_wrong) {
        return Err("it is not put together as it must be".into());
    }
    Ok(())
}

#[tokio::test]
async fn the_check_finds_nothing_wrong_with_it() {
    let (_, vicarious) = my_application().await;
    put_together(&vicarious).await.unwrap();
}

#[tokio::test]
async fn the_probe_finds_no_page_that_tells_who_the_agent_is() {
    let app = tried().await;
    let report = app.probe().agent("bob").customer("alice").example("id", "17").run().await;
    report.assert_clean();
}

#[tokio::test]
async fn the_bar_that_customers_alone_see_makes_no_page_the_agents() {
    let shop = Shop::default();
    let builder = builder(&shop).staff(|user| if user.is_support { Staff::Agent } else { Staff::No });
    let vicarious = builder.ledger(MemoryLedger::new()).build().unwrap();
    let console = Console::new(&vicarious);
    let help = async move |RequestIdentity(who): RequestIdentity| {
        let bar = console.bar(&who).await.map(|bar| bar.html()).unwrap_or_default();
        Html(format!("<!doctype html><title>Help</title>{bar}<h1>Help</h1>"))
    };
    let router = everything_that_was_there(shop).route("/help", get(help)).layer(vicarious.layer());
    let app = browsed(router, &vicarious);
    app.signed_in("alice").await.get("/help").await.assert_shows("class=\"vc-bar\"");
    app.probe().agent("bob").customer("alice").example("id", "17").run().await.assert_clean();
}

#[tokio::test]
async fn what_is_saved_while_impersonating_is_the_customers() {
    let app = tried().await;
    let mut bob = app.as_agent("bob").impersonating("alice").with_consent().await;
    bob.write_mode("she asked me to").await;
    bob.post_form("/address", &[("city", "Bristol")]).await.assert_status(200);
    app.signed_in("alice").await.get("/address").await.assert_shows("Bristol");
}

#[tokio::test]
async fn the_attack_gets_nothing() {
    let app = tried().await;
    let attack = app.attack().agent("bob").customer("alice").colleague("eve").administrator("dana");
    let report = attack.another_customer("carol").page("/account").example("id", "17").run().await;
    report.assert_held();
}
