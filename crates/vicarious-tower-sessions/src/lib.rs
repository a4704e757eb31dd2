//! Impersonation in an application on [tower-sessions](https://docs.rs/tower-sessions).
//!
//! While somebody impersonates, handlers get a [`Session`](tower_sessions_core::Session) of the impersonation's own: what
//! they put there (carts, flashes, tokens) never lands in the agent's session, the customer's real session is not
//! touched, and it is gone when the impersonation ends. Handlers stay as they are: the value by which they find who is
//! signed in is that of the customer.
//!
//! # Add it
//!
//! [`TowerSessions`] is the whole host port, given [`Accounts`] and the name under which your sign-in puts the user into
//! the session:
//!
//! ```
//! use axum::Router;
//! use axum::routing::get;
//! use tower_sessions::{MemoryStore, Session, SessionManagerLayer};
//! use vicarious_axum::{Found, KeyRing, Search, Vicarious};
//! use vicarious_core::{Account, AccountId};
//! use vicarious_tower_sessions::{Accounts, TowerSessions};
//!
//! # #[derive(Clone)]
//! # struct User { id: i64, name: String, email: String, is_support: bool }
//! # #[derive(Clone)]
//! # struct Database;
//! # impl Database {
//! #     async fn user(&self, _: &str) -> Result<Option<User>, std::io::Error> { Ok(None) }
//! #     async fn users(&self, _: &str, _: u32, _: u32) -> Result<(Vec<User>, u64), std::io::Error> { Ok((Vec::new(), 0)) }
//! # }
//! impl Accounts for Database {
//!     type User = User;
//!     type Error = std::io::Error;
//!
//!     fn account(&self, user: &User) -> Account {
//!         Account::new(user.id, &user.name, &user.email)
//!     }
//!
//!     async fn find(&self, id: &AccountId) -> Result<Option<User>, std::io::Error> {
//!         self.user(id.as_str()).await
//!     }
//!
//!     async fn search(&self, _: &User, search: &Search) -> Result<Found<User>, std::io::Error> {
//!         Ok(self.users(&search.q, search.page, search.per_page).await?.into())
//!     }
//! }
//!
//! # async fn home() {}
//! # async fn app(database: Database) -> Result<Router, Box<dyn std::error::Error>> {
//! let store = MemoryStore::default(); // yours
//! # let ledger = testkit::MemoryLedger::new();
//! let vicarious = Vicarious::builder(TowerSessions::new(database, store.clone(), "user_id"))
//!     .ledger(ledger) // `vicarious::sqlx::Store::connect(&database_url).await?`
//!     .keys(KeyRing::generate())
//!     .who_may_whom(|agent, customer| agent.is_support && !customer.is_support)
//!     .sign_in("POST /login")
//!     .sign_out("POST /logout")
//!     .build()?;
//!
//! let app = Router::new()
//!     .route("/", get(home)) // everything that was there
//!     .layer(vicarious.layer())
//!     .layer(SessionManagerLayer::new(store)); // outside of ours: added after it
//! # Ok(app)
//! # }
//! ```
//!
//! Whatever else keeps something in the session, such as a layer for flashes, belongs inside of ours: added before it.
//!
//! # Versions
//!
//! At the root is what an application on tower-sessions 0.15 needs (feature `v15`, default). The same for 0.14 is in
//! [`v14`] (feature `v14`): the versions differ in their types alone. Both may be on at once.

#![cfg_attr(
    all(feature = "v14", feature = "v15"),
    expect(clippy::duplicate_mod, reason = "the same source, for the types of two versions")
)]

mod accounts;
mod timestamp;
#[cfg(feature = "v14")]
pub mod v14;
#[cfg(feature = "v15")]
mod v15;

pub use accounts::Accounts;
#[cfg(not(any(feature = "v14", feature = "v15")))]
compile_error!("choose the version of tower-sessions that the application is on: feature `v15` or `v14`");

#[doc(no_inline)]
pub use async_trait::async_trait;
#[cfg(feature = "v15")]
pub use v15::{OwnSession, Sessions, SignedIn, TowerSessions};
