use cable_axum::{BroadcastError, Cable, Channel, Stream, Subscription};
use serde::{Deserialize, Serialize};
use vicarious_axum::Connected;
use vicarious_core::{AccountId, Identity};

/// Whom a broadcast is for. A sender names people, and never has to ask whether somebody shadows them.
///
/// | audience | Alice herself | Bob as Alice | Eve as Alice | Bob himself | Bob as Carol |
/// |---|---|---|---|---|---|
/// | `account(alice)` | x | x | x | | |
/// | `owner(alice)` | x | | | | |
/// | `shadowed(alice)` | | x | x | | |
/// | `pair(alice, bob)` | | x | | | |
/// | `exactly` what Bob as Alice is | | x | | | |
/// | `true_user(bob)` | | x | | x | x |
///
/// # Examples
///
/// ```
/// use vicarious_cable::Audience;
///
/// let to: Audience = serde_json::from_str(r#"{"kind":"pair","account":"1","shadower":"7"}"#).unwrap();
/// assert_eq!(to, Audience::pair("1", "7"));
/// assert!(serde_json::from_str::<Audience>(r#"{"kind":"pair","account":"1"}"#).is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "Spelled", into = "Spelled")]
pub struct Audience {
    kind: AudienceKind,
    account: AccountId,
    shadower: Option<AccountId>,
}

/// The kinds of audiences.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AudienceKind {
    /// Everybody who sees an account, whoever is at the keyboard.
    Account,
    /// The customers themselves.
    Owner,
    /// Everybody who shadows a customer.
    Shadowed,
    /// One shadower of one customer.
    Pair,
    /// The very identity of the sender: themselves, or one pair.
    Exactly,
    /// Everything that one person has open, as whomever.
    TrueUser,
}

/// Why something names no audience.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AudienceError {
    /// A pair has two sides.
    #[error("an audience of the kind `pair` needs a `shadower`")]
    NoShadower,
    /// Only pairs have a shadower.
    #[error("only audiences of the kinds `pair` and `exactly` have a `shadower`")]
    Shadower,
}

#[derive(Serialize, Deserialize)]
struct Spelled {
    kind: AudienceKind,
    account: AccountId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    shadower: Option<AccountId>,
}

impl TryFrom<Spelled> for Audience {
    type Error = AudienceError;

    fn try_from(spelled: Spelled) -> Result<Self, AudienceError> {
        let Spelled { kind, account, shadower } = spelled;
        match (kind, &shadower) {
            (AudienceKind::Pair, None) => Err(AudienceError::NoShadower),
            (AudienceKind::Pair, Some(_)) | (AudienceKind::Exactly, _) | (_, None) => {
                Ok(Self { kind, account, shadower })
            }
            (_, Some(_)) => Err(AudienceError::Shadower),
        }
    }
}

impl From<Audience> for Spelled {
    fn from(audience: Audience) -> Self {
        let Audience { kind, account, shadower } = audience;
        Self { kind, account, shadower }
    }
}

impl Audience {
    /// Everybody who sees the account, whoever is at the keyboard: notifications, messages.
    pub fn account(account: impl Into<AccountId>) -> Self {
        Self::of(AudienceKind::Account, account.into(), None)
    }

    /// The customer themselves.
    pub fn owner(account: impl Into<AccountId>) -> Self {
        Self::of(AudienceKind::Owner, account.into(), None)
    }

    /// Everybody who shadows the customer.
    pub fn shadowed(account: impl Into<AccountId>) -> Self {
        Self::of(AudienceKind::Shadowed, account.into(), None)
    }

    /// The shadower as this customer.
    pub fn pair(account: impl Into<AccountId>, shadower: impl Into<AccountId>) -> Self {
        Self::of(AudienceKind::Pair, account.into(), Some(shadower.into()))
    }

    /// Everything that this person has open, as themselves or as whomever.
    pub fn true_user(account: impl Into<AccountId>) -> Self {
        Self::of(AudienceKind::TrueUser, account.into(), None)
    }

    /// Whoever has this very identity; what replies to somebody are for. None when nobody is signed in.
    pub fn exactly(identity: &Identity) -> Option<Self> {
        let account = identity.current_user()?.id.clone();
        let shadower = identity.shadower().map(|shadower| shadower.id.clone());
        Some(Self::of(AudienceKind::Exactly, account, shadower))
    }

    fn of(kind: AudienceKind, account: AccountId, shadower: Option<AccountId>) -> Self {
        Self { kind, account, shadower }
    }

    /// Returns the audience of a kind that this identity belongs to, if there is one.
    pub fn that_includes(identity: &Identity, kind: AudienceKind) -> Option<Self> {
        let account = &identity.current_user()?.id;
        let shadower = identity.shadower().map(|shadower| &shadower.id);
        match (kind, shadower) {
            (AudienceKind::Account, _) => Some(Self::account(account.clone())),
            (AudienceKind::Owner, None) => Some(Self::owner(account.clone())),
            (AudienceKind::Shadowed, Some(_)) => Some(Self::shadowed(account.clone())),
            (AudienceKind::Pair, Some(shadower)) => Some(Self::pair(account.clone(), shadower.clone())),
            (AudienceKind::Exactly, _) => Self::exactly(identity),
            (AudienceKind::TrueUser, _) => identity.true_user().map(|user| Self::true_user(user.id.clone())),
            (AudienceKind::Owner, Some(_)) | (AudienceKind::Shadowed | AudienceKind::Pair, None) => None,
        }
    }

    /// Returns whether this identity belongs to the audience.
    pub fn includes(&self, identity: &Identity) -> bool {
        Self::that_includes(identity, self.kind).as_ref() == Some(self)
    }

    /// Returns the stream of a channel that this audience listens to.
    pub fn stream(&self, channel: &str) -> Stream {
        let parts =
            [Some(self.kind.as_str()), Some(self.account.as_str()), self.shadower.as_ref().map(AccountId::as_str)];
        // The first part keeps these streams apart from what channels name themselves.
        Stream::of(channel, ["audience"].into_iter().chain(parts.into_iter().flatten()))
    }
}

impl AudienceKind {
    /// Every kind, in the order of the table.
    pub const ALL: [Self; 6] = [Self::Account, Self::Owner, Self::Shadowed, Self::Pair, Self::Exactly, Self::TrueUser];

    /// Returns the word for this kind on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::Owner => "owner",
            Self::Shadowed => "shadowed",
            Self::Pair => "pair",
            Self::Exactly => "exactly",
            Self::TrueUser => "true_user",
        }
    }
}

/// Subscriptions that listen for people.
pub trait Streams {
    /// Listens to every audience that the connection's identity belongs to: what is sent to any of them arrives, once.
    fn stream_for_identity(&mut self);

    /// Listens to the audience of one kind that the connection's identity belongs to; false when there is none, and the
    /// subscription had better be rejected.
    fn stream_for_audience(&mut self, kind: AudienceKind) -> bool;

    /// Listens to this channel's stream for the current user: whoever is at the keyboard.
    fn stream_for_current_user(&mut self);

    /// Listens to this channel's stream for the pair of current user and shadower; without a shadower to one of its
    /// own, which is not that of the current user.
    fn stream_for_pair(&mut self);

    /// Listens to this channel's stream for the pair if there is a shadower, and otherwise for the current user.
    fn stream_for_pair_or_current_user(&mut self);
}

impl Streams for Subscription<Connected> {
    fn stream_for_identity(&mut self) {
        for kind in AudienceKind::ALL {
            self.stream_for_audience(kind);
        }
    }

    fn stream_for_audience(&mut self, kind: AudienceKind) -> bool {
        let Some(audience) = Audience::that_includes(self.identity(), kind) else { return false };
        self.stream(audience.stream(self.channel()));
        true
    }

    fn stream_for_current_user(&mut self) {
        if let Some(user) = self.identity().current_user().map(|user| user.id.clone()) {
            self.stream_for([user.as_str()]);
        }
    }

    fn stream_for_pair(&mut self) {
        if let Some((user, shadower)) = pair(self.identity()) {
            // A missing shadower is a part of its own, empty as no identifier is.
            self.stream_for([user.as_str(), shadower.as_ref().map_or("", AccountId::as_str)]);
        }
    }

    fn stream_for_pair_or_current_user(&mut self) {
        if let Some((user, shadower)) = pair(self.identity()) {
            self.stream_for([Some(user), shadower].iter().flatten().map(AccountId::as_str));
        }
    }
}

fn pair(identity: &Identity) -> Option<(AccountId, Option<AccountId>)> {
    let user = identity.current_user()?.id.clone();
    Some((user, identity.shadower().map(|shadower| shadower.id.clone())))
}

/// Broadcasts that are aimed at people.
pub trait Reach {
    /// Sends a message on channel `C` to an audience; returns how many connections of this process got it.
    ///
    /// # Errors
    ///
    /// As for [`Cable::broadcast`].
    fn reach<C: Channel<Connected>>(
        &self,
        audience: &Audience,
        message: &(impl Serialize + Sync + ?Sized),
    ) -> impl Future<Output = Result<usize, BroadcastError>> + Send;
}

impl Reach for Cable<Connected> {
    async fn reach<C: Channel<Connected>>(
        &self,
        audience: &Audience,
        message: &(impl Serialize + Sync + ?Sized),
    ) -> Result<usize, BroadcastError> {
        self.broadcast(&audience.stream(C::NAME), message).await
    }
}
