//! Rights are asked for on every request: those of both, and those they have now.

use axum::Router;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::{Method, StatusCode};
use serde_json::json;
use testkit::people::{alice, bob, carol, dana, eve};
use vicarious_axum::{CurrentUser, Question, RequestIdentity, TrueUser};
use vicarious_core::decide::Decision;
use vicarious_core::policy::{self, Policy};
use vicarious_core::{Identity, Person};

use crate::support::{User, World};

/// A host's own policy over the rights of its users.
struct Rights {
    current: User,
    true_user: User,
}

impl Policy<()> for Rights {
    type Action = &'static str;

    fn own(&self, _: &Person, action: &&'static str, (): &()) -> policy::Decision {
        decision(self.current.rights.contains(action))
    }

    fn as_other(&self, _: &Person, _: &Person, action: &&'static str, (): &()) -> policy::Decision {
        decision(self.true_user.rights.contains(action))
    }
}

fn decision(allowed: bool) -> policy::Decision {
    if allowed { policy::Decision::Allow } else { policy::Decision::Deny("no right".into()) }
}

async fn payouts(
    RequestIdentity(identity): RequestIdentity,
    CurrentUser(current): CurrentUser<User>,
    TrueUser(true_user): TrueUser<User>,
) -> Response {
    match (Rights { current, true_user }).may(&identity, &"payouts", &()) {
        policy::Decision::Allow => "12 EUR".into_response(),
        policy::Decision::Deny(_) => StatusCode::FORBIDDEN.into_response(),
    }
}

// T05
#[tokio::test]
async fn a_pair_may_what_both_may() {
    let cases = [(true, true, 200), (true, false, 403), (false, true, 403), (false, false, 403)];
    for (customers, agents, expected) in cases {
        let routes = Router::new().route("/payouts", get(payouts));
        let world = World::of(
            |builder, _| {
                builder.who_may_whom(|agent, customer| {
                    agent.rights.contains("support") && !customer.rights.contains("support")
                })
            },
            routes,
        )
        .await;
        world.accounts.change(&alice(), |user| user.rights = if customers { ["payouts"].into() } else { [].into() });
        if agents {
            world.accounts.change(&bob(), |user| user.rights.extend(["payouts"]));
        }
        let mut inside = world.inside(&bob(), &alice()).await;
        let context = format!("customer {customers}, agent {agents}");
        assert_eq!(inside.get("/payouts").await.status.as_u16(), expected, "{context}");
        let own = if customers { 200 } else { 403 };
        assert_eq!(world.browser(&alice()).get("/payouts").await.status.as_u16(), own, "as herself: {context}");
    }
}

// T05, from the other side: an impersonated session is no administrator's.
#[tokio::test]
async fn an_administrator_inside_a_customer_is_a_customer() {
    let world = World::new().await;
    let row = world.inside(&bob(), &carol()).await.get_json("/whoami").await.json()["impersonation"].clone();
    let mut inside = world.inside(&dana(), &alice()).await;
    assert_eq!(inside.get("/themselves").await.status, StatusCode::FORBIDDEN);
    let start = testkit::scene::Start::of("one", dana(), alice(), world.clock.now()).decide().unwrap();
    let pair = Identity::impersonating(dana(), alice(), testkit::scene::started(&start).unwrap());
    assert_eq!(world.vicarious.staff(&pair).await, Ok(vicarious_axum::Staff::No));
    assert!(world.vicarious.revoke(&pair, &row.as_str().unwrap().into()).await.is_err());
    let search = vicarious_axum::Search { q: String::new(), organisation: None, page: 1, per_page: 10 };
    assert!(world.vicarious.search(&pair, &search).await.is_err());
    assert!(
        world
            .vicarious
            .ask_consent(&pair, carol().id(), Question { reason: "r", ..Question::default() })
            .await
            .is_err()
    );
}

// A page for staff alone is refused as well as what the customer alone may do, and the customer may not do that.
#[tokio::test]
async fn what_is_done_as_oneself_alone_is_refused_without_saying_whose_it_is() {
    let customers = Router::new().route("/customers", get(async || "everybody"));
    let rules = vicarious_core::Rules::new().never("/customers").never("/payments");
    let world = World::of(|builder, _| builder.rules(rules), customers).await;
    let mut inside = world.inside(&bob(), &alice()).await;
    let said = "Nobody can do this while acting as Alice Ames. Whoever may do it must do it as themselves.";
    let refused = [
        inside.get_json("/customers").await,
        inside.json(Method::POST, "/payments", json!({})).await,
        inside.get_json("/themselves").await,
    ];
    for answer in refused {
        assert_eq!((answer.status, &answer.json()["detail"]), (StatusCode::FORBIDDEN, &json!(said)), "{}", answer.text);
    }
}

type Loss = fn(&World);

// T25, T26
#[tokio::test]
async fn whatever_is_lost_meanwhile_ends_it_on_the_next_request_and_stop_still_works() {
    let losses: [(&str, &str, Loss); 9] = [
        ("the agent is demoted", "permission_lost", |w| w.accounts.change(&bob(), |u| u.rights.clear())),
        ("the customer is promoted", "permission_lost", |w| {
            w.accounts.change(&alice(), |u| u.rights = ["support"].into());
        }),
        ("the customer gains one right", "permission_lost", |w| {
            w.accounts.change(&alice(), |u| u.rights = ["export"].into());
        }),
        ("the agent is disabled", "account_gone", |w| w.accounts.change(&bob(), |u| u.account.active = false)),
        ("the customer is disabled", "account_gone", |w| w.accounts.change(&alice(), |u| u.account.active = false)),
        ("the agent is deleted", "account_gone", |w| w.accounts.delete(&bob())),
        ("the customer is deleted", "account_gone", |w| w.accounts.delete(&alice())),
        ("the agent is signed out", "signed_out", |w| w.accounts.sessions.lock().unwrap().clear()),
        ("both are deleted", "account_gone", |w| {
            w.accounts.delete(&alice());
            w.accounts.delete(&bob());
        }),
    ];
    for (what, cause, lose) in losses {
        for method in [Method::GET, Method::POST] {
            let world = World::new().await;
            let mut inside = world.writing(&bob(), &alice()).await;
            let path = if method == Method::GET { "/whoami" } else { "/notes" };
            assert_eq!(inside.json(method.clone(), path, json!({})).await.status, StatusCode::OK);
            let ran = world.done();
            lose(&world);
            for _ in 0..2 {
                let answer = inside.json(method.clone(), path, json!({})).await;
                let found = answer.json()["cause"].as_str().map(str::to_owned);
                assert_eq!((answer.status, found.as_deref()), (StatusCode::GONE, Some(cause)), "{what}: {answer:?}");
            }
            assert_eq!(world.done(), ran, "{what}");
            let end = world.ledger.entries_snapshot().into_iter().find(|e| e.entry.detail.get("cause").is_some());
            let end = end.expect("the end is on record").entry;
            let ids = (end.true_user.unwrap().id, end.current_user.unwrap().id);
            assert_eq!(ids, (bob().id().clone(), alice().id().clone()), "{what}");
            assert_eq!(inside.stop().await.status, StatusCode::OK, "{what}");
        }
    }
}

// T26: the customer says "no more" while the agent is inside.
#[tokio::test]
async fn opting_out_ends_what_runs_and_keeps_others_out() {
    let world = World::new().await;
    let (mut bobs, mut eves) = (world.inside(&bob(), &alice()).await, world.inside(&eve(), &alice()).await);
    let mut elsewhere = world.inside(&dana(), &carol()).await;
    world.vicarious.opt_out(&Identity::own(alice())).await.unwrap();
    for browser in [&mut bobs, &mut eves] {
        assert_eq!(browser.get_json("/whoami").await.json()["cause"], "consent_withdrawn");
        assert_eq!(browser.start(&alice()).await.status, StatusCode::FORBIDDEN);
    }
    assert_eq!(elsewhere.get("/").await.status, StatusCode::OK, "Carol's is another matter");
}

// T55
#[tokio::test]
async fn only_the_customer_as_themselves_decides_about_consent() {
    let world = World::new().await;
    let unasked = world.add("unasked", &[]);
    let question = Question { reason: "help", ..Question::default() };
    let asked = world.vicarious.ask_consent(&Identity::own(bob()), unasked.id(), question).await.unwrap();
    let start = testkit::scene::Start::of("one", bob(), unasked.clone(), world.clock.now()).decide().unwrap();
    let pair = Identity::impersonating(bob(), unasked.clone(), testkit::scene::started(&start).unwrap());
    let kinds = world.kinds();
    let strangers = [pair, Identity::own(bob()), Identity::own(dana()), Identity::own(alice()), Identity::anonymous()];
    for identity in &strangers {
        for decision in [Decision::Give, Decision::Refuse, Decision::Withdraw] {
            assert!(world.vicarious.decide_consent(identity, &asked.id, decision).await.is_err(), "{identity:?}");
        }
    }
    let tomorrow = world.clock.now() + jiff::SignedDuration::from_hours(24);
    for identity in [&strangers[0], &strangers[1], &strangers[2], &strangers[4]] {
        assert!(world.vicarious.give_consent(identity, tomorrow).await.is_err(), "{identity:?}");
        assert!(world.vicarious.opt_out(identity).await.is_err(), "{identity:?}");
        assert!(world.vicarious.opt_in(identity).await.is_err(), "{identity:?}");
    }
    assert_eq!(world.kinds(), kinds, "none of it changed anything");
    assert_eq!(world.browser(&bob()).start(&unasked).await.status, StatusCode::FORBIDDEN);
    world.vicarious.decide_consent(&Identity::own(unasked.clone()), &asked.id, Decision::Give).await.unwrap();
    assert_eq!(world.browser(&eve()).start(&unasked).await.status, StatusCode::FORBIDDEN, "it was Bob who asked");
    assert_eq!(world.browser(&bob()).start(&unasked).await.status, StatusCode::CREATED);
    assert_eq!(world.browser(&bob()).start(&unasked).await.status, StatusCode::FORBIDDEN, "it has one use");
}

#[tokio::test]
async fn an_account_that_the_host_mixes_up_is_nobodys() {
    let world = World::new().await;
    let mut inside = world.inside(&bob(), &alice()).await;
    world.accounts.change(&alice(), |user| user.account = carol());
    assert_eq!(inside.get("/profile").await.status, StatusCode::GONE, "never Carol's page under Alice's name");
}
