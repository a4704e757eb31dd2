//! What an attack finds in hosts that were put together wrongly, and that it finds nothing in one that was not.

use std::collections::HashMap;

use vicarious_axum::RouteListed;
use vicarious_testing::{AttackReport, Browser, Credential, Held, ManualClock, TestApp};

use crate::inside::app;
use crate::shop::{Mistake, broken};

async fn attacked(mistake: Mistake) -> AttackReport {
    let attack = app(&ManualClock::default(), mistake).attack();
    let attack = attack.agent("bob").customer("alice").colleague("eve").administrator("dana").another_customer("carol");
    attack.page("/account").example("id", "1").run().await
}

/// Asserts that a mistake shows as an abuse that was not held, with a word of explanation.
async fn check(mistake: Mistake, abuse: &str, explained: &str) {
    let report = attacked(mistake).await;
    let attempt = report.attempts.iter().find(|attempt| attempt.abuse == abuse).unwrap();
    assert_eq!(attempt.held, Held::No, "{mistake:?}\n{report}");
    assert!(attempt.tried.contains(explained) || attempt.came_back.contains(explained), "{mistake:?}\n{report}");
    assert!(report.to_string().contains("| NO"), "{report}");
}

#[tokio::test]
async fn a_host_that_is_put_together_well_holds_against_all_twelve() {
    let report = attacked(Mistake::None).await;
    report.assert_held();
    assert_eq!(report.attempts.len(), 12);
    assert!(report.attempts.iter().all(|attempt| attempt.held == Held::Yes), "{report}");
}

#[tokio::test]
async fn routes_that_nobody_classified_are_counted_and_named_the_hosts_own_first() {
    let clock = ManualClock::default();
    let (router, vicarious) = broken(&clock, Mistake::None);
    let listed = |path: &str| RouteListed { path: path.to_owned(), methods: Some(vec!["POST".into()]) };
    vicarious.mounts_console_routes("", &["/consents", "/support-code", "/pause"].map(listed));
    let app = TestApp::new(router, &vicarious, async |who| Credential::form("/sign-in", &[("who", who.as_str())]));
    let attack = app.clock(&clock).attack().agent("bob").customer("alice").page("/account");
    let report = attack.routes(["POST /consents", "POST /support-code", "POST /pause"]).run().await;
    let attempt = report.attempts.iter().find(|attempt| attempt.abuse == "a route that nobody classified").unwrap();
    assert_eq!(attempt.tried, "3 ways each: POST /import, POST /newsletter, POST /consents, …", "{report}");
    assert_eq!(attempt.came_back, "403 for 2 of yours, 3 of the console's and one made up", "{report}");
}

#[tokio::test]
async fn a_users_id_as_the_key_of_every_sign_in_is_found() {
    check(Mistake::UserAsKey, "a stolen handle", "two sign-ins of one person have the same key").await;
}

#[tokio::test]
async fn a_sign_in_that_is_always_new_is_found() {
    check(Mistake::SignsInNow, "a stolen handle", "`SignIn::since` is when the person proved who they are").await;
}

#[tokio::test]
async fn a_host_that_answers_for_every_key_is_found() {
    check(Mistake::EveryKeyIsAlive, "a stolen handle", "a key that no sign-in has").await;
}

#[tokio::test]
async fn a_sign_in_that_outlives_its_sign_out_is_found() {
    check(Mistake::SignOutForgetsNothing, "a stolen handle", "a sign-in after the sign-out").await;
}

#[tokio::test]
async fn one_cookie_for_every_sign_in_and_a_clock_that_stands_still_are_told_instead_of_held() {
    let clock = ManualClock::default();
    let (router, vicarious) = broken(&clock, Mistake::None);
    let app =
        TestApp::new(router.clone(), &vicarious, async |who| Credential::form("/sign-in", &[("who", who.as_str())]));
    let cookie = |browser: &Browser| browser.cookies().next().map(|(_, value)| value.to_owned()).unwrap();
    let ready = HashMap::from([
        ("bob".to_owned(), cookie(&app.signed_in("bob").await)),
        ("alice".to_owned(), cookie(&app.signed_in("alice").await)),
    ]);
    for (app, missing) in [
        (app, "hand it over, `TestApp::clock(&clock)`"),
        (
            TestApp::new(router, &vicarious, move |who| {
                let cookie = ready.get(who.as_str()).cloned().unwrap_or_default();
                async move { Credential::cookie("session", cookie) }
            }),
            "gives one cookie or token for every sign-in of `bob`",
        ),
    ] {
        let report = app.attack().agent("bob").customer("alice").colleague("eve").page("/account").run().await;
        let attempt = &report.attempts[0];
        assert_eq!(attempt.held, Held::NotTried, "{report}");
        assert!(attempt.came_back.contains(missing), "{report}");
    }
}

#[tokio::test]
async fn parts_of_an_abuse_are_left_out_with_a_reason_and_the_rest_is_tried() {
    let attack =
        app(&ManualClock::default(), Mistake::UserAsKey).attack().agent("bob").customer("alice").colleague("eve");
    let attack = attack.without("the handle in another sign-in", "one token each").page("/account");
    let report = attack.without("a sign-in after the sign-out", "tokens live for five minutes").run().await;
    let attempt = &report.attempts[0];
    assert_eq!(attempt.held, Held::Yes, "{report}");
    assert!(attempt.came_back.contains("one token each"), "{report}");
    assert!(attempt.came_back.contains("tokens live for five minutes"), "{report}");
}

#[tokio::test]
async fn an_auth_layer_inside_of_ours_shows_the_agents_page() {
    check(Mistake::AuthInside, "out of sight", "the agent's page").await;
}

#[tokio::test]
async fn a_current_user_kept_in_a_session_is_found() {
    check(Mistake::UserInSession, "a handle after the stop", "is the current user kept in a session?").await;
}

#[tokio::test]
async fn a_page_beside_the_layer_is_found() {
    check(Mistake::RoutesBeside, "out of sight", "/export").await;
}

#[tokio::test]
async fn an_unsafe_route_beside_the_layer_is_found() {
    check(Mistake::RoutesBeside, "a route that nobody classified", "POST /import").await;
}

#[tokio::test]
async fn everybody_as_everybody_is_found() {
    check(Mistake::EverybodyMay, "somebody one may not be", "the agent as a colleague").await;
}

#[tokio::test]
async fn a_session_secret_as_the_key_of_a_sign_in_is_found() {
    check(Mistake::SecretAsKey, "secrets in the record, and gaps", "return a digest").await;
}

#[tokio::test]
async fn pages_that_proxies_may_keep_are_found() {
    check(Mistake::KeptByProxies, "out of sight", "no-store").await;
}

#[tokio::test]
async fn what_cannot_be_tried_is_a_failure_that_says_what_is_missing() {
    let report = attacked(Mistake::PaysLikeAnyChange).await;
    let attempt = report.attempts.iter().find(|attempt| attempt.abuse == "what only the customer may do").unwrap();
    assert_eq!(attempt.held, Held::NotTried, "{report}");

    let report = attacked(Mistake::NoLayer).await;
    assert_eq!(report.failures().len(), 12, "{report}");

    let nobody_else =
        app(&ManualClock::default(), Mistake::None).attack().agent("bob").customer("alice").page("/account");
    let report = nobody_else.run().await;
    assert!(report.to_string().contains("say who: `.colleague(…)`"), "{report}");
}

#[tokio::test]
async fn what_is_left_out_is_shown_with_its_reason() {
    let attack = app(&ManualClock::default(), Mistake::PaysLikeAnyChange).attack();
    let attack = attack.agent("bob").customer("alice").colleague("eve").administrator("dana").another_customer("carol");
    let report = attack.page("/account").without("what only the customer may do", "nobody pays here").run().await;
    report.assert_held();
    assert!(report.to_string().contains("nobody pays here"), "{report}");
}
