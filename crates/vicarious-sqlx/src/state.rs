//! Applies changes, each only if the state is still what its decision saw.

use vicarious_core::Impersonation;
use vicarious_core::consent::Consent;
use vicarious_core::decide::{Change, ConsentUse};

use crate::columns::storable;
use crate::db::{execute, rows_in};
use crate::rows::write_until;
use crate::tx::WriteTx;

/// Why a change was not made.
#[derive(Debug)]
pub(crate) enum NotMade {
    /// The state is no longer what the decision saw.
    Conflict,
    /// The database cannot answer.
    Sql(sqlx::Error),
}

impl From<sqlx::Error> for NotMade {
    fn from(error: sqlx::Error) -> Self {
        match error.as_database_error() {
            Some(answer) if answer.is_unique_violation() => Self::Conflict,
            _ => Self::Sql(error),
        }
    }
}

pub(crate) async fn change(tx: &mut WriteTx, change: &Change) -> Result<(), NotMade> {
    let touched = match change {
        Change::Nothing => return Ok(()),
        Change::Start { impersonation, consent, at_once } => {
            return start(tx, impersonation, consent.as_deref(), *at_once).await;
        }
        Change::AddConsent(consent) => add_consent(tx, consent).await?,
        Change::UpdateConsent { from, to } => update_consent(tx, from, to).await?,
        Change::End { id, cause, at, acknowledged } => execute!(
            tx,
            "UPDATE vicarious_impersonations SET end_cause = $1, ended_at = $2, acknowledged_at = $3
             WHERE id = $4 AND end_cause IS NULL",
            cause.as_str(),
            at.as_microsecond(),
            acknowledged.then(|| at.as_microsecond()),
            id.as_str()
        )?,
        Change::Acknowledge { id, at } => execute!(
            tx,
            "UPDATE vicarious_impersonations SET acknowledged_at = $1 WHERE id = $2 AND acknowledged_at IS NULL",
            at.as_microsecond(),
            id.as_str()
        )?,
        Change::SetMode { id, from, to } => execute!(
            tx,
            "UPDATE vicarious_impersonations SET write_until = $1
             WHERE id = $2 AND end_cause IS NULL AND write_until IS NOT DISTINCT FROM $3",
            write_until(*to),
            id.as_str(),
            write_until(*from)
        )?,
        Change::OptOut { account, at } => execute!(
            tx,
            "INSERT INTO vicarious_opt_outs (account, since) VALUES ($1, $2)",
            account.as_str(),
            at.as_microsecond()
        )?,
        Change::OptIn { account } => {
            execute!(tx, "DELETE FROM vicarious_opt_outs WHERE account = $1", account.as_str())?
        }
        Change::Pause(pause) => execute!(
            tx,
            "UPDATE vicarious_switch SET paused_since = $1, reason = $2 WHERE one = 1 AND paused_since IS NULL",
            pause.since.as_microsecond(),
            storable(&pause.reason)
        )?,
        Change::Resume => execute!(
            tx,
            "UPDATE vicarious_switch SET paused_since = NULL, reason = NULL
             WHERE one = 1 AND paused_since IS NOT NULL"
        )?,
    };
    as_seen(touched)
}

async fn start(
    tx: &mut WriteTx,
    new: &Impersonation,
    consent: Option<&ConsentUse>,
    at_once: usize,
) -> Result<(), NotMade> {
    as_seen(u64::from(!is_paused(tx).await?))?;
    as_seen(u64::from(running(tx, new).await? < at_once))?;
    if let Some(consent) = consent {
        as_seen(update_consent(tx, &consent.seen, &consent.entered).await?)?;
    }
    execute!(
        tx,
        r#"INSERT INTO vicarious_impersonations (id, handle, sign_in, true_user, true_user_name, true_user_email,
            "current_user", current_user_name, current_user_email, reason, ticket, consent, write_until, started_at,
            last_seen_at, idle_limit, ends_at, return_to, follows)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)"#,
        new.id.as_str(),
        new.handle.as_bytes().as_slice(),
        new.sign_in.as_str(),
        new.true_user.id.as_str(),
        storable(&new.true_user.name),
        storable(&new.true_user.email),
        new.current_user.id.as_str(),
        storable(&new.current_user.name),
        storable(&new.current_user.email),
        storable(&new.reason),
        new.ticket.as_deref().map(storable),
        new.consent.as_ref().map(|id| id.as_str()),
        write_until(new.mode),
        new.started_at.as_microsecond(),
        new.last_seen_at.as_microsecond(),
        i64::try_from(new.idle_limit.as_micros()).unwrap_or(i64::MAX),
        new.ends_at.as_microsecond(),
        new.return_to.as_str(),
        new.follows.as_ref().map(|id| id.as_str())
    )?;
    Ok(())
}

/// Returns how many of the same true user are running.
async fn running(tx: &mut WriteTx, new: &Impersonation) -> Result<usize, sqlx::Error> {
    // The lock on the switch lets starts pass one by one, so that none is counted too late.
    let sql = "SELECT COUNT(*) FROM vicarious_impersonations WHERE true_user = $1 AND end_cause IS NULL";
    let found = rows_in!(tx, (i64,), sql, new.true_user.id.as_str())?;
    Ok(found.first().and_then(|(count,)| usize::try_from(*count).ok()).unwrap_or(usize::MAX))
}

/// Returns whether the off switch is on; while the transaction lasts, nobody turns it, and nobody else starts.
async fn is_paused(tx: &mut WriteTx) -> Result<bool, sqlx::Error> {
    const LOOK: &str = "SELECT paused_since FROM vicarious_switch WHERE one = 1";
    #[cfg(feature = "postgres")]
    if tx.postgres().is_some() {
        const LOCK: &str = "SELECT paused_since FROM vicarious_switch WHERE one = 1 FOR NO KEY UPDATE";
        return Ok(rows_in!(tx, (Option<i64>,), LOCK)?.iter().any(|(since,)| since.is_some()));
    }
    Ok(rows_in!(tx, (Option<i64>,), LOOK)?.iter().any(|(since,)| since.is_some()))
}

async fn add_consent(tx: &mut WriteTx, consent: &Consent) -> Result<u64, sqlx::Error> {
    let asked_by = consent.requested_by.as_ref();
    let grant = consent.grant.as_ref();
    execute!(
        tx,
        "INSERT INTO vicarious_consents (id, account, account_name, account_email, requested_by, requested_by_name,
            requested_by_email, kind, state, reason, ticket, asked_at, decided_at, ends_at, used_by, code, page,
            granted_by, granted_by_name, granted_by_email, organisation, declined)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22)",
        consent.id.as_str(),
        consent.account.id.as_str(),
        storable(&consent.account.name),
        storable(&consent.account.email),
        asked_by.map(|person| person.id.as_str()),
        asked_by.map(|person| storable(&person.name)),
        asked_by.map(|person| storable(&person.email)),
        consent.kind.as_str(),
        consent.state.as_str(),
        consent.reason.as_deref().map(storable),
        consent.ticket.as_deref().map(storable),
        consent.asked_at.as_microsecond(),
        consent.decided_at.map(|at| at.as_microsecond()),
        consent.ends_at.as_microsecond(),
        consent.used_by.as_ref().map(|id| id.as_str()),
        consent.code.as_ref().map(|code| code.0.as_slice()),
        consent.page.as_ref().map(|page| storable(page.as_str())),
        grant.map(|grant| grant.by.id.as_str()),
        grant.map(|grant| storable(&grant.by.name)),
        grant.map(|grant| storable(&grant.by.email)),
        grant.and_then(|grant| grant.organisation.as_deref()).map(storable),
        declined(consent)
    )
}

async fn update_consent(tx: &mut WriteTx, from: &Consent, to: &Consent) -> Result<u64, sqlx::Error> {
    execute!(
        tx,
        "UPDATE vicarious_consents SET state = $1, decided_at = $2, ends_at = $3, used_by = $4, declined = $5
         WHERE id = $6 AND state = $7 AND used_by IS NOT DISTINCT FROM $8",
        to.state.as_str(),
        to.decided_at.map(|at| at.as_microsecond()),
        to.ends_at.as_microsecond(),
        to.used_by.as_ref().map(|id| id.as_str()),
        declined(to),
        from.id.as_str(),
        from.state.as_str(),
        from.used_by.as_ref().map(|id| id.as_str())
    )
}

/// Returns whether the customer took back what was given in their place, as a column holds it.
fn declined(consent: &Consent) -> i64 {
    consent.grant.as_ref().is_some_and(|grant| grant.declined).into()
}

fn as_seen(touched: u64) -> Result<(), NotMade> {
    if touched == 0 { Err(NotMade::Conflict) } else { Ok(()) }
}
