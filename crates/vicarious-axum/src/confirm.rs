//! Confirmations and held requests: sealed, short-lived, bound to what they are for.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use vicarious_core::Impersonation;
use vicarious_core::ports::Unavailable;

use crate::engine::Engine;
use crate::keys::Purpose;

/// How long a question may be pondered.
const LASTS: SignedDuration = SignedDuration::from_mins(5);

/// What a confirmation is for; two requests that differ in any of it need two confirmations.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Subject<'a> {
    pub(crate) row: &'a Impersonation,
    pub(crate) method: &'a str,
    pub(crate) path: &'a str,
    pub(crate) body: &'a [u8],
}

impl Subject<'_> {
    fn digest(&self) -> [u8; 32] {
        let mut hash = Sha256::new();
        for part in [self.row.id.as_str().as_bytes(), self.method.as_bytes(), self.path.as_bytes(), self.body] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        hash.finalize().into()
    }
}

/// Mints a confirmation for a request.
pub(crate) fn mint(engine: &Engine, subject: &Subject<'_>) -> String {
    let until = engine.now().saturating_add(LASTS).unwrap_or(Timestamp::MAX);
    let mut plain = Vec::with_capacity(16 + 8 + 32);
    plain.extend_from_slice(uuid::Uuid::new_v4().as_bytes());
    plain.extend_from_slice(&until.as_microsecond().to_be_bytes());
    plain.extend_from_slice(&subject.digest());
    engine.keys.seal(Purpose::Confirmation, &plain)
}

/// Returns whether `sealed` confirms this request now, and uses it up.
pub(crate) async fn redeem(engine: &Engine, sealed: &str, subject: &Subject<'_>) -> Result<bool, Unavailable> {
    let Some(plain) = engine.keys.open(Purpose::Confirmation, sealed) else { return Ok(false) };
    let (Some(nonce), Some(until), Some(digest)) = (array::<16>(&plain, 0), array::<8>(&plain, 16), plain.get(24..))
    else {
        return Ok(false);
    };
    let Ok(until) = Timestamp::from_microsecond(i64::from_be_bytes(until)) else { return Ok(false) };
    if engine.now() >= until || digest != subject.digest() {
        return Ok(false);
    }
    engine.ledger.spend(&nonce, until).await
}

fn array<const N: usize>(bytes: &[u8], from: usize) -> Option<[u8; N]> {
    bytes.get(from..from + N)?.try_into().ok()
}

/// A request that waits, whole, in a hidden field of the page that asks about it, so that nothing typed is lost.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Held {
    /// The impersonation in which it was sent.
    pub(crate) impersonation: String,
    pub(crate) method: String,
    /// Path and query.
    pub(crate) path: String,
    /// The route template that matched.
    pub(crate) route: Option<String>,
    pub(crate) content_type: Option<String>,
    pub(crate) back: String,
    #[serde(with = "base64_bytes")]
    pub(crate) body: Vec<u8>,
}

impl Held {
    pub(crate) fn seal(&self, engine: &Engine) -> String {
        engine.keys.seal(Purpose::Held, &serde_json::to_vec(self).unwrap_or_default())
    }

    /// Opens a held request of this impersonation.
    pub(crate) fn open(engine: &Engine, row: &Impersonation, sealed: &str) -> Option<Self> {
        let held: Self = serde_json::from_slice(&engine.keys.open(Purpose::Held, sealed)?).ok()?;
        (held.impersonation == row.id.as_str()).then_some(held)
    }
}

mod base64_bytes {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use serde::{Deserialize, Deserializer, Serializer, de};

    pub(super) fn serialize<S: Serializer>(bytes: &[u8], to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&STANDARD.encode(bytes))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<u8>, D::Error> {
        STANDARD.decode(String::deserialize(from)?).map_err(de::Error::custom)
    }
}
