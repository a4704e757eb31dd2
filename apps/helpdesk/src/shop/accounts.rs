//! People: customers and staff.

use crate::database::{Database, Tx, on, within};
use crate::rights::Rights;
use crate::shop::At;

/// Somebody who can sign in.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(crate) struct User {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) email: String,
    rights: String,
    pub(crate) organisation: Option<String>,
    manages: i64,
    pub(crate) town: String,
    pub(crate) disabled_at: Option<At>,
    pub(crate) last_seen_at: Option<At>,
    pub(crate) created_at: At,
}

impl User {
    /// Returns what this person may do beyond being a customer.
    pub(crate) fn rights(&self) -> Rights {
        Rights::parse(&self.rights)
    }

    /// Returns the organisation that this customer administers, if there is one.
    pub(crate) fn manages(&self) -> Option<&str> {
        self.organisation.as_deref().filter(|_| self.manages != 0)
    }

    /// Returns whether this customer may agree to support access in the place of another.
    pub(crate) fn speaks_for(&self, other: &Self) -> bool {
        self.manages().is_some_and(|organisation| other.organisation.as_deref() == Some(organisation))
    }
}

/// What signing in needs to know.
#[derive(Debug, sqlx::FromRow)]
pub(crate) struct Credentials {
    pub(crate) id: String,
    pub(crate) password_hash: String,
}

/// A new account.
#[derive(Debug)]
pub(crate) struct NewAccount<'a> {
    pub(crate) id: &'a str,
    pub(crate) name: &'a str,
    pub(crate) email: &'a str,
    pub(crate) password_hash: &'a str,
    pub(crate) rights: Rights,
    pub(crate) organisation: Option<&'a str>,
    /// Whether they administer it.
    pub(crate) manages: bool,
    pub(crate) town: &'a str,
    pub(crate) created_at: At,
}

/// Returns the account with this id, disabled ones included.
pub(crate) async fn find(database: &Database, id: &str) -> sqlx::Result<Option<User>> {
    const SQL: &str = "SELECT id, name, email, rights, organisation, manages, town, disabled_at, last_seen_at,
        created_at FROM accounts WHERE id = $1";
    on!(database, pool => sqlx::query_as(SQL).bind(id).fetch_optional(pool).await)
}

/// Returns what is needed to check a password, unless the account is disabled.
pub(crate) async fn credentials(database: &Database, email: &str) -> sqlx::Result<Option<Credentials>> {
    const SQL: &str = "SELECT id, password_hash FROM accounts WHERE email = $1 AND disabled_at IS NULL";
    let email = email.trim().to_lowercase();
    on!(database, pool => sqlx::query_as(SQL).bind(email).fetch_optional(pool).await)
}

/// Returns customers whose name contains `q` or whose e-mail is `q`, of one organisation or of all, and how many there are.
pub(crate) async fn customers(
    database: &Database,
    (q, organisation): (&str, Option<&str>),
    limit: i64,
    offset: i64,
) -> sqlx::Result<(Vec<User>, i64)> {
    const LIST: &str = "SELECT id, name, email, rights, organisation, manages, town, disabled_at, last_seen_at,
        created_at FROM accounts
        WHERE rights = '' AND disabled_at IS NULL AND (name_folded LIKE $1 ESCAPE '!' OR email = $2)
        AND (CAST($3 AS TEXT) IS NULL OR organisation = $3) ORDER BY name_folded, id LIMIT $4 OFFSET $5";
    const COUNT: &str = "SELECT count(*) FROM accounts
        WHERE rights = '' AND disabled_at IS NULL AND (name_folded LIKE $1 ESCAPE '!' OR email = $2)
        AND (CAST($3 AS TEXT) IS NULL OR organisation = $3)";
    let email = q.trim().to_lowercase();
    let pattern = containing(&email);
    on!(database, pool => {
        let found = sqlx::query_as(LIST)
            .bind(&pattern).bind(&email).bind(organisation).bind(limit).bind(offset).fetch_all(pool).await?;
        let total = sqlx::query_scalar(COUNT).bind(&pattern).bind(&email).bind(organisation).fetch_one(pool).await?;
        Ok((found, total))
    })
}

/// Returns the pattern of LIKE, with `!` as its escape, that finds what contains `text`.
pub(crate) fn containing(text: &str) -> String {
    let mut pattern = String::from("%");
    for c in text.chars() {
        if matches!(c, '%' | '_' | '!') {
            pattern.push('!');
        }
        pattern.push(c);
    }
    pattern.push('%');
    pattern
}

/// Changes a name and returns the old one; the row stays locked until the transaction ends.
pub(crate) async fn rename(tx: &mut Tx, id: &str, name: &str) -> sqlx::Result<Option<String>> {
    const OLD: &str = "SELECT name FROM accounts WHERE id = $1";
    const NEW: &str = "UPDATE accounts SET name = $2, name_folded = $3 WHERE id = $1";
    within!(tx, connection => {
        let old = sqlx::query_scalar(OLD).bind(id).fetch_optional(&mut *connection).await?;
        sqlx::query(NEW).bind(id).bind(name).bind(name.to_lowercase()).execute(&mut *connection).await?;
        Ok(old)
    })
}

/// Notes that somebody was here.
pub(crate) async fn seen(tx: &mut Tx, id: &str, at: At) -> sqlx::Result<()> {
    const SQL: &str = "UPDATE accounts SET last_seen_at = $2 WHERE id = $1";
    within!(tx, connection => sqlx::query(SQL).bind(id).bind(at).execute(connection).await.map(drop))
}

/// Adds an account.
pub(crate) async fn insert(tx: &mut Tx, new: &NewAccount<'_>) -> sqlx::Result<()> {
    const SQL: &str = "INSERT INTO accounts
        (id, name, name_folded, email, password_hash, rights, organisation, manages, town, created_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
    within!(tx, connection => sqlx::query(SQL)
        .bind(new.id).bind(new.name).bind(new.name.to_lowercase()).bind(new.email.to_lowercase())
        .bind(new.password_hash).bind(new.rights.words()).bind(new.organisation).bind(i64::from(new.manages)).bind(new.town).bind(new.created_at)
        .execute(connection).await.map(drop))
}

#[cfg(test)]
mod tests {
    use super::containing;

    #[test]
    fn wildcards_in_a_search_are_plain_characters() {
        assert_eq!(containing("50%_!"), "%50!%!_!!%");
    }
}
