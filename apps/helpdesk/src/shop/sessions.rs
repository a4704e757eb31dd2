//! Who is signed in: random secrets in cookies, their digests here.

use sha2::{Digest, Sha256};

use crate::database::{Database, Tx, on, within};
use crate::shop::At;

/// How long a sign-in lasts, in seconds: twelve hours.
pub(crate) const LASTS_SECONDS: i64 = 12 * 60 * 60;

/// A sign-in that is alive.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(crate) struct Session {
    pub(crate) account_id: String,
    pub(crate) created_at: At,
}

/// The secret in the cookie: 256 random bits, in hexadecimal.
pub(crate) struct Secret(String);

impl Secret {
    /// Draws a new one.
    pub(crate) fn draw() -> Result<Self, getrandom::Error> {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes)?;
        Ok(Self(hexadecimal(&bytes)))
    }

    /// Reads what a browser sent; none when it cannot be one of ours.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let plausible = text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        plausible.then(|| Self(text.to_owned()))
    }

    /// Returns what the browser keeps.
    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }

    /// Returns what the database keeps.
    pub(crate) fn digest(&self) -> String {
        hexadecimal(&Sha256::digest(self.0.as_bytes()))
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    const DIGITS: [char; 16] = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'];
    let digit = |nibble: u8| DIGITS.get(usize::from(nibble)).copied().unwrap_or('0');
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

/// Returns the sign-in with this digest, unless it is over.
pub(crate) async fn find(database: &Database, digest: &str, now: At) -> sqlx::Result<Option<Session>> {
    const SQL: &str = "SELECT account_id, created_at FROM sessions WHERE id_hash = $1 AND expires_at > $2";
    on!(database, pool => sqlx::query_as(SQL).bind(digest).bind(now).fetch_optional(pool).await)
}

/// Begins a sign-in; a digest that exists already is an error, never a takeover.
pub(crate) async fn create(tx: &mut Tx, digest: &str, account_id: &str, now: At) -> sqlx::Result<()> {
    const SQL: &str = "INSERT INTO sessions (id_hash, account_id, created_at, expires_at) VALUES ($1, $2, $3, $4)";
    let expires_at = now.plus_seconds(LASTS_SECONDS);
    within!(tx, connection => sqlx::query(SQL)
        .bind(digest).bind(account_id).bind(now).bind(expires_at).execute(connection).await.map(drop))
}

/// Ends a sign-in, if it exists.
pub(crate) async fn delete(tx: &mut Tx, digest: &str) -> sqlx::Result<()> {
    const SQL: &str = "DELETE FROM sessions WHERE id_hash = $1";
    within!(tx, connection => sqlx::query(SQL).bind(digest).execute(connection).await.map(drop))
}

/// Forgets sign-ins that are over.
pub(crate) async fn sweep(tx: &mut Tx, now: At) -> sqlx::Result<()> {
    const SQL: &str = "DELETE FROM sessions WHERE expires_at <= $1";
    within!(tx, connection => sqlx::query(SQL).bind(now).execute(connection).await.map(drop))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_differ_and_survive_the_journey() -> Result<(), getrandom::Error> {
        let (one, two) = (Secret::draw()?, Secret::draw()?);
        assert_ne!(one.reveal(), two.reveal());
        assert_eq!(Secret::parse(one.reveal()).map(|secret| secret.digest()), Some(one.digest()));
        assert_ne!(one.reveal(), one.digest());
        Ok(())
    }

    #[test]
    fn nothing_else_is_taken_for_a_secret() {
        for text in ["", "abc", &"g".repeat(64), &"a".repeat(65)] {
            assert!(Secret::parse(text).is_none(), "{text}");
        }
    }
}
