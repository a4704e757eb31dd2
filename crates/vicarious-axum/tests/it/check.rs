//! What a check says of applications that are put together wrongly.

use axum::Router;
use axum::http::request::Parts;
use axum::routing::{any, get, patch, post};
use testkit::MemoryLedger;
use vicarious_axum::{
    Builder, Finding, Found, Host, HostError, KeyRing, RouteListed, Search, SignIn, Staff, Treats, Vicarious,
};
use vicarious_core::{Account, AccountId, Rules, SignInKey};

/// A host that finds out who is signed in from what a layer outside puts into the request, if it is to.
#[derive(Clone, Copy)]
enum Shop {
    Cookies,
    NeedsLayer,
    IsDown,
}

#[derive(Clone)]
struct Session;

#[async_trait::async_trait]
impl Host for Shop {
    type User = Account;

    fn account(&self, user: &Account) -> Account {
        user.clone()
    }

    async fn sign_in_key(&self, request: &Parts) -> Result<Option<SignInKey>, HostError> {
        match self {
            Self::Cookies => Ok(None),
            Self::NeedsLayer if request.extensions.get::<Session>().is_some() => Ok(None),
            Self::NeedsLayer => Err(HostError::misplaced("add `.layer(session)` after `.layer(vicarious.layer())`")),
            Self::IsDown => Err(HostError::new("the database is gone")),
        }
    }

    async fn sign_in(&self, _: &SignInKey) -> Result<Option<SignIn>, HostError> {
        Ok(None)
    }

    async fn find(&self, _: &AccountId) -> Result<Option<Account>, HostError> {
        Ok(None)
    }

    async fn search(&self, _: &Account, _: &Search) -> Result<Found<Account>, HostError> {
        Ok(Found { accounts: Vec::new(), total: 0 })
    }
}

fn builder(shop: Shop) -> Builder<Shop> {
    Vicarious::builder(shop)
        .ledger(MemoryLedger::new())
        .keys(KeyRing::generate())
        .who_may_whom(|_, _| false)
        .staff(|_| Staff::No)
        .rules(Rules::new().never("/payments").confirm("PATCH /profile", "save this profile"))
        .sign_in("POST /session")
        .sign_out("DELETE /session")
        .open("/healthz")
}

fn routes() -> Router {
    Router::new()
        .route("/", get(async || "home"))
        .route("/profile", patch(async || "saved"))
        .route("/payments", post(async || "paid"))
        .route("/orders/{id}", get(async || "an order"))
        .route("/session", post(async || "in").delete(async || "out"))
        .route("/rpc", any(async || panic_if_run()))
}

#[expect(clippy::panic, reason = "a check must not run a handler inside of the layer")]
fn panic_if_run() -> &'static str {
    panic!("a check has run a handler")
}

async fn found(builder: Builder<Shop>) -> Vec<Finding> {
    let vicarious = builder.build().unwrap();
    vicarious.check(&routes().layer(vicarious.layer())).await
}

#[tokio::test]
async fn an_application_that_is_put_together_well_gives_no_reason_to_speak_and_runs_no_handler() {
    let vicarious = builder(Shop::Cookies).build().unwrap();
    let app = routes().layer(vicarious.layer()).route("/healthz", get(async || "fine"));
    assert_eq!(vicarious.check(&app).await, []);
    assert_eq!(vicarious.check(&vicarious_axum::method_override(app)).await, [], "and behind a fallback");
}

#[tokio::test]
async fn a_layer_that_is_not_there_is_missed_and_nothing_else_is_said() {
    let vicarious = builder(Shop::Cookies).build().unwrap();
    let without = Router::new().route("/", get(async || "home"));
    assert_eq!(vicarious.check(&without).await, [Finding::NoLayer]);
    let other = builder(Shop::Cookies).build().unwrap();
    assert_eq!(vicarious.check(&routes().layer(other.layer())).await, [Finding::OthersLayer]);
}

#[tokio::test]
async fn routes_that_were_added_after_the_layer_are_named() {
    let vicarious = builder(Shop::Cookies).build().unwrap();
    let app = routes().layer(vicarious.layer()).route("/export", get(async || "everything"));
    let found = vicarious.check(&app).await;
    assert_eq!(found, [Finding::Outside { route: "/export".into(), status: 405 }]);
    assert!(found[0].to_string().starts_with("`/export` does not pass the layer"), "{}", found[0]);
}

#[tokio::test]
async fn a_router_merged_after_the_layer_takes_our_own_routes_away() {
    let vicarious = builder(Shop::Cookies).build().unwrap();
    let console = Router::new().route("/accounts", get(async || "people"));
    let found = vicarious.check(&routes().layer(vicarious.layer()).merge(console)).await;
    assert_eq!(found, [Finding::FallbackOutside, Finding::Outside { route: "/accounts".into(), status: 405 }]);
    let found = vicarious.check(&routes().route_layer(vicarious.layer())).await;
    assert_eq!(found, [Finding::FallbackOutside]);
}

#[tokio::test]
async fn what_a_customer_or_a_follower_of_a_link_would_miss_is_doubtful_once_there_is_a_console() {
    let listed = |path: &str| RouteListed { path: path.to_owned(), methods: Some(vec!["GET".into(), "POST".into()]) };
    let found = async |builder: Builder<Shop>| {
        let vicarious = builder.build().unwrap();
        vicarious.mounts_console("", &[]);
        vicarious.mounts_console_routes("", &[listed("/accounts/{id}")]);
        let app = routes().route("/accounts/{id}", get(async || "somebody").post(async || "changed"));
        let found = vicarious.check(&app.clone().layer(vicarious.layer())).await;
        assert_eq!(vicarious.treats("GET", "/accounts/17"), Treats::Console);
        assert_eq!(vicarious.undecided(&app), Vec::<String>::new(), "the console's own need no rule");
        found
    };
    let wordless = Finding::NoPhrase { routes: vec!["/".into(), "/orders/{id}".into()] };
    assert_eq!(found(builder(Shop::Cookies)).await, [wordless.clone(), Finding::NoSignInPage]);
    assert!(!wordless.is_wrong() && !Finding::NoSignInPage.is_wrong());
    assert!(wordless.to_string().contains("\"opened another page\" of /, /orders/{id}: "), "{wordless}");
    let rules = Rules::new().never("/payments").confirm("PATCH /profile", "save this profile");
    let told = rules.read("GET /", "looked at the start page").read("GET /orders/{id}", "looked at orders");
    assert_eq!(found(builder(Shop::Cookies).rules(told).sign_in_page("/sign-in?then=")).await, []);
    let wordless = Finding::NoPhrase { routes: vec!["/orders/{id}".into()] };
    let in_header =
        "browsers open neither our pages nor the start page as a customer, and scripts ask for orders as one";
    assert_eq!(found(builder(Shop::Cookies).handle_in_header()).await, [wordless], "{in_header}");
}

#[tokio::test]
async fn a_session_layer_inside_of_ours_is_explained_in_the_hosts_own_words() {
    let vicarious = builder(Shop::NeedsLayer).build().unwrap();
    let session = || axum::Extension(Session);
    let wrong = routes().layer(session()).layer(vicarious.layer());
    let sentence = "add `.layer(session)` after `.layer(vicarious.layer())`";
    assert_eq!(vicarious.check(&wrong).await, [Finding::LayerOrder(sentence.into())]);
    assert_eq!(vicarious.check(&routes().layer(vicarious.layer()).layer(session())).await, []);
}

#[tokio::test]
async fn a_host_that_cannot_answer_is_no_mistake_in_the_order_of_layers() {
    assert_eq!(found(builder(Shop::IsDown)).await, [Finding::HostCannotAnswer("the database is gone".into())]);
}

#[tokio::test]
async fn rules_that_apply_to_nothing_are_named_with_the_reason() {
    let rules = Rules::new()
        .never("/payouts")
        .write("POST /profile", "save")
        .write("POST /notes", "add a note")
        .read("/orders/new", "look at a new order")
        .read("/orders/{number}", "look at an order")
        .never("/orders");
    let found: Vec<String> = found(builder(Shop::Cookies).rules(rules)).await.iter().map(ToString::to_string).collect();
    assert_eq!(
        found,
        [
            "the rule for `/orders/new` never applies, because `/orders/{id}` is the route that matches: name that",
            "the rule for `/payouts` names a route that does not exist",
            "the rule for `POST /profile` never applies, because the route takes PATCH only",
            "the rule for `POST /notes` names a route that does not exist",
        ]
    );
}

#[tokio::test]
async fn what_the_builder_names_must_exist() {
    let builder = builder(Shop::Cookies).sign_in("POST /login").channels("/cable");
    let expected = |of, route: &str| Finding::NoRoute { of, route: route.into() };
    assert_eq!(found(builder).await, [expected("sign_in", "/login"), expected("channels", "/cable")]);
}

#[tokio::test]
async fn decisions_that_would_open_or_close_everything_are_questioned() {
    let everything = builder(Shop::Cookies).open("/").secure_cookies(false).origin("https://shop.example");
    let expected = [
        Finding::EverythingOpen { path: "/".into() },
        Finding::InsecureCookies { origin: "https://shop.example".into() },
    ];
    assert_eq!(found(everything).await, expected);
    let undecided = Vicarious::builder(Shop::Cookies).ledger(MemoryLedger::new()).keys(KeyRing::generate());
    let found = found(undecided).await;
    assert_eq!(found, [Finding::NobodyMay, Finding::NoSignOut]);
    assert!(found.iter().all(|finding| !finding.is_wrong()));
}
