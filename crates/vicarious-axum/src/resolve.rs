//! The fail-closed table: from what a request presents to an identity, or to a refusal that stays.

use std::sync::Arc;

use http::request::Parts;
use vicarious_core::decide::end;
use vicarious_core::ports::ApplyError;
use vicarious_core::{EndCause, HandleHash, Identity, Impersonation, SignInKey};

use crate::cookies;
use crate::ends::Ends;
use crate::engine::{Engine, Look, Outage};
use crate::host::{Known, SignIn};
use crate::presented::Presented;

/// What a request turned out to be.
pub(crate) struct Resolution {
    /// The handle it presented.
    pub(crate) presented: Presented,
    /// The sign-in that is alive, and who it belongs to.
    pub(crate) signed_in: Option<SignedIn>,
    /// The answer of the table.
    pub(crate) standing: Standing,
    /// Whom an identity asks when it ends.
    ends: Arc<Ends>,
}

#[derive(Clone)]
pub(crate) struct SignedIn {
    pub(crate) key: SignInKey,
    pub(crate) sign_in: SignIn,
    pub(crate) user: Known,
}

pub(crate) enum Standing {
    /// Nobody, or somebody as themselves.
    Own,
    /// A live impersonation, and its customer.
    Pair { row: Arc<Impersonation>, current: Known },
    /// Refused until the true user goes on as themselves.
    Dead(Box<Dead>),
}

/// A handle, or the trace of one, that is worth nothing any more.
pub(crate) struct Dead {
    pub(crate) cause: DeadCause,
    /// The impersonation, where the request is entitled to know it.
    pub(crate) row: Option<Impersonation>,
}

/// Why a handle, or the trace of one, is worth nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeadCause {
    /// Its impersonation has ended.
    Ended(EndCause),
    /// Forged, unknown, or bound to another sign-in: which one is not told.
    Unknown,
    /// This sign-in has an impersonation that it neither stopped nor acknowledged, but the handle is gone.
    HandleMissing,
}

impl DeadCause {
    /// Returns the word for this cause on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ended(cause) => cause.as_str(),
            Self::Unknown => "unknown",
            Self::HandleMissing => "handle_missing",
        }
    }

    /// Returns a sentence that explains this cause to the agent.
    pub fn sentence(self) -> &'static str {
        match self {
            Self::Ended(cause) => cause.sentence(),
            Self::Unknown => {
                "What was open in this browser does not belong to your present sign-in. That happens after signing in again, \
                 for example."
            }
            Self::HandleMissing => "This browser no longer knows the impersonation that you started in it.",
        }
    }
}

/// Who a request comes from, before its handle is looked at.
enum Visitor {
    Nobody,
    /// The sign-in is alive, its account is not.
    Gone(SignInKey),
    SignedIn(Box<SignedIn>),
}

impl Visitor {
    fn active(self) -> Self {
        match self {
            Self::SignedIn(signed_in) if !signed_in.user.account.active => Self::Gone(signed_in.key),
            other => other,
        }
    }

    fn signed_in(&self) -> Option<&SignedIn> {
        match self {
            Self::SignedIn(signed_in) => Some(signed_in),
            Self::Nobody | Self::Gone(_) => None,
        }
    }

    fn into_signed_in(self) -> Option<SignedIn> {
        match self {
            Self::SignedIn(signed_in) => Some(*signed_in),
            Self::Nobody | Self::Gone(_) => None,
        }
    }
}

impl Resolution {
    pub(crate) fn identity(&self) -> Identity {
        match (&self.standing, &self.signed_in) {
            (Standing::Pair { row, current }, Some(signed_in)) => {
                let (true_user, current_user) = (signed_in.user.account.clone(), current.account.clone());
                Identity::impersonating(true_user, current_user, Arc::clone(row)).told_by(self.ends.clone())
            }
            (Standing::Own, Some(signed_in)) => Identity::own(signed_in.user.account.clone()),
            _ => Identity::anonymous(),
        }
    }

    pub(crate) fn current(&self) -> Option<&Known> {
        match &self.standing {
            Standing::Own => self.signed_in.as_ref().map(|signed_in| &signed_in.user),
            Standing::Pair { current, .. } => Some(current),
            Standing::Dead(_) => None,
        }
    }

    pub(crate) fn true_user(&self) -> Option<&Known> {
        self.signed_in.as_ref().map(|signed_in| &signed_in.user)
    }
}

impl Engine {
    /// Resolves a request once, by the fail-closed table of `docs/identity.md`.
    ///
    /// An end that is found out here is recorded here. An error is an outage and leaves the row alone.
    pub(crate) async fn resolve(&self, request: &Parts) -> Result<Resolution, Outage> {
        let presented = cookies::presented(self, &request.headers);
        let key = self.host.sign_in_key(request).await?;
        self.resolve_as(presented, key.as_ref(), Look::Remembered).await
    }

    /// Resolves what presents a handle and the key of a sign-in, whether a request, a connection or a job.
    pub(crate) async fn resolve_as(
        &self,
        presented: Presented,
        key: Option<&SignInKey>,
        look: Look,
    ) -> Result<Resolution, Outage> {
        let mut visitor = self.visitor(key, look).await?;
        if presented == Presented::Nothing {
            // A disabled account is nobody; with a handle, the row tells why it ended.
            visitor = visitor.active();
        }
        let standing = match &presented {
            Presented::Nothing => self.without_handle(visitor.signed_in(), look).await?,
            Presented::Garbage => Standing::dead(DeadCause::Unknown, None),
            Presented::Handle(handle) => self.with_handle(handle, &visitor, look).await?,
        };
        Ok(Resolution { presented, signed_in: visitor.into_signed_in(), standing, ends: Arc::clone(&self.ends) })
    }

    async fn visitor(&self, key: Option<&SignInKey>, look: Look) -> Result<Visitor, Outage> {
        let Some(key) = key else { return Ok(Visitor::Nobody) };
        let Some(sign_in) = self.sign_in(key, look).await? else { return Ok(Visitor::Nobody) };
        let key = key.clone();
        Ok(match self.account(&sign_in.account, look).await? {
            Some(user) => Visitor::SignedIn(Box::new(SignedIn { key, sign_in, user })),
            None => Visitor::Gone(key),
        })
    }

    async fn without_handle(&self, signed_in: Option<&SignedIn>, look: Look) -> Result<Standing, Outage> {
        let Some(signed_in) = signed_in else { return Ok(Standing::Own) };
        if let Some(open) = self.open_of(&signed_in.key, look).await {
            // What a cache says may be used to let somebody on, never to lock them out.
            if self.ledger.open_of(&signed_in.key).await?.is_some_and(|still| still.id == open.id) {
                let cause = open.end.as_ref().map_or(DeadCause::HandleMissing, |end| DeadCause::Ended(end.cause));
                return Ok(Standing::dead(cause, Some(open)));
            }
        }
        Ok(Standing::Own)
    }

    async fn with_handle(&self, handle: &HandleHash, visitor: &Visitor, look: Look) -> Result<Standing, Outage> {
        let Some(row) = self.row(handle, look).await? else { return Ok(Standing::dead(DeadCause::Unknown, None)) };
        let signed_in = match visitor {
            Visitor::SignedIn(signed_in) => signed_in,
            Visitor::Gone(key) if *key == row.sign_in => {
                return self.ended(Arc::unwrap_or_clone(row), EndCause::AccountGone).await;
            }
            Visitor::Gone(_) => return Ok(Standing::dead(DeadCause::Unknown, None)),
            Visitor::Nobody => return self.ended(Arc::unwrap_or_clone(row), EndCause::SignedOut).await,
        };
        if row.sign_in != signed_in.key || row.true_user.id != *signed_in.user.account.id() {
            return Ok(Standing::dead(DeadCause::Unknown, None));
        }
        if let Some(cause) = row.over_at(self.now()) {
            return self.ended(Arc::unwrap_or_clone(row), cause).await;
        }
        let current = self.account(&row.current_user.id, look).await?;
        let Some(current) = current.filter(|current| current.account.active && signed_in.user.account.active) else {
            return self.ended(Arc::unwrap_or_clone(row), EndCause::AccountGone).await;
        };
        if !self.host.may(&signed_in.user, &current) {
            return self.ended(Arc::unwrap_or_clone(row), EndCause::PermissionLost).await;
        }
        Ok(Standing::Pair { row, current })
    }

    /// Records that an impersonation is over, unless that is recorded, and answers with the recorded cause.
    pub(crate) async fn ended(&self, row: Impersonation, cause: EndCause) -> Result<Standing, Outage> {
        let Some(transition) = end(&row, cause, None, self.now()) else {
            self.events.found_over(&row);
            let cause = row.end.as_ref().map_or(cause, |end| end.cause);
            return Ok(Standing::dead(DeadCause::Ended(cause), Some(row)));
        };
        match self.apply(vec![transition]).await {
            Ok(()) | Err(ApplyError::Conflict) => {}
            Err(ApplyError::Unavailable(outage)) => return Err(outage.into()),
        }
        let row = self.fresh_row(&row.handle).await?.unwrap_or(row);
        self.events.found_over(&row);
        let cause = row.end.as_ref().map_or(cause, |end| end.cause);
        Ok(Standing::dead(DeadCause::Ended(cause), Some(row)))
    }
}

impl Standing {
    fn dead(cause: DeadCause, row: Option<Impersonation>) -> Self {
        Self::Dead(Box::new(Dead { cause, row }))
    }
}
