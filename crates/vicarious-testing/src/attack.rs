//! Do the twelve gravest abuses come to nothing?

mod arena;
mod ends;
mod judged;
mod report;
mod sight;
mod sign_ins;
mod starts;

use vicarious_core::AccountId;

use arena::{Arena, Extras};
pub use report::{AttackReport, Attempt, Held};

use crate::app::TestApp;
use crate::cast::{Cast, told_who_and_where};

/// Tries twelve abuses of impersonation against the host's own router, and shows what an attacker got.
///
/// They are those whose success would be worst and that a host's own mistakes can let through: a layer in the wrong
/// place, a route beside it, a current user kept in a session, a question answered with yes. In the order in which they
/// are tried:
///
/// 1. *a stolen handle*: its cookie in another browser, in another sign-in of the agent's, in a colleague's, altered; a
///    sign-in that ends, and that gets no younger;
/// 2. *a handle after the stop*: the cookies of before; and the agent's own pages afterwards;
/// 3. *an open page after the end*: its forms must run under neither name, and nor must what follows;
/// 4. *a start or stop by a link or another site*: GET, HEAD, overridden methods, cross-site and prefetched requests;
/// 5. *somebody one may not be*: a colleague, an administrator, oneself, another customer; nobody learns who exists;
/// 6. *one inside another*: a second start hides who was there first;
/// 7. *a form of another tab*: an identity tag that is forged, foreign or missing;
/// 8. *a route that nobody classified*: unsafe routes without a rule, with every trick to rename a method;
/// 9. *what only the customer may do*: every rule `never`, in write mode;
/// 10. *a change while reading, or unconfirmed*: every rule `write` and `confirm`, and confirmations of something else;
/// 11. *out of sight*: pages without a banner, answers that may be kept, routes beside the layer, the wrong person's page;
/// 12. *secrets in the record, and gaps*: passwords, cards, tokens and the sign-in itself; requests that are not on record.
///
/// # Examples
///
/// See [the crate](crate).
#[derive(Clone, Debug)]
#[must_use = "nothing is tried before `run`"]
pub struct Attack {
    cast: Cast,
    extras: Extras,
}

impl TestApp {
    /// Returns an [`Attack`]: do the twelve gravest abuses come to nothing?
    pub fn attack(&self) -> Attack {
        Attack { cast: Cast::new(self.clone()), extras: Extras::default() }
    }
}

told_who_and_where!(Attack);

impl Attack {
    /// Names another agent, whom nobody may impersonate.
    pub fn colleague(mut self, account: impl Into<AccountId>) -> Self {
        self.extras.colleague = Some(account.into());
        self
    }

    /// Names an administrator, whom nobody may impersonate.
    pub fn administrator(mut self, account: impl Into<AccountId>) -> Self {
        self.extras.administrator = Some(account.into());
        self
    }

    /// Names a second customer, whom the agent may impersonate, and the first customer may not.
    pub fn another_customer(mut self, account: impl Into<AccountId>) -> Self {
        self.extras.another_customer = Some(account.into());
        self
    }

    /// Names a page that shows the name or the email of whoever is signed in; default `/`.
    pub fn page(mut self, path: &str) -> Self {
        self.extras.page = Some(path.to_owned());
        self
    }

    /// Leaves out an abuse, by its name in the table, or a page, by its route; says why, and the report shows it.
    pub fn without(mut self, abuse_or_route: &str, why: &str) -> Self {
        self.cast.routes.leave_out(abuse_or_route, why);
        self
    }

    /// Tries them all, each with an impersonation of its own.
    ///
    /// # Panics
    ///
    /// When agent or customer is not named, or is no account of the host's.
    pub async fn run(self) -> AttackReport {
        let arena = Arena::of(self.cast, self.extras).await;
        let mut report = AttackReport::default();
        macro_rules! attempt {
            ($abuse:literal, $trying:expr) => {
                report.attempts.push(match arena.routes.left_out($abuse) {
                    Some(why) => arena::left_out($abuse, why),
                    None => arena::told($abuse, $trying.await),
                });
            };
        }
        attempt!("a stolen handle", ends::stolen(&arena));
        attempt!("a handle after the stop", ends::after_the_stop(&arena));
        attempt!("an open page after the end", ends::open_page(&arena));
        attempt!("a start or stop by a link or another site", starts::by_others(&arena));
        attempt!("somebody one may not be", starts::as_anybody(&arena));
        attempt!("one inside another", starts::nested(&arena));
        attempt!("a form of another tab", judged::another_tab(&arena));
        attempt!("a route that nobody classified", judged::unclassified(&arena));
        attempt!("what only the customer may do", judged::never(&arena));
        attempt!("a change while reading, or unconfirmed", judged::changing(&arena));
        attempt!("out of sight", sight::hidden(&arena));
        attempt!("secrets in the record, and gaps", sight::recorded(&arena));
        report
    }
}
