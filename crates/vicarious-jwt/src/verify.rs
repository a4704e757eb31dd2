use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::Signature;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::Value;

use crate::claims::{ALGORITHM, Claims, LONGEST, TYPE};
use crate::keys::PublicKeys;

/// The longest token that is looked at, in bytes.
const LENGTH_AT_MOST: usize = 4096;
/// How far the clocks of application and service may be apart by default.
const APART: SignedDuration = SignedDuration::from_secs(5);

/// What a service verifies tokens with.
#[derive(Clone, Debug)]
pub struct Verifier {
    issuer: String,
    audience: String,
    keys: PublicKeys,
    apart: SignedDuration,
}

/// Why a token is worth nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VerifyError {
    /// It is no token, or not one of this kind.
    #[error("this is no token of the kind that is expected")]
    Malformed,
    /// It is signed in another way, or not at all.
    #[error("the algorithm is not EdDSA")]
    Algorithm,
    /// It is signed with a key that is not known: fetch the keys anew, at most once in a while.
    #[error("the key `{0}` is not known")]
    UnknownKey(String),
    /// The signature does not fit.
    #[error("the signature does not fit")]
    Signature,
    /// Another application minted it.
    #[error("it is from another issuer")]
    Issuer,
    /// It is for another service.
    #[error("it is for another service")]
    Audience,
    /// It is over.
    #[error("it has expired")]
    Expired,
    /// It is from the future.
    #[error("it is from the future")]
    Future,
    /// It would last longer than such a token may.
    #[error("it lasts too long")]
    TooLong,
    /// It names an actor without an impersonation, nobody, or the same person twice.
    #[error("what it says about who is acting does not go together")]
    Inconsistent,
}

#[derive(Deserialize)]
struct Header {
    alg: Value,
    #[serde(default)]
    typ: Option<String>,
    #[serde(default)]
    kid: Option<String>,
    /// Whoever does not know an extension that is critical must refuse (RFC 7515, section 4.1.11), and none is known.
    #[serde(default)]
    crit: Option<Value>,
}

impl Verifier {
    /// Returns a verifier of tokens that `issuer` minted for `audience`, which is this service.
    pub fn new(issuer: &str, audience: &str, keys: PublicKeys) -> Self {
        Self { issuer: issuer.to_owned(), audience: audience.to_owned(), keys, apart: APART }
    }

    /// Sets how far a token may seem to come from the future, because clocks differ; default 5 seconds.
    ///
    /// An end is never put off: a clock that is behind lets a token live longer by as much as it is behind.
    #[must_use]
    pub fn clocks_apart(mut self, by: SignedDuration) -> Self {
        self.apart = by;
        self
    }

    /// Puts newly fetched keys in the place of the old ones.
    pub fn renew(&mut self, keys: PublicKeys) {
        self.keys = keys;
    }

    /// Returns what a token says, if it is this application's, for this service, and good at `now`.
    ///
    /// # Errors
    ///
    /// [`VerifyError`] says why not. Answer all of them with the same 401.
    pub fn verify(&self, token: &str, now: Timestamp) -> Result<Claims, VerifyError> {
        let claims: Claims = serde_json::from_slice(&self.signed(token)?).map_err(|_| VerifyError::Malformed)?;
        if claims.iss != self.issuer {
            return Err(VerifyError::Issuer);
        }
        if claims.aud != self.audience {
            return Err(VerifyError::Audience);
        }
        if claims.exp <= now.as_second() {
            return Err(VerifyError::Expired);
        }
        if claims.iat > now.as_second().saturating_add(self.apart.as_secs()) {
            return Err(VerifyError::Future);
        }
        if claims.exp.saturating_sub(claims.iat) > LONGEST {
            return Err(VerifyError::TooLong);
        }
        if claims.is_consistent() { Ok(claims) } else { Err(VerifyError::Inconsistent) }
    }

    /// Returns what was signed. Nothing of it is read before the signature is known to fit.
    fn signed(&self, token: &str) -> Result<Vec<u8>, VerifyError> {
        let (text, signature) = token.rsplit_once('.').ok_or(VerifyError::Malformed)?;
        let (header, payload) = text.split_once('.').ok_or(VerifyError::Malformed)?;
        if token.len() > LENGTH_AT_MOST || payload.contains('.') {
            return Err(VerifyError::Malformed);
        }
        let header: Header = serde_json::from_slice(&decoded(header)?).map_err(|_| VerifyError::Malformed)?;
        if header.alg != ALGORITHM {
            return Err(VerifyError::Algorithm);
        }
        let kind = header.typ.unwrap_or_default().to_ascii_lowercase();
        if header.crit.is_some() || kind.strip_prefix("application/").unwrap_or(&kind) != TYPE {
            return Err(VerifyError::Malformed);
        }
        let id = header.kid.ok_or(VerifyError::Malformed)?;
        let key = self.keys.find(&id).ok_or(VerifyError::UnknownKey(id))?;
        let signature = Signature::from_slice(&decoded(signature)?).map_err(|_| VerifyError::Signature)?;
        key.verify_strict(text.as_bytes(), &signature).map_err(|_| VerifyError::Signature)?;
        decoded(payload)
    }
}

fn decoded(text: &str) -> Result<Vec<u8>, VerifyError> {
    URL_SAFE_NO_PAD.decode(text).map_err(|_| VerifyError::Malformed)
}
