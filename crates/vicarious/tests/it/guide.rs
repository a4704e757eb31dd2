//! `docs/guide.md`: each block of it is a function or a test here.

use std::error::Error;
use std::net::SocketAddr;

use axum::Router;
use axum::extract::{FromRef, State};
use axum::response::Html;
use axum::routing::{get, post};
use tempfile::TempDir;
use tokio::net::TcpListener;
use vicarious::console::Console;
use vicarious::decide::{ConsentPolicy, Terms};
use vicarious::ports::Running;
use vicarious::sqlx::Store;
use vicarious::testing::TestApp;
use vicarious::{
    AccountId, AsThemselves, CurrentUser, Finding, KeyRing, Notice, RequestIdentity, Rules, SignedDuration, Staff,
    Vicarious, Words,
};

use crate::shop::{Shop, User, browsed, orders, save, sign_in, sign_out};

fn support(shop: Shop, store: Store, keys: KeyRing) -> Result<Vicarious, Box<dyn Error>> {
    let vicarious = Vicarious::builder(shop)
        .ledger(store)
        .keys(keys)
        .who_may_whom(|agent, customer| agent.is_support && !customer.is_support)
        .staff(|user| if user.is_support { Staff::Agent } else { Staff::No })
        .rules(rules())
        .terms(terms())
        .sign_in("POST /sign-in")
        .sign_out("POST /sign-out")
        .sign_in_page("/sign-in?then=")
        .open("/healthz")
        .assets("/assets")
        .origin("https://shop.example")
        .words_by_language([Words::english(), Words::german()])
        .build()?;
    Ok(vicarious)
}

fn application(shop: Shop, vicarious: &Vicarious) -> Router {
    everything_that_was_there(shop, vicarious)
        .merge(Console::new(vicarious).brand("The shop").routes())
        .layer(vicarious.layer())
}

fn with_the_console_below_a_path(shop: Shop, vicarious: &Vicarious) -> Router {
    let console = Console::new(vicarious).at("/support");
    everything_that_was_there(shop, vicarious).nest("/support", console.routes()).layer(vicarious.layer())
}

async fn serve(shop: Shop, database_url: &str) -> Result<(), Box<dyn Error>> {
    let keys = KeyRing::from_env("VICARIOUS_KEYS")?;
    let store = Store::connect(database_url).await?;
    let vicarious = support(shop.clone(), store.clone(), keys)?;
    let app = application(shop, &vicarious);
    let found = vicarious.check(&app).await;
    for finding in &found {
        eprintln!("{finding}");
    }
    if found.iter().any(Finding::is_wrong) {
        return Err("it is not put together as it must be".into());
    }
    let listener = TcpListener::bind("127.0.0.1:3000").await?;
    axum::serve(listener, app.into_make_service_with_connect_info::<SocketAddr>()).await?;
    vicarious.shutdown().await;
    store.close().await;
    Ok(())
}

fn rules() -> Rules {
    Rules::new()
        .read("GET /orders", "looked at orders")
        .write("POST /notes", "add this note")
        .confirm("POST /profile", "save this profile")
        .never("POST /orders/{id}/payment")
}

fn terms() -> Terms {
    Terms {
        consent: ConsentPolicy::Required,
        length: SignedDuration::from_mins(30),
        idle: SignedDuration::from_mins(10),
        write: SignedDuration::from_mins(10),
        ..Terms::default()
    }
}

async fn close_account(AsThemselves(user): AsThemselves<User>) -> String {
    format!("Goodbye, {}.", user.id)
}

async fn dashboard(State(shop): State<Shop>, CurrentUser(user): CurrentUser<User>) -> &'static str {
    if !vicarious::identity().is_impersonating() {
        shop.seen_now(&user);
    }
    "dashboard"
}

async fn home(Notice(notice): Notice, CurrentUser(user): CurrentUser<User>) -> Html<String> {
    let notice = notice.map(|text| format!("<p role=status>{}</p>", escaped(&text))).unwrap_or_default();
    Html(format!("<!doctype html><title>Shop</title>{notice}<h1>{}</h1>", escaped(user.name)))
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}

async fn order(State(vicarious): State<Vicarious>, RequestIdentity(who): RequestIdentity) -> Html<String> {
    let button = match vicarious.why_not(&who, "POST", "/orders/{id}/payment") {
        None => "<button>Pay</button>".to_owned(),
        Some(why) => format!("<button disabled>Pay</button> {why}"),
    };
    Html(format!("<!doctype html><title>Order</title><form method=post>{button}</form>"))
}

async fn look_after(vicarious: &Vicarious, store: &Store) -> Result<(), Box<dyn Error>> {
    for row in vicarious.ledger().running(Running::All).await? {
        eprintln!("{} is inside the account of {}: {}", row.true_user.name, row.current_user.name, row.reason);
    }
    let report = store.verify(|_| {}).await?;
    if let Some(fault) = report.fault {
        return Err(format!("entry {} is not what was written", fault.seq).into());
    }
    Ok(())
}

#[derive(Clone)]
struct App {
    shop: Shop,
    vicarious: Vicarious,
}

impl FromRef<App> for Shop {
    fn from_ref(app: &App) -> Self {
        app.shop.clone()
    }
}

impl FromRef<App> for Vicarious {
    fn from_ref(app: &App) -> Self {
        app.vicarious.clone()
    }
}

fn everything_that_was_there(shop: Shop, vicarious: &Vicarious) -> Router {
    Router::new()
        .route("/", get(home))
        .route("/dashboard", get(dashboard))
        .route("/orders", get(orders))
        .route("/profile", post(save))
        .route("/notes", post(save))
        .route("/account/close", get(close_account))
        .route("/orders/{id}", get(order))
        .route("/orders/{id}/payment", post(save))
        .route("/sign-in", get(async || "Who are you?").post(sign_in))
        .route("/sign-out", post(sign_out))
        .route("/healthz", get(async || "fine"))
        .route("/assets/style.css", get(async || ""))
        .with_state(App { shop, vicarious: vicarious.clone() })
}

/// The application on a database of its own, which is gone with the folder.
struct Tried {
    _folder: TempDir,
    shop: Shop,
    store: Store,
    app: TestApp,
}

async fn tried() -> Tried {
    tried_with(application).await
}

async fn tried_with(application: fn(Shop, &Vicarious) -> Router) -> Tried {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}", folder.path().join("shop.db").display());
    let (shop, store) = (Shop::default(), Store::connect(&url).await.unwrap());
    let vicarious = support(shop.clone(), store.clone(), KeyRing::generate()).unwrap();
    let app = browsed(application(shop.clone(), &vicarious), &vicarious);
    Tried { _folder: folder, shop, store, app }
}

#[tokio::test]
async fn bob_sees_what_alice_sees_and_pays_nothing() {
    let Tried { app, .. } = &tried().await;
    let mut bob = app.as_agent("bob").impersonating("alice").reason("SUP-1").with_consent().await;
    bob.get("/orders").await.assert_status(200).assert_shows("Orders of Alice").assert_in_plain_sight();
    bob.post_form("/orders/17/payment", &[]).await.assert_status(403);
    bob.get("/account/close").await.assert_status(403);
    bob.write_mode("she asked for it").await;
    bob.post_form("/profile", &[("name", "Alicia")]).unconfirmed().await.assert_status(428);
    bob.post_form("/profile", &[("name", "Alicia")]).await.assert_status(200);
    let mut bob = bob.stop().await;
    bob.get("/orders").await.assert_shows("Orders of Bob");
}

#[tokio::test]
async fn it_is_put_together_as_it_must_be() {
    let Tried { app, .. } = &tried().await;
    assert_eq!(app.check("bob").await, Vec::<String>::new());
}

#[tokio::test]
async fn every_unsafe_route_has_a_rule() {
    let Tried { app, .. } = &tried().await;
    assert_eq!(app.undecided(), Vec::<String>::new());
}

#[tokio::test]
async fn no_page_tells_who_the_agent_is() {
    let Tried { app, .. } = &tried().await;
    let probe = app.probe().agent("bob").customer("alice").example("id", "17");
    let probe = probe.without("/access-log", "it tells the customer who was here");
    let report = probe.run().await;
    report.assert_clean();
}

#[tokio::test]
async fn the_gravest_abuses_come_to_nothing() {
    let Tried { app, .. } = &tried().await;
    let attack = app.attack().agent("bob").customer("alice").another_customer("carol");
    let report = attack.colleague("eve").administrator("eve").page("/").run().await;
    report.assert_held();
}

#[tokio::test]
async fn whoever_is_inside_leaves_no_trace_in_what_the_customer_did() {
    let Tried { app, shop, .. } = &tried().await;
    let mut bob = app.as_agent("bob").impersonating("alice").with_consent().await;
    bob.get("/dashboard").await.assert_status(200);
    assert!(!shop.was_seen("alice"));
    app.signed_in("alice").await.get("/dashboard").await.assert_status(200);
    assert!(shop.was_seen("alice"));
}

#[tokio::test]
async fn a_button_that_would_be_refused_says_why() {
    let Tried { app, .. } = &tried().await;
    let mut bob = app.as_agent("bob").impersonating("alice").with_consent().await;
    bob.get("/orders/17").await.assert_shows("<button disabled>Pay</button> Nobody can do this");
    app.signed_in("alice").await.get("/orders/17").await.assert_shows("<button>Pay</button>");
}

#[tokio::test]
async fn the_page_after_a_stop_says_so_once() {
    let Tried { app, .. } = &tried().await;
    let bob = app.as_agent("bob").impersonating("alice").with_consent().await;
    let (mut browser, tag) = (bob.stolen(), bob.tag());
    let stop = [("_method", "DELETE"), ("_identity", tag.as_str())];
    browser.post_form("/impersonation", &stop).await.assert_status(303);
    browser.get("/").await.assert_shows("<p role=status>You are logged out as alice@example.com</p>");
    let next = browser.get("/").await;
    assert!(next.assert_shows("Bob Marsh").text.starts_with("<!doctype html><title>Shop</title><h1>"), "{}", next.text);
}

#[tokio::test]
async fn a_console_below_a_path_is_reached_from_the_start_page_too() {
    let Tried { app, .. } = &tried_with(with_the_console_below_a_path).await;
    assert_eq!(app.check("bob").await, Vec::<String>::new());
    let mut bob = app.signed_in("bob").await;
    bob.get("/support/accounts").await.assert_status(200).assert_shows("Alice Ames");
    let start = bob.get("/impersonation/new?account=carol").await;
    start.assert_status(200).assert_shows("action=\"/support/consents/requests\"");
    let asked = [("account_id", "carol"), ("reason", "Question about an order")];
    bob.post_form("/support/consents/requests", &asked).await.assert_status(303);
    let mut carol = app.signed_in("carol").await;
    carol.get("/support/consents").await.assert_status(200).assert_shows("Question about an order");
}

#[tokio::test]
async fn the_record_is_whole_and_a_pause_puts_everybody_out() {
    let Tried { app, store, .. } = &tried().await;
    let vicarious = app.vicarious();
    let mut bob = app.as_agent("bob").impersonating("alice").with_consent().await;
    look_after(vicarious, store).await.unwrap();
    vicarious.pause(None, "phishing").await.unwrap();
    bob.get("/orders").await.assert_status(410);
    vicarious.resume(None).await.unwrap();
    vicarious.forget(&AccountId::from("bob"));
}

#[tokio::test]
async fn without_keys_it_does_not_start_and_says_what_to_set() {
    let refused = serve(Shop::default(), "sqlite://never-opened.db").await.unwrap_err();
    assert!(refused.to_string().contains("`VICARIOUS_KEYS` is not set"), "{refused}");
}
