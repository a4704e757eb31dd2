//! Channels for identity pairs: who is on a connection is found out by the very code that serves HTTP, broadcasts are
//! aimed at people, and no socket outlives its identity.
//!
//! | module | what it does |
//! |---|---|
//! | `live` | puts an Action Cable server beside a [`Vicarious`](vicarious_axum::Vicarious) |
//! | `guard` | identity at connect, asked again before the welcome; rules and audit of subscriptions and actions |
//! | `closing` | closes sockets when their identity ends; the table of cause, reason and reconnect |
//! | `standing` | closes sockets whose identity ended without anybody telling this process |
//! | [`audience`](Audience) | whom a broadcast is for, in words of people |
//! | `presence` | who is in an account |
//! | [`page_identity`] | keeps a page that was served to one identity from connecting as another |
//! | `ticket` | for a cable on another host |

mod audience;
mod closing;
mod guard;
mod live;
mod page;
mod presence;
mod standing;
mod ticket;

pub use audience::{Audience, AudienceError, AudienceKind, Reach, Streams};
pub use cable_axum as cable;
pub use cable_axum::{
    BroadcastError, Cable, Channel, Disconnect, Limits, NoAction, NoParams, Origins, Reject, Stream, Subscription,
    ports,
};
pub use closing::reasons;
pub use live::{Channels, channels, routes};
pub use page::page_identity;
pub use presence::{PresenceChannel, Shadowers};
