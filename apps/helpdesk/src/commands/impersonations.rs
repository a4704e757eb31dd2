//! `helpdesk impersonations`: who is inside whom, and how to end it from outside.

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::bail;
use jiff::Timestamp;
use vicarious::ports::{ApplyError, Ledger, Running};
use vicarious::{EndCause, Impersonation, ImpersonationId, Transition, decide};

use super::{WRONG, or_enough, say};
use crate::cli::Impersonations;
use crate::database::Database;

/// How often a decision is made afresh when the state changed under it.
const TRIES: usize = 5;

/// Carries out a command on impersonations.
pub(crate) async fn run(command: Impersonations) -> anyhow::Result<ExitCode> {
    let database = match &command {
        Impersonations::List { database, .. }
        | Impersonations::Revoke { database, .. }
        | Impersonations::Pause { database, .. }
        | Impersonations::Resume { database } => Database::open_existing(&database.url).await?,
    };
    let ledger = database.ledger();
    let done = match command {
        Impersonations::List { json, .. } => or_enough(list(ledger, json).await),
        Impersonations::Revoke { id, .. } => revoke(ledger, &ImpersonationId::new(id)).await,
        Impersonations::Pause { reason, .. } => pause(ledger, &reason).await,
        Impersonations::Resume { .. } => resume(ledger).await,
    };
    database.close().await;
    done
}

async fn list(ledger: &Arc<dyn Ledger>, json: bool) -> anyhow::Result<ExitCode> {
    let now = Timestamp::now();
    let running = ledger.running(Running::All).await?;
    let running: Vec<&Impersonation> = running.iter().filter(|one| one.over_at(now).is_none()).collect();
    for one in &running {
        if json {
            let mut object = one.to_json(now);
            object["true_user"] = serde_json::json!(one.true_user);
            object["current_user"] = serde_json::json!(one.current_user);
            say(object)?;
        } else {
            let ticket = one.ticket.as_deref().map(|ticket| format!(" ({ticket})")).unwrap_or_default();
            say(format!(
                "{}  {} as {}, {} until {}: {}{ticket}",
                one.id,
                one.true_user.email,
                one.current_user.email,
                one.mode_at(now).as_str(),
                one.ends_at,
                one.reason
            ))?;
        }
    }
    if !json {
        if running.is_empty() {
            say("Nobody is inside anybody’s account.")?;
        }
        if let Some(pause) = ledger.paused().await? {
            say(format!("Paused since {}: {}", pause.since, pause.reason))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn revoke(ledger: &Arc<dyn Ledger>, id: &ImpersonationId) -> anyhow::Result<ExitCode> {
    let Some(one) = ledger.by_id(id).await? else {
        eprintln!("helpdesk: there is no impersonation `{id}`");
        return Ok(ExitCode::from(WRONG));
    };
    let ended = decide::end(&one, EndCause::Revoked, None, Timestamp::now());
    match apply(ledger, ended.into_iter().collect()).await? {
        Applied::Yes => {
            say(format!("{} no longer acts as {}.", one.true_user.email, one.current_user.email))?;
            Ok(ExitCode::SUCCESS)
        }
        Applied::NothingToDo => {
            eprintln!("helpdesk: impersonation `{id}` is over already");
            Ok(ExitCode::from(WRONG))
        }
    }
}

async fn pause(ledger: &Arc<dyn Ledger>, reason: &str) -> anyhow::Result<ExitCode> {
    if reason.trim().is_empty() {
        bail!("--reason must say something: agents are told");
    }
    // The switch first: once it is on, nothing new starts, so whatever runs then is the last of it.
    if ledger.paused().await?.is_none() {
        apply(ledger, vec![decide::pause(None, reason, Timestamp::now())]).await?;
    }
    let mut ended = 0;
    for _ in 0..TRIES {
        let running = ledger.running(Running::All).await?;
        if running.is_empty() {
            break;
        }
        for one in &running {
            let end = decide::end(one, EndCause::Paused, None, Timestamp::now());
            if let Applied::Yes = apply(ledger, end.into_iter().collect()).await? {
                ended += 1;
            }
        }
    }
    say(format!("Paused. {ended} ended; nobody can start until `helpdesk impersonations resume`."))?;
    Ok(ExitCode::SUCCESS)
}

async fn resume(ledger: &Arc<dyn Ledger>) -> anyhow::Result<ExitCode> {
    let paused = ledger.paused().await?;
    let resumed = paused.map(|_| decide::resume(None, Timestamp::now()));
    match apply(ledger, resumed.into_iter().collect()).await? {
        Applied::Yes => {
            say("Impersonations may start again.")?;
            Ok(ExitCode::SUCCESS)
        }
        Applied::NothingToDo => {
            eprintln!("helpdesk: nothing is paused");
            Ok(ExitCode::from(WRONG))
        }
    }
}

/// Whether there was something to change.
enum Applied {
    Yes,
    NothingToDo,
}

async fn apply(ledger: &Arc<dyn Ledger>, transitions: Vec<Transition>) -> anyhow::Result<Applied> {
    if transitions.is_empty() {
        return Ok(Applied::NothingToDo);
    }
    match ledger.apply(transitions).await {
        Ok(()) => Ok(Applied::Yes),
        // Somebody else was quicker; what was wanted is so.
        Err(ApplyError::Conflict) => Ok(Applied::NothingToDo),
        Err(ApplyError::Unavailable(outage)) => Err(outage.into()),
    }
}
