//! Whatever people, thieves and outages do, in any order: nothing runs as a customer without a durable intent of an
//! impersonation that was active, and nothing of a customer's page runs as the agent.

use std::time::Duration;

use http::{Method, StatusCode};
use jiff::SignedDuration;
use serde_json::{Value, json};
use testkit::people::{alice, bob, carol, dana};
use vicarious_core::decide::Decision;
use vicarious_core::ports::{Consents, Ledger, Running};
use vicarious_core::{Identity, SignInKey};

use crate::support::{Browser, HANDLE, World};

/// A small generator, so that a failing run is named by its seed.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn roll(&mut self, sides: usize) -> usize {
        // SplitMix64.
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % sides as u64).unwrap()
    }
}

struct Run {
    world: World,
    /// Two tabs of Bob, one of Dana.
    tabs: Vec<Browser>,
    /// Handles that were handed out, for the thief.
    handles: Vec<String>,
    stuck: bool,
    steps: Vec<String>,
}

impl Run {
    async fn new(dice: &mut Dice) -> Self {
        let cache = Duration::from_secs([0, 2, 3600][dice.roll(3)]);
        let world = World::with(|builder| builder.cache_for(cache)).await;
        let bobs = world.browser(&bob());
        let tabs = vec![bobs.clone(), bobs, world.browser(&dana())];
        Self { world, tabs, handles: Vec::new(), stuck: false, steps: Vec::new() }
    }

    /// A step of somebody at a browser; returns what was answered.
    async fn browse(&mut self, tab: usize, step: usize, dice: &mut Dice) -> StatusCode {
        let browser = &mut self.tabs[tab];
        let write = json!({"mode": "write", "reason": "r"});
        let answer = match step {
            0 | 1 => browser.start(&[alice(), carol()][step]).await,
            2 => browser.start(&dana()).await,
            3 => browser.stop().await,
            4..=6 => browser.get("/").await,
            7 | 8 => browser.json(Method::POST, "/notes", json!({})).await,
            9 => browser.json(Method::POST, "/payments", json!({})).await,
            10 => browser.json(Method::PATCH, "/profile", json!({})).await,
            11 | 12 => browser.json(Method::PATCH, "/impersonation", write).await,
            13 => browser.json(Method::PATCH, "/impersonation", json!({"mode": "read"})).await,
            14 if dice.roll(2) == 0 => browser.form("/notes", &[("text", "a")]).await,
            14 => {
                browser.json(Method::PATCH, "/impersonation", write).await;
                browser.json(Method::POST, "/notes", json!({})).await
            }
            15 => {
                let tag = browser.get("/profile").await.hidden("_identity").unwrap_or_default();
                browser.form("/notes", &[("_identity", &tag)]).await
            }
            16 => browser.json(Method::DELETE, "/session", Value::Null).await,
            17 => {
                let running = browser.get_json("/impersonation").await.json()["impersonation"]["id"].clone();
                let body = json!({"account_id": "carol", "reason": "r", "instead_of": running});
                browser.json(Method::POST, "/impersonation", body).await
            }
            _ => browser.get_json("/whoami").await,
        };
        if let Some(handle) = browser.cookies.get(HANDLE)
            && !self.handles.contains(handle)
        {
            self.handles.push(handle.clone());
        }
        answer.status
    }

    /// A step of the world around.
    async fn happen(&mut self, step: usize, dice: &mut Dice) {
        let (world, tab) = (&self.world, dice.roll(3));
        match step {
            0 | 1 => world.clock.advance(SignedDuration::from_secs(i64::try_from(dice.roll(700)).unwrap())),
            2 => world.clock.advance(SignedDuration::from_secs(1)),
            3 => world.accounts.change(&bob(), |user| user.rights.clear()),
            4 | 5 => world.accounts.change(&bob(), |user| user.rights = ["support"].into()),
            6 => world.accounts.change(&alice(), |user| user.account.active ^= true),
            7 => drop(self.tabs[tab].cookies.remove(HANDLE)),
            8 if !self.handles.is_empty() => {
                let stolen = self.handles[dice.roll(self.handles.len())].clone();
                self.tabs[tab].cookies.insert(HANDLE.into(), stolen);
            }
            9 if dice.roll(2) == 0 => {
                let whose = if tab == 2 { dana() } else { bob() };
                let session = world.sign_in(&whose);
                self.tabs[tab].cookies.insert("session".into(), session);
            }
            10 if dice.roll(3) == 0 => drop(world.vicarious.pause(None, "r").await),
            10 | 11 => drop(world.vicarious.resume(None).await),
            12 => {
                let running = world.ledger.running(Running::All).await.unwrap_or_default();
                if let Some(row) = running.first() {
                    drop(world.vicarious.revoke(&Identity::own(dana()), &row.id).await);
                }
            }
            13 => {
                let customer = Identity::own(alice());
                let consents = world.ledger.consents(Consents::Of(alice().id())).await.unwrap_or_default();
                for consent in consents {
                    drop(world.vicarious.decide_consent(&customer, &consent.id, Decision::Withdraw).await);
                }
            }
            14 => {
                let until = world.clock.now() + SignedDuration::from_hours(24);
                drop(world.vicarious.give_consent(&Identity::own(alice()), until).await);
            }
            15 => self.fail(true),
            18 => world.accounts.fail(dice.roll(2) == 0),
            _ => {}
        }
    }

    /// Whatever broke is repaired.
    async fn heal(&self) {
        self.fail(false);
        self.world.accounts.fail(false);
        self.world.accounts.change(&bob(), |user| user.rights = ["support"].into());
        self.world.accounts.change(&alice(), |user| user.account.active = true);
        drop(self.world.vicarious.resume(None).await);
    }

    fn fail(&self, failing: bool) {
        self.world.ledger.fail(failing);
    }

    /// Returns whether this tab's sign-in has an impersonation that it neither stopped nor acknowledged.
    async fn has_open(&self, tab: usize) -> bool {
        let Some(session) = self.tabs[tab].cookies.get("session") else { return false };
        let key = SignInKey::from(session.as_str());
        self.world.ledger.open_of(&key).await.is_ok_and(|open| open.is_some())
    }

    async fn step(&mut self, dice: &mut Dice) {
        if dice.roll(6) == 0 {
            self.heal().await;
        }
        if dice.roll(6) == 0 {
            let step = dice.roll(20);
            self.steps.push(format!("happens {step}"));
            return self.happen(step, dice).await;
        }
        // After a refusal that stays, somebody goes on as themselves more often than not.
        let (tab, mut step) = (dice.roll(3), dice.roll(20));
        if self.stuck && dice.roll(2) == 0 {
            step = 3;
        }
        let (open, before) = (self.has_open(tab).await, self.world.done().len());
        let status = self.browse(tab, step, dice).await;
        self.steps.push(format!("tab {tab} does {step}: {status}"));
        self.stuck = status == StatusCode::GONE;
        // Tabs of one browser share their cookies, unless one of them is a copy on a thief's machine.
        if tab < 2 && dice.roll(8) > 0 {
            self.tabs[1 - tab].cookies = self.tabs[tab].cookies.clone();
        }
        assert_ne!(status, StatusCode::INTERNAL_SERVER_ERROR, "{:#?}", self.steps);
        let agent = if tab == 2 { "dana" } else { "bob" };
        for ran in &self.world.done()[before..] {
            assert!(ran.ends_with(&format!("by {agent}")) || ran.ends_with("by -"), "{ran}: {:#?}", self.steps);
            let as_themselves = ran.ends_with(&format!("as {agent} by {agent}"));
            assert!(!(open && as_themselves), "{ran} on the customer's page: {:#?}", self.steps);
            assert!(!ran.contains("/payments as alice") && !ran.contains("/payments as carol"), "{:#?}", self.steps);
        }
    }
}

#[tokio::test]
async fn in_any_sequence_nothing_runs_without_a_durable_intent_and_every_intent_ends_once() {
    let (mut ran, mut wrote) = (0, 0);
    for seed in 0..300 {
        let dice = &mut Dice(seed);
        let mut run = Run::new(dice).await;
        for tab in [0, 2] {
            let step = dice.roll(2);
            run.browse(tab, step, dice).await;
        }
        for _ in 0..30 {
            run.step(dice).await;
        }
        run.world.accounts.fail(false);
        run.fail(false);
        for tab in &mut run.tabs {
            assert_eq!(tab.stop().await.status, StatusCode::OK, "seed {seed}: stopping always works");
        }
        let done = run.world.done();
        ran += run.world.ran_as_somebody_else();
        wrote += done.iter().filter(|ran| ran.contains(" as alice by ")).count();
        // The record is judged as the world ends.
    }
    assert!(ran > 500 && wrote > 50, "the runs did get somewhere: {ran} requests, {wrote} of them wrote");
}
