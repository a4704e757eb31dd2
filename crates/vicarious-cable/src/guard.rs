//! Who connects, and what they may do: the same answers as over HTTP.

use axum::extract::FromRequestParts as _;
use cable_axum::{Access, Deed, Disconnect, Ending, Permit, Refused};
use http::StatusCode;
use http::request::Parts;
use serde_json::{Value, json};
use vicarious_axum::{Admitted, Connected, Connecting, Still, Vicarious};

use crate::closing::reasons;
use crate::{page, ticket};

/// Asks Vicarious.
pub(crate) struct Guard(pub(crate) Vicarious);

impl Access for Guard {
    type Identity = Connected;

    async fn identify(&self, request: &mut Parts) -> Result<Connected, Disconnect> {
        let ticket = ticket::presented(&request.headers).map(str::to_owned);
        let connecting = match ticket {
            Some(ticket) => self.0.redeem(&ticket, request).await.map_err(|_| Disconnect::UNAVAILABLE)?,
            None => Connecting::from_request_parts(request, &()).await.map_err(|_| Disconnect::UNAUTHORIZED)?,
        };
        match connecting {
            Connecting::As(connected) if page::is_meant(&request.uri, &connected) => Ok(connected),
            // The page is somebody else's: it must not hear, nor do, what is this one's.
            Connecting::As(_) => Err(reasons::IDENTITY_CHANGED),
            // In doubt nobody: a shadower that is missing would turn an agent into the customer.
            Connecting::Nobody => Err(Disconnect::UNAUTHORIZED),
            Connecting::Ended(_) => Err(reasons::IMPERSONATION_ENDED),
        }
    }

    async fn still(&self, connected: &Connected) -> Result<(), Disconnect> {
        match self.0.still(connected).await {
            Ok(Still::Yes) => Ok(()),
            Ok(Still::Ended(_)) => Err(reasons::IMPERSONATION_ENDED),
            Ok(Still::SignedOut) => Err(reasons::SIGNED_OUT),
            Err(_) => Err(Disconnect::UNAVAILABLE),
        }
    }

    async fn admit(&self, connected: &Connected, deed: &Deed<'_>) -> Result<Option<Box<dyn Permit>>, Refused> {
        if !connected.is_impersonating() {
            return Ok(None);
        }
        let (parameters, confirmation) = parameters(deed);
        let asked = vicarious_axum::Deed {
            channel: deed.channel,
            action: deed.action,
            parameters: &parameters,
            confirmation: confirmation.as_deref(),
        };
        match self.0.admit(connected, asked).await {
            Ok(admitted) => Ok(Some(Box::new(Recorded(admitted)))),
            Err(denied) if denied.ended().is_some() => Err(Refused::Over(reasons::IMPERSONATION_ENDED)),
            Err(denied) => Err(Refused::Problem(denied.to_json())),
        }
    }
}

/// Returns what is recorded of a deed and what its confirmation is bound to, and the confirmation that came with it.
fn parameters(deed: &Deed<'_>) -> (Value, Option<String>) {
    if deed.action.is_none() {
        return (deed.data.clone(), None);
    }
    let mut data = deed.data.clone();
    let confirmation = data.as_object_mut().and_then(|data| data.remove("confirmation"));
    let confirmation = confirmation.and_then(|value| value.as_str().map(str::to_owned));
    // As JSON and not as the text that it is, so that its fields are recorded by their names, or not at all.
    let subscription: Value = serde_json::from_str(deed.identifier).unwrap_or_else(|_| deed.identifier.into());
    (json!({ "data": data, "subscription": subscription }), confirmation)
}

/// What a shadower was admitted to, on record.
struct Recorded(Admitted);

impl Permit for Recorded {
    fn finish(self: Box<Self>, ending: Ending) {
        self.0.finish(match ending {
            Ending::Done => StatusCode::OK,
            Ending::Declined => StatusCode::UNPROCESSABLE_ENTITY,
            Ending::Failed => StatusCode::INTERNAL_SERVER_ERROR,
        });
    }
}
