//! The bar as an extractor, on a page of the application.

use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};

use axum::body::Body;
use axum::extract::FromRequestParts;
use axum::http::header::ACCEPT_LANGUAGE;
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, Request};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::json;
use testkit::people::{alice, bob, carol, dana, eve};
use tower::ServiceExt;
use vicarious_axum::{RequestIdentity, Vicarious};
use vicarious_console::{Bar, Console};
use vicarious_core::Words;

use crate::support::{Browser, World, text};

/// Whoever a page of the application is for: an extractor of its own, around ours.
struct Layout {
    bar: String,
}

impl<S: Send + Sync> FromRequestParts<S> for Layout {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        let Ok(bar) = Bar::from_request_parts(parts, state).await;
        Ok(Self { bar: bar.html() })
    }
}

/// Serves the bar at `/own`, as the extractor makes it, as one around it does, as text, and as the console is asked for it.
fn own_page(console: Console) -> Router {
    let own = async move |RequestIdentity(who): RequestIdentity, headers: HeaderMap, layout: Layout, bar: Bar| {
        let asked = console.bar_for(&who, &headers).await.unwrap();
        assert_eq!((bar.count(), bar.to_string()), (asked.count(), bar.html()));
        Json([bar.html(), layout.bar, asked.html()])
    };
    Router::new().route("/own", get(own))
}

/// Returns a world with such a page in it, which speaks English and German.
fn world(adjust: impl FnOnce(Console) -> Console, at: &str) -> World {
    let mount = |vicarious: &Vicarious| {
        let console = adjust(Console::new(vicarious).at(at));
        let routes = if at.is_empty() { console.routes() } else { Router::new().nest(at, console.routes()) };
        routes.merge(own_page(console))
    };
    World::of(|builder| builder.words_by_language([Words::english(), Words::german()]), mount)
}

/// Returns the bar of a page, having compared all that there are.
async fn bar(browser: &mut Browser, language: &str) -> String {
    let request = Request::get("/own").header(ACCEPT_LANGUAGE, language).body(Body::empty()).unwrap();
    let [own, within, asked]: [String; 3] = serde_json::from_value(browser.send(request).await.json()).unwrap();
    assert_eq!((&own, &within), (&asked, &asked));
    own
}

#[tokio::test]
async fn a_customer_reads_in_their_language_who_is_in_their_account_and_who_asks() {
    let world = world(|console| console, "");
    world.agree(&alice()).await;
    let _bob = world.inside(&bob(), &alice()).await;
    let mut alice = world.browser(&alice());
    let english = bar(&mut alice, "en").await;
    assert!(text(&english).contains("Bob Baker from support is viewing your account"), "{english}");
    let german = bar(&mut alice, "de-AT").await;
    assert!(text(&german).contains("Bob Baker vom Support sieht Ihr Konto gerade an"), "{german}");
    assert!(german.contains("lang=\"de\"") && !english.contains("lang=\"de\""), "{german}");
    let mut carol = world.browser(&carol());
    let nothing = bar(&mut carol, "en").await;
    assert!(nothing.contains("data-live=\"bar\" data-count=\"0\""), "{nothing}");
    let body = json!({ "account_id": "carol", "reason": "a page looks wrong", "ticket": "SUP-1" });
    world.browser(&eve()).json(Method::POST, "/consents/requests", body).await;
    let asked = bar(&mut carol, "en").await;
    assert!(text(&asked).contains("Eve Early asks to see your account"), "{asked}");
}

#[tokio::test]
async fn it_keeps_pseudonyms_and_leads_to_where_the_console_is() {
    let world = world(|console| console.pseudonyms("a secret"), "/support");
    let agreed = world.browser(&alice()).json(Method::POST, "/support/consents", json!({ "ends_in": "week" })).await;
    assert_eq!(agreed.status, 201, "{}", agreed.body);
    let _bob = world.inside(&bob(), &alice()).await;
    let bar = bar(&mut world.browser(&alice()), "en").await;
    assert!(bar.contains("Support agent ") && !bar.contains("Bob"), "{bar}");
    assert!(
        bar.contains("action=\"/support/access-log/") && bar.contains("href=\"/support/console/bar.css\""),
        "{bar}"
    );
}

#[tokio::test]
async fn agents_administrators_nobody_and_whoever_impersonates_have_none() {
    let world = world(|console| console, "");
    world.agree(&alice()).await;
    let inside = world.inside(&bob(), &alice()).await;
    let others = [inside, world.browser(&bob()), world.browser(&dana()), world.nobody()];
    for mut browser in others {
        let request = Request::get("/own").body(Body::empty()).unwrap();
        let answer = browser.send(request).await;
        assert_eq!(answer.json(), json!(["", "", ""]));
    }
    assert_ne!(bar(&mut world.browser(&alice()), "en").await, "", "who is in there is told to the customer alone");
}

/// What is logged, as text.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap_or_else(PoisonError::into_inner)).into_owned()
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn without_the_customers_pages_or_the_layer_it_is_empty_and_the_log_says_what_is_missing() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt().with_ansi(false).with_writer(move || writer.clone()).finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    let own = || Router::new().route("/own", get(async |bar: Bar| bar.html()));
    let world = World::mounted(|vicarious| Console::new(vicarious).staff().merge(own()));
    assert_eq!(world.browser(&alice()).page("/own").await, "");
    let told = log.text();
    assert!(told.contains("ERROR") && told.contains("merge(Console::new(&vicarious).routes())"), "{told}");
    assert!(!told.contains("no identity"), "{told}");
    let answer = own().oneshot(Request::get("/own").body(Body::empty()).unwrap()).await.unwrap();
    assert_eq!(answer.status(), 200);
    let told = log.text();
    assert!(told.contains("ERROR") && told.contains("add `.layer(vicarious.layer())` after the last route"), "{told}");
}

#[tokio::test]
async fn an_outage_of_the_ledger_leaves_the_page_without_a_bar() {
    let world = World::mounted(|vicarious| {
        let page = Router::new().route("/own", get(async |bar: Bar| format!("orders{}", bar.html())));
        page.merge(Console::new(vicarious).routes())
    });
    let mut alice = world.browser(&alice());
    assert!(alice.page("/own").await.starts_with("orders<link"));
    world.ledger.fail(true);
    assert_eq!(alice.page("/own").await, "orders");
}

#[tokio::test]
async fn what_is_kept_for_it_does_not_keep_the_application_alive() {
    let world = world(|console| console.pseudonyms("a secret"), "");
    bar(&mut world.browser(&alice()), "en").await;
    assert!(world.can_go().await, "something holds the engine");
}
