//! `docs/adapters.md`: an application whose cookie holds the user's id, and that has no table of sessions.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::extract::{Form, State};
use axum::http::header::{COOKIE, SET_COOKIE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use uuid::Uuid;
use vicarious::testing::{Credential, MemoryLedger, TestApp};
use vicarious::{
    Account, Answers, CurrentUser, HostError, KeyRing, Rules, SignIn, SignInKey, Staff, Timestamp, Vicarious,
};

#[derive(Clone, Debug)]
struct Member {
    id: i64,
    name: &'static str,
    is_staff: bool,
    /// In microseconds; what was issued until then has ended.
    signed_out_before: i64,
}

const fn member(id: i64, name: &'static str, is_staff: bool) -> Member {
    Member { id, name, is_staff, signed_out_before: 0 }
}

#[derive(Clone)]
struct Database(Arc<Mutex<Vec<Member>>>);

impl Database {
    fn new() -> Self {
        let members =
            [(1, "Alice Ames", false), (2, "Bob Marsh", true), (3, "Carol Cole", false), (4, "Eve Dray", true)];
        Self(Arc::new(Mutex::new(members.map(|(id, name, is_staff)| member(id, name, is_staff)).into())))
    }

    fn with<T>(&self, question: impl FnOnce(&mut Vec<Member>) -> T) -> T {
        question(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    async fn member(&self, id: i64) -> Result<Option<Member>, HostError> {
        Ok(self.with(|members| members.iter().find(|member| member.id == id).cloned()))
    }

    async fn members(&self, q: String) -> Result<(Vec<Member>, u64), HostError> {
        let matches = |member: &&Member| !member.is_staff && member.name.contains(&q);
        let found: Vec<Member> = self.with(|members| members.iter().filter(matches).cloned().collect());
        let total = found.len() as u64;
        Ok((found, total))
    }

    async fn sign_out_everywhere(&self, id: i64) {
        let now = Timestamp::now().as_microsecond();
        self.with(|members| members.iter_mut().filter(|m| m.id == id).for_each(|m| m.signed_out_before = now));
    }
}

/// What stands in the cookie, and what its signature is of.
fn value(member: &Member) -> String {
    format!("{}.{}.{}", member.id, Timestamp::now().as_microsecond(), Uuid::new_v4().simple())
}

/// Returns whose a value is, and since when.
fn read(value: &str) -> Option<(i64, i64)> {
    let mut parts = value.split('.');
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

async fn sign_in(database: Database, key: String) -> Result<Option<SignIn>, HostError> {
    let Some((id, issued)) = read(&key) else { return Ok(None) };
    let member = database.member(id).await?;
    let standing = member.filter(|member| issued > member.signed_out_before);
    Ok(standing.map(|member| SignIn::at(member.id, issued / 1_000_000)))
}

/// Stands for a jar that signs and encrypts.
#[derive(Clone)]
struct Jar(KeyRing);

impl Jar {
    fn get(&self, headers: &HeaderMap) -> Option<String> {
        let all = headers.get(COOKIE)?.to_str().ok()?;
        let sealed = all.split("; ").find_map(|pair| pair.strip_prefix("member="))?;
        String::from_utf8(self.0.sign_in_found_by(&SignInKey::from(sealed))?).ok()
    }

    fn set(&self, value: &str) -> String {
        let sealed = self.0.sign_in_key(value.as_bytes());
        format!("member={}; Path=/; HttpOnly; SameSite=Lax; Secure", sealed.as_str())
    }
}

fn support(database: Database, jar: Jar) -> Vicarious {
    let host = Answers::of(database, |member: &Member| Account::new(member.id, member.name, ""))
        .sign_in_key(move |request| jar.get(&request.headers))
        .sign_in(sign_in)
        .find(|database, id| async move { database.member(id).await })
        .search(|database, _, search| async move { Ok(database.members(search.q).await?.into()) });
    Vicarious::builder(host)
        .ledger(MemoryLedger::new())
        .keys(KeyRing::generate())
        .who_may_whom(|agent, customer| agent.is_staff && !customer.is_staff)
        .staff(|member| if member.is_staff { Staff::Agent } else { Staff::No })
        .rules(Rules::new().confirm("POST /profile", "save this profile").never("POST /password"))
        .sign_in("POST /sign-in")
        .sign_out("POST /sign-out")
        .build()
        .unwrap()
}

type App = (Database, Jar);

async fn signed_in(State((database, jar)): State<App>, Form(typed): Form<HashMap<String, i64>>) -> Response {
    let id = typed.get("who").copied().unwrap_or_default();
    match database.member(id).await {
        Ok(Some(member)) => ([(SET_COOKIE, jar.set(&value(&member)))], Redirect::to("/")).into_response(),
        Ok(None) => StatusCode::UNAUTHORIZED.into_response(),
        Err(_) => StatusCode::SERVICE_UNAVAILABLE.into_response(),
    }
}

async fn signed_out(State((database, _)): State<App>, who: Option<CurrentUser<Member>>) -> Redirect {
    if let Some(CurrentUser(member)) = who {
        database.sign_out_everywhere(member.id).await;
    }
    Redirect::to("/")
}

async fn home(CurrentUser(member): CurrentUser<Member>) -> Html<String> {
    Html(format!("<!doctype html><title>Gym</title><h1>{}</h1>", member.name))
}

fn gym() -> TestApp {
    let (database, jar) = (Database::new(), Jar(KeyRing::generate()));
    let vicarious = support(database.clone(), jar.clone());
    let router = Router::new()
        .route("/", get(home))
        .route("/profile", post(async || "saved"))
        .route("/sign-in", post(signed_in))
        .route("/password", post(signed_out))
        .route("/sign-out", post(signed_out))
        .with_state((database, jar))
        .layer(vicarious.layer());
    TestApp::new(router, &vicarious, |who| async move { Credential::form("/sign-in", &[("who", who.as_str())]) })
}

#[tokio::test]
async fn a_handle_is_worth_nothing_in_the_next_sign_in_of_the_same_agent() {
    let app = gym();
    let mut bob = app.as_agent("2").impersonating("1").with_consent().await;
    bob.get("/").await.assert_status(200).assert_shows("Alice Ames");
    let mut elsewhere = app.signed_in("2").await;
    let handles = bob.stolen();
    for (name, handle) in handles.cookies().filter(|(name, _)| name.ends_with("vicarious-handle")) {
        elsewhere.keep_cookie(name, handle);
    }
    elsewhere.get("/").await.assert_status(410);
}

#[tokio::test]
async fn a_sign_out_ends_the_cookie_and_what_was_started_from_it() {
    let app = gym();
    let mut alice = app.signed_in("1").await;
    let mut copied = alice.clone();
    copied.get("/").await.assert_status(200).assert_shows("Alice Ames");
    alice.post_form("/sign-out", &[]).await.assert_status(303);
    copied.get("/").await.assert_status(401);
    app.signed_in("1").await.get("/").await.assert_status(200);
}

#[tokio::test]
async fn the_gravest_abuses_come_to_nothing_without_a_table_of_sessions() {
    let app = gym();
    assert_eq!(app.undecided(), Vec::<String>::new());
    let attack = app.attack().agent("2").customer("1").another_customer("3");
    attack.colleague("4").administrator("4").page("/").run().await.assert_held();
}
