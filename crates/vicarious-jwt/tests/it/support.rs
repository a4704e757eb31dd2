//! A shop that mints, and a billing service that verifies.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::{Signer as _, SigningKey};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use testkit::MemoryLedger;
use testkit::people::{MONDAY, alice, bob};
use testkit::scene::{Start, started};
use vicarious_core::ports::Ledger;
use vicarious_core::{Identity, Impersonation};
use vicarious_jwt::{Issuer, PublicKeys, Verifier};

pub(crate) const SHOP: &str = "https://shop.example";
pub(crate) const BILLING: &str = "https://billing.example";
/// The secret that signs.
pub(crate) const SECRET: [u8; 32] = [7; 32];
const OLDER: [u8; 32] = [5; 32];

pub(crate) struct World {
    pub(crate) ledger: Arc<MemoryLedger>,
    pub(crate) issuer: Issuer,
    pub(crate) row: Impersonation,
    pub(crate) pair: Identity,
}

impl World {
    /// Returns a world in which Bob has just begun to act as Alice.
    pub(crate) async fn new() -> Self {
        let ledger = Arc::new(MemoryLedger::new());
        let decided = Start::of("first", bob(), alice(), MONDAY).decide().unwrap();
        let row = started(&decided).unwrap();
        ledger.apply(decided).await.unwrap();
        let issuer = Issuer::new(SHOP, ledger.clone(), (SECRET, vec![OLDER]));
        let pair = Identity::impersonating(bob(), alice(), row.clone());
        Self { ledger, issuer, row, pair }
    }

    pub(crate) fn verifier(&self) -> Verifier {
        Verifier::new(SHOP, BILLING, self.keys())
    }

    pub(crate) fn keys(&self) -> PublicKeys {
        PublicKeys::parse(&self.issuer.jwks().to_string()).unwrap()
    }
}

pub(crate) fn after(seconds: i64) -> Timestamp {
    MONDAY + SignedDuration::from_secs(seconds)
}

/// Returns the three parts of a token, the first two as JSON.
pub(crate) fn parts(token: &str) -> (Value, Value, String) {
    let [header, payload, signature] = token.split('.').collect::<Vec<_>>()[..] else { return Default::default() };
    let json = |part| serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap();
    (json(header), json(payload), signature.to_owned())
}

/// Signs whatever it is told to, as somebody could who has the secret.
pub(crate) fn signed(header: &Value, payload: &str) -> String {
    let text = unsigned(header, payload);
    let signature = SigningKey::from_bytes(&SECRET).sign(text.as_bytes());
    format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature.to_bytes()))
}

pub(crate) fn unsigned(header: &Value, payload: &str) -> String {
    format!("{}.{}", URL_SAFE_NO_PAD.encode(header.to_string()), URL_SAFE_NO_PAD.encode(payload))
}
