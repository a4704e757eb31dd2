//! A customer's recorded permission.

use jiff::{SignedDuration, Timestamp};

use crate::{Account, AccountId, ImpersonationId, Person, SitePath};

crate::text_id! {
    /// The identifier of a consent.
    ConsentId
}

/// How a consent came about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConsentKind {
    /// Given ahead, for every agent, until a date: by the customer, or in their place (see [`Grant`]).
    Standing,
    /// Asked for by one agent: one use.
    Requested,
    /// Given by the customer to whoever they tell a support code: one use.
    Code,
    /// Recorded by one agent, to whom the customer said so elsewhere: one use. See [`decide::attest`](crate::decide::attest).
    Attested,
}

impl ConsentKind {
    const ALL: [Self; 4] = [Self::Standing, Self::Requested, Self::Code, Self::Attested];

    /// Returns the word for this kind on the wire and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Standing => "standing",
            Self::Requested => "requested",
            Self::Code => "code",
            Self::Attested => "attested",
        }
    }

    /// Returns the kind that `word` stands for, if any.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }

    /// Returns whether it lets an agent in once only.
    pub fn is_for_one_use(self) -> bool {
        self != Self::Standing
    }
}

/// The keyed digest of a support code: the code itself is kept nowhere.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct CodeDigest(pub [u8; 32]);

impl std::fmt::Debug for CodeDigest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("CodeDigest(…)")
    }
}

/// A support code, and what it stands for besides the consent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Coded {
    /// What the code is recognised by.
    pub digest: CodeDigest,
    /// The customer's page that help is wanted with.
    pub page: SitePath,
}

/// That somebody else gave a consent in the customer's place: an administrator of their organisation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// Who gave it.
    pub by: Person,
    /// The customer's organisation when it was given, if the host has such a thing; it is for nobody who has left it.
    pub organisation: Option<String>,
    /// Whether the customer took it back: from then on nobody gives any in their place.
    pub declined: bool,
}

/// Where a consent stands, before time is considered: see [`Consent::state_at`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConsentState {
    /// Waiting for the customer.
    Asked,
    /// Given.
    Given,
    /// Declined.
    Refused,
    /// Given and taken back.
    Withdrawn,
    /// Not decided, or not used, in time.
    Lapsed,
    /// Recorded by an agent, and never given: the customer says so.
    Disowned,
    /// Given for one use, which is over: it lets nobody in any more. Never stored: see [`Consent::state_after`].
    Used,
}

/// What came of a consent for one use: somebody entered with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Use {
    /// When they entered.
    pub at: Timestamp,
    /// Who entered.
    pub by: Person,
    /// Whether an impersonation that rests on it still runs.
    pub is_running: bool,
}

impl ConsentState {
    const ALL: [Self; 7] =
        [Self::Asked, Self::Given, Self::Refused, Self::Withdrawn, Self::Lapsed, Self::Disowned, Self::Used];

    /// Returns the word for this state on the wire and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Asked => "asked",
            Self::Given => "given",
            Self::Refused => "refused",
            Self::Withdrawn => "withdrawn",
            Self::Lapsed => "lapsed",
            Self::Disowned => "disowned",
            Self::Used => "used",
        }
    }

    /// Returns the state that `word` stands for, if any.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }
}

/// One consent of one customer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Consent {
    /// Its identifier.
    pub id: ConsentId,
    /// The customer.
    pub account: Person,
    /// The agent who asked, or recorded it; none for a standing consent, which is for every agent, and for a support code,
    /// which is for whoever was told it.
    pub requested_by: Option<Person>,
    /// How it came about.
    pub kind: ConsentKind,
    /// Where it stands.
    pub state: ConsentState,
    /// Why it was asked for; for an attested one, what the customer said and where.
    pub reason: Option<String>,
    /// The ticket it was asked for.
    pub ticket: Option<String>,
    /// When it was asked for, or given ahead.
    pub asked_at: Timestamp,
    /// When the customer decided.
    pub decided_at: Option<Timestamp>,
    /// When the present state lapses by itself.
    pub ends_at: Timestamp,
    /// The first impersonation that used it.
    pub used_by: Option<ImpersonationId>,
    /// The customer's page that it is about: the one that whoever asked, or recorded it, wants to begin on, or the one that
    /// the customer made a support code on. It narrows nothing down.
    pub page: Option<SitePath>,
    /// The support code that it is redeemed by.
    pub code: Option<CodeDigest>,
    /// Who gave it in the customer's place; none where the customer did.
    pub grant: Option<Grant>,
}

/// How long the customer may take to decide a request.
pub const WAITS: SignedDuration = SignedDuration::from_hours(3 * 24);
/// How long an approved request may wait for its one use.
pub const USABLE: SignedDuration = SignedDuration::from_hours(7 * 24);
/// How long a support code waits for its one use.
pub const CODE_WAITS: SignedDuration = SignedDuration::from_hours(24);
/// How long a consent for one use lasts once the agent has entered.
pub const LASTS: SignedDuration = SignedDuration::from_hours(1);
/// The longest standing consent.
pub const STANDING_AT_MOST: SignedDuration = SignedDuration::from_hours(366 * 24);

impl Consent {
    /// Returns where this consent stands at `now`, as far as it tells by itself: what was not decided or used in time has
    /// lapsed. One for a single use that is over may still say that it is given: see
    /// [`state_after`](Self::state_after).
    pub fn state_at(&self, now: Timestamp) -> ConsentState {
        match self.state {
            ConsentState::Given if now >= self.ends_at && self.is_spent() => ConsentState::Used,
            ConsentState::Asked | ConsentState::Given if now >= self.ends_at => ConsentState::Lapsed,
            state => state,
        }
    }

    /// Returns where it stands at `now`, as people are told: after its single use it stands no longer than that runs, so that
    /// without one that is known to run it is [`Used`](ConsentState::Used).
    pub fn state_after(&self, used: Option<&Use>, now: Timestamp) -> ConsentState {
        match self.state_at(now) {
            ConsentState::Given if self.is_spent() && !used.is_some_and(|used| used.is_running) => ConsentState::Used,
            state => state,
        }
    }

    /// Returns whether it was for one use, which somebody has made, or makes.
    pub fn is_spent(&self) -> bool {
        self.kind.is_for_one_use() && self.used_by.is_some()
    }

    /// Returns whether the customer gave it ahead, to every agent, and took it back.
    pub fn was_taken_back(&self) -> bool {
        self.kind == ConsentKind::Standing && self.grant.is_none() && self.state == ConsentState::Withdrawn
    }

    /// Returns whether it is for `account` as that is now: what was given in somebody's place is for as long as they belong
    /// to the organisation that they belonged to then.
    pub fn is_for(&self, account: &Account) -> bool {
        let same = |grant: &Grant| grant.organisation == account.organisation;
        self.account.id == *account.id() && self.grant.as_ref().is_none_or(same)
    }

    /// Returns the page that whoever asked, or recorded it, wants to begin on; that of a support code is told to nobody who
    /// does not have it.
    pub fn page_asked_for(&self) -> Option<&SitePath> {
        self.page.as_ref().filter(|_| self.kind != ConsentKind::Code)
    }

    /// Returns whether `agent` may start an impersonation on this consent at `now`, which nobody can who gave it themselves.
    ///
    /// `continuing` names the running impersonation that would be continued, if any: a consent for one use may be
    /// continued, which is part of that use. `redeemed` names the consent whose support code was given.
    pub fn covers(
        &self,
        agent: &AccountId,
        continuing: Option<&crate::Impersonation>,
        redeemed: Option<&ConsentId>,
        now: Timestamp,
    ) -> bool {
        let for_agent = self.requested_by.as_ref().is_none_or(|asked| asked.id == *agent);
        let usable = match (self.kind, &self.used_by) {
            (ConsentKind::Standing, _) | (ConsentKind::Requested | ConsentKind::Attested, None) => true,
            (ConsentKind::Code, None) => redeemed == Some(&self.id),
            (_, Some(_)) => continuing.is_some_and(|running| running.consent.as_ref() == Some(&self.id)),
        };
        let by_agent = self.grant.as_ref().is_some_and(|grant| grant.by.id == *agent);
        self.state_at(now) == ConsentState::Given && for_agent && usable && !by_agent
    }

    /// Returns what decides between several that would do, the greatest being used: a standing consent before one for a
    /// single use, the customer's own before one in their place, then the one that lasts longest.
    pub fn precedence(&self) -> (bool, bool, Timestamp) {
        (!self.kind.is_for_one_use(), self.grant.is_none(), self.ends_at)
    }

    /// Returns the public JSON form, with what came of it; `used` is none where nobody has entered with it.
    pub fn to_json(&self, used: Option<&Use>, now: Timestamp) -> serde_json::Value {
        serde_json::json!({
            "id": self.id,
            "account": self.account,
            "requested_by": self.requested_by,
            "given_by": self.grant.as_ref().map(|grant| &grant.by),
            "organisation": self.grant.as_ref().and_then(|grant| grant.organisation.as_ref()),
            "kind": self.kind.as_str(),
            "state": self.state_after(used, now).as_str(),
            "reason": self.reason,
            "ticket": self.ticket,
            "page": self.page_asked_for().map(SitePath::as_str),
            "asked_at": self.asked_at.to_string(),
            "decided_at": self.decided_at.map(|at| at.to_string()),
            "ends_at": self.ends_at.to_string(),
            "used_at": used.map(|used| used.at.to_string()),
            "used_by": used.map(|used| &used.by),
        })
    }
}
