//! Who connects.

use std::time::Duration;

use axum::extract::Query;
use cable_axum::{Access, Disconnect};
use http::request::Parts;
use serde::Deserialize;

/// Takes everybody's word for who they are.
pub(crate) struct ByQuery;

/// A current user, and who operates as them.
#[derive(Deserialize)]
pub(crate) struct Pair {
    #[serde(rename = "user", default)]
    pub(crate) current_user: String,
    #[serde(default)]
    shadower: String,
    #[serde(default)]
    connect_ms: u64,
}

impl Pair {
    pub(crate) fn shadower(&self) -> Option<&str> {
        Some(&*self.shadower).filter(|name| !name.is_empty())
    }
}

impl Access for ByQuery {
    type Identity = Pair;

    async fn identify(&self, request: &mut Parts) -> Result<Pair, Disconnect> {
        let Query(pair) = Query::<Pair>::try_from_uri(&request.uri).map_err(|_| Disconnect::UNAUTHORIZED)?;
        if pair.current_user.is_empty() { Err(Disconnect::UNAUTHORIZED) } else { Ok(pair) }
    }

    async fn still(&self, pair: &Pair) -> Result<(), Disconnect> {
        tokio::time::sleep(Duration::from_millis(pair.connect_ms)).await;
        Ok(())
    }
}
