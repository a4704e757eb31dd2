use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::{Signer as _, SigningKey};
use jiff::{SignedDuration, Timestamp};
use vicarious_core::ports::{Ledger, Unavailable};
use vicarious_core::{EndCause, Entry, Identity, Impersonation as Row, ImpersonationId, Kind, Mode as Allowed, Person};

use crate::claims::{ALGORITHM, Actor, Claims, Impersonation, LONGEST, Mode, TYPE};
use crate::keys::{PublicKeys, thumbprint};

/// How long a token is good for by default, in seconds.
const LASTS: i64 = 60;

/// Mints tokens for an application's other services.
///
/// Cloning is cheap, and `Debug` shows no key.
///
/// # Examples
///
/// ```
/// use std::sync::Arc;
///
/// use vicarious_core::{Account, Identity, Timestamp};
/// use vicarious_jwt::{Issuer, PublicKeys, Verifier};
///
/// # let ledger = Arc::new(testkit::MemoryLedger::new());
/// # let secrets = ([7; 32], Vec::new());
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// // In the application; the secrets are derived from its key ring.
/// let tokens = Issuer::new("https://shop.example", ledger, secrets);
/// let who = Identity::own(Account::new("alice", "Alice", "alice@example.com"));
/// let token = tokens.mint(&who, "https://billing.example", Timestamp::now()).await?;
///
/// // In the service.
/// let keys = PublicKeys::parse(&tokens.jwks().to_string())?;
/// let verifier = Verifier::new("https://shop.example", "https://billing.example", keys);
/// let claims = verifier.verify(&token.token, Timestamp::now())?;
/// assert_eq!((claims.current_user(), claims.shadower()), ("alice", None));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Issuer(Arc<Inner>);

struct Inner {
    name: String,
    ledger: Arc<dyn Ledger>,
    key: SigningKey,
    public: PublicKeys,
    lasts: i64,
}

/// A minted token.
#[derive(Clone, PartialEq, Eq)]
pub struct Token {
    /// What goes into `Authorization: Bearer …`.
    pub token: String,
    /// What it says.
    pub claims: Claims,
}

/// Why no token was minted.
#[derive(Debug, thiserror::Error)]
pub enum MintError {
    /// Nobody is signed in.
    #[error("nobody is signed in")]
    Nobody,
    /// A token names the service that it is for.
    #[error("the audience is empty")]
    NoAudience,
    /// The impersonation is over.
    #[error("the impersonation has ended: {}", .0.as_str())]
    Ended(EndCause),
    /// The ledger cannot answer, so nothing could be put on record.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

impl Issuer {
    /// Returns an issuer that calls itself `name`, the application's origin, and keeps its record in `ledger`.
    ///
    /// The first secret signs. The others are served as public keys too, so that tokens of before a rotation stay good:
    /// hand over what `KeyRing::secrets_for` derives.
    pub fn new(name: &str, ledger: Arc<dyn Ledger>, secrets: ([u8; 32], Vec<[u8; 32]>)) -> Self {
        let (first, older) = secrets;
        let key = SigningKey::from_bytes(&first);
        let older = older.iter().map(|secret| SigningKey::from_bytes(secret).verifying_key());
        let public = PublicKeys::of([key.verifying_key()].into_iter().chain(older));
        Self(Arc::new(Inner { name: name.to_owned(), ledger, key, public, lasts: LASTS }))
    }

    /// Sets how long a token is good for: default a minute, at most 5. A stop does not reach a service that has a token
    /// already, so this is how long it goes on there.
    #[must_use]
    pub fn lasting(self, time: SignedDuration) -> Self {
        let inner = Arc::unwrap_or_clone(self.0);
        Self(Arc::new(Inner { lasts: time.as_secs().clamp(1, LONGEST), ..inner }))
    }

    /// Returns the public keys as a JSON Web Key Set, to be served at `/.well-known/jwks.json`.
    pub fn jwks(&self) -> serde_json::Value {
        self.0.public.to_json()
    }

    /// Mints a token with which the service `audience` sees the same identity.
    ///
    /// For a shadower the impersonation is looked up afresh, the token ends with it and with its mode, whichever comes
    /// first, and it is on record before this returns. Somebody as themselves gets one without an actor, and no record.
    ///
    /// # Errors
    ///
    /// [`MintError`]. There is no token that is not on record.
    pub async fn mint(&self, identity: &Identity, audience: &str, now: Timestamp) -> Result<Token, MintError> {
        let (Some(current), Some(_)) = (identity.current_user(), identity.true_user()) else {
            return Err(MintError::Nobody);
        };
        if audience.is_empty() {
            return Err(MintError::NoAudience);
        }
        let mut claims = self.claims(current, audience, now);
        if let Some(row) = identity.impersonation() {
            let row = self.running(&row.id, now).await?;
            let mut end = row.ends_at.min(row.idle_ends_at());
            let mode = match row.mode_at(now) {
                Allowed::Read => Mode::Read,
                Allowed::Write { until } => {
                    end = end.min(until);
                    Mode::Write
                }
            };
            claims.exp = claims.exp.min(end.as_second());
            // Less than a second is left, and tokens count in seconds.
            if claims.exp <= claims.iat {
                return Err(MintError::Ended(EndCause::Expired));
            }
            claims.act = Some(Actor { sub: row.true_user.id.to_string() });
            claims.impersonation = Some(Impersonation { id: row.id.to_string(), mode });
            let entry = Entry::of(&row, Kind::TokenIssued, now)
                .with("audience", audience)
                .with("token", claims.jti.as_str())
                .with("mode", row.mode_at(now).as_str())
                .with("expires_at", Timestamp::from_second(claims.exp).unwrap_or(now).to_string());
            // INVARIANT: nothing leaves that is not on record.
            self.0.ledger.append(entry).await?;
            // INVARIANT: I5: asked again, so that what leaves is on record before the end; an end may have come meanwhile.
            self.running(&row.id, now).await?;
        }
        Ok(Token { token: self.signed(&claims), claims })
    }

    /// Returns an impersonation that is not over.
    async fn running(&self, id: &ImpersonationId, now: Timestamp) -> Result<Row, MintError> {
        let row = self.0.ledger.by_id(id).await?.ok_or(MintError::Ended(EndCause::Stopped))?;
        row.over_at(now).map_or(Ok(row), |cause| Err(MintError::Ended(cause)))
    }

    fn claims(&self, current: &Person, audience: &str, now: Timestamp) -> Claims {
        let iat = now.as_second();
        Claims {
            iss: self.0.name.clone(),
            aud: audience.to_owned(),
            sub: current.id.to_string(),
            act: None,
            iat,
            exp: iat.saturating_add(self.0.lasts),
            jti: uuid::Uuid::now_v7().to_string(),
            impersonation: None,
        }
    }

    fn signed(&self, claims: &Claims) -> String {
        let id = thumbprint(&self.0.key.verifying_key());
        let header = serde_json::json!({ "alg": ALGORITHM, "typ": TYPE, "kid": id }).to_string();
        // Texts and numbers always become JSON.
        let payload = serde_json::to_vec(claims).unwrap_or_default();
        let text = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(payload));
        let signature = self.0.key.sign(text.as_bytes());
        format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature.to_bytes()))
    }
}

impl Clone for Inner {
    fn clone(&self) -> Self {
        let Self { name, ledger, key, public, lasts } = self;
        Self { name: name.clone(), ledger: Arc::clone(ledger), key: key.clone(), public: public.clone(), lasts: *lasts }
    }
}

impl fmt::Debug for Issuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Issuer").field("name", &self.0.name).field("lasts", &self.0.lasts).finish_non_exhaustive()
    }
}

/// The token itself is a secret as long as it lasts.
impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token").field("claims", &self.claims).finish_non_exhaustive()
    }
}
