//! With tower-sessions 0.15.

use tower_sessions as library;
use vicarious_tower_sessions as adapter;

const VERSION: &str = "0.15";

#[path = "claims.rs"]
mod claims;
#[path = "late.rs"]
mod late;
#[path = "shop.rs"]
mod shop;
