//! What a host's own tests use: an agent's browser over the host's router, without a socket.
//!
//! Put `vicarious = { …, features = ["testing"] }` into `[dev-dependencies]`, and this is `vicarious::testing`.
//!
//! - [`TestApp`]: the router, and how people sign in to it.
//! - [`Browser`], [`Inside`], [`Answer`]: somebody as themselves; an agent inside a customer's account; what came back.
//! - [`Probe`]: calls every page while impersonating, and finds where the agent shows outside the banner.
//! - [`Attack`]: tries the twelve gravest abuses, and shows what an attacker got.
//! - [`ManualClock`], [`MemoryLedger`]: a time that moves when told to, and a ledger that forgets.
//!
//! # Examples
//!
//! ```
//! use std::time::Duration;
//!
//! use jiff::SignedDuration;
//! use vicarious_testing::{Credential, ManualClock, TestApp};
//!
//! # mod shop { include!("../tests/it/shop.rs"); }
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! let clock = ManualClock::default();
//! let (router, vicarious) = shop::application(&clock);
//! let app = TestApp::new(router, &vicarious, |who| async move {
//!     Credential::form("/sign-in", &[("who", who.as_str())])
//! })
//! .clock(&clock);
//!
//! // Bob looks at Alice's account.
//! let mut bob = app.as_agent("bob").impersonating("alice").reason("SUP-1").with_consent().await;
//! bob.get("/account").await.assert_status(200).assert_shows("Alice Ames").assert_in_plain_sight();
//!
//! // He may not save her profile before he goes up to write mode, and then he is asked first.
//! bob.post_form("/profile", &[("name", "Alice")]).await.assert_status(403);
//! bob.write_mode("she asked for it").await;
//! bob.post_form("/profile", &[("name", "Alice")]).unconfirmed().await.assert_status(428);
//! bob.post_form("/profile", &[("name", "Alice")]).await.assert_status(200);
//!
//! // Half an hour later it is over, and nothing runs under either name.
//! clock.advance(SignedDuration::from_mins(30));
//! bob.get("/account").await.assert_status(410);
//!
//! // No page names him, and twelve abuses come to nothing.
//! app.probe().agent("bob").customer("alice").example("id", "1").run().await.assert_clean();
//! let attack = app.attack().agent("bob").customer("alice").page("/account").colleague("eve").administrator("dana");
//! attack.another_customer("carol").example("id", "1").run().await.assert_held();
//! # }
//! ```

mod agent;
mod answer;
mod app;
mod attack;
mod browser;
mod cast;
mod credential;
mod inside;
mod marks;
mod probe;
mod routes;
mod table;

pub use agent::{Agent, Starting};
pub use answer::Answer;
pub use app::TestApp;
pub use attack::{Attack, AttackReport, Attempt, Held};
pub use browser::Browser;
pub use credential::Credential;
pub use inside::{Asking, Inside};
pub use probe::{Page, Probe, ProbeReport, Verdict};
pub use testkit::{ManualClock, MemoryLedger};
