//! Signing in: passwords, and how often they may be tried.

mod attempts;
mod passwords;

use std::net::IpAddr;
use std::time::{Duration, Instant};

use self::attempts::Attempts;
use self::passwords::Passwords;
pub(crate) use self::passwords::hash;
use crate::database::Database;
use crate::shop::accounts;

/// The door: checks e-mail and password, slowly for those who guess.
pub(crate) struct Door {
    passwords: Passwords,
    by_email: Attempts<String>,
    by_address: Attempts<IpAddr>,
}

/// How an attempt to sign in ended.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Attempt {
    /// It is this account.
    Welcome {
        /// Whose e-mail and password these are.
        account_id: String,
    },
    /// No such e-mail, or not its password: the two look the same.
    Wrong,
    /// Too many wrong attempts.
    Later(Duration),
}

impl Door {
    /// Makes the door; takes as long as hashing one password.
    pub(crate) fn new() -> anyhow::Result<Self> {
        Ok(Self {
            passwords: Passwords::new()?,
            by_email: Attempts::new(10, Duration::from_secs(60)),
            by_address: Attempts::new(100, Duration::from_secs(5)),
        })
    }

    /// Checks an e-mail and a password.
    pub(crate) async fn knock(
        &self,
        database: &Database,
        address: IpAddr,
        email: &str,
        password: String,
    ) -> anyhow::Result<Attempt> {
        let email = email.trim().to_lowercase();
        if let Some(wait) = self.wait(&email, &address) {
            return Ok(Attempt::Later(wait));
        }
        let turn = self.passwords.turn().await?;
        // Asked again, and counted, only when it is this attempt's turn: so many good sign-ins at once are no attack,
        // and many wrong ones at once gain nothing.
        if let Some(wait) = self.wait(&email, &address) {
            return Ok(Attempt::Later(wait));
        }
        self.by_email.count(email.clone(), Instant::now());
        self.by_address.count(address, Instant::now());
        let found = accounts::credentials(database, &email).await?;
        let hash = found.as_ref().map(|credentials| credentials.password_hash.clone());
        match (turn.verify(password, hash).await?, found) {
            (true, Some(credentials)) => {
                self.by_email.forget(&email);
                self.by_address.pardon(&address);
                Ok(Attempt::Welcome { account_id: credentials.id })
            }
            _ => Ok(Attempt::Wrong),
        }
    }

    fn wait(&self, email: &String, address: &IpAddr) -> Option<Duration> {
        let now = Instant::now();
        self.by_email.wait(email, now).max(self.by_address.wait(address, now))
    }
}
