//! How impersonations and consents become rows, and back.

use jiff::{SignedDuration, Timestamp};
use vicarious_core::consent::{CodeDigest, Consent, ConsentKind, ConsentState, Grant};
use vicarious_core::impersonation::End;
use vicarious_core::{EndCause, HandleHash, Impersonation, Mode, Person, SitePath};

use crate::Error;

/// A row of `vicarious_impersonations`.
#[derive(Debug, sqlx::FromRow)]
pub(crate) struct ImpersonationRow {
    id: String,
    handle: Vec<u8>,
    sign_in: String,
    true_user: String,
    true_user_name: String,
    true_user_email: String,
    current_user: String,
    current_user_name: String,
    current_user_email: String,
    reason: String,
    ticket: Option<String>,
    consent: Option<String>,
    write_until: Option<i64>,
    started_at: i64,
    last_seen_at: i64,
    idle_limit: i64,
    ends_at: i64,
    return_to: String,
    follows: Option<String>,
    end_cause: Option<String>,
    ended_at: Option<i64>,
    acknowledged_at: Option<i64>,
}

impl TryFrom<ImpersonationRow> for Impersonation {
    type Error = Error;

    fn try_from(row: ImpersonationRow) -> Result<Self, Error> {
        let unknown = |what: &str| Error::Stored(format!("impersonation {}: {what}", row.id));
        let handle = row.handle.as_slice().try_into().map_err(|_| unknown("handle"))?;
        let end = match (row.end_cause.as_deref(), row.ended_at) {
            (None, None) => None,
            (Some(word), Some(at)) => {
                let cause = EndCause::parse(word).ok_or_else(|| unknown("end_cause"))?;
                Some(End { cause, at: time(at)? })
            }
            _ => return Err(unknown("half an end")),
        };
        Ok(Self {
            handle: HandleHash::from_bytes(handle),
            sign_in: row.sign_in.into(),
            true_user: person(row.true_user, row.true_user_name, row.true_user_email),
            current_user: person(row.current_user, row.current_user_name, row.current_user_email),
            reason: row.reason,
            ticket: row.ticket,
            consent: row.consent.map(Into::into),
            mode: match row.write_until {
                Some(until) => Mode::Write { until: time(until)? },
                None => Mode::Read,
            },
            started_at: time(row.started_at)?,
            last_seen_at: time(row.last_seen_at)?,
            idle_limit: SignedDuration::from_micros(row.idle_limit),
            ends_at: time(row.ends_at)?,
            return_to: SitePath::new(&row.return_to),
            follows: row.follows.map(Into::into),
            end,
            acknowledged_at: row.acknowledged_at.map(time).transpose()?,
            id: row.id.into(),
        })
    }
}

/// A row of `vicarious_consents`.
#[derive(Debug, sqlx::FromRow)]
pub(crate) struct ConsentRow {
    id: String,
    account: String,
    account_name: String,
    account_email: String,
    requested_by: Option<String>,
    requested_by_name: Option<String>,
    requested_by_email: Option<String>,
    kind: String,
    state: String,
    reason: Option<String>,
    ticket: Option<String>,
    asked_at: i64,
    decided_at: Option<i64>,
    ends_at: i64,
    used_by: Option<String>,
    code: Option<Vec<u8>>,
    page: Option<String>,
    granted_by: Option<String>,
    granted_by_name: Option<String>,
    granted_by_email: Option<String>,
    organisation: Option<String>,
    declined: i64,
}

impl TryFrom<ConsentRow> for Consent {
    type Error = Error;

    fn try_from(row: ConsentRow) -> Result<Self, Error> {
        let unknown = |what: &str| Error::Stored(format!("consent {}: {what}", row.id));
        let code = row.code.as_deref().map(<[u8; 32]>::try_from).transpose().map_err(|_| unknown("code"))?;
        Ok(Self {
            code: code.map(CodeDigest),
            page: row.page.as_deref().map(SitePath::new),
            kind: ConsentKind::parse(&row.kind).ok_or_else(|| unknown("kind"))?,
            state: ConsentState::parse(&row.state).ok_or_else(|| unknown("state"))?,
            account: person(row.account, row.account_name, row.account_email),
            requested_by: row.requested_by.map(|id| {
                person(id, row.requested_by_name.unwrap_or_default(), row.requested_by_email.unwrap_or_default())
            }),
            reason: row.reason,
            ticket: row.ticket,
            asked_at: time(row.asked_at)?,
            decided_at: row.decided_at.map(time).transpose()?,
            ends_at: time(row.ends_at)?,
            used_by: row.used_by.map(Into::into),
            grant: row.granted_by.map(|id| Grant {
                by: person(id, row.granted_by_name.unwrap_or_default(), row.granted_by_email.unwrap_or_default()),
                organisation: row.organisation,
                declined: row.declined != 0,
            }),
            id: row.id.into(),
        })
    }
}

/// Returns when write mode ends, if this is write mode.
pub(crate) fn write_until(mode: Mode) -> Option<i64> {
    match mode {
        Mode::Read => None,
        Mode::Write { until } => Some(until.as_microsecond()),
    }
}

/// Turns rows into what they stand for.
pub(crate) fn all<Row, Value: TryFrom<Row, Error = Error>>(rows: Vec<Row>) -> Result<Vec<Value>, Error> {
    rows.into_iter().map(Value::try_from).collect()
}

pub(crate) fn time(microseconds: i64) -> Result<Timestamp, Error> {
    Timestamp::from_microsecond(microseconds).map_err(|_| Error::Stored(format!("a time: {microseconds}")))
}

fn person(id: String, name: String, email: String) -> Person {
    Person { id: id.into(), name, email }
}
