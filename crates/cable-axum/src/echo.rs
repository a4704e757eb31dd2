//! What conformance tests of the WebSocket protocol talk to: this crate's sockets, without channels.

use axum::extract::Request;
use axum::routing::{MethodRouter, any};
use hyper::upgrade::OnUpgrade;

use crate::client::Client;
use crate::frame::{self, Message};
use crate::handshake;
use crate::io::{Arrived, Io};
use crate::socket::{Socket, Standing};
use crate::task::{self, Next};
use crate::upgrade::{not_found, switching};

/// Returns a route that sends back every message of at most `message_bytes`.
#[doc(hidden)]
pub fn echo<S: Clone + Send + Sync + 'static>(message_bytes: usize) -> MethodRouter<S> {
    any(move |request: Request| async move {
        let (mut parts, _) = request.into_parts();
        let Ok(key) = handshake::check(&parts) else { return not_found() };
        let Some(upgrade) = parts.extensions.remove::<OnUpgrade>() else { return not_found() };
        tokio::spawn(serve(upgrade, message_bytes));
        switching(&key, None)
    })
}

async fn serve(upgrade: OnUpgrade, message_bytes: usize) {
    let Ok(upgraded) = upgrade.await else { return };
    let (wire, mut io) = Io::split(upgraded, message_bytes);
    // Room for what is being written and the message behind it.
    let client = Client::new((), Socket::new(wire, message_bytes.saturating_mul(2)));
    while client.socket.standing() == Standing::Open {
        let Next::Arrived(arrived) = task::next(&mut io, &client, None).await else { continue };
        match arrived {
            Arrived::Message(Message::Text(text)) => client.socket.send(&frame::text(&text)),
            Arrived::Message(Message::Binary(bytes)) => client.socket.send(&frame::binary(&bytes)),
            other => {
                task::answer(&client, other);
                true
            }
        };
    }
    task::linger(io, &client).await;
}
