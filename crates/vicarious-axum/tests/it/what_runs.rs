//! Every unsafe route as a pair: what nobody classified does not run.

use http::{Method, StatusCode};
use serde_json::json;
use testkit::people::{alice, bob};
use vicarious_core::Rules;

use crate::support::World;

const METHODS: [&str; 8] = ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PURGE", "LOCK", "QUERY"];

/// Every route of the application, those in danger that every application has included.
fn routes() -> axum::Router {
    let mut router = axum::Router::new();
    for path in DANGEROUS {
        let handler = move |identity: vicarious_axum::RequestIdentity| async move {
            assert!(!identity.0.is_impersonating(), "{path} ran as somebody else");
            "done"
        };
        router = router.route(path, axum::routing::any(handler));
    }
    router
}

const DANGEROUS: [&str; 14] = [
    "/password",
    "/email",
    "/two-factor",
    "/passkeys/{id}",
    "/recovery-codes",
    "/api-keys",
    "/oauth/authorize",
    "/webhooks",
    "/payouts",
    "/account",
    "/upload",
    "/graphql",
    "/payments/{id}/{*rest}",
    "/logout-everywhere",
];

// T29
#[tokio::test]
async fn an_unsafe_route_runs_only_if_a_rule_says_so() {
    let world = World::with_routes(routes()).await;
    let mut inside = world.writing(&bob(), &alice()).await;
    let mut ran = Vec::new();
    let ours = ["/", "/profile", "/notes", "/payments", "/payments/1/refund", "/unclassified", "/no/such/route"];
    let concrete = DANGEROUS.map(|path| path.replace("{id}", "7").replace("{*rest}", "a/b"));
    for path in ours.into_iter().map(str::to_owned).chain(concrete) {
        for method in METHODS.into_iter().filter(|method| *method != "OPTIONS") {
            let answer = inside.raw(method, &path, &[("accept", "application/json")], "").await;
            match answer.status {
                StatusCode::OK => ran.push(format!("{method} {path}")),
                StatusCode::PRECONDITION_REQUIRED => ran.push(format!("{method} {path} once confirmed")),
                status => assert_eq!(status, StatusCode::FORBIDDEN, "{method} {path}"),
            }
            assert!(answer.headers.contains_key("impersonation"), "{method} {path}");
        }
    }
    assert_eq!(ran, ["PATCH /profile once confirmed", "POST /notes"], "this list, and nothing else");
    assert_eq!(world.done(), ["POST /notes as alice by bob"]);
    let met = world.vicarious.routes_met();
    assert!(met.iter().any(|met| (met.method.as_str(), met.route.as_str()) == ("POST", "/payouts")), "{met:?}");
    assert!(!met.iter().any(|met| met.route == "/notes" && met.method == "POST"));
}

// T29: in reading mode not even those.
#[tokio::test]
async fn in_reading_mode_no_unsafe_route_runs() {
    let world = World::with_routes(routes()).await;
    let mut inside = world.inside(&bob(), &alice()).await;
    for path in ["/profile", "/notes", "/payments", "/unclassified", "/password", "/api-keys", "/graphql"] {
        for method in METHODS.into_iter().filter(|method| *method != "OPTIONS") {
            let answer = inside.raw(method, path, &[("accept", "application/json")], "").await;
            assert_eq!(answer.status, StatusCode::FORBIDDEN, "{method} {path}");
        }
    }
    assert!(world.done().is_empty());
}

// T29: a path that is spelled differently is judged by the route that it reaches.
#[tokio::test]
async fn no_spelling_of_a_path_gets_around_its_rule() {
    let world = World::with_routes(routes()).await;
    let mut inside = world.writing(&bob(), &alice()).await;
    for path in [
        "/payments/",
        "//payments",
        "/./payments",
        "/notes/../payments",
        "/%70ayments",
        "/payments?x=/notes",
        "/PAYMENTS",
        "/payments;a=1",
        "/payments%2F1%2Frefund",
        "/payments/1/refund/",
        "/notes/%2e%2e/payments",
        "http://elsewhere.example/payments",
        "/notes%00",
        "/password?_method=GET",
    ] {
        for (name, value) in [("accept", "application/json"), ("x-original-url", "/notes"), ("x-rewrite-url", "/notes")]
        {
            let answer = inside.raw("POST", path, &[(name, value)], "").await;
            assert_eq!(answer.status, StatusCode::FORBIDDEN, "{path}");
        }
    }
    assert!(world.done().is_empty());
}

// T29: a body cannot turn a forbidden method into an allowed one, nor an allowed one into a forbidden one unjudged.
#[tokio::test]
async fn an_overridden_method_is_judged_as_what_runs() {
    let world = World::new().await;
    let mut inside = world.writing(&bob(), &alice()).await;
    let tag = inside.tag().await;
    for method in ["PUT", "DELETE", "delete", "PATCH"] {
        let answer = inside.form("/notes", &[("_identity", &tag), ("_method", method)]).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{method} /notes");
    }
    for method in ["GET", "HEAD", "CONNECT", "", "POST"] {
        inside.form("/payments", &[("_identity", &tag), ("_method", method)]).await;
    }
    assert!(world.done().is_empty());
}

// T29: what is held is what is judged and what runs.
#[tokio::test]
async fn a_held_request_cannot_be_carried_to_another_route() {
    let world = World::new().await;
    let mut inside = world.inside(&bob(), &alice()).await;
    let tag = inside.tag().await;
    let held = inside.form("/notes", &[("_identity", &tag), ("text", "hello")]).await.hidden("_held").unwrap();
    inside.json(Method::PATCH, "/impersonation", json!({"mode": "write", "reason": "r"})).await;
    let fields = [("_identity", tag.as_str()), ("_held", &held)];
    for path in ["/payments", "/profile", "/unclassified", "/notes?x=1"] {
        let answer = inside.form(path, &fields).await;
        assert!(matches!(answer.status, StatusCode::CONFLICT | StatusCode::FORBIDDEN), "{path}: {answer:?}");
    }
    let patched = inside.form("/notes", &[fields[0], fields[1], ("_method", "PATCH")]).await;
    assert_eq!(patched.status, StatusCode::CONFLICT);
    assert!(world.done().is_empty());
    let sent = inside.form("/notes", &fields).await;
    assert_eq!(sent.json()["body"], "text=hello");
    let mut other = world.inside(&bob(), &alice()).await;
    other.json(Method::PATCH, "/impersonation", json!({"mode": "write", "reason": "r"})).await;
    let tag = other.tag().await;
    assert_eq!(other.form("/notes", &[("_identity", &tag), ("_held", &held)]).await.status, StatusCode::CONFLICT);
    assert_eq!(world.done().len(), 1);
}

// T29
#[tokio::test]
async fn a_confirmation_is_for_one_request_of_one_impersonation_within_five_minutes() {
    let world = World::with(|builder| {
        builder.rules(Rules::new().confirm("PATCH /profile", "save").confirm("POST /notes", "add"))
    })
    .await;
    let mut inside = world.writing(&bob(), &alice()).await;
    let mut other = world.writing(&bob(), &alice()).await;
    let ask = async |browser: &mut crate::support::Browser| {
        let answer = browser.json(Method::PATCH, "/profile", json!({"name": "A"})).await;
        answer.json()["confirmation"].as_str().unwrap().to_owned()
    };
    let confirmation = ask(&mut inside).await;
    let headers =
        [("accept", "application/json"), ("content-type", "application/json"), ("confirmation", &*confirmation)];
    let body = r#"{"name":"A"}"#;
    let wrong = [
        inside.raw("POST", "/notes", &headers, body).await,
        inside.raw("PATCH", "/profile?x=1", &headers, body).await,
        inside.raw("PATCH", "/profile", &headers, r#"{"name":"B"}"#).await,
        other.raw("PATCH", "/profile", &headers, body).await,
    ];
    assert!(wrong.iter().all(|answer| answer.status == StatusCode::PRECONDITION_REQUIRED), "{wrong:?}");
    world.clock.advance(jiff::SignedDuration::from_mins(5));
    assert_eq!(inside.raw("PATCH", "/profile", &headers, body).await.status, StatusCode::PRECONDITION_REQUIRED);
    assert!(world.done().is_empty());
    let fresh = ask(&mut inside).await;
    let headers = [headers[0], headers[1], ("confirmation", fresh.as_str())];
    assert_eq!(inside.raw("PATCH", "/profile", &headers, body).await.status, StatusCode::OK);
}
