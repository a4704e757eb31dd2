//! Tickets: identity for a socket on another host, where the cookies of this one do not go.

use std::sync::Arc;

use http::StatusCode;
use http::request::Parts;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use vicarious_core::Impersonation;
use vicarious_core::audit::RequestFacts;

use crate::admit::{Leave, admit};
use crate::carried::Carried;
use crate::connect::{Connected, Connecting};
use crate::engine::Engine;
use crate::keys::Purpose;
use crate::record;
use crate::resolve::{DeadCause, Standing};
use crate::{Refused, Vicarious};

/// A sealed, short-lived claim to an identity, for one connection.
///
/// The text consists of letters, digits, `-` and `_`: it fits into a query and into the name of a subprotocol.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ticket {
    /// What the page hands to the socket.
    pub ticket: String,
    /// When it lapses; a page fetches the next one at two thirds of the time.
    pub expires_at: Timestamp,
}

/// What is within the seal.
#[derive(Serialize, Deserialize)]
struct Sealed {
    carried: Carried,
    /// In microseconds since the epoch.
    until: i64,
    nonce: uuid::Uuid,
}

impl Vicarious {
    /// Returns a ticket for one connection with this identity.
    pub fn cable_ticket(&self, connected: &Connected) -> Ticket {
        let engine = &self.engine;
        let expires_at = engine.now().saturating_add(engine.tickets.lasts).unwrap_or(Timestamp::MAX);
        let carried = self.carry(connected);
        let sealed = Sealed { carried, until: expires_at.as_microsecond(), nonce: uuid::Uuid::new_v4() };
        let plain = serde_json::to_vec(&sealed).unwrap_or_default();
        Ticket { ticket: engine.keys.seal(Purpose::Ticket, &plain), expires_at }
    }

    /// Finds out who the upgrade request that brings this ticket is from: afresh, by the same table as a cookie.
    ///
    /// A ticket that is forged, has lapsed or was used is nobody. It is used up on this process: where several processes
    /// serve sockets, the same ticket may be redeemed once on each before it lapses. The connection of a shadower is on
    /// record before this returns, as if the request had brought a cookie.
    ///
    /// # Errors
    ///
    /// [`Refused::Unavailable`] when the ledger or the host cannot answer.
    pub async fn redeem(&self, ticket: &str, request: &Parts) -> Result<Connecting, Refused> {
        let engine = &self.engine;
        let plain = engine.keys.open(Purpose::Ticket, ticket);
        let Some(sealed) = plain.and_then(|plain| serde_json::from_slice::<Sealed>(&plain).ok()) else {
            return Ok(Connecting::Nobody);
        };
        let now = engine.now();
        if sealed.until <= now.as_microsecond() || !engine.tickets.spend(sealed.until, sealed.nonce, now) {
            return Ok(Connecting::Nobody);
        }
        let connecting = engine.connect(&sealed.carried, Some(request)).await?;
        match &connecting {
            Connecting::As(connected) => match connected.impersonation() {
                Some(row) => Ok(engine.on_record(connected, row, request).await?.map_or(connecting, Connecting::Ended)),
                None => Ok(connecting),
            },
            Connecting::Nobody | Connecting::Ended(_) => Ok(connecting),
        }
    }
}

impl Engine {
    /// Records a connection made as somebody else; returns why not, when it is over.
    async fn on_record(
        self: &Arc<Self>,
        connected: &Connected,
        row: &Impersonation,
        request: &Parts,
    ) -> Result<Option<DeadCause>, Refused> {
        let mut intent = record::intent(self, row, connected.request().unwrap_or(request), None);
        // Without the query, because the ticket may be in it.
        let path = self.redactor.path(request.uri.path());
        intent.request = Some(RequestFacts { path, ..record::facts(self, request) });
        match admit(self, intent).await? {
            Leave::Given(outcome) => {
                outcome.is(StatusCode::SWITCHING_PROTOCOLS);
                Ok(None)
            }
            Leave::Over(cause) => {
                self.forget_rows();
                Ok(Some(match self.ended(row.clone(), cause).await? {
                    Standing::Dead(dead) => dead.cause,
                    Standing::Own | Standing::Pair { .. } => DeadCause::Ended(cause),
                }))
            }
        }
    }
}
