//! Consent that an administrator of an organisation gives in the place of its people.

use vicarious_core::consent::{Consent, ConsentId};
use vicarious_core::decide::{self, GiveFor, Transition};
use vicarious_core::ports::{Consents, Running};
use vicarious_core::{Account, AccountId, EndCause, Identity, Refusal, Timestamp};

use crate::engine::Look;
use crate::host::{Found, Known, Search, Staff};
use crate::{Refused, Vicarious};

/// How many people are looked at together, when consent is given for all of them.
const TOGETHER: u32 = 100;
/// How many pages of them are looked through at once.
const PAGES: u32 = 50;
/// For how many of them consent is given at once.
const AT_ONCE: usize = 500;

/// What came of giving consent for everybody in an organisation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GivenForAll {
    /// For how many it was given.
    pub given: usize,
    /// How many were left out: consent stands for them already, or they have declined.
    pub left_out: usize,
    /// Whether there are more people: the same again goes on with them.
    pub more: bool,
}

impl Vicarious {
    /// Returns whether `identity` is somebody as themselves who may give consent in the place of anybody.
    ///
    /// # Errors
    ///
    /// [`Refused::Unavailable`].
    pub async fn grants(&self, identity: &Identity) -> Result<bool, Refused> {
        let first = Search { q: String::new(), organisation: None, page: 1, per_page: TOGETHER };
        match self.people(identity, &first).await {
            Ok(found) => Ok(!found.accounts.is_empty()),
            Err(Refused::Refusal(_)) => Ok(false),
            Err(outage) => Err(outage),
        }
    }

    /// Returns a page of the accounts in whose place the true user may give consent; those of their own organisation, if
    /// they have one.
    ///
    /// # Errors
    ///
    /// [`Refusal::NoSuchAccount`] unless a customer acts as themselves and the application lets
    /// [anybody](crate::Builder::who_grants_for) do so; [`Refused::Unavailable`].
    pub async fn people(&self, identity: &Identity, search: &Search) -> Result<Found<Account>, Refused> {
        let by = self.granter(identity).await?;
        let found = self.people_of(&by, search).await?;
        Ok(Found { accounts: found.accounts.iter().map(|user| (*user.account).clone()).collect(), total: found.total })
    }

    /// Gives a standing consent in the place of `account`, until `ends_at`.
    ///
    /// # Errors
    ///
    /// [`Refusal::NoSuchAccount`] when it is unknown, gone, disabled, oneself, or when the true user may not do so for it,
    /// all alike; those of [`decide::give_for`].
    pub async fn give_consent_for(
        &self,
        identity: &Identity,
        account: &AccountId,
        ends_at: Timestamp,
    ) -> Result<Consent, Refused> {
        let by = self.granter(identity).await?;
        let person = self.afresh(account).await?.filter(|person| self.may_give_for(&by, person));
        let person = person.ok_or(Refusal::NoSuchAccount)?;
        let (id, given) = self.give_for(&by, &person.account, ends_at).await?;
        self.commit(vec![given]).await?;
        self.settle(&by, &person.account, &id).await?;
        self.consent(&id).await
    }

    /// Gives a standing consent in the place of everybody who is listed by [`people`](Self::people) now, until `ends_at`; for
    /// at most 500 at once. Who joins later is not included.
    ///
    /// # Errors
    ///
    /// [`Refusal::NoSuchAccount`] unless there is anybody to give it for; [`Refusal::Invalid`] for the end.
    pub async fn give_consent_for_all(&self, identity: &Identity, ends_at: Timestamp) -> Result<GivenForAll, Refused> {
        let by = self.granter(identity).await?;
        let mut done = GivenForAll::default();
        for page in 1..=PAGES {
            let search = Search { q: String::new(), organisation: None, page, per_page: TOGETHER };
            let found = self.people_of(&by, &search).await?;
            done.more = u64::from(page) * u64::from(TOGETHER) < found.total;
            let (given, left_out) = self.give_for_these(&by, &found.accounts, ends_at).await?;
            done.given += given;
            done.left_out += left_out;
            if !done.more || done.given >= AT_ONCE {
                break;
            }
        }
        if done.given + done.left_out == 0 { Err(Refusal::NoSuchAccount.into()) } else { Ok(done) }
    }

    /// Gives it for a page of people; returns for how many, and how many were left out.
    async fn give_for_these(
        &self,
        by: &Known,
        people: &[Known],
        ends_at: Timestamp,
    ) -> Result<(usize, usize), Refused> {
        let (mut ids, mut transitions) = (Vec::new(), Vec::new());
        for person in people {
            match self.give_for(by, &person.account, ends_at).await {
                Ok((id, given)) => {
                    ids.push((id, &person.account));
                    transitions.push(given);
                }
                Err(Refused::Refusal(Refusal::AlreadyDecided | Refusal::ConsentRequired { .. })) => {}
                Err(other) => return Err(other),
            }
        }
        let mut given = 0;
        if !transitions.is_empty() {
            self.commit(transitions).await?;
        }
        for (id, person) in ids {
            match self.settle(by, person, &id).await {
                Ok(()) => given += 1,
                Err(Refused::Refusal(_)) => {}
                Err(outage) => return Err(outage),
            }
        }
        Ok((given, people.len() - given))
    }

    /// Decides about one person by what is known now.
    async fn give_for(
        &self,
        by: &Known,
        account: &Account,
        ends_at: Timestamp,
    ) -> Result<(ConsentId, Transition), Refused> {
        let ledger = &self.engine.ledger;
        let give = GiveFor {
            by: &by.account.person,
            account,
            ends_at,
            known: &ledger.consents(Consents::Of(account.id())).await?,
            opted_out: ledger.opted_out(account.id()).await?.is_some(),
        };
        let id = ConsentId::new(uuid::Uuid::now_v7().to_string());
        let given = decide::give_for(id.clone(), give, self.now())?;
        Ok((id, given))
    }

    /// Takes back what was given at the very moment at which its customer declined: whoever of the two is second on record
    /// finds the other.
    async fn settle(&self, by: &Known, account: &Account, id: &ConsentId) -> Result<(), Refused> {
        let ledger = &self.engine.ledger;
        let opted_out = ledger.opted_out(account.id()).await?.is_some();
        let known = ledger.consents(Consents::Of(account.id())).await?;
        if !opted_out && !decide::has_declined(&known, account) {
            return Ok(());
        }
        if let Some(given) = known.iter().find(|consent| consent.id == *id)
            && let Ok(back) = decide::withdraw_for(given, &by.account.person, self.now())
        {
            match self.commit(vec![back]).await {
                Ok(()) | Err(Refused::Refusal(_)) => {}
                Err(outage) => return Err(outage),
            }
            self.engine.end_all(Running::On(id), EndCause::ConsentWithdrawn, Some(&by.account.person)).await?;
        }
        match opted_out {
            true => Err(Refusal::ConsentRequired { account: account.person.clone(), opted_out }.into()),
            false => Err(Refusal::AlreadyDecided.into()),
        }
    }

    async fn people_of(&self, by: &Known, search: &Search) -> Result<Found<Known>, Refused> {
        let organisation = by.account.organisation.clone().or_else(|| search.organisation.clone());
        let mut found = self.engine.host.people(by, &Search { organisation, ..search.clone() }).await?;
        found.accounts.retain(|person| self.may_give_for(by, person));
        Ok(found)
    }

    /// Returns a customer as themselves, where anybody gives consent in the place of others.
    async fn granter(&self, identity: &Identity) -> Result<Known, Refused> {
        if !self.engine.host.decided().grants {
            return Err(Refusal::NoSuchAccount.into());
        }
        let by = self.customer(identity).await?;
        Ok(self.afresh(by.account.id()).await?.ok_or(Refusal::NoSuchAccount)?)
    }

    /// Returns an account as it is now: whoever gave up an office gives nothing any more.
    async fn afresh(&self, id: &AccountId) -> Result<Option<Known>, Refused> {
        Ok(self.engine.account(id, Look::Afresh).await?)
    }

    // INVARIANT: nobody consents to what they could do on that consent themselves: no staff, and not for whoever's account
    // they may use.
    fn may_give_for(&self, by: &Known, person: &Known) -> bool {
        let host = &self.engine.host;
        self.speaks_for(by, person) && person.account.active && host.staff(person) == Staff::No && !host.may(by, person)
    }

    /// Returns whether `by` has a say in what was given in the place of `person`.
    fn speaks_for(&self, by: &Known, person: &Known) -> bool {
        let host = &self.engine.host;
        by.account.active
            && host.staff(by) == Staff::No
            && by.account.id() != person.account.id()
            && host.grants_for(by, person)
    }

    /// Returns a consent that `identity` has a say in: one of their own, or one that was given in the place of somebody for
    /// whom they may give it.
    ///
    /// # Errors
    ///
    /// [`Refusal::NoSuchAccount`] for everybody else, and while impersonating; [`Refused::Unavailable`].
    pub async fn decidable_consent(&self, identity: &Identity, id: &ConsentId) -> Result<Consent, Refused> {
        let by = self.themselves(identity).await?.ok_or(Refusal::NoSuchAccount)?;
        self.decidable(&by, id).await
    }

    pub(crate) async fn decidable(&self, by: &Known, id: &ConsentId) -> Result<Consent, Refused> {
        let consent = self.consent(id).await?;
        if consent.account.id == *by.account.id() {
            return Ok(consent);
        }
        let (by, person) = match consent.grant {
            Some(_) => (self.afresh(by.account.id()).await?, self.afresh(&consent.account.id).await?),
            None => (None, None),
        };
        let speaks = by.zip(person).is_some_and(|(by, person)| self.speaks_for(&by, &person));
        if speaks { Ok(consent) } else { Err(Refusal::NoSuchAccount.into()) }
    }

    /// Returns the latest consents that `identity` gave in the place of people for whom they may still give it, at most
    /// `limit`.
    ///
    /// # Errors
    ///
    /// [`Refused::Unavailable`].
    pub async fn consents_given_for(&self, identity: &Identity, limit: usize) -> Result<Vec<Consent>, Refused> {
        let by = match self.granter(identity).await {
            Ok(by) => by,
            Err(Refused::Refusal(_)) => return Ok(Vec::new()),
            Err(outage) => return Err(outage),
        };
        let mut given = Vec::new();
        for consent in self.engine.ledger.consents(Consents::GrantedBy { by: by.account.id(), limit }).await? {
            let person = self.engine.known(&consent.account.id).await?;
            given.extend(person.filter(|person| self.speaks_for(&by, person)).map(|_| consent));
        }
        Ok(given)
    }
}
