//! Impersonations and consents for tests, made by the rules themselves.

use jiff::Timestamp;
use vicarious_core::audit::{RequestFacts, RequestId};
use vicarious_core::consent::Consent;
use vicarious_core::decide::{self, Change, ConsentPolicy, Fresh, StartFacts, StartRequest, Terms, Transition};
use vicarious_core::{Account, Entry, HandleHash, Impersonation, ImpersonationId, Kind, Refusal, SignInKey, SitePath};

/// Who wants to be whom, and what is known: the start of an impersonation, ready to be varied.
#[derive(Clone, Debug)]
pub struct Start {
    /// The true user.
    pub true_user: Account,
    /// The true user's sign-in.
    pub sign_in: SignInKey,
    /// The account that is to apply.
    pub current_user: Account,
    /// The identifier of the new impersonation; its handle is [`handle_of`] this.
    pub id: ImpersonationId,
    /// The consents between the two; where there is none, none is required.
    pub consents: Vec<Consent>,
    /// The impersonation that this sign-in has running, to be replaced.
    pub instead_of: Option<Impersonation>,
    /// How many of the true user may be running; as many as there are, unless a test says otherwise.
    pub at_once: usize,
    /// When.
    pub at: Timestamp,
}

impl Start {
    /// Returns the start of `true_user` as `current_user`, from the sign-in `<true user>-laptop`.
    pub fn of(id: &str, true_user: Account, current_user: Account, at: Timestamp) -> Self {
        let sign_in = SignInKey::new(format!("{}-laptop", true_user.id()));
        Self {
            true_user,
            sign_in,
            current_user,
            id: id.into(),
            consents: Vec::new(),
            instead_of: None,
            at_once: usize::MAX,
            at,
        }
    }

    /// Uses another sign-in.
    #[must_use]
    pub fn from_sign_in(mut self, key: &str) -> Self {
        self.sign_in = key.into();
        self
    }

    /// Rests on a consent, which is then required.
    #[must_use]
    pub fn on(mut self, consent: Consent) -> Self {
        self.consents.push(consent);
        self
    }

    /// Replaces the impersonation that runs.
    #[must_use]
    pub fn instead_of(mut self, running: Impersonation) -> Self {
        self.instead_of = Some(running);
        self
    }

    /// Limits how many of the true user may be running.
    #[must_use]
    pub fn at_once(mut self, limit: usize) -> Self {
        self.at_once = limit;
        self
    }

    /// Asks the rules.
    ///
    /// # Errors
    ///
    /// What [`decide::start`] answers.
    pub fn decide(&self) -> Result<Vec<Transition>, Refusal> {
        let request = StartRequest {
            reason: "a page looks wrong".to_owned(),
            ticket: Some("SUP-4711".to_owned()),
            return_to: SitePath::new("/customers?page=2"),
            instead_of: self.instead_of.as_ref().map(|running| running.id.clone()),
        };
        let facts = StartFacts {
            true_user: Some((&self.true_user, &self.sign_in)),
            running: self.instead_of.as_ref(),
            target: Some(&self.current_user),
            allowed: true,
            fresh_sign_in: true,
            consents: &self.consents,
            redeemed: None,
            opted_out: false,
            running_of_true_user: usize::from(self.instead_of.is_some()),
            paused: None,
        };
        let consent = if self.consents.is_empty() { ConsentPolicy::NotRequired } else { ConsentPolicy::Required };
        let terms = Terms { consent, at_once: self.at_once, ..Terms::default() };
        let fresh = Fresh { id: self.id.clone(), handle: handle_of(self.id.as_str()) };
        decide::start(&request, &facts, fresh, &terms, self.at)
    }
}

/// Returns the digest of the handle that the impersonation `id` has in tests.
pub fn handle_of(id: &str) -> HandleHash {
    HandleHash::of(&handle_bytes(id))
}

/// Returns the handle itself: the first 32 bytes of `id`, filled up with zeros.
pub fn handle_bytes(id: &str) -> [u8; 32] {
    let mut bytes = [0; 32];
    for (to, from) in bytes.iter_mut().zip(id.bytes()) {
        *to = from;
    }
    bytes
}

/// Returns the impersonation that these transitions start, if they start one.
pub fn started(transitions: &[Transition]) -> Option<Impersonation> {
    transitions.iter().find_map(|transition| match transition.change() {
        Change::Start { impersonation, .. } => Some((**impersonation).clone()),
        _ => None,
    })
}

/// Returns the consent that these transitions add or leave behind, if they do.
pub fn consented(transition: &Transition) -> Option<Consent> {
    match transition.change() {
        Change::AddConsent(consent) => Some((**consent).clone()),
        Change::UpdateConsent { to, .. } => Some((**to).clone()),
        _ => None,
    }
}

/// Returns the intent of a request to `path` within `impersonation`.
pub fn intent(impersonation: &Impersonation, request: &str, path: &str, at: Timestamp) -> Entry {
    let mut entry = Entry::of(impersonation, Kind::Intent, at);
    entry.request = Some(RequestFacts {
        id: RequestId::new(request),
        method: "GET".to_owned(),
        route: Some(path.to_owned()),
        path: path.to_owned(),
        status: None,
    });
    entry
}

/// Returns the outcome that belongs to an intent.
pub fn outcome(intent: &Entry, status: u16, at: Timestamp) -> Entry {
    let mut entry = Entry { kind: Kind::Outcome, at, ..intent.clone() };
    if let Some(request) = &mut entry.request {
        request.status = Some(status);
    }
    entry
}
