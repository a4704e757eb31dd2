//! An identity that is taken along: into a background job, or within a ticket.

use http::request::Parts;
use serde::{Deserialize, Serialize};
use vicarious_core::{AccountId, ImpersonationId, Person, SignInKey};

use crate::connect::{Connected, Connecting, presented};
use crate::engine::{Engine, Look};
use crate::presented::Presented;
use crate::resolve::{DeadCause, Standing};
use crate::{Refused, Vicarious};

/// An identity for later, as text: both users, the impersonation, and the sign-in that it rests on.
///
/// It is a claim, and no proof: [`Vicarious::take_up`] checks it anew. Keep it where only the application writes, such as
/// its own queue of jobs; what leaves the application is a [`Ticket`](crate::Ticket).
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Carried {
    /// Whose data and permissions apply.
    pub current_user: AccountId,
    /// Who was at the keyboard.
    pub true_user: AccountId,
    /// Within which impersonation; none for somebody as themselves.
    pub impersonation: Option<ImpersonationId>,
    /// The sign-in of the true user.
    pub sign_in: SignInKey,
}

impl Vicarious {
    /// Returns an identity as text, to be taken along into a background job.
    ///
    /// A handler gets at its [`Connected`] by naming it as an argument.
    pub fn carry(&self, connected: &Connected) -> Carried {
        // A connection is always somebody's; were it nobody's, no account would have this id.
        let id = |person: Option<&Person>| person.map_or_else(|| AccountId::from(""), |person| person.id.clone());
        Carried {
            current_user: id(connected.current_user()),
            true_user: id(connected.true_user()),
            impersonation: connected.impersonation().map(|row| row.id.clone()),
            sign_in: connected.sign_in().clone(),
        }
    }

    /// Checks an identity that was taken along, afresh and by the same table as a request: whoever may not go on, or
    /// would be somebody else by now, is nobody.
    ///
    /// Run the job within [`with_identity`](crate::with_identity), and ask for leave with [`Vicarious::admit`] before it
    /// changes something as somebody else. An end that is found out here is recorded here.
    ///
    /// # Errors
    ///
    /// [`Refused::Unavailable`] when the ledger or the host cannot answer: try again later.
    pub async fn take_up(&self, carried: &Carried) -> Result<Connecting, Refused> {
        self.engine.connect(carried, None).await
    }
}

impl Engine {
    /// Finds out, afresh, who a carried identity is now.
    pub(crate) async fn connect(&self, carried: &Carried, request: Option<&Parts>) -> Result<Connecting, Refused> {
        let presented = match &carried.impersonation {
            None => Presented::Nothing,
            Some(id) => match self.ledger.by_id(id).await? {
                Some(row) => presented(Some(row.handle)),
                None => Presented::Garbage,
            },
        };
        let resolution = self.resolve_as(presented, Some(&carried.sign_in), Look::Afresh).await?;
        let identity = resolution.identity();
        match &resolution.standing {
            Standing::Dead(dead) => return Ok(Connecting::Ended(dead.cause)),
            _ if identity.is_anonymous() => return Ok(Connecting::Nobody),
            Standing::Pair { row, .. } => drop(self.follow(row)),
            Standing::Own => {}
        }
        let is = |person: Option<&Person>, id: &AccountId| person.is_some_and(|person| person.id == *id);
        if is(identity.current_user(), &carried.current_user) && is(identity.true_user(), &carried.true_user) {
            return Ok(Connecting::As(Connected::new(identity, carried.sign_in.clone(), request)));
        }
        tracing::warn!(?carried, "a carried identity names another pair than its sign-in and impersonation do");
        Ok(Connecting::Ended(DeadCause::Unknown))
    }
}
