//! What the console, the command line and the host may ask for.

use vicarious_core::consent::{Consent, ConsentId, ConsentKind};
use vicarious_core::decide::{self, Decision};
use vicarious_core::ports::{ApplyError, Consents, Running, Unavailable};
use vicarious_core::{Account, AccountId, EndCause, Identity, ImpersonationId, Person, Refusal, SignInKey};

use crate::engine::{Engine, Look, Outage};
use crate::events::Event;
use crate::host::{Found, HostError, Known, Search, SignIn, Staff};
use crate::met::RouteMet;
use crate::{Refused, Vicarious};

/// How often a decision is made afresh when the state changed under it.
const TRIES: usize = 3;

impl From<Unavailable> for Refused {
    fn from(outage: Unavailable) -> Self {
        Outage::from(outage).into()
    }
}

impl From<HostError> for Refused {
    fn from(outage: HostError) -> Self {
        Outage::from(outage).into()
    }
}

impl From<Outage> for Refused {
    fn from(outage: Outage) -> Self {
        tracing::error!(error = ?outage, "cannot answer");
        Self::Unavailable
    }
}

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Self {
        Self::Refusal(refusal)
    }
}

impl Vicarious {
    /// Returns what `identity` may see of the console: nothing while impersonating.
    ///
    /// # Errors
    ///
    /// [`Refused::Unavailable`] when the host cannot answer; so for every operation here.
    pub async fn staff(&self, identity: &Identity) -> Result<Staff, Refused> {
        let Some(user) = self.themselves(identity).await? else { return Ok(Staff::No) };
        Ok(self.engine.host.staff(&user))
    }

    /// Returns an account.
    ///
    /// # Errors
    ///
    /// [`Refused::Unavailable`].
    pub async fn account(&self, id: &AccountId) -> Result<Option<Account>, Refused> {
        Ok(self.engine.known(id).await?.map(|known| (*known.account).clone()))
    }

    /// Returns what the host says of a sign-in now, and not a moment ago.
    ///
    /// # Errors
    ///
    /// [`Refused::Unavailable`].
    pub async fn sign_in(&self, key: &SignInKey) -> Result<Option<SignIn>, Refused> {
        Ok(self.engine.sign_in(key, Look::Afresh).await?)
    }

    /// Returns a page of the accounts that the true user may impersonate.
    ///
    /// # Errors
    ///
    /// [`Refused::Unavailable`]; [`Refusal::NoSuchAccount`] unless `identity` is staff acting as themselves.
    pub async fn search(&self, identity: &Identity, search: &Search) -> Result<Found<Account>, Refused> {
        let by = self.themselves(identity).await?.filter(|by| self.engine.host.staff(by) > Staff::No);
        let by = by.ok_or(Refusal::NoSuchAccount)?;
        let found = self.engine.host.search(&by, search).await?;
        let accounts = found.accounts.into_iter().filter(|user| self.engine.host.may(&by, user));
        Ok(Found { accounts: accounts.map(|user| (*user.account).clone()).collect(), total: found.total })
    }

    /// Returns an account, if `identity` is somebody as themselves who may impersonate it.
    ///
    /// # Errors
    ///
    /// [`Refusal::NoSuchAccount`] when it is unknown, gone, disabled, oneself or not allowed, all alike.
    pub async fn permitted(&self, identity: &Identity, account: &AccountId) -> Result<Account, Refused> {
        let by = self.themselves(identity).await?.ok_or(Refusal::NoSuchAccount)?;
        let found = self.engine.permitted(&by, account).await?.ok_or(Refusal::NoSuchAccount)?;
        Ok((*found.account).clone())
    }

    /// Returns whether a request comes from another site, and so must not change anything.
    pub fn is_cross_site(&self, headers: &http::HeaderMap) -> bool {
        crate::site::cross_site(headers, &self.engine.own_origins)
    }

    /// Gives, refuses, withdraws or disowns a consent; what runs on one that is taken back ends. One that is disowned takes
    /// with it what else the same agent recorded of this customer.
    ///
    /// Whoever may give consent in the customer's place may withdraw one that was given so, and nothing else.
    ///
    /// # Errors
    ///
    /// [`Refusal::NoSuchAccount`] for everybody but these, as themselves, and those of [`decide::decide`].
    pub async fn decide_consent(
        &self,
        identity: &Identity,
        id: &ConsentId,
        decision: Decision,
    ) -> Result<Consent, Refused> {
        let decided = self.decide_one(identity, id, decision).await?;
        if decision == Decision::Disown {
            let recorded = self.engine.ledger.consents(Consents::Of(&decided.account.id)).await?;
            // By id: an agent may have been renamed in between.
            let by = |consent: &Consent| consent.requested_by.as_ref().map(|agent| agent.id.clone());
            let same = |other: &&Consent| other.kind == ConsentKind::Attested && by(other) == by(&decided);
            self.withdraw_all(identity, recorded.iter().filter(same)).await?;
        }
        Ok(decided)
    }

    /// Withdraws those that stand.
    async fn withdraw_all<'a>(
        &self,
        identity: &Identity,
        consents: impl Iterator<Item = &'a Consent> + Send,
    ) -> Result<(), Refused> {
        for consent in consents {
            match self.decide_one(identity, &consent.id, Decision::Withdraw).await {
                Ok(_) | Err(Refused::Refusal(Refusal::AlreadyDecided)) => {}
                Err(outage) => return Err(outage),
            }
        }
        Ok(())
    }

    async fn decide_one(&self, identity: &Identity, id: &ConsentId, decision: Decision) -> Result<Consent, Refused> {
        let by = self.themselves(identity).await?.ok_or(Refusal::NoSuchAccount)?;
        for _ in 0..TRIES {
            let consent = self.decidable(&by, id).await?;
            let decided = match decision {
                _ if consent.account.id == *by.account.id() => decide::decide(&consent, decision, self.now())?,
                Decision::Withdraw => decide::withdraw_for(&consent, &by.account.person, self.now())?,
                Decision::Give | Decision::Refuse | Decision::Disown => return Err(Refusal::AlreadyDecided.into()),
            };
            let mut transitions = vec![decided];
            let is_taken_back = matches!(decision, Decision::Withdraw | Decision::Disown);
            if is_taken_back {
                let ends = self.engine.ends_of(Running::On(id), EndCause::ConsentWithdrawn, &by.account.person).await?;
                transitions.extend(ends);
            }
            match self.engine.apply(transitions).await {
                Ok(()) => {
                    if is_taken_back {
                        // What started between the look and the commit; nothing can start after it.
                        let by = Some(&by.account.person);
                        self.engine.end_all(Running::On(id), EndCause::ConsentWithdrawn, by).await?;
                    }
                    return self.consent(id).await;
                }
                Err(ApplyError::Conflict) => {}
                Err(ApplyError::Unavailable(outage)) => return Err(outage.into()),
            }
        }
        Err(Refusal::AlreadyDecided.into())
    }

    /// Gives a standing consent until `ends_at`.
    ///
    /// # Errors
    ///
    /// [`Refusal::NoSuchAccount`] unless a customer acts as themselves, and those of [`decide::give_ahead`].
    pub async fn give_consent(
        &self,
        identity: &Identity,
        ends_at: vicarious_core::Timestamp,
    ) -> Result<Consent, Refused> {
        let customer = self.customer(identity).await?;
        let id = ConsentId::new(uuid::Uuid::now_v7().to_string());
        self.commit(vec![decide::give_ahead(id.clone(), &customer.account.person, ends_at, self.now())?]).await?;
        self.consent(&id).await
    }

    /// Declines all support access: withdraws what stands and ends what runs.
    ///
    /// # Errors
    ///
    /// [`Refusal::NoSuchAccount`] unless a customer acts as themselves; [`Refusal::AlreadyDecided`] when declined.
    pub async fn opt_out(&self, identity: &Identity) -> Result<(), Refused> {
        let customer = self.customer(identity).await?.account.person.clone();
        self.commit(vec![decide::opt_out(&customer, self.now())]).await?;
        self.withdraw_all(identity, self.engine.ledger.consents(Consents::Of(&customer.id)).await?.iter()).await?;
        self.engine.end_all(Running::As(&customer.id), EndCause::ConsentWithdrawn, Some(&customer)).await?;
        Ok(())
    }

    /// Allows consent to be asked for again.
    ///
    /// # Errors
    ///
    /// [`Refusal::NoSuchAccount`] unless a customer acts as themselves; [`Refusal::AlreadyDecided`] when allowed.
    pub async fn opt_in(&self, identity: &Identity) -> Result<(), Refused> {
        let customer = self.customer(identity).await?.account.person.clone();
        self.commit(vec![decide::opt_in(&customer, self.now())]).await
    }

    /// Ends an impersonation: for administrators, for the customer whose account it is, and for the agent who started it in
    /// a browser that they no longer have.
    ///
    /// # Errors
    ///
    /// [`Refusal::NoSuchAccount`] for everybody else; [`Refusal::Ended`] when it is over.
    pub async fn revoke(&self, identity: &Identity, id: &ImpersonationId) -> Result<(), Refused> {
        let by = self.themselves(identity).await?.ok_or(Refusal::NoSuchAccount)?;
        let is_administrator = self.engine.host.staff(&by) == Staff::Administrator;
        let row = self.engine.ledger.by_id(id).await?;
        let row =
            row.filter(|row| is_administrator || [&row.current_user.id, &row.true_user.id].contains(&by.account.id()));
        let row = row.ok_or(Refusal::NoSuchAccount)?;
        self.end(&row, Some(&by.account.person)).await
    }

    /// Ends an impersonation from outside any request, such as the command line.
    ///
    /// # Errors
    ///
    /// [`Refusal::NoSuchAccount`] when there is none; [`Refusal::Ended`] when it is over.
    pub async fn revoke_by_operator(&self, id: &ImpersonationId) -> Result<(), Refused> {
        let row = self.engine.ledger.by_id(id).await?.ok_or(Refusal::NoSuchAccount)?;
        self.end(&row, None).await
    }

    /// Pauses all impersonation: ends what runs, refuses what would start.
    ///
    /// # Errors
    ///
    /// [`Refusal::AlreadyDecided`] when paused already.
    pub async fn pause(&self, by: Option<&Person>, reason: &str) -> Result<(), Refused> {
        self.commit(vec![decide::pause(by, reason, self.now())]).await?;
        self.engine.end_all(Running::All, EndCause::Paused, by).await?;
        Ok(())
    }

    /// Allows impersonation again.
    ///
    /// # Errors
    ///
    /// [`Refusal::AlreadyDecided`] when it is not paused.
    pub async fn resume(&self, by: Option<&Person>) -> Result<(), Refused> {
        self.commit(vec![decide::resume(by, self.now())]).await
    }

    /// Returns the unsafe routes that were met while impersonating without a rule.
    pub fn routes_met(&self) -> Vec<RouteMet> {
        self.engine.met.list()
    }

    /// Returns why a control is disabled for `identity`, to be shown beside it; none when it may be used.
    ///
    /// `route` is the template that the router matches, such as `/orders/{id}/payment`, as in a rule, and not the path of
    /// one order.
    pub fn why_not(&self, identity: &Identity, method: &str, route: &str) -> Option<&'static str> {
        let verdict = self.engine.rules.verdict(method, Some(route));
        (identity.is_impersonating() && verdict.rule == vicarious_core::Rule::Never)
            .then_some("Nobody can do this while acting as somebody else.")
    }

    /// Forgets what is cached of an account: call it after changing anything that [`Host::find`](crate::Host::find) returns
    /// of it. What an unsafe request changes of its current user is forgotten by itself, on this process.
    ///
    /// Those who watch are told, and impersonations that may not go on end within a moment.
    pub fn forget(&self, account: &AccountId) {
        self.engine.forget_account(account);
        self.engine.events.see(&Event::AccountChanged(account));
        self.engine.alarm.look_now();
    }

    /// Forgets what is cached of a sign-in: call it after ending one other than by the sign-out route.
    ///
    /// Those who watch are told that it is over, and what was started from it ends within a moment.
    pub fn forget_sign_in(&self, key: &SignInKey) {
        self.engine.forget_sign_in(key);
        self.engine.events.see(&Event::SignedOut(key));
        self.engine.alarm.look_now();
    }

    /// Ends what has run out or may not go on, and finds out what other processes have ended: at once rather than
    /// within five seconds. For tests whose clock is moved by hand.
    ///
    /// # Errors
    ///
    /// [`Refused::Unavailable`].
    pub async fn sweep(&self) -> Result<(), Refused> {
        Ok(self.engine.sweep().await?)
    }

    /// Waits until everything that was recorded is durable: call it before the process exits.
    pub async fn shutdown(&self) {
        self.engine.ledger.flush().await;
    }

    async fn end(&self, row: &vicarious_core::Impersonation, by: Option<&Person>) -> Result<(), Refused> {
        let over = |cause| Err(Refused::Refusal(Refusal::Ended(cause)));
        if let Some(end) = &row.end {
            return over(end.cause);
        }
        let transition = decide::end(row, EndCause::Revoked, by, self.now());
        match self.engine.apply(transition.into_iter().collect()).await {
            Ok(()) => Ok(()),
            Err(ApplyError::Conflict) => over(EndCause::Stopped),
            Err(ApplyError::Unavailable(outage)) => Err(outage.into()),
        }
    }

    pub(crate) async fn consent(&self, id: &ConsentId) -> Result<Consent, Refused> {
        Ok(self.engine.ledger.consent(id).await?.ok_or(Refusal::NoSuchAccount)?)
    }

    pub(crate) async fn commit(&self, transitions: Vec<decide::Transition>) -> Result<(), Refused> {
        self.engine.apply(transitions).await.map_err(|error| match error {
            ApplyError::Conflict => Refusal::AlreadyDecided.into(),
            ApplyError::Unavailable(outage) => outage.into(),
        })
    }

    /// Returns the user of an identity that is nobody else's.
    pub(crate) async fn themselves(&self, identity: &Identity) -> Result<Option<Known>, Refused> {
        let Some(user) = identity.current_user().filter(|_| !identity.is_impersonating()) else { return Ok(None) };
        Ok(self.engine.known(&user.id).await?.filter(|known| known.account.active))
    }

    /// Returns the user of an identity that is a customer as themselves.
    pub(crate) async fn customer(&self, identity: &Identity) -> Result<Known, Refused> {
        let customer = self.themselves(identity).await?;
        let customer = customer.filter(|customer| self.engine.host.staff(customer) == Staff::No);
        Ok(customer.ok_or(Refusal::NoSuchAccount)?)
    }
}

impl Engine {
    /// Returns the account that `by` may act as; unknown, gone, disabled, oneself and not allowed are none alike.
    pub(crate) async fn permitted(&self, by: &Known, account: &AccountId) -> Result<Option<Known>, HostError> {
        let target = self.known(account).await?;
        Ok(target.filter(|target| {
            target.account.active && target.account.id() != by.account.id() && self.host.may(by, target)
        }))
    }

    async fn ends_of(
        &self,
        which: Running<'_>,
        cause: EndCause,
        by: &Person,
    ) -> Result<Vec<decide::Transition>, Unavailable> {
        let rows = self.ledger.running(which).await?;
        Ok(rows.iter().filter_map(|row| decide::end(row, cause, Some(by), self.now())).collect())
    }
}
