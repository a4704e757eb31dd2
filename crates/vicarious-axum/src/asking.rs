//! Asking customers for consent, and recording what they said elsewhere.

use vicarious_core::consent::{Consent, ConsentId, ConsentState};
use vicarious_core::decide::{self, Ask, Attest};
use vicarious_core::ports::Consents;
use vicarious_core::{AccountId, Identity, Refusal, SitePath};

use crate::engine::Engine;
use crate::{Refused, Vicarious};

/// What a customer said elsewhere, as an agent records it.
#[derive(Clone, Copy, Debug)]
pub struct Said<'a> {
    /// Where, for example `phone`, `chat` or `mail`.
    pub channel: &'a str,
    /// What, in the customer's words.
    pub quotation: &'a str,
    /// The ticket it is for; empty counts as none.
    pub ticket: Option<&'a str>,
    /// The customer's page to begin on, which the customer is told; `/` counts as none.
    pub page: Option<&'a SitePath>,
}

/// What an agent asks a customer for consent with.
#[derive(Clone, Copy, Debug, Default)]
pub struct Question<'a> {
    /// Why.
    pub reason: &'a str,
    /// The ticket it is for; empty counts as none.
    pub ticket: Option<&'a str>,
    /// The customer's page to begin on, which the customer is told; `/` counts as none.
    pub page: Option<&'a SitePath>,
}

impl Vicarious {
    /// Asks a customer for consent.
    ///
    /// # Errors
    ///
    /// [`Refusal::NoSuchAccount`] unless this pair is permitted, and those of [`decide::ask`].
    pub async fn ask_consent(
        &self,
        identity: &Identity,
        account: &AccountId,
        question: Question<'_>,
    ) -> Result<Consent, Refused> {
        let engine = &self.engine;
        let by = self.themselves(identity).await?.ok_or(Refusal::NoSuchAccount)?;
        let target = engine.permitted(&by, account).await?.ok_or(Refusal::NoSuchAccount)?;
        let between = Consents::Between { account, agent: by.account.id() };
        let ask = Ask {
            agent: &by.account.person,
            account: &target.account.person,
            reason: question.reason,
            ticket: question.ticket,
            page: question.page,
            known: &engine.ledger.consents(between).await?,
            opted_out: engine.ledger.opted_out(account).await?.is_some(),
        };
        let id = ConsentId::new(uuid::Uuid::now_v7().to_string());
        let asked = decide::ask(id.clone(), ask, self.now())?;
        self.commit(vec![engine.with_page_recorded(asked)]).await?;
        self.consent(&id).await
    }

    /// Records that a customer agreed elsewhere, where the [terms](decide::Terms::attested) allow it.
    ///
    /// # Errors
    ///
    /// [`Refusal::NoSuchAccount`] unless this pair is permitted and the terms allow it, and those of [`decide::attest`].
    pub async fn attest_consent(
        &self,
        identity: &Identity,
        account: &AccountId,
        said: Said<'_>,
    ) -> Result<Consent, Refused> {
        let engine = &self.engine;
        let by = self.themselves(identity).await?.filter(|_| engine.terms.attested).ok_or(Refusal::NoSuchAccount)?;
        let target = engine.permitted(&by, account).await?.ok_or(Refusal::NoSuchAccount)?;
        let between = Consents::Between { account, agent: by.account.id() };
        let known = engine.ledger.consents(between).await?;
        let attest = Attest {
            agent: &by.account.person,
            account: &target.account.person,
            channel: said.channel,
            quotation: said.quotation,
            ticket: said.ticket,
            page: said.page,
            opted_out: engine.ledger.opted_out(account).await?.is_some(),
            disowned: known.iter().any(|consent| consent.state == ConsentState::Disowned),
        };
        let id = ConsentId::new(uuid::Uuid::now_v7().to_string());
        let attested = decide::attest(id.clone(), attest, self.now())?;
        self.commit(vec![engine.with_page_recorded(attested)]).await?;
        self.consent(&id).await
    }
}

impl Engine {
    /// Returns a transition whose entry names the page, if any, as any other path is recorded; it is kept as it is.
    pub(crate) fn with_page_recorded(&self, transition: decide::Transition) -> decide::Transition {
        transition.on(|entry| {
            if let Some(serde_json::Value::String(page)) = entry.detail.get_mut("page") {
                *page = self.redactor.path(page);
            }
        })
    }
}
