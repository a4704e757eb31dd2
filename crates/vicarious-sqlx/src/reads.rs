//! Everything that is only looked up, except entries.

use vicarious_core::consent::{Consent, ConsentId};
use vicarious_core::decide::Pause;
use vicarious_core::ports::{Consents, Running, Unavailable};
use vicarious_core::{AccountId, Impersonation, ImpersonationId, SignInKey, Timestamp};

use crate::core::Core;
use crate::db::{execute, rows};
use crate::error::unavailable;
use crate::rows::{self as stored, ConsentRow, ImpersonationRow};

type Answer<T> = Result<T, Unavailable>;

/// Looks up impersonations.
macro_rules! impersonations {
    ($core:expr, $sql:expr $(, $argument:expr)* $(,)?) => {
        impersonations(rows!($core.db, ImpersonationRow, $sql $(, $argument)*))
    };
}

fn impersonations(found: Result<Vec<ImpersonationRow>, sqlx::Error>) -> Answer<Vec<Impersonation>> {
    Ok(stored::all(found.map_err(unavailable)?)?)
}

pub(crate) async fn by_id(core: &Core, id: &ImpersonationId) -> Answer<Option<Impersonation>> {
    let found = impersonations!(core, "SELECT * FROM vicarious_impersonations WHERE id = $1", id.as_str())?;
    Ok(found.into_iter().next())
}

pub(crate) async fn open_of(core: &Core, sign_in: &SignInKey) -> Answer<Option<Impersonation>> {
    let sql = "SELECT * FROM vicarious_impersonations WHERE sign_in = $1 ORDER BY n DESC LIMIT 1";
    let latest = impersonations!(core, sql, sign_in.as_str())?;
    Ok(latest.into_iter().find(|latest| latest.acknowledged_at.is_none()))
}

pub(crate) async fn running(core: &Core, which: Running<'_>) -> Answer<Vec<Impersonation>> {
    const ALL: &str = "SELECT * FROM vicarious_impersonations WHERE end_cause IS NULL ORDER BY n";
    const AS: &str =
        r#"SELECT * FROM vicarious_impersonations WHERE end_cause IS NULL AND "current_user" = $1 ORDER BY n"#;
    const BY: &str = "SELECT * FROM vicarious_impersonations WHERE end_cause IS NULL AND true_user = $1 ORDER BY n";
    const SIGN_IN: &str = "SELECT * FROM vicarious_impersonations WHERE end_cause IS NULL AND sign_in = $1 ORDER BY n";
    const ON: &str = "SELECT * FROM vicarious_impersonations WHERE end_cause IS NULL AND consent = $1 ORDER BY n";
    const OVERDUE: &str = "SELECT * FROM vicarious_impersonations WHERE end_cause IS NULL
        AND (ends_at <= $1 OR last_seen_at + idle_limit <= $1 OR write_until <= $1) ORDER BY n";
    match which {
        Running::All => impersonations!(core, ALL),
        Running::As(account) => impersonations!(core, AS, account.as_str()),
        Running::By(account) => impersonations!(core, BY, account.as_str()),
        Running::SignIn(key) => impersonations!(core, SIGN_IN, key.as_str()),
        Running::On(consent) => impersonations!(core, ON, consent.as_str()),
        Running::Overdue(now) => impersonations!(core, OVERDUE, now.as_microsecond()),
    }
}

pub(crate) async fn of_account(
    core: &Core,
    account: &AccountId,
    before: Option<&ImpersonationId>,
    limit: usize,
) -> Answer<Vec<Impersonation>> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    match before {
        None => impersonations!(
            core,
            r#"SELECT * FROM vicarious_impersonations WHERE "current_user" = $1 ORDER BY n DESC LIMIT $2"#,
            account.as_str(),
            limit
        ),
        Some(before) => impersonations!(
            core,
            r#"SELECT * FROM vicarious_impersonations WHERE "current_user" = $1
                AND n < (SELECT n FROM vicarious_impersonations WHERE id = $3) ORDER BY n DESC LIMIT $2"#,
            account.as_str(),
            limit,
            before.as_str()
        ),
    }
}

pub(crate) async fn by_true_user(core: &Core, true_user: &AccountId, limit: usize) -> Answer<Vec<Impersonation>> {
    let sql = "SELECT * FROM vicarious_impersonations WHERE true_user = $1 ORDER BY n DESC LIMIT $2";
    impersonations!(core, sql, true_user.as_str(), i64::try_from(limit).unwrap_or(i64::MAX))
}

pub(crate) async fn consent(core: &Core, id: &ConsentId) -> Answer<Option<Consent>> {
    let sql = "SELECT * FROM vicarious_consents WHERE id = $1";
    let found: Vec<Consent> = stored::all(rows!(core.db, ConsentRow, sql, id.as_str()).map_err(unavailable)?)?;
    Ok(found.into_iter().next())
}

pub(crate) async fn consents(core: &Core, which: Consents<'_>) -> Answer<Vec<Consent>> {
    const OF: &str = "SELECT * FROM vicarious_consents WHERE account = $1 ORDER BY n DESC";
    const ASKED_BY: &str = "SELECT * FROM vicarious_consents WHERE requested_by = $1 ORDER BY n DESC";
    const BETWEEN: &str = "SELECT * FROM vicarious_consents WHERE account = $1
        AND (requested_by IS NULL OR requested_by = $2) ORDER BY n DESC";
    const GRANTED_BY: &str = "SELECT * FROM vicarious_consents WHERE granted_by = $1 ORDER BY n DESC LIMIT $2";
    const CODE: &str = "SELECT * FROM vicarious_consents WHERE code = $1";
    const LATEST: &str = "SELECT * FROM vicarious_consents ORDER BY n DESC LIMIT $1";
    let found = match which {
        Consents::Of(account) => rows!(core.db, ConsentRow, OF, account.as_str()),
        Consents::AskedBy(agent) => rows!(core.db, ConsentRow, ASKED_BY, agent.as_str()),
        Consents::Between { account, agent } => {
            rows!(core.db, ConsentRow, BETWEEN, account.as_str(), agent.as_str())
        }
        Consents::GrantedBy { by, limit } => {
            rows!(core.db, ConsentRow, GRANTED_BY, by.as_str(), i64::try_from(limit).unwrap_or(i64::MAX))
        }
        Consents::Code(digest) => rows!(core.db, ConsentRow, CODE, digest.0.as_slice()),
        Consents::Latest { limit } => {
            rows!(core.db, ConsentRow, LATEST, i64::try_from(limit).unwrap_or(i64::MAX))
        }
    };
    Ok(stored::all(found.map_err(unavailable)?)?)
}

pub(crate) async fn opted_out(core: &Core, account: &AccountId) -> Answer<Option<Timestamp>> {
    let sql = "SELECT since FROM vicarious_opt_outs WHERE account = $1";
    let found = rows!(core.db, (i64,), sql, account.as_str()).map_err(unavailable)?;
    Ok(found.first().map(|(since,)| stored::time(*since)).transpose()?)
}

pub(crate) async fn paused(core: &Core) -> Answer<Option<Pause>> {
    let sql = "SELECT paused_since, reason FROM vicarious_switch WHERE paused_since IS NOT NULL";
    let found = rows!(core.db, (i64, Option<String>), sql).map_err(unavailable)?;
    let Some((since, reason)) = found.into_iter().next() else { return Ok(None) };
    Ok(Some(Pause { reason: reason.unwrap_or_default(), since: stored::time(since)? }))
}

pub(crate) async fn spend(core: &Core, nonce: &[u8; 16], until: Timestamp) -> Result<bool, crate::Error> {
    /// Values live for minutes; what lapsed a day before this one will is long forgotten.
    const DAY: i64 = 24 * 3600 * 1_000_000;
    let until = until.as_microsecond();
    let mut tx = core.db.begin().await?;
    execute!(tx, "DELETE FROM vicarious_nonces WHERE until < $1", until - DAY)?;
    let insert = "INSERT INTO vicarious_nonces (nonce, until) VALUES ($1, $2) ON CONFLICT DO NOTHING";
    let unused = execute!(tx, insert, nonce.as_slice(), until)? == 1;
    tx.commit().await?;
    Ok(unused)
}
