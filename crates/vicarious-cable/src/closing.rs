//! A socket never outlives its identity.

use std::sync::OnceLock;

use cable_axum::{Cable, Disconnect};
use vicarious_axum::{Connected, Event, Watch};
use vicarious_core::{AccountId, Identity};

/// Why connections of an identity close, as their clients are told. `docs/channels.md` has the table.
pub mod reasons {
    use super::Disconnect;

    /// The impersonation is over, for whatever cause. A page that was opened as the customer must not come back as the
    /// agent, so it does not come back at all.
    pub const IMPERSONATION_ENDED: Disconnect = Disconnect::of("impersonation_ended", false);
    /// The sign-in is over.
    pub const SIGNED_OUT: Disconnect = Disconnect::of("signed_out", false);
    /// The page was opened as one identity, and its browser now has another: an impersonation began.
    pub const IDENTITY_CHANGED: Disconnect = Disconnect::of("identity_changed", false);
    /// The account or its rights have changed: connect again, and be asked again.
    pub const ACCOUNT_CHANGED: Disconnect = Disconnect::of("account_changed", true);
}

/// Closes sockets when their identity ends.
#[derive(Default)]
pub(crate) struct Closer(OnceLock<Cable<Connected>>);

impl Closer {
    pub(crate) fn closes(&self, cable: &Cable<Connected>) {
        // Set once, by whoever made both.
        let _ = self.0.set(cable.clone());
    }

    fn close(&self, why: &Disconnect, matches: impl Fn(&Connected) -> bool) {
        let Some(cable) = self.0.get() else { return };
        let closed = cable.disconnect(why, matches);
        if closed > 0 {
            tracing::info!(reason = %why.reason, closed, "closed the connections of an identity");
        }
    }
}

impl Watch for Closer {
    // INVARIANT: I5: when the answer of a stop leaves, no socket of that impersonation takes anything any more.
    fn seen(&self, event: &Event<'_>) {
        match event {
            Event::Ended(ended, _) => self.close(&reasons::IMPERSONATION_ENDED, |connected| {
                connected.impersonation().is_some_and(|impersonation| impersonation.id == ended.id)
            }),
            Event::Started(started) => self.close(&reasons::IDENTITY_CHANGED, |connected| {
                *connected.sign_in() == started.sign_in && !connected.is_impersonating()
            }),
            Event::SignedOut(key) => self.close(&reasons::SIGNED_OUT, |connected| connected.sign_in() == *key),
            Event::AccountChanged(account) => {
                self.close(&reasons::ACCOUNT_CHANGED, |connected| concerns(connected, account));
            }
            _ => {}
        }
    }
}

fn concerns(identity: &Identity, account: &AccountId) -> bool {
    [identity.current_user(), identity.true_user()].into_iter().flatten().any(|user| user.id == *account)
}
