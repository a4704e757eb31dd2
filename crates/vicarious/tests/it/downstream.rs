//! `docs/downstream.md`: tokens for other services, and jobs that run later.

use std::error::Error;
use std::sync::{Arc, Mutex};

use axum::extract::{FromRef, State};
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use vicarious::jwt::Issuer;
use vicarious::testing::TestApp;
use vicarious::{
    Carried, Connected, Connecting, KeyRing, RequestIdentity, Rules, SignedDuration, Timestamp, Vicarious,
    with_identity,
};
use vicarious_jwt::{PublicKeys, Verifier};

use crate::shop::{Shop, added_to, browsed, sign_in};

#[derive(Clone)]
struct App {
    shop: Shop,
    vicarious: Vicarious,
    tokens: Issuer,
    billing: Billing,
    queue: Queue,
}

impl FromRef<App> for Shop {
    fn from_ref(app: &App) -> Self {
        app.shop.clone()
    }
}

/// What went wrong, which nobody is told.
type Failure = (StatusCode, String);

fn failure(error: impl Into<Box<dyn Error>>) -> Failure {
    (StatusCode::SERVICE_UNAVAILABLE, error.into().to_string())
}

fn issuer(vicarious: &Vicarious, keys: &KeyRing) -> Issuer {
    let tokens = Issuer::new("https://shop.example", vicarious.ledger().clone(), keys.secrets_for("tokens"));
    tokens.lasting(SignedDuration::from_secs(30))
}

fn application(app: App) -> Router {
    let (tokens, vicarious) = (app.tokens.clone(), app.vicarious.clone());
    Router::new()
        // The public keys, where the services fetch them. They are nobody's secret: name the path with `.open(…)`.
        .route("/.well-known/jwks.json", get(async move || Json(tokens.jwks())))
        .route("/invoices", get(invoices))
        .route("/exports", post(ask_for_export))
        .route("/sign-in", post(sign_in))
        .with_state(app)
        .layer(vicarious.layer())
}

async fn invoices(State(app): State<App>, RequestIdentity(who): RequestIdentity) -> Result<String, Failure> {
    let token = app.tokens.mint(&who, "https://billing.example", app.vicarious.now()).await.map_err(failure)?;
    app.billing.invoices(&token.token).await // sends it as `Authorization: Bearer …`
}

/// The other service, and what it was sent last.
#[derive(Clone)]
struct Billing(Arc<Verifier>, Arc<Mutex<String>>);

impl Billing {
    async fn invoices(&self, bearer: &str) -> Result<String, Failure> {
        bearer.clone_into(&mut self.1.lock().unwrap());
        asked(&self.0, bearer, (false, false)).map_err(|status| (status, "billing refuses".to_owned()))
    }
}

async fn verifier(fetch: impl AsyncFn(&str) -> Result<String, Box<dyn Error>>) -> Result<Verifier, Box<dyn Error>> {
    let keys = PublicKeys::parse(&fetch("https://shop.example/.well-known/jwks.json").await?)?;
    let verifier = Verifier::new("https://shop.example", "https://billing.example", keys);
    Ok(verifier)
}

fn asked(verifier: &Verifier, bearer: &str, (is_a_change, is_a_payment): (bool, bool)) -> Result<String, StatusCode> {
    let record = |who: &str, whose: &str| tracing::info!(who, whose, "invoices");
    let invoices_of = |whose: &str| Ok(format!("invoices of {whose}"));
    let claims = verifier.verify(bearer, Timestamp::now()).map_err(|_| StatusCode::UNAUTHORIZED)?;
    if is_a_change && !claims.may_change() {
        return Err(StatusCode::FORBIDDEN); // reading only
    }
    if is_a_payment && claims.shadower().is_some() {
        return Err(StatusCode::FORBIDDEN); // somebody else than the customer
    }
    record(claims.true_user(), claims.current_user()); // who it was, and as whom
    invoices_of(claims.current_user()) // whose data and permissions apply
}

/// An export that somebody has asked for.
#[derive(Serialize, Deserialize)]
struct Job {
    export: u32,
    carried: Carried,
}

/// A queue that only the application writes.
#[derive(Clone, Default)]
struct Queue(Arc<Mutex<Vec<String>>>);

impl Queue {
    async fn push(&self, job: &str) -> Result<(), Failure> {
        self.0.lock().unwrap().push(job.to_owned());
        Ok(())
    }
}

async fn ask_for_export(State(App { vicarious, queue, .. }): State<App>, connected: Connected) -> Result<(), Failure> {
    // In the handler: both users, the impersonation and the sign-in, as a value that can be written down.
    let carried = vicarious.carry(&connected);
    let job = serde_json::to_string(&Job { export: 17, carried }).map_err(failure)?;
    queue.push(&job).await
}

async fn work(vicarious: &Vicarious, job: Job) -> String {
    // In the worker, perhaps an hour later.
    match vicarious.take_up(&job.carried).await {
        Ok(Connecting::As(connected)) => {
            let who = connected.identity().clone();
            with_identity(who, export(job.export)).await
        }
        // It ended meanwhile, or the sign-in is over: what somebody asked for as a customer is not done without them.
        Ok(Connecting::Ended(cause)) => dead_letter(job, cause.as_str()).await,
        Ok(Connecting::Nobody) => dead_letter(job, "nobody").await,
        // The ledger or the host cannot answer: once more, later.
        Err(_) => try_again(job).await,
    }
}

async fn export(number: u32) -> String {
    let who = vicarious::identity();
    let name = who.current_user().map_or("nobody", |user| user.name.as_str()).to_owned();
    format!("export {number} for {name}, impersonated: {}", who.is_impersonating())
}

async fn dead_letter(job: Job, why: &str) -> String {
    format!("export {} is not done: {why}", job.export)
}

async fn try_again(job: Job) -> String {
    format!("export {} waits", job.export)
}

async fn tried() -> (App, TestApp) {
    let (shop, keys) = (Shop::default(), KeyRing::generate());
    let vicarious = added_to(&shop)
        .keys(keys.clone())
        .rules(Rules::new().read("POST /exports", "asked for an export"))
        .open("/.well-known/jwks.json")
        .build()
        .unwrap();
    let tokens = issuer(&vicarious, &keys);
    let verifier = verifier(async |_| Ok(tokens.jwks().to_string())).await.unwrap();
    let billing = Billing(Arc::new(verifier), Arc::default());
    let app = App { shop, vicarious, tokens, billing, queue: Queue::default() };
    let browsers = browsed(application(app.clone()), &app.vicarious);
    (app, browsers)
}

#[tokio::test]
async fn another_service_learns_who_asks_and_as_whom_and_that_reading_is_all() {
    let (app, browsers) = tried().await;
    let mut bob = browsers.as_agent("bob").impersonating("alice").with_consent().await;
    bob.get("/invoices").await.assert_status(200).assert_shows("invoices of alice");
    let Billing(verifier, sent) = &app.billing;
    let sent = sent.lock().unwrap().clone();
    assert_eq!(asked(verifier, &sent, (true, false)), Err(StatusCode::FORBIDDEN), "reading only");
    assert_eq!(asked(verifier, &sent, (false, true)), Err(StatusCode::FORBIDDEN), "only the customer");
    assert_eq!(asked(verifier, "made up", (false, false)), Err(StatusCode::UNAUTHORIZED));
    bob.stop().await.get("/invoices").await.assert_shows("invoices of bob");
    browsers.nobody().get("/.well-known/jwks.json").await.assert_status(200).assert_shows("Ed25519");
}

#[tokio::test]
async fn a_job_asks_again_who_it_is_for_when_it_runs() {
    let (app, browsers) = tried().await;
    let mut bob = browsers.as_agent("bob").impersonating("alice").with_consent().await;
    bob.post("/exports").as_json().await.assert_status(200);
    let written = app.queue.0.lock().unwrap().remove(0);
    let job = || serde_json::from_str::<Job>(&written).unwrap();
    assert_eq!(work(&app.vicarious, job()).await, "export 17 for Alice Ames, impersonated: true");
    bob.stop().await;
    assert_eq!(work(&app.vicarious, job()).await, "export 17 is not done: stopped");
}
