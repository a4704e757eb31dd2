//! An agent's browser over a host's router.

use jiff::SignedDuration;
use vicarious_core::AccountId;
use vicarious_testing::{Credential, ManualClock, TestApp};

use crate::shop::{self, Mistake};

pub(crate) fn app(clock: &ManualClock, mistake: Mistake) -> TestApp {
    let (router, vicarious) = shop::broken(clock, mistake);
    TestApp::new(router, &vicarious, async |who| Credential::form("/sign-in", &[("who", who.as_str())])).clock(clock)
}

#[tokio::test]
async fn an_agent_signs_in_as_the_host_says_and_is_inside_the_customers_account() {
    let (router, vicarious) = shop::application(&ManualClock::default());
    let app = TestApp::new(router, &vicarious, async |who| Credential::form("/sign-in", &[("who", who.as_str())]));
    let mut bob = app.as_agent("bob").impersonating("alice").reason("SUP-1").ticket("SUP-1").with_consent().await;
    assert_eq!(bob.impersonation().ticket.as_deref(), Some("SUP-1"));
    bob.get("/account").await.assert_status(200).assert_shows("alice@example.com").assert_in_plain_sight();
    let mut browser = bob.stop().await;
    browser.get("/account").await.assert_status(200).assert_shows("bob@example.com");
}

#[tokio::test]
async fn a_host_with_tokens_is_used_and_attacked_in_the_same_way() {
    let clock = ManualClock::default();
    let (router, vicarious) = shop::broken(&clock, Mistake::SignsInWithTokens);
    let app = TestApp::new(router, &vicarious, async |who: AccountId| {
        Credential::json("/tokens", &who.as_str().into()).token_at("/token")
    })
    .clock(&clock);
    let mut bob = app.as_agent("bob").impersonating("alice").with_consent().await;
    bob.get("/account").await.assert_status(200).assert_shows("alice@example.com").assert_in_plain_sight();
    bob.stop().await.get("/account").await.assert_status(200).assert_shows("bob@example.com");

    let attack = app.attack().agent("bob").customer("alice").colleague("eve").administrator("dana");
    attack.another_customer("carol").page("/account").example("id", "1").run().await.assert_held();
}

#[tokio::test]
async fn what_is_put_together_wrongly_is_told_in_sentences() {
    let clock = ManualClock::default();
    assert_eq!(app(&clock, Mistake::None).check("bob").await, Vec::<String>::new());
    let found = app(&clock, Mistake::CookieForAll).check("bob").await;
    assert!(found[0].starts_with("the cookie `session` of the sign-in is not `SameSite=Lax`"), "{found:?}");
    let found = app(&clock, Mistake::CookieWithoutSecure).check("bob").await;
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].starts_with("the cookie `session` of the sign-in is not `Secure`"), "{found:?}");
    let found = app(&clock, Mistake::RoutesBeside).check("bob").await;
    assert!(found.iter().all(|sentence| sentence.contains("does not pass the layer")), "{found:?}");
    assert_eq!(found.len(), 2, "/export and /import");
    let found = app(&clock, Mistake::SignInIsNotFound).check("bob").await;
    assert!(found[0].starts_with("`bob` has signed in, and the layer sees nobody"), "{found:?}");
}

#[tokio::test]
async fn what_has_no_rule_yet_is_listed_without_the_consoles_own_and_a_router_that_is_silent_says_so() {
    let (router, vicarious) = shop::application(&ManualClock::default());
    let undecided = |router| TestApp::new(router, &vicarious, async |_| Credential::bearer("")).undecided();
    assert_eq!(undecided(router.clone()), ["POST /import", "POST /newsletter"]);
    assert!(undecided(vicarious_axum::method_override(router))[0].contains("does not tell its routes"));
}

#[tokio::test]
async fn the_tag_and_the_confirmation_are_given_or_withheld_at_will() {
    let app = app(&ManualClock::default(), Mistake::None);
    let mut bob = app.as_agent("bob").impersonating("alice").with_consent().await;
    bob.write_mode("asked to").await;
    let saved = [("name", "Al")];
    bob.post_form("/profile", &saved).await.assert_status(200);
    bob.post_json("/profile", &serde_json::json!({ "name": "Al" })).await.assert_status(200);
    bob.post_form("/profile", &saved).unconfirmed().await.assert_status(428);
    bob.post_form("/profile", &saved).without_tag().await.assert_status(409);
    bob.post_form("/profile", &saved).tagged("another").await.assert_status(409);
    bob.post_form("/notes", &saved).await.assert_status(200);
    assert_eq!(bob.post_json("/payments", &saved.len().into()).await.problem().as_deref(), Some("never"));
    bob.read_mode().await;
    bob.post_form("/notes", &saved).await.assert_status(403);
}

#[tokio::test]
async fn a_clock_that_the_test_moves_shows_the_fall_back_the_idle_end_and_the_hard_end() {
    let clock = ManualClock::default();
    let app = app(&clock, Mistake::None);
    let mut bob = app.as_agent("bob").impersonating("alice").with_consent().await;
    bob.write_mode("asked to").await;
    bob.post_form("/notes", &[]).await.assert_status(200);
    clock.advance(SignedDuration::from_mins(9));
    bob.get("/account").await.assert_status(200);
    clock.advance(SignedDuration::from_mins(2));
    assert_eq!(bob.post("/notes").json(&true.into()).await.problem().as_deref(), Some("read-only"));
    clock.advance(SignedDuration::from_mins(10));
    let answer = bob.get("/account").as_json().await;
    assert_eq!(answer.assert_status(410).json()["cause"], "idle");

    let mut bob = app.as_agent("bob").impersonating("alice").await;
    for _ in 0..4 {
        clock.advance(SignedDuration::from_mins(7));
        bob.get("/account").await.assert_status(200);
    }
    clock.advance(SignedDuration::from_mins(2));
    assert_eq!(bob.get("/account").as_json().await.assert_status(410).json()["cause"], "expired");
}

#[tokio::test]
async fn a_start_that_is_refused_can_be_looked_at() {
    let app = app(&ManualClock::default(), Mistake::None);
    let answer = app.as_agent("bob").impersonating("alice").refused().await;
    assert_eq!((answer.status.as_u16(), answer.problem().as_deref()), (403, Some("consent-required")));
    let answer = app.as_agent("bob").impersonating("eve").attempt().await.unwrap_err();
    answer.assert_status(404);
}

#[tokio::test]
#[should_panic(expected = "no header can have this name: ")]
async fn a_header_that_cannot_be_sent_is_told_at_once() {
    let app = app(&ManualClock::default(), Mistake::None);
    let mut bob = app.as_agent("bob").impersonating("alice").with_consent().await;
    bob.get("/account").header("HX Request", "true").await;
}

#[tokio::test]
#[should_panic(expected = "`bob` was to be refused, and started to act as `alice`")]
async fn a_start_that_was_to_be_refused_says_that_it_started() {
    app(&ManualClock::default(), Mistake::None).as_agent("bob").impersonating("alice").with_consent().refused().await;
}

#[tokio::test]
#[should_panic(expected = "The customer has not agreed: say `.with_consent()`.")]
async fn a_start_that_fails_says_what_would_help() {
    app(&ManualClock::default(), Mistake::None).as_agent("bob").impersonating("alice").await;
}

#[tokio::test]
#[should_panic(expected = "`mallory` could not sign in: POST /sign-in answered")]
async fn a_sign_in_that_fails_says_what_came_back() {
    app(&ManualClock::default(), Mistake::None).signed_in("mallory").await;
}

#[tokio::test]
#[should_panic(expected = "expected 200, but GET /account answered 410 Gone")]
async fn a_claim_that_does_not_hold_shows_the_answer() {
    let app = app(&ManualClock::default(), Mistake::None);
    let mut bob = app.as_agent("bob").impersonating("alice").with_consent().await;
    bob.is_revoked().await;
    bob.get("/account").await.assert_status(200);
}
