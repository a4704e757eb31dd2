//! Who connects, and what they may do: the same answers as over HTTP.

use axum::extract::FromRequestParts as _;
use cable_axum::{Access, Disconnect};
use http::request::Parts;
use vicarious_axum::{Connected, Connecting, Still, Vicarious};

use crate::closing::reasons;

/// Asks Vicarious.
pub(crate) struct Guard(pub(crate) Vicarious);

impl Access for Guard {
    type Identity = Connected;

    async fn identify(&self, request: &mut Parts) -> Result<Connected, Disconnect> {
        let connecting = Connecting::from_request_parts(request, &()).await.map_err(|_| Disconnect::UNAUTHORIZED)?;
        match connecting {
            Connecting::As(connected) => Ok(connected),
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
}
