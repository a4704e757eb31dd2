//! Ending what runs: one impersonation, or everything.

use axum::http::StatusCode;
use serde_json::json;
use vicarious_axum::{Refused, Staff};
use vicarious_core::decide::REASON_AT_MOST;
use vicarious_core::ports::Running;
use vicarious_core::{EndCause, Impersonation, ImpersonationId, Refusal};

use crate::answer::{Answer, Failure, failed, json, see};
use crate::asked::{Asked, Sent};
use crate::{access_log, impersonations};

/// Ends an impersonation: anybody's for administrators, their own for agents, whose browser may have lost it.
pub(crate) async fn revoke(Sent { asked, .. }: Sent) -> Answer {
    let (person, staff) = asked.staff(Staff::Agent).await?;
    let row = found(&asked).await?;
    if staff != Staff::Administrator && row.true_user.id != person.id {
        return Err(Refusal::NoSuchAccount.into());
    }
    let ended = asked.vicarious().revoke(&asked.identity, &row.id).await;
    if !asked.json {
        return see(&asked.link(&format!("/impersonations?done={}", done(ended)?)));
    }
    ended?;
    let row = found(&asked).await?;
    json(StatusCode::OK, json!({ "impersonation": impersonations::to_json(&row, asked.now) }))
}

/// Ends an impersonation of one's own account; with the field `everywhere`, whatever else of its agent runs there, too.
pub(crate) async fn end(Sent { asked, fields }: Sent) -> Answer {
    let customer = asked.themselves()?;
    let row = found(&asked).await?;
    if row.current_user.id != customer.id {
        return Err(Refusal::NoSuchAccount.into());
    }
    let mut ended = asked.vicarious().revoke(&asked.identity, &row.id).await;
    if fields.get("everywhere").is_some() {
        ended = both(ended, end_others_of(&asked, &row).await);
    }
    if !asked.json {
        return see(&asked.link(&format!("/access-log?done={}", done(ended)?)));
    }
    ended?;
    let access = access_log::access(&asked, found(&asked).await?).await?;
    json(StatusCode::OK, json!({ "access": access.to_json() }))
}

/// Ends what the agent of an impersonation has besides it in the same account, all that can be ended.
async fn end_others_of(asked: &Asked, one: &Impersonation) -> Result<(), Refused> {
    let vicarious = asked.vicarious();
    let running = vicarious.ledger().running(Running::As(&one.current_user.id)).await?;
    let mut ended = Err(Refusal::Ended(EndCause::Revoked).into());
    for other in running.iter().filter(|row| row.id != one.id && row.true_user.id == one.true_user.id) {
        ended = both(ended, vicarious.revoke(&asked.identity, &other.id).await);
    }
    ended
}

/// Returns what came of two ends: what failed if anything did, and that something was over already only of both.
fn both(one: Result<(), Refused>, other: Result<(), Refused>) -> Result<(), Refused> {
    match (one, other) {
        (one, Err(Refused::Refusal(Refusal::Ended(_)))) => one,
        (Ok(()) | Err(Refused::Refusal(Refusal::Ended(_))), other) => other,
        (failed, _) => failed,
    }
}

/// Ends everything that runs and lets nothing start.
pub(crate) async fn pause(Sent { asked, fields }: Sent) -> Answer {
    let (by, _) = asked.staff(Staff::Administrator).await?;
    let reason = fields.get("reason").unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ");
    let back = || asked.link("/impersonations");
    let invalid = |problem| Err(failed(back(), &Refusal::Invalid { field: "reason", problem }.into()));
    if reason.is_empty() {
        return invalid("is missing: say why, so that agents know");
    }
    if reason.chars().count() > REASON_AT_MOST || reason.chars().any(char::is_control) {
        return invalid("must be at most 500 characters of plain text");
    }
    asked.vicarious().pause(Some(by), &reason).await?;
    paused(&asked, "paused").await
}

/// Lets agents start again.
pub(crate) async fn resume(Sent { asked, .. }: Sent) -> Answer {
    let (by, _) = asked.staff(Staff::Administrator).await?;
    asked.vicarious().resume(Some(by)).await?;
    paused(&asked, "resumed").await
}

async fn paused(asked: &Asked, done: &str) -> Answer {
    if !asked.json {
        return see(&asked.link(&format!("/impersonations?done={done}")));
    }
    let pause = asked.vicarious().ledger().paused().await?;
    json(StatusCode::OK, json!({ "paused": pause.as_ref().map(impersonations::pause_json) }))
}

async fn found(asked: &Asked) -> Result<Impersonation, Failure> {
    let id = ImpersonationId::from(asked.id.as_str());
    Ok(asked.vicarious().ledger().by_id(&id).await?.ok_or(Refusal::NoSuchAccount)?)
}

/// Whoever presses the button wants it to be over: that it is over already is no error to show.
fn done(ended: Result<(), Refused>) -> Result<&'static str, Failure> {
    match ended {
        Ok(()) => Ok("ended"),
        Err(Refused::Refusal(Refusal::Ended(_))) => Ok("over"),
        Err(refused) => Err(refused.into()),
    }
}
