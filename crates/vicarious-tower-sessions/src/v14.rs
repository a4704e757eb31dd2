//! For applications on tower-sessions 0.14.

use tower_sessions_core_14 as tower_sessions;

/// The version that these types are of.
const VERSION: &str = "0.14";

#[path = "host.rs"]
mod host;
#[path = "own.rs"]
mod own;
#[path = "sessions.rs"]
mod sessions;
#[path = "shared.rs"]
mod shared;

pub use crate::Accounts;
pub use host::TowerSessions;
pub use own::OwnSession;
pub use sessions::{Sessions, SignedIn};
