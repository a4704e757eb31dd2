//! The key ring that seals what a browser keeps: handles, confirmations, held input.
//!
//! A sealed text is `version ‖ key id ‖ nonce ‖ ciphertext ‖ tag`, in base64url without padding. Version, purpose and
//! key id are authenticated, so a text sealed for one purpose is worth nothing for another.

mod derived;
mod handle;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD, URL_SAFE_NO_PAD};
use chacha20poly1305::aead::{AeadInOut as _, KeyInit as _};
use chacha20poly1305::{Tag, XChaCha20Poly1305, XNonce};
use sha2::{Digest as _, Sha256};

pub(crate) use handle::{Handle, open_handle, seal_handle};

const VERSION: u8 = 1;
const KEY: usize = 32;
const ID: usize = 4;
const NONCE: usize = 24;
const TAG: usize = 16;
const NONCE_AT: usize = 1 + ID;
const PLAIN_AT: usize = NONCE_AT + NONCE;
const LABEL: usize = 12;

/// Keys come from files and environment variables that other tools wrote, with and without padding.
const KEY_TEXT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// What a sealed text is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// The handle in the cookie.
    Handle,
    /// The one-use answer to a `confirm` rule.
    Confirmation,
    /// Input that a page keeps while something else is asked first.
    Held,
    /// The sentence that the page after a stop shows.
    Notice,
    /// The identity of a socket on another host.
    Ticket,
    /// What finds a sign-in in the host's own session store.
    SignIn,
}

impl Purpose {
    /// Labels have one length, so that no purpose is the beginning of another.
    const fn label(self) -> &'static [u8; LABEL] {
        match self {
            Self::Handle => b"handle      ",
            Self::Confirmation => b"confirmation",
            Self::Held => b"held        ",
            Self::Notice => b"notice      ",
            Self::Ticket => b"ticket      ",
            Self::SignIn => b"sign-in     ",
        }
    }
}

/// Why a text is no key ring. It never repeats the text.
///
/// `Debug` is the same sentence as `Display`, because that is what is seen of an error that leaves `main`.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// The environment variable that was to hold the keys is not set.
    #[error(
        "the environment variable `{0}` is not set: it holds keys of 32 random bytes in base64, as `openssl rand -base64 32` prints"
    )]
    Unset(&'static str),
    /// There is no key at all.
    #[error("there is no key: expected 32 random bytes in base64")]
    Empty,
    /// A key is not base64.
    #[error("key {0} is not base64")]
    NotBase64(usize),
    /// A key is not 32 bytes long.
    #[error("key {number} has {bytes} bytes instead of 32")]
    Length {
        /// Which key, counted from 1.
        number: usize,
        /// How long it is.
        bytes: usize,
    },
    /// An environment variable is set, and what it holds is wrong.
    #[error("in the environment variable `{variable}`: {error}")]
    In {
        /// Which one.
        variable: &'static str,
        /// What is wrong with it.
        error: Box<KeyError>,
    },
}

impl fmt::Debug for KeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The keys that seal handles and confirmations: the first encrypts, all decrypt.
///
/// Cloning is cheap, and neither `Debug` nor an error shows a key.
///
/// # Examples
///
/// ```
/// use vicarious_axum::KeyRing;
///
/// let ring = KeyRing::generate();
/// let kept = KeyRing::parse(&ring.to_text())?;
/// assert_eq!(kept.rotated().len(), 2);
/// # Ok::<(), vicarious_axum::KeyError>(())
/// ```
#[derive(Clone)]
pub struct KeyRing {
    first: Arc<Key>,
    older: Arc<[Arc<Key>]>,
}

impl KeyRing {
    /// Returns a ring of one new random key.
    pub fn generate() -> Self {
        Self { first: Arc::new(Key::new(random())), older: Arc::new([]) }
    }

    /// Returns the ring that `text` lists: keys of 32 bytes in base64, one a line or separated by commas.
    ///
    /// What follows a `#` on a line is a comment.
    ///
    /// # Errors
    ///
    /// [`KeyError`] says which key is wrong, and never shows it.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        let keys = text
            .lines()
            .map(|line| line.split_once('#').map_or(line, |(keys, _)| keys))
            .flat_map(|line| line.split(','))
            .map(str::trim)
            .filter(|key| !key.is_empty())
            .zip(1..)
            .map(|(key, number)| Key::parse(key, number).map(Arc::new))
            .collect::<Result<Vec<_>, _>>()?;
        let mut keys = keys.into_iter();
        let first = keys.next().ok_or(KeyError::Empty)?;
        Ok(Self { first, older: keys.collect() })
    }

    /// Returns the ring that an environment variable lists, as [`KeyRing::parse`] reads it.
    ///
    /// # Errors
    ///
    /// [`KeyError`] names the variable, which is not set, or in which a key is wrong.
    pub fn from_env(name: &'static str) -> Result<Self, KeyError> {
        let text = std::env::var_os(name).ok_or(KeyError::Unset(name))?;
        Self::parse(&text.to_string_lossy()).map_err(|error| KeyError::In { variable: name, error: Box::new(error) })
    }

    /// Returns the text that [`KeyRing::parse`] reads: the secret itself.
    pub fn to_text(&self) -> String {
        let mut text = String::from("# The first key encrypts, all decrypt.\n");
        for key in self.keys() {
            STANDARD.encode_string(key.bytes, &mut text);
            text.push('\n');
        }
        text
    }

    /// Returns a ring with a new first key that still opens whatever this one opens.
    #[must_use]
    pub fn rotated(&self) -> Self {
        Self { first: Arc::new(Key::new(random())), older: self.keys().cloned().collect() }
    }

    /// Returns how many keys this ring has.
    #[expect(clippy::len_without_is_empty, reason = "a ring is never empty")]
    pub fn len(&self) -> usize {
        1 + self.older.len()
    }

    /// Returns the key of the digests that stand for private values in the audit log.
    ///
    /// It comes from the oldest key, so that equal values stay recognisable across rotations.
    pub(crate) fn digest_key(&self) -> [u8; 32] {
        derive(b"vicarious digest", &self.oldest().bytes)
    }

    /// Returns `plain`, encrypted for one purpose.
    pub(crate) fn seal(&self, purpose: Purpose, plain: &[u8]) -> String {
        seal_with(&self.first, random(), purpose, plain)
    }

    /// Returns what was sealed for this purpose with a key of this ring, or none.
    pub(crate) fn open(&self, purpose: Purpose, text: &str) -> Option<Vec<u8>> {
        let mut buffer = vec![0; base64::decoded_len_estimate(text.len())];
        self.open_into(purpose, text, &mut buffer).map(<[u8]>::to_vec)
    }

    /// Opens without allocating: `buffer` must hold the whole decoded text, header and tag included.
    fn open_into<'buffer>(&self, purpose: Purpose, text: &str, buffer: &'buffer mut [u8]) -> Option<&'buffer [u8]> {
        let length = URL_SAFE_NO_PAD.decode_slice(text, buffer).ok()?;
        let (header, rest) = buffer.get_mut(..length)?.split_at_mut_checked(PLAIN_AT)?;
        let (text, tag) = rest.split_at_mut_checked(rest.len().checked_sub(TAG)?)?;
        let (&mut version, rest) = header.split_first_mut()?;
        let (id, nonce) = rest.split_at_mut_checked(ID)?;
        if version != VERSION {
            return None;
        }
        let nonce = XNonce::try_from(&*nonce).ok()?;
        let tag = Tag::try_from(&*tag).ok()?;
        // A text that fails to open is wiped, so keys that share an id cannot both be tried. With 32 bits of id and
        // a handful of keys that does not happen; if it did, the older key's texts would be refused, not misread.
        let key = self.keys().find(|key| key.id == *id)?;
        let about = key.associated_data(purpose);
        key.cipher.decrypt_inout_detached(&nonce, &about, (&mut *text).into(), &tag).ok()?;
        Some(text)
    }

    /// Returns the key for what must stay the same across rotations.
    fn oldest(&self) -> &Key {
        self.older.last().unwrap_or(&self.first)
    }

    fn keys(&self) -> impl Iterator<Item = &Arc<Key>> {
        std::iter::once(&self.first).chain(self.older.iter())
    }
}

impl fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyRing({} keys)", self.len())
    }
}

struct Key {
    id: [u8; ID],
    bytes: [u8; KEY],
    cipher: XChaCha20Poly1305,
}

impl Key {
    fn new(bytes: [u8; KEY]) -> Self {
        let [a, b, c, d, ..] = derive(b"vicarious key id", &bytes);
        Self { id: [a, b, c, d], bytes, cipher: XChaCha20Poly1305::new(&bytes.into()) }
    }

    fn parse(text: &str, number: usize) -> Result<Self, KeyError> {
        let standard = text.replace('-', "+").replace('_', "/");
        let bytes = KEY_TEXT.decode(standard).map_err(|_| KeyError::NotBase64(number))?;
        let bytes = <[u8; KEY]>::try_from(bytes).map_err(|bytes| KeyError::Length { number, bytes: bytes.len() })?;
        Ok(Self::new(bytes))
    }

    fn associated_data(&self, purpose: Purpose) -> [u8; NONCE_AT + LABEL] {
        let mut data = [VERSION; NONCE_AT + LABEL];
        data[1..NONCE_AT].copy_from_slice(&self.id);
        data[NONCE_AT..].copy_from_slice(purpose.label());
        data
    }
}

fn seal_with(key: &Key, nonce: [u8; NONCE], purpose: Purpose, plain: &[u8]) -> String {
    let mut sealed = Vec::with_capacity(PLAIN_AT + plain.len() + TAG);
    sealed.push(VERSION);
    sealed.extend_from_slice(&key.id);
    sealed.extend_from_slice(&nonce);
    sealed.extend_from_slice(plain);
    let (_, text) = sealed.split_at_mut(PLAIN_AT);
    let about = key.associated_data(purpose);
    match key.cipher.encrypt_inout_detached(&XNonce::from(nonce), &about, text.into()) {
        Ok(tag) => sealed.extend_from_slice(&tag),
        // Only beyond 256 GiB. What is not sealed must not leave, and an empty text opens for nobody.
        Err(_) => sealed.clear(),
    }
    URL_SAFE_NO_PAD.encode(sealed)
}

/// Derives 32 bytes from a key for another use. Labels have one length, and so have keys.
fn derive(label: &[u8; 16], key: &[u8; KEY]) -> [u8; 32] {
    Sha256::new().chain_update(label).chain_update(key).finalize().into()
}

#[expect(clippy::expect_used, reason = "without randomness there is no safe way to go on, and no host runs without")]
pub(crate) fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the operating system gives random bytes");
    bytes
}
