//! Impersonation in an application on [axum-login](https://docs.rs/axum-login) 0.18.
//!
//! While somebody impersonates, handlers get an [`AuthSession`] whose `user` is the customer, so
//! `login_required!`, `permission_required!` and every handler go on as they are, for the customer. Its session is the
//! impersonation's own: whatever handlers do with it, be it `login`, `logout` or `session.insert`, neither the agent's
//! sign-in nor the customer's session is touched.
//!
//! # Add it
//!
//! Say what [`AuthnBackend`](axum_login::AuthnBackend) does not: who a user is for people, and how to search ([`Directory`]).
//! Then put our layer inside of axum-login's.
//!
//! ```
//! # use axum::{Router, routing::get};
//! # use axum_login::tower_sessions::{SessionManagerLayer, SessionStore};
//! # use axum_login::{AuthManagerLayerBuilder, AuthUser, AuthnBackend};
//! use vicarious_axum::{Found, KeyRing, Search, Vicarious}; // or from `vicarious`
//! use vicarious_axum_login::{AxumLogin, Directory};
//! use vicarious_core::Account;
//! # #[derive(Clone, Debug)]
//! # struct User { id: i64, name: String, email: String, pw_hash: Vec<u8>, is_support: bool, disabled: bool }
//! # impl AuthUser for User {
//! #     type Id = i64;
//! #     fn id(&self) -> i64 { self.id }
//! #     fn session_auth_hash(&self) -> &[u8] { &self.pw_hash }
//! # }
//! # #[derive(Clone)]
//! # struct Backend;
//! # impl AuthnBackend for Backend {
//! #     type User = User;
//! #     type Credentials = (String, String);
//! #     type Error = std::io::Error;
//! #     async fn authenticate(&self, _: (String, String)) -> Result<Option<User>, std::io::Error> { Ok(None) }
//! #     async fn get_user(&self, _: &i64) -> Result<Option<User>, std::io::Error> { Ok(None) }
//! # }
//! # impl Backend {
//! #     async fn page(&self, _: &str, _: u32, _: u32) -> Result<(Vec<User>, u64), std::io::Error> { Ok((Vec::new(), 0)) }
//! # }
//!
//! impl Directory for Backend {
//!     fn account(&self, user: &User) -> Account {
//!         Account { active: !user.disabled, ..Account::new(user.id, &user.name, &user.email) }
//!     }
//!
//!     async fn search(&self, _: &User, search: &Search) -> Result<Found<User>, Self::Error> {
//!         Ok(self.page(&search.q, search.page, search.per_page).await?.into())
//!     }
//! }
//!
//! # async fn home() {}
//! # async fn app(backend: Backend, session_store: impl SessionStore + Clone) -> Result<Router, Box<dyn std::error::Error>> {
//! # let ledger = vicarious_testing::MemoryLedger::new();
//! let vicarious = Vicarious::builder(AxumLogin::new(backend.clone(), session_store.clone()))
//!     .ledger(ledger) // `vicarious::sqlx::Store::connect(&database_url).await?`
//!     .keys(KeyRing::from_env("VICARIOUS_KEYS")?)
//!     .who_may_whom(|agent, customer| agent.is_support && !customer.is_support)
//!     .sign_in("POST /login")
//!     .sign_out("POST /logout")
//!     .build()?;
//!
//! let auth_layer = AuthManagerLayerBuilder::new(backend, SessionManagerLayer::new(session_store)).build();
//! let app = Router::new()
//!     .route("/", get(home)) // everything that was there
//!     .layer(vicarious.layer()) // this line is new
//!     .layer(auth_layer);
//! # Ok(app)
//! # }
//! ```
//!
//! The two layers in the other order are noticed with the first request: everybody gets a 500 that says so.
//!
//! # What counts as one sign-in
//!
//! axum-login gives a session a new identifier when somebody signs in who was not signed in before. A new identifier is a
//! new sign-in, and so is another user in the same session. Signing in once more as the same user without signing out
//! keeps both, and is the same sign-in. A sign-in is over when its session is gone from the store or has expired there, or
//! when `session_auth_hash` has changed, by which axum-login refuses it too; impersonations that were started from it end.
//!
//! An agent's session is not written while they impersonate, so one that expires on inactivity does not see them. Let it
//! last longer than an impersonation, or set `with_always_save(true)`.

mod directory;
mod host;
mod ids;

pub use directory::Directory;
pub use host::AxumLogin;

#[doc(no_inline)]
pub use axum_login::AuthSession;
