//! A tiny store that applies transitions with the conditions that `Change` documents.

use jiff::{SignedDuration, Timestamp};
use vicarious_core::decide::{Change, Fresh, Pause, StartFacts, StartRequest, Terms, Transition, end, start};
use vicarious_core::impersonation::End;
use vicarious_core::{
    Account, AccountId, Consent, EndCause, Entry, HandleHash, Impersonation, ImpersonationId, Person, Refusal,
    SignInKey, SitePath,
};

/// The state is no longer what the decision saw.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Conflict;

#[derive(Clone, Debug, Default)]
pub(crate) struct Store {
    pub(crate) impersonations: Vec<Impersonation>,
    pub(crate) consents: Vec<Consent>,
    pub(crate) opted_out: Vec<AccountId>,
    pub(crate) paused: Option<Pause>,
    pub(crate) entries: Vec<Entry>,
}

impl Store {
    /// Applies all transitions or none.
    pub(crate) fn apply(&mut self, transitions: Vec<Transition>) -> Result<(), Conflict> {
        let mut next = self.clone();
        for transition in transitions {
            let (change, entry) = transition.into_parts();
            next.change(change)?;
            next.entries.push(entry);
        }
        *self = next;
        Ok(())
    }

    fn change(&mut self, change: Change) -> Result<(), Conflict> {
        match change {
            Change::Nothing => Ok(()),
            Change::Start { impersonation, consent, at_once } => {
                if let Some(used) = consent {
                    self.replace_consent(&used.seen, used.entered)?;
                }
                let taken = self.running_of(&impersonation.sign_in).is_some() || self.paused.is_some();
                let by_them = |row: &&Impersonation| row.true_user == impersonation.true_user && row.end.is_none();
                ensure(!taken && self.impersonations.iter().filter(by_them).count() < at_once)?;
                self.impersonations.push(*impersonation);
                Ok(())
            }
            Change::End { id, cause, at, acknowledged } => {
                let row = self.row(&id)?;
                ensure(row.end.is_none())?;
                row.end = Some(End { cause, at });
                row.acknowledged_at = acknowledged.then_some(at);
                Ok(())
            }
            Change::Acknowledge { id, at } => {
                let row = self.row(&id)?;
                ensure(row.acknowledged_at.is_none())?;
                row.acknowledged_at = Some(at);
                Ok(())
            }
            Change::SetMode { id, from, to } => {
                let row = self.row(&id)?;
                ensure(row.end.is_none() && row.mode == from)?;
                row.mode = to;
                Ok(())
            }
            Change::AddConsent(consent) => {
                self.consents.push(*consent);
                Ok(())
            }
            Change::UpdateConsent { from, to } => self.replace_consent(&from, *to),
            Change::OptOut { account, .. } => {
                ensure(!self.opted_out.contains(&account))?;
                self.opted_out.push(account);
                Ok(())
            }
            Change::OptIn { account } => {
                let before = self.opted_out.len();
                self.opted_out.retain(|out| *out != account);
                ensure(self.opted_out.len() < before)
            }
            Change::Pause(pause) => ensure(self.paused.replace(pause).is_none()),
            Change::Resume => ensure(self.paused.take().is_some()),
        }
    }

    fn replace_consent(&mut self, from: &Consent, to: Consent) -> Result<(), Conflict> {
        let row = self.consents.iter_mut().find(|consent| consent.id == from.id).ok_or(Conflict)?;
        ensure(row.state == from.state && row.used_by == from.used_by)?;
        *row = to;
        Ok(())
    }

    fn row(&mut self, id: &ImpersonationId) -> Result<&mut Impersonation, Conflict> {
        self.impersonations.iter_mut().find(|row| row.id == *id).ok_or(Conflict)
    }

    /// Returns the impersonation of a sign-in whose end is not recorded.
    pub(crate) fn running_of(&self, sign_in: &SignInKey) -> Option<&Impersonation> {
        self.impersonations.iter().find(|row| row.sign_in == *sign_in && row.end.is_none())
    }

    /// Notes that an impersonation was used, as an admitted intent does.
    pub(crate) fn touch(&mut self, sign_in: &SignInKey, now: Timestamp) {
        let live = |row: &&mut Impersonation| row.sign_in == *sign_in && row.over_at(now).is_none();
        if let Some(row) = self.impersonations.iter_mut().find(live) {
            row.last_seen_at = now;
        }
    }

    /// Decides a start on what this store says.
    pub(crate) fn decide_start(
        &self,
        asked: &Asked<'_>,
        terms: &Terms,
        now: Timestamp,
    ) -> Result<Vec<Transition>, Refusal> {
        let agent_id = asked.agent.id();
        let running = self.running_of(asked.sign_in);
        let facts = StartFacts {
            true_user: Some((asked.agent, asked.sign_in)),
            running,
            target: Some(asked.target),
            allowed: asked.allowed,
            fresh_sign_in: true,
            consents: &self.consents,
            redeemed: None,
            opted_out: self.opted_out.contains(asked.target.id()),
            running_of_true_user: self
                .impersonations
                .iter()
                .filter(|row| row.true_user.id == *agent_id && row.end.is_none())
                .count(),
            paused: self.paused.as_ref(),
        };
        let request = StartRequest {
            reason: "a ticket".to_owned(),
            ticket: Some("SUP-1".to_owned()),
            return_to: SitePath::new("/accounts"),
            instead_of: asked.instead_of.clone(),
        };
        start(&request, &facts, fresh(asked.number), terms, now)
    }

    /// Ends whatever rests on consents that were withdrawn, as the edge does along with the withdrawal.
    pub(crate) fn ends_of_consent(&self, consent: &Consent, now: Timestamp) -> Vec<Transition> {
        let resting = |row: &&Impersonation| row.consent.as_ref() == Some(&consent.id);
        let by = Some(&consent.account);
        self.impersonations
            .iter()
            .filter(resting)
            .filter_map(|row| end(row, EndCause::ConsentWithdrawn, by, now))
            .collect()
    }
}

/// One attempt to start.
pub(crate) struct Asked<'a> {
    pub(crate) agent: &'a Account,
    pub(crate) sign_in: &'a SignInKey,
    pub(crate) target: &'a Account,
    pub(crate) allowed: bool,
    pub(crate) instead_of: Option<ImpersonationId>,
    pub(crate) number: u32,
}

fn ensure(holds: bool) -> Result<(), Conflict> {
    holds.then_some(()).ok_or(Conflict)
}

pub(crate) fn fresh(number: u32) -> Fresh {
    let mut handle = [0; 32];
    handle[..4].copy_from_slice(&number.to_be_bytes());
    Fresh { id: format!("i{number}").into(), handle: HandleHash::of(&handle) }
}

pub(crate) fn account(id: &str) -> Account {
    Account::new(id, id.to_uppercase(), format!("{id}@example.com"))
}

pub(crate) fn person(id: &str) -> Person {
    account(id).person
}

pub(crate) fn noon() -> Timestamp {
    "2024-11-22T12:00:00Z".parse().unwrap()
}

pub(crate) fn minutes(count: i64) -> SignedDuration {
    SignedDuration::from_mins(count)
}

/// Returns an impersonation of `customer` by `agent` that started at noon on default terms.
pub(crate) fn impersonation(id: &str, agent: &str, customer: &str) -> Impersonation {
    Impersonation {
        id: id.into(),
        handle: HandleHash::of(&[1; 32]),
        sign_in: "s".into(),
        true_user: person(agent),
        current_user: person(customer),
        reason: "a ticket".to_owned(),
        ticket: None,
        consent: None,
        mode: vicarious_core::Mode::Read,
        started_at: noon(),
        last_seen_at: noon(),
        idle_limit: minutes(10),
        ends_at: noon() + minutes(30),
        return_to: SitePath::root(),
        follows: None,
        end: None,
        acknowledged_at: None,
    }
}
