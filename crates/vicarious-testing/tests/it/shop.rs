use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::{FromRequestParts, Path, Request, State};
use axum::http::header::{AUTHORIZATION, CACHE_CONTROL, COOKIE, SET_COOKIE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::middleware::{self, Next};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Form, Json, Router};
use serde_json::{Value, json};
use testkit::people;
use vicarious_axum::{
    CurrentUser, Found, Host, HostError, KeyRing, RequestIdentity, Search, SignIn, Staff, Vicarious, identity,
};
use vicarious_core::{Account, AccountId, Rules, SignInKey};
use vicarious_testing::{ManualClock, MemoryLedger};

/// A mistake that a host can make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mistake {
    None,
    /// The layer is not there at all.
    NoLayer,
    /// A layer inside of ours says who is signed in, from the cookie.
    AuthInside,
    /// The first current user of a session is kept in it.
    UserInSession,
    /// Routes were added after the layer.
    RoutesBeside,
    /// Who may act as whom: everybody as everybody.
    EverybodyMay,
    /// The key of a sign-in is the session's secret.
    SecretAsKey,
    /// A layer outside lets proxies keep every page.
    KeptByProxies,
    /// A page greets the person at the keyboard.
    GreetsAgent,
    /// A header names the person at the keyboard.
    NamesAgentInHeader,
    /// One handler still asks the session who is signed in.
    AsksTheSession,
    /// Paying is a change like any other.
    PaysLikeAnyChange,
    /// The cookie of the sign-in is sent with other sites' forms.
    CookieForAll,
    /// The cookie of the sign-in goes over plain HTTP too, although the shop is at HTTPS.
    CookieWithoutSecure,
    /// A page breaks while impersonating.
    BreaksForPairs,
    /// The sign-in leaves the session where the host does not look.
    SignInIsNotFound,
    /// The cookie of the sign-in is the user's id, and so is the key.
    UserAsKey,
    /// Every sign-in has just been made, whenever one asks.
    SignsInNow,
    /// Every key is that of a sign-in.
    EveryKeyIsAlive,
    /// A sign-out takes the cookie away, and nothing else.
    SignOutForgetsNothing,
    /// The layout asks for the current user, and what it frames is the agent's.
    HalfAsksTheSession,
    /// No mistake: people sign in with JSON, and their token and their handle are headers.
    SignsInWithTokens,
}

/// Returns a shop of which nothing is wrong.
pub(crate) fn application(clock: &ManualClock) -> (Router, Vicarious) {
    broken(clock, Mistake::None)
}

/// Returns a shop with a mistake in it.
pub(crate) fn broken(clock: &ManualClock, mistake: Mistake) -> (Router, Vicarious) {
    let shop = Shop { mistake, clock: clock.clone(), ..Shop::default() };
    let now = clock.clone();
    let unsafe_rules = Rules::new().confirm("POST /profile", "save this profile").write("POST /notes", "add this note");
    let rules = match mistake {
        Mistake::PaysLikeAnyChange => unsafe_rules.write("POST /payments", "pay"),
        _ => unsafe_rules.never("/payments"),
    };
    let builder = Vicarious::builder(shop.clone());
    let builder = if mistake == Mistake::SignsInWithTokens { builder.handle_in_header() } else { builder };
    let builder = match mistake {
        Mistake::CookieWithoutSecure => builder.origin("https://shop.example"),
        _ => builder.secure_cookies(false),
    };
    let vicarious = builder
        .ledger(MemoryLedger::new())
        .keys(KeyRing::generate())
        .who_may_whom(move |agent, customer| {
            let is_staff = |who: &Account| ["bob", "eve", "dana"].contains(&who.id().as_str());
            mistake == Mistake::EverybodyMay || (is_staff(agent) && !is_staff(customer))
        })
        .staff(|who| if who.id().as_str() == "dana" { Staff::Administrator } else { Staff::No })
        .rules(rules)
        .sign_in("POST /sign-in")
        .sign_in("POST /tokens")
        .sign_out("POST /sign-out")
        .open("/healthz")
        .cache_for(std::time::Duration::ZERO)
        .clock(move || now.now())
        .build()
        .unwrap();
    (layered(&shop, &vicarious), vicarious)
}

fn layered(shop: &Shop, vicarious: &Vicarious) -> Router {
    let routes = Router::new()
        .route("/", get(async || Html("<!doctype html><title>Shop</title><h1>Welcome</h1>")))
        .route("/account", get(account))
        .route("/orders/{id}", get(order))
        .route("/help", get(help))
        .route("/profile", post(async || "saved"))
        .route("/notes", post(async || "noted"))
        .route("/payments", post(async || "paid"))
        .route("/newsletter", post(async || "subscribed"))
        .route("/sign-in", post(sign_in))
        .route("/tokens", post(token))
        .route("/sign-out", post(sign_out))
        .route("/healthz", get(async || "fine"));
    let beside = |router: Router| {
        let export = get(async || Html("<!doctype html><title>Export</title>"));
        router.route("/export", export).route("/import", post(async || "imported"))
    };
    match shop.mistake {
        Mistake::NoLayer => routes.with_state(shop.clone()),
        Mistake::AuthInside => {
            let auth = middleware::from_fn_with_state(shop.clone(), from_the_cookie);
            routes.layer(auth).with_state(shop.clone()).layer(vicarious.layer())
        }
        Mistake::RoutesBeside => beside(routes.with_state(shop.clone()).layer(vicarious.layer())),
        Mistake::KeptByProxies => {
            let kept = middleware::map_response(async |mut response: Response| {
                response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("public, max-age=60"));
                response
            });
            routes.with_state(shop.clone()).layer(vicarious.layer()).layer(kept)
        }
        _ => beside(routes.with_state(shop.clone())).layer(vicarious.layer()),
    }
}

/// Whoever is signed in, as handlers of this shop find out.
#[derive(Clone)]
struct Me(Account);

impl FromRequestParts<Shop> for Me {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, shop: &Shop) -> Result<Self, Response> {
        if let Some(me) = parts.extensions.get::<Self>() {
            return Ok(me.clone());
        }
        if shop.mistake == Mistake::NoLayer {
            return shop.signed_in(&parts.headers).map(Self).ok_or_else(|| StatusCode::UNAUTHORIZED.into_response());
        }
        let CurrentUser(me) =
            CurrentUser::<Account>::from_request_parts(parts, shop).await.map_err(IntoResponse::into_response)?;
        if shop.mistake == Mistake::UserInSession
            && let Some(secret) = secret(&parts.headers)
        {
            let mut cached = shop.cached.lock().unwrap_or_else(PoisonError::into_inner);
            return Ok(Self(cached.entry(secret).or_insert(me).clone()));
        }
        Ok(Self(me))
    }
}

async fn from_the_cookie(State(shop): State<Shop>, mut request: Request, next: Next) -> Response {
    if let Some(account) = shop.signed_in(request.headers()) {
        request.extensions_mut().insert(Me(account));
    }
    next.run(request).await
}

async fn account(State(shop): State<Shop>, RequestIdentity(who): RequestIdentity, Me(me): Me) -> Response {
    let person = me.person;
    let greeted = match (shop.mistake, who.true_user()) {
        (Mistake::GreetsAgent, Some(agent)) => agent.name.clone(),
        _ => String::new(),
    };
    let page = format!(
        "<!doctype html><title>Account</title><p>{greeted}</p><h1>{}</h1><p>{}</p>\
         <form method=post action=/profile><input name=name></form>",
        person.name, person.email
    );
    Html(page).into_response()
}

async fn order(State(shop): State<Shop>, Path(id): Path<String>, headers: HeaderMap) -> Response {
    let who = identity();
    let mut owner = who.current_user().map(|person| person.id.clone());
    match (shop.mistake, who.shadower()) {
        (Mistake::BreaksForPairs, Some(_)) => return StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        (Mistake::NamesAgentInHeader, Some(agent)) => return ([("x-user", agent.email.clone())], id).into_response(),
        (Mistake::AsksTheSession, _) => owner = shop.signed_in(&headers).map(|account| account.person.id),
        _ => {}
    }
    let greeted = who.current_user().map(|person| person.name.clone()).unwrap_or_default();
    if shop.mistake == Mistake::HalfAsksTheSession {
        owner = shop.signed_in(&headers).map(|account| account.person.id);
    }
    let layout = if shop.mistake == Mistake::HalfAsksTheSession { greeted } else { String::new() };
    let parcels = if owner.is_some_and(|owner| owner.as_str() == "alice") { "2 parcels" } else { "no parcels" };
    // A token against forgery is another one in each answer.
    let token = uuid::Uuid::now_v7();
    Html(format!(
        "<!doctype html><title>Order {id}</title><header>{layout}</header><p>{parcels}</p>\
         <form method=post action=/notes><input type=hidden name=csrf value={token}></form>"
    ))
    .into_response()
}

/// A page that is the same for everybody but for the console's bar, which customers see and nobody else.
async fn help() -> Html<String> {
    let who = identity();
    let is_customer =
        who.current_user().is_some_and(|person| person.id.as_str() == "alice") && who.shadower().is_none();
    let bar = "<link rel=\"stylesheet\" href=\"/support/bar.css\">\n<section class=\"vc-bar\" lang=\"en\" data-live=\"bar\">\
               <div class=\"vc-visitor\"><p>Somebody is in your account</p></div></section>";
    Html(format!("<!doctype html><title>Help</title>{}<h1>Help</h1>", if is_customer { bar } else { "" }))
}

async fn sign_in(State(shop): State<Shop>, Form(typed): Form<HashMap<String, String>>) -> Response {
    let who = typed.get("who").cloned().unwrap_or_default();
    if shop.account_of(&who).is_none() {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let mut sessions = shop.sessions.lock().unwrap_or_else(PoisonError::into_inner);
    let secret = match shop.mistake {
        Mistake::UserAsKey => who.clone(),
        _ => format!("a-secret-of-{who}-number-{}", sessions.len()),
    };
    let site = if shop.mistake == Mistake::CookieForAll { "None" } else { "Lax" };
    let cookie = format!("session={secret}; Path=/; HttpOnly; SameSite={site}");
    sessions.insert(secret, SignIn { account: AccountId::from(who), since: shop.clock.now() });
    ([(SET_COOKIE, cookie)], Redirect::to("/")).into_response()
}

async fn sign_out(State(shop): State<Shop>, headers: HeaderMap) -> Response {
    if shop.mistake != Mistake::SignOutForgetsNothing
        && let Some(secret) = secret(&headers)
    {
        shop.sessions.lock().unwrap_or_else(PoisonError::into_inner).remove(&secret);
    }
    ([(SET_COOKIE, "session=; Path=/; Max-Age=0")], Redirect::to("/")).into_response()
}

async fn token(State(shop): State<Shop>, Json(who): Json<String>) -> Json<Value> {
    let mut sessions = shop.sessions.lock().unwrap_or_else(PoisonError::into_inner);
    let secret = format!("a-token-of-{who}-number-{}", sessions.len());
    sessions.insert(secret.clone(), SignIn { account: AccountId::from(who), since: shop.clock.now() });
    Json(json!({ "token": secret }))
}

#[derive(Clone)]
struct Shop {
    sessions: Arc<Mutex<HashMap<String, SignIn>>>,
    clock: ManualClock,
    cached: Arc<Mutex<HashMap<String, Account>>>,
    mistake: Mistake,
}

impl Default for Shop {
    fn default() -> Self {
        Self { sessions: Arc::default(), clock: ManualClock::default(), cached: Arc::default(), mistake: Mistake::None }
    }
}

impl Shop {
    fn account_of(&self, id: &str) -> Option<Account> {
        let all = [people::alice(), people::carol(), people::bob(), people::eve(), people::dana()];
        all.into_iter().find(|account| account.id().as_str() == id)
    }

    fn signed_in(&self, headers: &HeaderMap) -> Option<Account> {
        let sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        self.account_of(sessions.get(&secret(headers)?)?.account.as_str())
    }
}

#[async_trait::async_trait]
impl Host for Shop {
    type User = Account;

    fn account(&self, user: &Account) -> Account {
        user.clone()
    }

    async fn sign_in_key(&self, request: &Parts) -> Result<Option<SignInKey>, HostError> {
        let Some(secret) = secret(&request.headers) else { return Ok(None) };
        Ok(Some(match self.mistake {
            Mistake::SecretAsKey => SignInKey::from(secret),
            Mistake::SignInIsNotFound => return Ok(None),
            // A real one digests it.
            _ => SignInKey::from(secret.chars().rev().collect::<String>()),
        }))
    }

    async fn sign_in(&self, key: &SignInKey) -> Result<Option<SignIn>, HostError> {
        let secret = match self.mistake {
            Mistake::SecretAsKey => key.as_str().to_owned(),
            _ => key.as_str().chars().rev().collect(),
        };
        let sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        let found = sessions.get(&secret).cloned();
        Ok(match self.mistake {
            Mistake::SignsInNow => found.map(|sign_in| SignIn { since: self.clock.now(), ..sign_in }),
            Mistake::EveryKeyIsAlive => found.or_else(|| Some(SignIn::at("bob", 0))),
            _ => found,
        })
    }

    async fn find(&self, id: &AccountId) -> Result<Option<Account>, HostError> {
        Ok(self.account_of(id.as_str()))
    }

    async fn search(&self, _: &Account, _: &Search) -> Result<Found<Account>, HostError> {
        Ok(Found { accounts: Vec::new(), total: 0 })
    }
}

fn secret(headers: &HeaderMap) -> Option<String> {
    if let Some(bearer) = headers.get(AUTHORIZATION) {
        return bearer.to_str().ok()?.strip_prefix("Bearer ").map(str::to_owned);
    }
    let mut pairs = headers.get(COOKIE)?.to_str().ok()?.split("; ");
    pairs.find_map(|pair| pair.strip_prefix("session=")).map(str::to_owned)
}
