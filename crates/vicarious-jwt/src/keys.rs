use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::VerifyingKey;
use serde::{Deserialize, Serialize};

use crate::claims::ALGORITHM;

/// The public keys of an application, as it serves them: a JSON Web Key Set (RFC 7517).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKeys(Vec<(String, VerifyingKey)>);

/// Why a text is no set of keys.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeysError {
    /// It is no JSON Web Key Set.
    #[error("this is no JSON Web Key Set: {0}")]
    NoSet(String),
    /// It has no key that these tokens are signed with.
    #[error("the set has no Ed25519 key for signatures")]
    NoKey,
    /// Two keys have the same identifier.
    #[error("two keys of the set are called `{0}`")]
    Ambiguous(String),
}

#[derive(Serialize, Deserialize)]
struct Set {
    keys: Vec<Key>,
}

#[derive(Serialize, Deserialize)]
struct Key {
    kty: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    crv: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    kid: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    x: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    alg: Option<String>,
    #[serde(default, rename = "use", skip_serializing_if = "Option::is_none")]
    usage: Option<String>,
}

impl PublicKeys {
    /// Reads a JSON Web Key Set. Keys of other kinds, and without an identifier, are passed over.
    ///
    /// # Errors
    ///
    /// [`KeysError`] when no usable key is left, or two are called the same.
    pub fn parse(jwks: &str) -> Result<Self, KeysError> {
        let set: Set = serde_json::from_str(jwks).map_err(|error| KeysError::NoSet(error.to_string()))?;
        let mut keys: Vec<(String, VerifyingKey)> = Vec::new();
        for (id, key) in set.keys.into_iter().filter_map(Key::usable) {
            if keys.iter().any(|(known, _)| *known == id) {
                return Err(KeysError::Ambiguous(id));
            }
            keys.push((id, key));
        }
        if keys.is_empty() { Err(KeysError::NoKey) } else { Ok(Self(keys)) }
    }

    pub(crate) fn find(&self, id: &str) -> Option<&VerifyingKey> {
        self.0.iter().find(|(known, _)| known == id).map(|(_, key)| key)
    }

    /// Returns the set as an application serves it.
    #[cfg(feature = "mint")]
    pub(crate) fn to_json(&self) -> serde_json::Value {
        let key = |(id, key): &(String, VerifyingKey)| {
            serde_json::json!({
                "kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": ALGORITHM, "kid": id,
                "x": URL_SAFE_NO_PAD.encode(key.as_bytes()),
            })
        };
        serde_json::json!({ "keys": self.0.iter().map(key).collect::<Vec<_>>() })
    }

    #[cfg(feature = "mint")]
    pub(crate) fn of(keys: impl IntoIterator<Item = VerifyingKey>) -> Self {
        Self(keys.into_iter().map(|key| (thumbprint(&key), key)).collect())
    }
}

impl Key {
    fn usable(self) -> Option<(String, VerifyingKey)> {
        let is_ed25519 = self.kty == "OKP" && self.crv.as_deref() == Some("Ed25519");
        let is_for_this = self.usage.as_deref().is_none_or(|usage| usage == "sig")
            && self.alg.as_deref().is_none_or(|alg| alg == ALGORITHM);
        let bytes = URL_SAFE_NO_PAD.decode(self.x?).ok()?;
        let key = VerifyingKey::from_bytes(&bytes.try_into().ok()?).ok()?;
        // A weak key verifies signatures of any text.
        (is_ed25519 && is_for_this && !key.is_weak()).then_some((self.kid?, key))
    }
}

/// Returns a key's thumbprint (RFC 7638 with RFC 8037, appendix A.3), which is its identifier here.
#[cfg(feature = "mint")]
pub(crate) fn thumbprint(key: &VerifyingKey) -> String {
    use sha2::{Digest as _, Sha256};

    let members = format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{}"}}"#, URL_SAFE_NO_PAD.encode(key.as_bytes()));
    URL_SAFE_NO_PAD.encode(Sha256::digest(members))
}

#[cfg(test)]
mod tests {
    use super::{KeysError, PublicKeys};

    const X: &str = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";

    #[cfg(feature = "mint")]
    #[test]
    fn a_thumbprint_is_the_one_of_the_standard() {
        use base64::Engine as _;

        use super::{URL_SAFE_NO_PAD, VerifyingKey, thumbprint};

        let bytes: [u8; 32] =
            URL_SAFE_NO_PAD.decode(X).ok().and_then(|bytes| bytes.try_into().ok()).unwrap_or_default();
        let key = VerifyingKey::from_bytes(&bytes).unwrap_or_default();
        assert_eq!(thumbprint(&key), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k", "RFC 8037, appendix A.3");
    }

    #[test]
    fn keys_of_other_kinds_are_passed_over_and_ambiguous_ones_refused() {
        let ours = format!(r#"{{"kty":"OKP","crv":"Ed25519","kid":"1","x":"{X}"}}"#);
        let set = |keys: &str| PublicKeys::parse(&format!(r#"{{"keys":[{keys}]}}"#));
        assert!(set(&format!(r#"{{"kty":"RSA","n":"AQAB","e":"AQAB","kid":"2"}},{ours}"#)).is_ok());
        assert_eq!(set(&format!("{ours},{ours}")), Err(KeysError::Ambiguous("1".into())));
        for unusable in [
            r#"{"kty":"oct","k":"AAAA","kid":"1"}"#.to_owned(),
            ours.replace("Ed25519", "X25519"),
            ours.replace(r#""kid":"1","#, r#""kid":"1","use":"enc","#),
            ours.replace(r#""kid":"1","#, ""),
            ours.replace(X, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
        ] {
            assert_eq!(set(&unusable), Err(KeysError::NoKey), "{unusable}");
        }
    }
}
