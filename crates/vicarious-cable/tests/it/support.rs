//! A small host with channels, and people who connect to it.

mod host;
mod socket;

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::routing::{delete, get};
use cable_axum::{Cable, Channel, NoParams, Reject, Subscription};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::json;
use testkit::{ManualClock, MemoryLedger};
use tokio::net::TcpListener;
use tower::ServiceExt as _;
use vicarious_axum::{Connected, KeyRing, Staff, Vicarious};
use vicarious_cable::{AudienceKind, Channels, PresenceChannel, Shadowers, Streams as _};
use vicarious_core::decide::{Terms, give_ahead};
use vicarious_core::ports::Ledger as _;
use vicarious_core::{Account, Rules};

pub(crate) use host::Accounts;
pub(crate) use socket::Person;
pub(crate) use testkit::cable::{Socket, identifier};

/// Listens to one kind of audience, and echoes.
pub(crate) struct Commands;

#[derive(Deserialize)]
pub(crate) struct CommandsParams {
    audience: AudienceKind,
}

#[derive(Deserialize)]
#[serde(tag = "action", rename_all = "snake_case")]
pub(crate) enum CommandsAction {
    Echo { text: String },
    Save { text: String },
    Pay,
}

impl Channel<Connected> for Commands {
    const NAME: &'static str = "CommandsChannel";
    type Params = CommandsParams;
    type Action = CommandsAction;

    async fn subscribed(params: CommandsParams, subscription: &mut Subscription<Connected>) -> Result<Self, Reject> {
        if subscription.stream_for_audience(params.audience) { Ok(Self) } else { Err(Reject) }
    }

    async fn perform(&mut self, action: CommandsAction, subscription: &mut Subscription<Connected>) {
        let answer = match action {
            CommandsAction::Echo { text } => json!({ "echo": text }),
            CommandsAction::Save { text } => json!({ "saved": text }),
            CommandsAction::Pay => json!({ "paid": true }),
        };
        subscription.transmit(&answer);
    }
}

/// Streams in the four ways that the tables describe.
pub(crate) struct Tables;

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum How {
    Current,
    Pair,
    Both,
    Compact,
    Identity,
}

#[derive(Deserialize)]
pub(crate) struct TablesParams {
    how: How,
}

impl Channel<Connected> for Tables {
    const NAME: &'static str = "TablesChannel";
    type Params = TablesParams;
    type Action = cable_axum::NoAction;

    async fn subscribed(params: TablesParams, subscription: &mut Subscription<Connected>) -> Result<Self, Reject> {
        match params.how {
            How::Current => subscription.stream_for_current_user(),
            How::Pair => subscription.stream_for_pair(),
            How::Both => {
                subscription.stream_for_current_user();
                subscription.stream_for_pair();
            }
            How::Compact => subscription.stream_for_pair_or_current_user(),
            How::Identity => subscription.stream_for_identity(),
        }
        Ok(Self)
    }
}

/// A channel that no shadower may subscribe to.
pub(crate) struct Private;

impl Channel<Connected> for Private {
    const NAME: &'static str = "PrivateChannel";
    type Params = NoParams;
    type Action = cable_axum::NoAction;

    async fn subscribed(_: NoParams, _: &mut Subscription<Connected>) -> Result<Self, Reject> {
        Ok(Self)
    }
}

/// A running system, listening.
pub(crate) struct World {
    pub(crate) vicarious: Vicarious,
    pub(crate) cable: Cable<Connected>,
    pub(crate) accounts: Accounts,
    pub(crate) ledger: Arc<MemoryLedger>,
    pub(crate) clock: ManualClock,
    pub(crate) address: SocketAddr,
}

impl World {
    /// Returns a world in which Alice and Carol have agreed, and in which the clock is moved by hand.
    pub(crate) async fn new() -> Self {
        Self::with(|channels| channels).await
    }

    /// Returns one whose channels are put together differently.
    pub(crate) async fn with(change: impl FnOnce(Channels) -> Channels) -> Self {
        let clock = ManualClock::at("2026-11-22T09:00:00Z".parse().unwrap());
        let now = clock.clone();
        Self::of(clock, move || now.now(), Terms::default(), change).await
    }

    /// Returns a world with the system's clock, in which an impersonation lasts no longer than this.
    pub(crate) async fn timed(longest: std::time::Duration) -> Self {
        let length = SignedDuration::try_from(longest).unwrap();
        let terms = Terms { length, ..Terms::default() };
        Self::of(ManualClock::at(Timestamp::now()), Timestamp::now, terms, |channels| channels).await
    }

    async fn of(
        clock: ManualClock,
        now: impl Fn() -> Timestamp + Send + Sync + 'static,
        terms: Terms,
        change: impl FnOnce(Channels) -> Channels,
    ) -> Self {
        let (accounts, ledger) = (Accounts::of_everybody(), Arc::new(MemoryLedger::new()));
        for customer in [testkit::people::alice(), testkit::people::carol()] {
            let until = clock.now() + SignedDuration::from_hours(24 * 30);
            let given = give_ahead(format!("standing-{}", customer.id()).into(), &customer.person, until, clock.now());
            ledger.apply(vec![given.unwrap()]).await.unwrap();
        }
        let vicarious = Vicarious::builder(accounts.clone())
            .shared_ledger(ledger.clone())
            .keys(KeyRing::generate())
            .who_may_whom(|agent, customer| agent.staff && !customer.staff)
            .staff(|user| if user.staff { Staff::Administrator } else { Staff::No })
            .rules(
                Rules::new()
                    .read("PERFORM CommandsChannel#echo", "had something echoed")
                    .confirm("PERFORM CommandsChannel#save", "save this")
                    .never("PERFORM CommandsChannel#pay")
                    .never("SUBSCRIBE PrivateChannel"),
            )
            .terms(terms)
            .sign_in("POST /session")
            .sign_out("DELETE /session")
            .channels("/cable")
            .secure_cookies(false)
            .cache_for(std::time::Duration::ZERO)
            .clock(now)
            .build()
            .unwrap();
        let channels = vicarious_cable::channels(&vicarious)
            .channel::<Commands>()
            .channel::<Tables>()
            .channel::<Private>()
            .presence(Shadowers::Name);
        let cable = change(channels).build();
        let address = listen(accounts.clone(), &vicarious, &cable).await;
        Self { vicarious, cable, accounts, ledger, clock, address }
    }

    /// Returns somebody who has just signed in.
    pub(crate) fn person(&self, account: &Account) -> Person {
        Person::new(self.address, &self.accounts.sign_in(account, self.clock.now()))
    }

    /// Returns an agent who is inside a customer's account.
    pub(crate) async fn inside(&self, agent: &Account, customer: &Account) -> Person {
        let mut person = self.person(agent);
        let (status, answer) =
            person.json("POST", "/impersonation", json!({"account_id": customer.id(), "reason": "a test"})).await;
        assert_eq!(status, 201, "{answer}");
        person
    }
}

async fn listen(accounts: Accounts, vicarious: &Vicarious, cable: &Cable<Connected>) -> SocketAddr {
    let app: Router = Router::new()
        .route("/", get(|| async { "home" }))
        .route("/session", delete(host::sign_out).with_state(accounts))
        .merge(vicarious_cable::routes(vicarious, cable, "/cable"))
        .layer(vicarious.layer());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let app = app.clone();
            let service = service_fn(move |request: hyper::Request<hyper::body::Incoming>| {
                app.clone().oneshot(request.map(Body::new))
            });
            let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service).with_upgrades();
            tokio::spawn(async move { drop(connection.await) });
        }
    });
    address
}

/// The identifier of the presence channel.
pub(crate) fn presence() -> String {
    identifier(<PresenceChannel as Channel<Connected>>::NAME, json!({}))
}
