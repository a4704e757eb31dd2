//! Argon2id, off the threads that serve requests, two at a time.

use std::sync::Arc;

use anyhow::{Context, anyhow};
use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// How many passwords are checked at once: each takes 19 MiB and a core for some milliseconds.
const AT_ONCE: usize = 2;
/// A longer password is a wrong one.
const LONGEST: usize = 1024;

/// Checks passwords.
pub(super) struct Passwords {
    turns: Arc<Semaphore>,
    /// Checked when there is no such account, so that it takes as long.
    decoy: Arc<str>,
}

/// The right to check one password now.
pub(super) struct Turn {
    permit: OwnedSemaphorePermit,
    decoy: Arc<str>,
}

impl Passwords {
    pub(super) fn new() -> anyhow::Result<Self> {
        let decoy = hash("the password of nobody")?.into();
        Ok(Self { turns: Arc::new(Semaphore::new(AT_ONCE)), decoy })
    }

    /// Waits until a password may be checked.
    pub(super) async fn turn(&self) -> anyhow::Result<Turn> {
        let permit = Arc::clone(&self.turns).acquire_owned().await?;
        Ok(Turn { permit, decoy: Arc::clone(&self.decoy) })
    }
}

impl Turn {
    /// Returns whether `password` is the one behind `hash`; without a hash it is not, and that takes as long.
    pub(super) async fn verify(self, password: String, hash: Option<String>) -> anyhow::Result<bool> {
        let Self { permit, decoy } = self;
        tokio::task::spawn_blocking(move || {
            let known = hash.is_some();
            let hash = hash.as_deref().unwrap_or(&decoy);
            let hash =
                PasswordHash::new(hash).map_err(|error| anyhow!("a stored password hash is damaged: {error}"))?;
            let plausible = password.len() <= LONGEST;
            let password = if plausible { password.as_bytes() } else { b"" };
            let matches = Argon2::default().verify_password(password, &hash).is_ok();
            drop(permit);
            Ok(matches && known && plausible)
        })
        .await
        .context("checking a password was interrupted")?
    }
}

/// Returns the Argon2id hash of a password with a fresh salt.
pub(crate) fn hash(password: &str) -> anyhow::Result<String> {
    let hash = Argon2::default().hash_password(password.as_bytes()).map_err(|error| anyhow!("cannot hash: {error}"))?;
    Ok(hash.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_the_right_password_of_an_account_that_exists_is_right() -> anyhow::Result<()> {
        let passwords = Passwords::new()?;
        let stored = hash("darjeeling")?;
        assert!(stored.starts_with("$argon2id$"));
        for (password, hash, right) in [
            ("darjeeling", Some(&stored), true),
            ("Darjeeling", Some(&stored), false),
            ("", Some(&stored), false),
            ("the password of nobody", None, false),
        ] {
            let turn = passwords.turn().await?;
            assert_eq!(turn.verify(password.to_owned(), hash.cloned()).await?, right, "{password}");
        }
        Ok(())
    }
}
