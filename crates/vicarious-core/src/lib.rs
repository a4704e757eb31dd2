//! The rules of account impersonation, as values.
//!
//! Nothing here knows a clock, randomness, a database or a web framework. A decision is a pure function of
//! what is known and of the time it is told; its answer is either a [`Refusal`] or a [`Transition`], which says
//! what changes *and* carries the audit entry for it, so that the two cannot be applied apart.
//!
//! Read in this order: [`account`], [`identity`], [`impersonation`], [`consent`], [`decide`], [`rules`],
//! [`policy`], [`audit`], [`redact`], [`ports`], [`words`].

pub mod account;
pub mod audit;
pub mod consent;
pub mod decide;
pub mod identity;
pub mod impersonation;
pub mod policy;
pub mod ports;
pub mod redact;
pub mod refusal;
pub mod rules;
pub mod site_path;
pub mod words;

pub use account::{Account, AccountId, Person};
pub use audit::{Entry, Kind};
pub use consent::{Consent, ConsentId};
pub use decide::Transition;
pub use identity::Identity;
pub use impersonation::{EndCause, HandleHash, Impersonation, ImpersonationId, Mode, SignInKey};
pub use ports::Ledger;
pub use refusal::Refusal;
pub use rules::{Rule, Rules};
pub use site_path::SitePath;
pub use words::Words;

/// A length of time, as the terms of impersonation are written in.
pub use jiff::SignedDuration;
/// A point in time, in UTC, with microsecond precision once stored.
pub use jiff::Timestamp;

/// Declares an opaque string identifier with the traits every identifier here needs.
macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
        #[serde(transparent)]
        pub struct $name(std::sync::Arc<str>);

        impl $name {
            /// Wraps the text of an identifier; it is compared byte for byte and never parsed.
            pub fn new(text: impl Into<std::sync::Arc<str>>) -> Self {
                Self(text.into())
            }

            /// Returns the text of this identifier.
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// Returns the text of this identifier to share: a copy of it costs nothing.
            pub fn shared(&self) -> &std::sync::Arc<str> {
                &self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, "{:?}", &*self.0)
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self::new(text)
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self::new(text)
            }
        }
    };
}
pub(crate) use text_id;
