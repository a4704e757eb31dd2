//! With tower-sessions 0.14.

use tower_sessions_14 as library;
use vicarious_tower_sessions::v14 as adapter;

const VERSION: &str = "0.14";

#[path = "claims.rs"]
mod claims;
#[path = "late.rs"]
mod late;
#[path = "shop.rs"]
mod shop;
