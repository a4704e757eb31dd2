//! For tests of an application's channels: real sessions without a network, and sockets with one.
//!
//! A [`TestConnection`] is served by the very same code as a client's, over a pipe in memory; only the upgrade is left out.
//! [`TestConnection::over`] does the same over a [`TestSocket`], which connects to a server as a client does.
//! Nothing here needs a pause: each call returns when the server has done what it asked for.
//!
//! # Examples
//!
//! ```
//! use cable_axum::testing::{Recorded, TestConnection};
//! use cable_axum::{Access, Cable, Channel, Disconnect, NoAction, Reject, Stream, Subscription};
//! use serde_json::json;
//!
//! struct Nobody;
//!
//! impl Access for Nobody {
//!     type Identity = String;
//!
//!     async fn identify(&self, _: &mut http::request::Parts) -> Result<String, Disconnect> {
//!         Err(Disconnect::UNAUTHORIZED)
//!     }
//! }
//!
//! struct News;
//!
//! #[derive(serde::Deserialize)]
//! struct Params {
//!     room: Option<u64>,
//! }
//!
//! impl Channel<String> for News {
//!     const NAME: &'static str = "NewsChannel";
//!     type Params = Params;
//!     type Action = NoAction;
//!
//!     async fn subscribed(params: Params, subscription: &mut Subscription<String>) -> Result<Self, Reject> {
//!         let room = params.room.ok_or(Reject)?;
//!         subscription.transmit(&format!("welcome, {}", subscription.identity()));
//!         subscription.stream_for([room.to_string()]);
//!         Ok(Self)
//!     }
//! }
//!
//! # tokio::runtime::Runtime::new().unwrap().block_on(async {
//! let recorded = Recorded::default();
//! let cable = Cable::builder(Nobody).channel::<News>().pubsub(recorded.clone()).build();
//!
//! let bob = TestConnection::open(&cable, "Bob".to_owned()).await;
//! assert!(bob.subscribe("NewsChannel", json!({})).await.is_err());
//!
//! let news = bob.subscribe("NewsChannel", json!({ "room": 7 })).await.unwrap();
//! assert_eq!(news.transmitted().await, [json!("welcome, Bob")]);
//! assert_eq!(news.streams(), [Stream::of("NewsChannel", ["7"])]);
//!
//! cable.broadcast_to::<News>(["7"], "hello").await.unwrap();
//! assert_eq!(news.transmitted().await, [json!("hello")]);
//! assert_eq!(recorded.broadcasts(), [(Stream::of("NewsChannel", ["7"]), json!("hello"))]);
//!
//! cable.disconnect(&Disconnect::REMOTE, |user| user == "Bob");
//! assert_eq!(bob.disconnected().await, Some(Disconnect::REMOTE));
//! # });
//! ```

mod connection;
mod recorded;
mod socket;

pub use connection::{Rejected, TestConnection, TestSubscription};
pub use recorded::Recorded;
pub use socket::{ConnectError, TestSocket};
