//! Who is acting, and as whom, for other services: short-lived signed tokens, minted and verified.
//!
//! A service that gets a token verifies it with a [`Verifier`], and reads both users from its [`Claims`]. The application
//! mints with an `Issuer` (feature `mint`).
//!
//! Read in this order: `claims`, `keys`, `verify`, `issue`.
//!
//! # Examples
//!
//! ```
//! use vicarious_jwt::{PublicKeys, Verifier, VerifyError};
//!
//! # let jwks = r#"{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"1","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;
//! // Fetched from the application, and again when a token has a key that is not known.
//! let keys = PublicKeys::parse(jwks)?;
//! let verifier = Verifier::new("https://shop.example", "https://billing.example", keys);
//!
//! let refused = verifier.verify("not a token", jiff::Timestamp::now());
//! assert_eq!(refused, Err(VerifyError::Malformed));
//! # Ok::<(), vicarious_jwt::KeysError>(())
//! ```

mod claims;
#[cfg(feature = "mint")]
mod issue;
mod keys;
mod verify;

pub use claims::{Actor, Claims, Impersonation, Mode};
#[cfg(feature = "mint")]
pub use issue::{Issuer, MintError, Token};
pub use keys::{KeysError, PublicKeys};
pub use verify::{Verifier, VerifyError};
