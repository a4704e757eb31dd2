//! What a shadower does over a channel: judged by the same rules as a request, on the same record.

use std::sync::Arc;

use http::StatusCode;
use serde_json::Value;
use vicarious_core::audit::{Entry, Kind, RequestFacts};
use vicarious_core::ports::Unavailable;
use vicarious_core::rules::{PERFORM, SUBSCRIBE};
use vicarious_core::{EndCause, Identity, Impersonation, Mode, Rule};

use crate::admit::{Leave, admit};
use crate::confirm::{self, Subject};
use crate::connect::{Connected, presented};
use crate::engine::{Engine, InFlight, InFlightGuard, Look, Outage};
use crate::problem::Problem;
use crate::record::{self, Outcome};
use crate::refusals;
use crate::resolve::{Dead, DeadCause, Standing};
use crate::{Vicarious, refusals::question};

/// A subscription or an action that somebody asks for over a connection.
#[derive(Clone, Copy, Debug)]
pub struct Deed<'a> {
    /// The channel's name, as in the table of rules.
    pub channel: &'a str,
    /// The action; none to subscribe.
    pub action: Option<&'a str>,
    /// Everything that it depends on: what was sent, and the parameters of the subscription. Recorded less its secrets,
    /// and what a confirmation is bound to.
    pub parameters: &'a Value,
    /// The answer to an earlier question.
    pub confirmation: Option<&'a str>,
}

/// Leave to carry out a [`Deed`].
///
/// A stop waits for an action for as long as this lives, up to two seconds. Dropped without
/// [`finish`](Self::finish) it is on record as aborted.
#[must_use = "the outcome is recorded when this is finished"]
pub struct Admitted {
    identity: Identity,
    /// Nothing is recorded of somebody who acts as themselves.
    recorded: Option<(Outcome, Option<InFlightGuard>)>,
}

/// Why a [`Deed`] is not carried out.
#[derive(Clone, Debug, PartialEq)]
pub struct Denied {
    problem: Box<Problem>,
    ended: Option<DeadCause>,
}

impl Admitted {
    /// Returns the identity to carry it out with: its mode is the one of now.
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// Records how it ended: 200 for done, 422 or 500 for what failed.
    pub fn finish(self, status: StatusCode) {
        if let Some((outcome, _running)) = self.recorded {
            outcome.is(status);
        }
    }
}

impl std::fmt::Debug for Admitted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Admitted").field("identity", &self.identity).finish_non_exhaustive()
    }
}

impl Denied {
    /// Returns the problem to answer with; for a question it has `question` and `confirmation`.
    pub fn problem(&self) -> &Problem {
        &self.problem
    }

    /// Returns the problem as RFC 9457 spells it.
    pub fn to_json(&self) -> Value {
        self.problem.to_json()
    }

    /// Returns why the connection is worth nothing any more, if that is the reason.
    pub fn ended(&self) -> Option<DeadCause> {
        self.ended
    }

    fn because(problem: Problem) -> Self {
        Self { problem: Box::new(problem), ended: None }
    }

    fn dead(cause: DeadCause) -> Self {
        Self { problem: Box::new(refusals::ended(cause)), ended: Some(cause) }
    }
}

impl From<Outage> for Denied {
    fn from(outage: Outage) -> Self {
        tracing::error!(error = ?outage, "cannot admit what is asked for over a channel");
        Self::because(refusals::unavailable_problem())
    }
}

impl From<Unavailable> for Denied {
    fn from(outage: Unavailable) -> Self {
        Outage::from(outage).into()
    }
}

impl Vicarious {
    /// Asks for leave to subscribe or to perform an action: always given to somebody as themselves.
    ///
    /// For a shadower this is what the layer does for a request: the impersonation is checked, for an action against
    /// its row as it is now; the rules, the mode and a confirmation are asked for, in this order; the intent is
    /// durable before this returns, on the condition that the impersonation is active. A refusal is on record.
    ///
    /// # Errors
    ///
    /// [`Denied`]: 403 `never` or `read-only`, 428 `confirmation-required`, 410 `impersonation-ended`, 503 `unavailable`.
    pub async fn admit(&self, connected: &Connected, deed: Deed<'_>) -> Result<Admitted, Denied> {
        if !connected.is_impersonating() {
            return Ok(Admitted { identity: connected.identity().clone(), recorded: None });
        }
        Asked::of(&self.engine, connected, deed).admit().await
    }
}

/// A deed of a shadower, on its way.
struct Asked<'a> {
    engine: &'a Arc<Engine>,
    connected: &'a Connected,
    deed: Deed<'a>,
    facts: RequestFacts,
    /// What the table of rules knows it by; none for a name that no channel has.
    route: Option<String>,
}

impl<'a> Asked<'a> {
    fn of(engine: &'a Arc<Engine>, connected: &'a Connected, deed: Deed<'a>) -> Self {
        let route = match deed.action {
            Some(action) => format!("{}#{action}", deed.channel),
            None => deed.channel.to_owned(),
        };
        let route = (is_name(deed.channel) && deed.action.is_none_or(is_name)).then_some(route);
        let facts = RequestFacts {
            id: record::new_request_id(),
            method: deed.action.map_or(SUBSCRIBE, |_| PERFORM).to_owned(),
            route: route.clone(),
            path: connected.request().map_or_else(|| "/".to_owned(), |parts| engine.redactor.path(parts.uri.path())),
            status: None,
        };
        Self { engine, connected, deed, facts, route }
    }

    async fn admit(self) -> Result<Admitted, Denied> {
        let identity = self.resolved().await?;
        let Some(row) = identity.impersonation() else { return Err(Denied::dead(DeadCause::Unknown)) };
        if let Some(problem) = self.objection(row).await? {
            return Err(self.refused(row, problem).await);
        }
        let intent = self.intent(row);
        // Counted before it is admitted, so that a stop that comes in between waits for it.
        let running = self.deed.action.map(|_| InFlight::enter(self.engine, &row.id));
        // INVARIANT: I3: nothing runs before its intent is durable; the ledger refuses it when the impersonation is over.
        match admit(self.engine, intent).await? {
            Leave::Given(outcome) => Ok(Admitted { identity: identity.clone(), recorded: Some((*outcome, running)) }),
            Leave::Over(cause) => {
                self.engine.forget_rows();
                Err(self.ended(row.clone(), cause).await)
            }
        }
    }

    /// Resolves the connection anew, by the same table as a request; an action with its row as it is now.
    async fn resolved(&self) -> Result<Identity, Denied> {
        let handle = self.connected.impersonation().map(|row| row.handle);
        let key = Some(self.connected.sign_in());
        let mut resolution = self.engine.resolve_as(presented(handle), key, Look::Remembered).await?;
        match &mut resolution.standing {
            Standing::Pair { row, .. } if self.needs_fresh_row() => {
                if let Some(fresh) = self.engine.fresh_row(&row.handle).await? {
                    *row = Arc::new(fresh);
                }
                if let Some(cause) = row.over_at(self.engine.now()) {
                    return Err(self.ended((**row).clone(), cause).await);
                }
            }
            Standing::Dead(dead) => return Err(self.dead(dead)),
            Standing::Pair { .. } | Standing::Own => {}
        }
        Ok(resolution.identity())
    }

    fn needs_fresh_row(&self) -> bool {
        let verdict = self.engine.rules.verdict(&self.facts.method, self.route.as_deref());
        self.deed.action.is_some() || matches!(verdict.rule, Rule::Write | Rule::Confirm)
    }

    /// Judges by rule, mode and confirmation, and returns what stands against it.
    async fn objection(&self, row: &Impersonation) -> Result<Option<Problem>, Unavailable> {
        let (method, route) = (self.facts.method.as_str(), self.route.as_deref());
        let verdict = self.engine.rules.verdict(method, route);
        if !verdict.classified && self.deed.action.is_some() && route.is_some() {
            self.engine.met.note(method, route);
        }
        let customer = &row.current_user.name;
        let rule = if route.is_none() { Rule::Never } else { verdict.rule };
        match rule {
            Rule::Never => return Ok(Some(refusals::never(customer, verdict.phrase, verdict.classified))),
            Rule::Read | Rule::ByHandler => return Ok(None),
            Rule::Write | Rule::Confirm => {}
        }
        if row.mode_at(self.engine.now()) == Mode::Read {
            return Ok(Some(refusals::read_only()));
        }
        if rule == Rule::Write {
            return Ok(None);
        }
        let body = self.deed.parameters.to_string();
        let subject = Subject { row, method, path: route.unwrap_or_default(), body: body.as_bytes() };
        if let Some(sealed) = self.deed.confirmation
            && confirm::redeem(self.engine, sealed, &subject).await?
        {
            return Ok(None);
        }
        let problem = Problem::new(StatusCode::PRECONDITION_REQUIRED, "confirmation-required", "Please confirm")
            .detail("This must be confirmed before it is carried out.")
            .with("question", question(self.engine.languages.usual(), verdict.phrase.unwrap_or("do this"), customer))
            .with("confirmation", confirm::mint(self.engine, &subject));
        Ok(Some(problem))
    }

    fn intent(&self, row: &Impersonation) -> Entry {
        let parameters = self.engine.redactor.json(self.deed.parameters);
        let nowhere = http::Request::new(()).into_parts().0;
        let parts = self.connected.request().unwrap_or(&nowhere);
        let mut intent = record::intent(self.engine, row, parts, Some(parameters));
        intent.request = Some(self.facts.clone());
        intent
    }

    /// Returns an entry about a refusal, from where the connection came.
    fn refusal(&self, row: &Impersonation, word: &str, status: StatusCode) -> Entry {
        let mut entry = Entry::of(row, Kind::RequestRefused, self.engine.now()).with("refusal", word);
        if let Some(parts) = self.connected.request() {
            record::stamp(self.engine, parts, &mut entry);
        }
        entry.request = Some(RequestFacts { status: Some(status.as_u16()), ..self.facts.clone() });
        entry
    }

    async fn refused(&self, row: &Impersonation, problem: Problem) -> Denied {
        let entry = self.refusal(row, problem.kind, problem.status);
        // INVARIANT: I3: even a refusal leaves only after it is on record.
        match self.engine.ledger.append(entry).await {
            Ok(()) => Denied::because(problem),
            Err(outage) => outage.into(),
        }
    }

    async fn ended(&self, row: Impersonation, cause: EndCause) -> Denied {
        match self.engine.ended(row, cause).await {
            Ok(Standing::Dead(dead)) => self.dead(&dead),
            Ok(Standing::Own | Standing::Pair { .. }) => Denied::dead(DeadCause::Ended(cause)),
            Err(outage) => outage.into(),
        }
    }

    fn dead(&self, dead: &Dead) -> Denied {
        if let Some(row) = &dead.row {
            let entry = self.refusal(row, "ended", StatusCode::GONE).with("cause", dead.cause.as_str());
            // Nothing ran and nothing of the customer is shown, so nobody has to wait for the record.
            self.engine.ledger.append_later(entry);
        }
        Denied::dead(dead.cause)
    }
}

/// Returns whether a text from the wire can be the name of a channel or of an action; nothing else reaches the rules.
fn is_name(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b':' | b'-' | b'?' | b'!');
    !text.is_empty() && text.len() <= 128 && text.bytes().all(is_plain)
}
