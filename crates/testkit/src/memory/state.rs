//! What a ledger remembers, and the changes to it.

use std::collections::{HashMap, HashSet};

use jiff::Timestamp;
use vicarious_core::audit::Recorded;
use vicarious_core::consent::Consent;
use vicarious_core::decide::{self, Change, ConsentUse, Pause, Transition};
use vicarious_core::impersonation::End;
use vicarious_core::ports::{Admission, ApplyError, Consents, EntryFilter, Running, Unavailable};
use vicarious_core::{AccountId, EndCause, Entry, HandleHash, Impersonation, ImpersonationId, Mode};

#[derive(Clone, Debug, Default)]
pub(super) struct State {
    /// In the order of their starts.
    pub(super) impersonations: Vec<Impersonation>,
    /// In the order they were added.
    pub(super) consents: Vec<Consent>,
    pub(super) opted_out: HashMap<AccountId, Timestamp>,
    pub(super) pause: Option<Pause>,
    pub(super) spent: HashSet<[u8; 16]>,
    pub(super) entries: Vec<Recorded>,
}

impl State {
    pub(super) fn record(&mut self, entry: Entry) {
        let seq = self.entries.last().map_or(1, |last| last.seq + 1);
        self.entries.push(Recorded { seq, entry });
    }

    pub(super) fn apply(&mut self, transitions: Vec<Transition>) -> Result<(), ApplyError> {
        // All or nothing: a copy is changed, and takes the place of the original only if all went well.
        let mut changed = self.clone();
        for transition in transitions {
            let (change, entry) = transition.into_parts();
            changed.change(change)?;
            changed.record(entry);
        }
        *self = changed;
        Ok(())
    }

    pub(super) fn admit(&mut self, intent: Entry) -> Result<Admission, Unavailable> {
        let id = intent.impersonation.as_ref();
        let Some(row) = self.impersonations.iter_mut().find(|row| Some(&row.id) == id) else {
            return Err(Unavailable::new("the intent names no known impersonation"));
        };
        if let Some(cause) = row.over_at(intent.at) {
            return Ok(Admission::Over(cause));
        }
        row.last_seen_at = row.last_seen_at.max(intent.at);
        self.record(intent);
        Ok(Admission::Admitted)
    }

    /// Records a stop from the journal; does nothing for what is stopped or unknown.
    pub(super) fn stop(&mut self, handle: &HandleHash, at: Timestamp) {
        let Some(row) = self.impersonations.iter().find(|row| row.handle == *handle) else { return };
        let transition = decide::end(row, EndCause::Stopped, None, at).or_else(|| decide::acknowledge(row, at));
        // Decided on the very state that it is applied to, so it cannot conflict.
        drop(self.apply(transition.into_iter().collect()));
    }

    fn change(&mut self, change: Change) -> Result<(), ApplyError> {
        match change {
            Change::Nothing => Ok(()),
            Change::Start { impersonation, consent, at_once } => {
                self.start(*impersonation, consent.as_deref(), at_once)
            }
            Change::End { id, cause, at, acknowledged } => {
                let row = self.unended(&id)?;
                row.end = Some(End { cause, at });
                row.acknowledged_at = acknowledged.then_some(at);
                Ok(())
            }
            Change::Acknowledge { id, at } => {
                let row = self.row(&id)?;
                when(row.acknowledged_at.is_none())?;
                row.acknowledged_at = Some(at);
                Ok(())
            }
            Change::SetMode { id, from, to } => {
                let row = self.unended(&id)?;
                when(row.mode == from)?;
                row.mode = to;
                Ok(())
            }
            Change::AddConsent(consent) => {
                let digest = |consent: &Consent| consent.code;
                let is_new =
                    |row: &Consent| row.id != consent.id && (digest(row).is_none() || digest(row) != digest(&consent));
                when(self.consents.iter().all(is_new))?;
                self.consents.push(*consent);
                Ok(())
            }
            Change::UpdateConsent { from, to } => self.replace_consent(&from, &to),
            Change::OptOut { account, at } => when(self.opted_out.insert(account, at).is_none()),
            Change::OptIn { account } => when(self.opted_out.remove(&account).is_some()),
            Change::Pause(pause) => when(self.pause.replace(pause).is_none()),
            Change::Resume => when(self.pause.take().is_some()),
        }
    }

    fn start(&mut self, new: Impersonation, consent: Option<&ConsentUse>, at_once: usize) -> Result<(), ApplyError> {
        when(self.pause.is_none())?;
        when(self.running(Running::By(&new.true_user.id)).len() < at_once)?;
        for row in &self.impersonations {
            when(row.id != new.id && row.handle != new.handle)?;
            when(row.end.is_some() || row.sign_in != new.sign_in)?;
        }
        if let Some(consent) = consent {
            self.replace_consent(&consent.seen, &consent.entered)?;
        }
        self.impersonations.push(new);
        Ok(())
    }

    fn replace_consent(&mut self, from: &Consent, to: &Consent) -> Result<(), ApplyError> {
        let row = self.consents.iter_mut().find(|row| row.id == from.id).ok_or(ApplyError::Conflict)?;
        when(row.state == from.state && row.used_by == from.used_by)?;
        row.clone_from(to);
        Ok(())
    }

    fn row(&mut self, id: &ImpersonationId) -> Result<&mut Impersonation, ApplyError> {
        self.impersonations.iter_mut().find(|row| row.id == *id).ok_or(ApplyError::Conflict)
    }

    fn unended(&mut self, id: &ImpersonationId) -> Result<&mut Impersonation, ApplyError> {
        self.row(id).and_then(|row| if row.end.is_none() { Ok(row) } else { Err(ApplyError::Conflict) })
    }

    pub(super) fn running(&self, which: Running<'_>) -> Vec<Impersonation> {
        let matches = |row: &&Impersonation| match which {
            Running::All => true,
            Running::As(account) => row.current_user.id == *account,
            Running::By(account) => row.true_user.id == *account,
            Running::SignIn(key) => row.sign_in == *key,
            Running::On(consent) => row.consent.as_ref() == Some(consent),
            Running::Overdue(now) => {
                row.over_at(now).is_some() || matches!(row.mode, Mode::Write { until } if until <= now)
            }
        };
        self.impersonations.iter().filter(|row| row.end.is_none()).filter(matches).cloned().collect()
    }

    pub(super) fn consents(&self, which: Consents<'_>) -> Vec<Consent> {
        let asked_by =
            |row: &Consent, agent: &AccountId| row.requested_by.as_ref().is_some_and(|asked| asked.id == *agent);
        let matches = |row: &&Consent| match which {
            Consents::Of(account) => row.account.id == *account,
            Consents::AskedBy(agent) => asked_by(row, agent),
            Consents::Between { account, agent } => {
                row.account.id == *account && (row.requested_by.is_none() || asked_by(row, agent))
            }
            Consents::GrantedBy { by, .. } => row.grant.as_ref().is_some_and(|grant| grant.by.id == *by),
            Consents::Code(digest) => row.code.as_ref() == Some(digest),
            Consents::Latest { .. } => true,
        };
        let limit = match which {
            Consents::Latest { limit } | Consents::GrantedBy { limit, .. } => limit,
            _ => usize::MAX,
        };
        self.consents.iter().rev().filter(matches).take(limit).cloned().collect()
    }

    pub(super) fn entries(&self, filter: &EntryFilter) -> Vec<Recorded> {
        let newest_first = self.entries.iter().rev();
        newest_first.filter(|row| matches_filter(row, filter)).take(filter.limit).cloned().collect()
    }
}

fn matches_filter(row: &Recorded, filter: &EntryFilter) -> bool {
    let entry = &row.entry;
    let is = |wanted: &Option<AccountId>, person: &Option<vicarious_core::Person>| {
        wanted.as_ref().is_none_or(|id| person.as_ref().is_some_and(|person| person.id == *id))
    };
    is(&filter.true_user, &entry.true_user)
        && is(&filter.current_user, &entry.current_user)
        && filter.kind.is_none_or(|kind| kind == entry.kind)
        && filter.impersonation.as_ref().is_none_or(|id| entry.impersonation.as_ref() == Some(id))
        && filter.from.is_none_or(|from| entry.at >= from)
        && filter.to.is_none_or(|to| entry.at < to)
        && filter.before.is_none_or(|before| row.seq < before)
}

fn when(as_seen: bool) -> Result<(), ApplyError> {
    if as_seen { Ok(()) } else { Err(ApplyError::Conflict) }
}
