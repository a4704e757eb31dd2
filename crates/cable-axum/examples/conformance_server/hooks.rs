//! What is done from outside of any connection.

use axum::Router;
use axum::extract::State;
use axum::routing::post;
use cable_axum::{Cable, Disconnect};
use http::StatusCode;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::accounts::{Account, part};
use crate::{Pair, streams};

type Answer = Result<StatusCode, (StatusCode, String)>;

pub(crate) fn routes(cable: Cable<Pair>) -> Router {
    Router::new()
        .route("/broadcast", post(broadcast))
        .route("/broadcast_to", post(broadcast_to))
        .route("/disconnect", post(disconnect))
        .route("/restart", post(restart))
        .with_state(cable)
}

#[derive(Deserialize)]
struct Broadcast {
    stream: String,
    message: Value,
}

async fn broadcast(State(cable): State<Cable<Pair>>, body: String) -> Answer {
    let Broadcast { stream, message } = read(&body)?;
    streams::say(&cable, &stream, &message).await;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize)]
struct BroadcastTo {
    to: Names,
    message: Value,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Names {
    One(String),
    Several(Vec<Option<String>>),
}

async fn broadcast_to(State(cable): State<Cable<Pair>>, body: String) -> Answer {
    let BroadcastTo { to, message } = read(&body)?;
    let parts = match to {
        Names::One(name) => vec![name],
        Names::Several(names) => names.iter().map(|name| part(name.as_deref())).collect(),
    };
    let sent = cable.broadcast_to::<Account>(parts, &message).await;
    sent.map_err(|error| (StatusCode::SERVICE_UNAVAILABLE, error.to_string()))?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize)]
struct Disconnected {
    user: String,
    shadower: Option<String>,
    reconnect: bool,
}

async fn disconnect(State(cable): State<Cable<Pair>>, body: String) -> Answer {
    let asked: Disconnected = read(&body)?;
    cable.disconnect(&Disconnect { reconnect: asked.reconnect, ..Disconnect::REMOTE }, |pair| {
        pair.current_user == asked.user && pair.shadower() == asked.shadower.as_deref()
    });
    Ok(StatusCode::NO_CONTENT)
}

async fn restart(State(cable): State<Cable<Pair>>) -> StatusCode {
    cable.disconnect(&Disconnect::SERVER_RESTART, |_| true);
    StatusCode::NO_CONTENT
}

fn read<T: DeserializeOwned>(body: &str) -> Result<T, (StatusCode, String)> {
    serde_json::from_str(body).map_err(|error| (StatusCode::BAD_REQUEST, error.to_string()))
}
