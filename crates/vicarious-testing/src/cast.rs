//! Who acts as whom in which application, and which of its routes are asked for.

use vicarious_core::AccountId;

use crate::app::TestApp;
use crate::routes::Routes;

/// What a [`Probe`](crate::Probe) and an [`Attack`](crate::Attack) are told alike.
#[derive(Clone, Debug)]
pub(crate) struct Cast {
    pub(crate) app: TestApp,
    pub(crate) agent: Option<AccountId>,
    pub(crate) customer: Option<AccountId>,
    pub(crate) routes: Routes,
}

impl Cast {
    pub(crate) fn new(app: TestApp) -> Self {
        Self { app, agent: None, customer: None, routes: Routes::default() }
    }

    /// Returns the agent and the customer; `of` is the call that wants to know.
    #[expect(clippy::panic, reason = "a test that does not say who cannot begin")]
    pub(crate) fn named(&self, of: &str) -> (AccountId, AccountId) {
        match (&self.agent, &self.customer) {
            (Some(agent), Some(customer)) => (agent.clone(), customer.clone()),
            _ => panic!("say who: `.{of}().agent(…).customer(…)`"),
        }
    }
}

/// Gives a builder with a field `cast: Cast` the methods that fill it.
macro_rules! told_who_and_where {
    ($builder:ident) => {
        impl $builder {
            /// Names the agent.
            pub fn agent(mut self, account: impl Into<AccountId>) -> Self {
                self.cast.agent = Some(account.into());
                self
            }

            /// Names the customer, whom the agent may impersonate, and for whom every page should have something to show.
            pub fn customer(mut self, account: impl Into<AccountId>) -> Self {
                self.cast.customer = Some(account.into());
                self
            }

            /// Adds routes that the router does not tell: `/orders/{id}`, `POST /orders/{id}`.
            pub fn routes<'a>(mut self, routes: impl IntoIterator<Item = &'a str>) -> Self {
                routes.into_iter().for_each(|route| self.cast.routes.give(route));
                self
            }

            /// Gives an example for a parameter, by its name: `("id", "17")`; or the path that stands for a route:
            /// `("/orders/{id}", "/orders/17?full=yes")`.
            pub fn example(mut self, of: &str, value: &str) -> Self {
                self.cast.routes.example(of, value);
                self
            }
        }
    };
}

pub(crate) use told_who_and_where;
