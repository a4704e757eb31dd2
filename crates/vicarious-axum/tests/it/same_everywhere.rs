//! For ten thousand states of sign-ins and impersonations, a request, a socket, a ticket and a job have the same answer:
//! the same identity, or none for the same cause.

use std::collections::BTreeMap;

use http::{Method, StatusCode};
use jiff::SignedDuration;
use serde_json::{Value, json};
use testkit::people::{alice, bob, carol, dana};
use vicarious_axum::{Carried, Connected, Connecting, Still};
use vicarious_core::decide::{Decision, end};
use vicarious_core::ports::Ledger;
use vicarious_core::{EndCause, Identity};

use crate::any_sequence::Dice;
use crate::support::{Browser, HANDLE, Sockets, User, World};

const STATES: usize = 10_000;

/// Cookies that stay as they are, and what was connected with them while they were worth something.
struct Client {
    browser: Browser,
    connected: Option<(Connected, Carried)>,
}

impl Client {
    async fn of(world: &World, sockets: &Sockets, browser: &Browser) -> Self {
        let connected = match sockets.connecting(browser).await {
            Connecting::As(connected) => {
                let carried = world.vicarious.carry(&connected);
                Some((connected, carried))
            }
            Connecting::Nobody | Connecting::Ended(_) => None,
        };
        Self { browser: browser.clone(), connected }
    }

    /// Asks one of the ways who this is.
    async fn who(&self, world: &World, sockets: &Sockets, way: usize) -> Option<String> {
        let connected = self.connected.as_ref();
        Some(match (way, connected) {
            (0, _) => {
                let answer = self.browser.clone().get_json("/whoami").await;
                let said = answer.json();
                match answer.status {
                    StatusCode::GONE => format!("ended: {}", said["cause"].as_str().unwrap()),
                    StatusCode::OK if said["true_user"].is_null() => "nobody".to_owned(),
                    StatusCode::OK => {
                        let word = |name: &str| said[name].as_str().unwrap_or_default().to_owned();
                        format!("{} by {} in {}", word("current_user"), word("true_user"), word("impersonation"))
                    }
                    other => panic!("{other}: {answer:?}"),
                }
            }
            (1, _) => word(&sockets.connecting(&self.browser).await),
            (2, Some((connected, _))) => match world.vicarious.still(connected).await.unwrap() {
                Still::Yes => word(&Connecting::As(connected.clone())),
                Still::Ended(cause) => word(&Connecting::Ended(cause)),
                Still::SignedOut => word(&Connecting::Nobody),
            },
            (3, Some((_, carried))) => word(&world.vicarious.take_up(carried).await.unwrap()),
            (4, Some((connected, _))) => {
                let ticket = world.vicarious.cable_ticket(connected).ticket;
                let parts = http::Request::new(()).into_parts().0;
                word(&world.vicarious.redeem(&ticket, &parts).await.unwrap())
            }
            _ => return None,
        })
    }
}

fn word(connecting: &Connecting) -> String {
    match connecting {
        Connecting::Nobody => "nobody".to_owned(),
        Connecting::Ended(cause) => format!("ended: {}", cause.as_str()),
        Connecting::As(who) => format!(
            "{} by {} in {}",
            who.current_user().unwrap().id,
            who.true_user().unwrap().id,
            who.impersonation().map_or("", |row| row.id.as_str())
        ),
    }
}

struct Run {
    world: World,
    sockets: Sockets,
    everybody: Vec<User>,
    clients: Vec<Client>,
    steps: Vec<usize>,
}

impl Run {
    async fn new(dice: &mut Dice) -> Self {
        let world = World::with(|builder| builder.channels("/cable")).await;
        let sockets = Sockets::of(&world);
        let everybody = world.accounts.users.lock().unwrap().values().cloned().collect();
        let (alices, bobs) = (world.browser(&alice()), world.browser(&bob()));
        let mut clients = vec![Client::of(&world, &sockets, &alices).await, Client::of(&world, &sockets, &bobs).await];
        let mut inside = bobs.clone();
        assert_eq!(inside.start(&[alice(), carol()][dice.roll(2)]).await.status, StatusCode::CREATED);
        clients.push(Client::of(&world, &sockets, &inside).await);
        let mut forged = bobs;
        forged
            .cookies
            .insert(HANDLE.into(), ["forged".to_owned(), inside.cookies[HANDLE].clone()][dice.roll(2)].clone());
        forged.cookies.insert("session".into(), world.sign_in(&bob()));
        clients.push(Client::of(&world, &sockets, &forged).await);
        Self { world, sockets, everybody, clients, steps: Vec::new() }
    }

    /// Lets something happen.
    async fn step(&mut self, dice: &mut Dice) {
        let step = dice.roll(20);
        self.steps.push(step);
        let world = &self.world;
        let picked = dice.roll(self.clients.len());
        let browser = &mut self.clients[picked].browser.clone();
        let running = world.running().await.into_iter().next();
        match step {
            0 => drop(browser.stop().await),
            1 => drop(browser.json(Method::DELETE, "/session", Value::Null).await),
            2 => drop(world.accounts.sessions.lock().unwrap().remove(&browser.cookies["session"])),
            3 => world.clock.advance(SignedDuration::from_mins(9)),
            4 => world.clock.advance(SignedDuration::from_mins(10)),
            5 => world.clock.advance(SignedDuration::from_mins(30)),
            6 => world.accounts.change_if_there(&bob(), |user| user.rights.clear()),
            7 => world.accounts.change_if_there(&alice(), |user| user.account.active = false),
            8 => world.accounts.change_if_there(&bob(), |user| user.account.active = false),
            9 => world.accounts.delete([&alice(), &bob()][dice.roll(2)]),
            10 | 11 => {
                let everybody = self.everybody.iter().map(|user| (user.account.id().clone(), user.clone()));
                *world.accounts.users.lock().unwrap() = everybody.collect();
            }
            12 => {
                let _ = world.vicarious.pause(None, "an incident").await;
                let _ = world.vicarious.resume(None).await;
            }
            13 => drop(browser.json(Method::PATCH, "/impersonation", json!({"mode": "write", "reason": "r"})).await),
            14 => {
                // Another process ends it.
                if let Some(over) = running.and_then(|row| end(&row, EndCause::Revoked, None, world.clock.now())) {
                    world.ledger.apply(vec![over]).await.unwrap();
                }
            }
            15 => {
                if let Some(consent) = running.and_then(|row| row.consent.map(|consent| (row.current_user, consent))) {
                    let customer = self.everybody.iter().find(|user| *user.account.id() == consent.0.id).unwrap();
                    let customer = Identity::own(customer.account.clone());
                    let _ = world.vicarious.decide_consent(&customer, &consent.1, Decision::Withdraw).await;
                }
            }
            16 => {
                world.ledger.fail(true);
                browser.stop().await;
                world.ledger.fail(false);
            }
            17 => {
                let mut again = browser.clone();
                let customer = [alice(), carol()][dice.roll(2)].clone();
                let instead_of = running.map(|row| row.id);
                let body = json!({"account_id": customer.id(), "reason": "r", "instead_of": instead_of});
                if again.json(Method::POST, "/impersonation", body).await.status == StatusCode::CREATED {
                    self.clients.push(Client::of(world, &self.sockets, &again).await);
                }
            }
            18 => {
                let account = [alice(), bob(), dana()][dice.roll(3)].clone();
                let mut anew = world.browser(&account);
                if account.id() != alice().id() && dice.roll(2) == 0 {
                    anew.start(&carol()).await;
                }
                self.clients.push(Client::of(world, &self.sockets, &anew).await);
            }
            _ => drop(browser.get("/").await),
        }
    }

    /// Asks every way about every client; whoever asks first finds out what has ended.
    async fn compare(&self, dice: &mut Dice, met: &mut BTreeMap<String, usize>) -> usize {
        for client in &self.clients {
            let first = dice.roll(5);
            let mut answers = Vec::new();
            for way in (0..5).map(|way| (way + first) % 5) {
                if let Some(answer) = client.who(&self.world, &self.sockets, way).await {
                    answers.push((way, answer));
                }
            }
            let (_, one) = &answers[0];
            assert!(answers.iter().all(|(_, answer)| answer == one), "{answers:?} after {:?}", self.steps);
            let kind = if one.contains(" in ") { one.split(" in ").next().unwrap() } else { one };
            *met.entry(kind.to_owned()).or_default() += 1;
        }
        self.clients.len()
    }
}

// T37, and the same for jobs.
#[tokio::test]
async fn a_request_a_socket_a_ticket_and_a_job_are_the_same_person_or_nobody() {
    let (mut states, mut seed, mut met) = (0, 0, BTreeMap::new());
    while states < STATES {
        seed += 1;
        let mut dice = Dice(seed);
        let mut run = Run::new(&mut dice).await;
        for _ in 0..12 {
            run.step(&mut dice).await;
            states += run.compare(&mut dice, &mut met).await;
        }
    }
    for expected in [
        "alice by alice",
        "bob by bob",
        "alice by bob",
        "carol by bob",
        "nobody",
        "ended: stopped",
        "ended: expired",
        "ended: idle",
        "ended: revoked",
        "ended: signed_out",
        "ended: permission_lost",
        "ended: account_gone",
        "ended: consent_withdrawn",
        "ended: paused",
        "ended: switched",
        "ended: continued",
        "ended: unknown",
        "ended: handle_missing",
    ] {
        assert!(met.get(expected).is_some_and(|times| *times >= 10), "{expected} is hardly met: {met:?}");
    }
}
