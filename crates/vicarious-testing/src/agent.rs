use std::future::{Future, IntoFuture};
use std::panic::Location;
use std::pin::Pin;

use http::{Method, StatusCode};
use serde_json::{Map, Value};
use vicarious_core::{AccountId, ImpersonationId};

use crate::answer::Answer;
use crate::app::TestApp;
use crate::browser::Browser;
use crate::inside::Inside;

/// An agent of the host, before they begin something; see [`TestApp::as_agent`].
#[derive(Clone, Debug)]
pub struct Agent {
    app: TestApp,
    account: AccountId,
}

impl TestApp {
    /// Returns an agent, to be signed in afresh when they begin something.
    pub fn as_agent(&self, account: impl Into<AccountId>) -> Agent {
        Agent { app: self.clone(), account: account.into() }
    }
}

impl Agent {
    /// Signs in, and acts as nobody else.
    pub async fn themselves(&self) -> Browser {
        self.app.signed_in(self.account.clone()).await
    }

    /// Prepares an impersonation, which starts when it is awaited.
    #[track_caller]
    pub fn impersonating(&self, customer: impl Into<AccountId>) -> Starting {
        Starting {
            app: self.app.clone(),
            agent: self.account.clone(),
            customer: customer.into(),
            fields: Vec::new(),
            consents: false,
            from: None,
            at: Location::caller(),
        }
    }
}

/// An impersonation that is about to start: await it to be [`Inside`], or expect it to be [`refused`](Self::refused).
#[derive(Clone, Debug)]
#[must_use = "an impersonation starts when this is awaited"]
pub struct Starting {
    app: TestApp,
    agent: AccountId,
    customer: AccountId,
    fields: Vec<(String, String)>,
    consents: bool,
    from: Option<Box<Browser>>,
    at: &'static Location<'static>,
}

impl Starting {
    /// Gives the reason; without one it is "a test".
    pub fn reason(self, reason: &str) -> Self {
        self.field("reason", reason)
    }

    /// Names the ticket.
    pub fn ticket(self, ticket: &str) -> Self {
        self.field("ticket", ticket)
    }

    /// Sends a further field of `POST /impersonation`, such as `go_to` or `instead_of`.
    pub fn field(mut self, name: &str, value: &str) -> Self {
        self.fields.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Lets the customer agree first, as [`TestApp::agreed`] does.
    pub fn with_consent(mut self) -> Self {
        self.consents = true;
        self
    }

    /// Starts in this browser instead of one in which the agent has just signed in.
    pub fn from(mut self, browser: &Browser) -> Self {
        self.from = Some(Box::new(browser.clone()));
        self
    }

    /// Starts by `POST /impersonation`, and returns what came back if that was no start.
    ///
    /// # Errors
    ///
    /// The answer, whatever it is.
    pub async fn attempt(self) -> Result<Inside, Answer> {
        if self.consents {
            self.app.agreed(self.customer.clone()).await;
        }
        let mut browser = match self.from {
            Some(browser) => *browser,
            None => self.app.signed_in(self.agent.clone()).await,
        };
        let mut body = Map::new();
        body.insert("account_id".to_owned(), self.customer.as_str().into());
        body.insert("reason".to_owned(), "a test".into());
        body.extend(self.fields.into_iter().map(|(name, value)| (name, Value::from(value))));
        let answer = browser.send_json(Method::POST, "/impersonation", &Value::Object(body)).await;
        if answer.status != StatusCode::CREATED {
            return Err(answer);
        }
        if let Some(handle) = answer.json().get("handle").and_then(Value::as_str) {
            browser.keep_handle(handle);
        }
        let id = answer.json().pointer("/impersonation/id").and_then(Value::as_str).map(ImpersonationId::from);
        let row = match &id {
            Some(id) => self.app.vicarious().ledger().by_id(id).await.ok().flatten(),
            None => None,
        };
        // What is not in the ledger has not started, whatever the answer says.
        row.map(|row| Inside::new(self.app, browser, row)).ok_or(answer)
    }

    /// Expects that it does not start, and returns what came back instead.
    ///
    /// # Panics
    ///
    /// When it starts.
    pub async fn refused(self) -> Answer {
        let (agent, customer, at) = (self.agent.clone(), self.customer.clone(), self.at);
        match self.attempt().await {
            Ok(inside) => started(&agent, &customer, at, &inside),
            Err(answer) => answer,
        }
    }
}

impl IntoFuture for Starting {
    type Output = Inside;
    type IntoFuture = Pin<Box<dyn Future<Output = Inside> + Send>>;

    /// Starts.
    ///
    /// # Panics
    ///
    /// When it does not start, with what came back and what would help.
    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let (agent, customer, at) = (self.agent.clone(), self.customer.clone(), self.at);
            match self.attempt().await {
                Ok(inside) => inside,
                Err(answer) => not_started(&agent, &customer, at, &answer),
            }
        })
    }
}

#[expect(clippy::panic, reason = "a test that cannot begin has failed, and its author wants to know why")]
fn not_started(agent: &AccountId, customer: &AccountId, at: &Location<'_>, answer: &Answer) -> ! {
    let help = match (answer.status.as_u16(), answer.problem().as_deref()) {
        (403, Some("consent-required")) => "\nThe customer has not agreed: say `.with_consent()`.",
        (403, Some("step-up-required")) => "\nThe sign-in is too old: is the host's time that of the test's clock?",
        (404, Some("not-found")) => "\n`who_may_whom` does not let this agent act as this account.",
        (404, None) => "\nIs `.layer(vicarious.layer())` around the router that the test was given?",
        (401, _) => {
            "\nThe layer sees nobody signed in: does `Host::sign_in_key` find what the sign-in left? \
             With an adapter: is the name right under which the session has it, and is the store that the adapter was \
             given the session layer's, or a clone of it?"
        }
        (500, Some("layer-order")) => "\nThe layers are in the wrong order.",
        _ => "",
    };
    panic!("at {at}: `{agent}` could not start to act as `{customer}`: {answer}{help}")
}

#[expect(clippy::panic, reason = "a test that expected a refusal has failed, and its author wants to know why")]
fn started(agent: &AccountId, customer: &AccountId, at: &Location<'_>, inside: &Inside) -> ! {
    let id = &inside.impersonation().id;
    panic!("at {at}: `{agent}` was to be refused, and started to act as `{customer}`: impersonation {id}")
}
