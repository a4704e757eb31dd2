//! What can be refused, and what would help.

use crate::{EndCause, Person};

/// A refusal: a value that names what is missing, so that the edge can offer the next step.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Nobody is signed in.
    #[error("nobody is signed in")]
    NotSignedIn,
    /// Unknown, gone, disabled, oneself and not allowed are one and the same.
    #[error("there is no such account")]
    NoSuchAccount,
    /// There is no nesting; `instead_of` switches.
    #[error("already impersonating {}", .running_as.name)]
    AlreadyImpersonating {
        /// Whom the running impersonation is of.
        running_as: Person,
    },
    /// The host wants a fresh sign-in first.
    #[error("a recent sign-in is required")]
    StepUpRequired,
    /// A field is missing or wrong.
    #[error("`{field}` {problem}")]
    Invalid {
        /// The field's name on the wire.
        field: &'static str,
        /// What is wrong with it, as the end of a sentence that begins with the field.
        problem: &'static str,
    },
    /// The customer has not agreed.
    #[error("{} has not agreed", .account.name)]
    ConsentRequired {
        /// The customer.
        account: Person,
        /// Whether the customer declined support access altogether, so that asking is pointless.
        opted_out: bool,
    },
    /// Too many impersonations at once.
    #[error("at most {limit} impersonations may run at once")]
    TooMany {
        /// How many may run.
        limit: usize,
    },
    /// Too many support codes of this true user were wrong.
    #[error("too many support codes were wrong: wait an hour, or ask the customer for consent")]
    TooManyGuesses,
    /// All impersonation is paused.
    #[error("impersonation is paused: {reason}")]
    Paused {
        /// Why, in the administrator's words.
        reason: String,
    },
    /// The impersonation is over.
    #[error("the impersonation has ended: {}", .0.as_str())]
    Ended(EndCause),
    /// A rule forbids this for everybody who impersonates.
    #[error("this is never allowed while impersonating")]
    Never,
    /// The impersonation is reading only.
    #[error("this impersonation is reading only")]
    ReadOnly,
    /// The rule or decision does not apply in this state, for example a consent that was already decided.
    #[error("this was already decided")]
    AlreadyDecided,
}
