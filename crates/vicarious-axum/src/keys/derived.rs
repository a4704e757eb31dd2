//! What a host derives from the key ring, the same on every node: keys of sign-ins, and secrets.

use sha2::{Digest as _, Sha256};
use vicarious_core::SignInKey;

use super::{KEY, Key, KeyRing, NONCE, Purpose, derive, seal_with};

impl KeyRing {
    /// Returns a key for the sign-in that `found_by` finds, such as the identifier of a session: always the same for the
    /// same bytes, until the oldest key leaves the ring, and worth nothing without the ring.
    ///
    /// For a host whose session store knows its sessions by their secret and by nothing else.
    ///
    /// # Examples
    ///
    /// ```
    /// use vicarious_axum::KeyRing;
    ///
    /// let ring = KeyRing::generate();
    /// let key = ring.sign_in_key(b"the identifier of a session");
    /// assert_eq!(ring.sign_in_found_by(&key).as_deref(), Some(&b"the identifier of a session"[..]));
    /// assert_eq!(KeyRing::generate().sign_in_found_by(&key), None);
    /// ```
    pub fn sign_in_key(&self, found_by: &[u8]) -> SignInKey {
        // The nonce is a keyed digest of what is sealed, so only equal texts share one.
        let digest = keyed(&derive(b"vicarious signin", &self.oldest().bytes), found_by);
        let mut nonce = [0; NONCE];
        nonce.copy_from_slice(&digest[..NONCE]);
        SignInKey::from(seal_with(self.oldest(), nonce, Purpose::SignIn, found_by))
    }

    /// Returns what [`KeyRing::sign_in_key`] was given, or none when the key was not made by this ring.
    pub fn sign_in_found_by(&self, key: &SignInKey) -> Option<Vec<u8>> {
        self.open(Purpose::SignIn, key.as_str())
    }

    /// Returns a secret that stands for `what`: always the same, until the oldest key leaves the ring, and not to be
    /// guessed without the ring.
    pub fn secret_for(&self, what: &str) -> [u8; KEY] {
        keyed(&derive(b"vicarious secret", &self.oldest().bytes), what.as_bytes())
    }

    /// Returns the secrets that stand for `what` by each key of the ring, that of the first key apart: for what is renewed
    /// with the ring, such as keys that sign.
    ///
    /// # Examples
    ///
    /// ```
    /// use vicarious_axum::KeyRing;
    ///
    /// let ring = KeyRing::generate();
    /// let (signs, _) = ring.secrets_for("tokens");
    /// let (other, older) = ring.rotated().secrets_for("tokens");
    /// assert_ne!(other, signs);
    /// assert_eq!(older, [signs]);
    /// ```
    pub fn secrets_for(&self, what: &str) -> ([u8; KEY], Vec<[u8; KEY]>) {
        let secret = |key: &Key| keyed(&derive(b"vicarious secret", &key.bytes), what.as_bytes());
        (secret(&self.first), self.older.iter().map(|key| secret(key)).collect())
    }

    /// Returns what a text too short to be kept as a plain digest is recognised by.
    pub(crate) fn digest_of(&self, what: &str, text: &str) -> [u8; 32] {
        keyed(&self.secret_for(what), text.as_bytes())
    }
}

/// Returns a keyed digest. Twice, because what was digested once could be continued by whoever sees the digest.
fn keyed(key: &[u8; KEY], text: &[u8]) -> [u8; 32] {
    let inner = Sha256::new().chain_update(key).chain_update(text).finalize();
    Sha256::new().chain_update(key).chain_update(inner).finalize().into()
}
